"""What clients used: by account and metric, through months or days, and the events behind each number."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.usage import lists, showing
from duly.billing.usage.showing import Period, Used
from duly.engine.periods import add_months, parse_period
from duly.interfaces.kit import charts
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.kit.printing import plain
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.work.sections import sections

MONTHS: Final = 12
HOW: Final = {"count": "events", "sum": "sum", "max": "largest", "unique_count": "different ones", "latest": "latest",
              "time_weighted_sum": "average over time"}

USED: Final = Listing(
    name="meters", read=lists.used, read_all=lists.every_used, sort="account",
    tones={key: (words, "mute") for key, words in HOW.items()},
    empty="Nothing was used yet. Define a metric in the settings, then import usage events or send them by the API.",
    row_url=lambda row: reverse("usage_of", args=[row["metric"], row["agreement"]]),
    columns=(Column("metric_name", "What", "strong", under="unit"),
             Column("account_name", "Account", sort="account", under="agreement"),
             Column("aggregation", "What is billed", "pill"), Column("last_on", "Last used", "date", sort="last")),
    filters=(Filter("text", "Account or agreement"), Filter("metric", "Metric", given=True),
             Filter("account", "Account", given=True), Filter("agreement", "Agreement", given=True)),
)
EVENTS: Final = Listing(
    name="events", read=lists.events, read_all=lists.every_event, sort="-at",
    empty="No usage events are recorded yet.",
    columns=(Column("event_id", "Event", "strong", under="source"), Column("used_on", "Day", "date", sort="at",
                                                                          under="clock"),
             Column("metric", "What"), Column("account_name", "Account", under="agreement"),
             Column("quantity", "Quantity", "number"), Column("properties", "Properties", wide=True),
             Column("received_on", "Received", "date", wide=True)),
    filters=(Filter("text", "Event or source, exactly"), Filter("used_from", "From", "date"),
             Filter("used_to", "To", "date"), Filter("event", "What", given=True),
             Filter("metric", "Metric", given=True), Filter("account", "Account", given=True),
             Filter("agreement", "Agreement", given=True)),
)


def parts(request: StaffRequest, current: str) -> dict[str, Any]:
    """The tabs of the area, and those of usage, of which `current` is where we are."""
    waiting = lists.waiting(actor=request.actor, on=request.on)
    links = (("By account", "usage", "", 0), ("Events", "usage_events", "", 0),
             ("To decide", "usage_findings", "?state=waiting", waiting))
    return {"sections": sections("Usage"), "parts": [
        {"title": title, "url": reverse(name) + state, "current": title == current, "count": count or None}
        for title, name, state, count in links]}


@page()
def usage(request: StaffRequest) -> HttpResponseBase:
    return USED.respond(request, "web/usage/list.html", {
        "title": "Usage", "text": "What clients used, by account and metric.", **parts(request, "By account")})


@page()
def events(request: StaffRequest) -> HttpResponseBase:
    return EVENTS.respond(request, "web/usage/list.html", {
        "title": "Usage events", "text": "Each counts once, however often it was sent.", **parts(request, "Events")})


@page()
def used(request: StaffRequest, metric: str, agreement: str) -> HttpResponseBase:
    """One metric of one agreement: the last twelve months, or with `month` its days."""
    month = _month(request.GET.get("month", ""))
    periods = _days(month) if month else _months(request.on)
    found = showing.used(actor=request.actor, on=request.on, agreement=agreement, metric=metric, periods=periods)
    url = reverse("usage_of", args=[metric, agreement])
    rows = [_row(found, period, url if not month else "") for period in periods]
    chart = charts.bars([(row["label"], row["total"], row["said"]) for row in rows], [row["url"] for row in rows])
    return show(request, "web/usage/used.html", {
        "used": found, "how": HOW[found.aggregation], "rows": rows[::-1], "chart": chart, "month": month, "url": url,
        **parts(request, "By account")})


def _row(found: Used, period: Period, url: str) -> dict[str, Any]:
    """A month or a day: its total over all groups, each group, and where its events are."""
    mine = [row for row in found.rows if row["period_from"] == period[0]]
    total = sum((row["quantity"] for row in mine), Decimal(0))
    days = urlencode({"agreement": found.agreement, "metric": found.metric, "used_from": period[0].isoformat(),
                      "used_to": (period[1] - timedelta(1)).isoformat()})
    return {
        "label": f"{period[0]:%b %Y}" if url else f"{period[0].day}", "day": period[0], "total": total,
        "said": plain(total), "events": sum(row["events"] for row in mine),
        "url": f"{url}?month={period[0]:%Y-%m}" if url else "", "events_url": f"{reverse('usage_events')}?{days}",
        "groups": [(_group(row["group"]), plain(row["quantity"])) for row in mine if row["group"] != "{}"]}


def _group(group: str) -> str:
    """A group's properties in words: region eu, no tier."""
    return ", ".join(f"no {name}" if value is None else f"{name} {value}" for name, value in json.loads(group).items())


def _month(text: str) -> date | None:
    try:
        period = parse_period(text) if text else None
    except ValueError:
        return None
    return period.start.replace(day=1) if period and 1970 <= period.start.year < 2200 else None


def _months(on: date) -> list[Period]:
    this = on.replace(day=1)
    return [(add_months(this, back), add_months(this, back + 1)) for back in range(1 - MONTHS, 1)]


def _days(month: date) -> list[Period]:
    count = (add_months(month, 1) - month).days
    return [(day, day + timedelta(1)) for day in (month + timedelta(n) for n in range(count))]
