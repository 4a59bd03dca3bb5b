"""What was used in the period of a price document: a quantity as it stands, or one that events come to."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duly.engine.periods import Period
from duly.engine.pricing.events import EVENT
from duly.engine.pricing.retainers import Use, statements
from duly.engine.pricing.usage import AGGREGATIONS, PERIOD, Filter, Metric, aggregate
from duly.formats.price_document.model import Row, frame
from duly.formats.price_document.table import Node

ZERO: Final = Decimal(0)


def quantity(table: Node, period: Period, findings: list[Row]) -> Decimal:
    """The charge's quantity; events that wait for a decision are added to the findings."""
    used = table.table("usage")
    if used is None:
        return table.needed("quantity", decimals=6, example="1200")
    table.asked.add("quantity")
    time_zone = zone(used)
    metric = _metric(used)
    events = [_event(one, time_zone, number) for number, one in enumerate(used.tables("events"), start=1)]
    used.close()
    if metric is None:
        return ZERO
    periods = [{"agreement_id": 1, "metric": "used", "period_from": period.start, "period_to": period.end,
                "time_zone": time_zone}]
    found = aggregate(frame(EVENT, events), [metric], frame(PERIOD, periods))
    findings += found.findings.to_dicts()
    return Decimal(found.usage["quantity"].sum())


def zone(table: Node) -> str:
    """An IANA time zone; UTC where none is given."""
    name = table.text("time_zone", "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.note("time_zone", f"“{name}” is no time zone.", "Write one of the IANA names, for example Europe/Berlin.")
        return "UTC"
    return name


def _metric(table: Node) -> Metric | None:
    """What is made of the events; None where it is not said well."""
    before = len(table.problems)
    aggregation = table.choice("aggregation", AGGREGATIONS, "sum")
    counted = table.text("property", "")
    if aggregation == "unique_count" and not counted:
        table.note("property", "A unique count is of a property.", "Say which, for example property: user.")
    filters = tuple(_filter(one) for one in table.tables("filters"))
    if len(table.problems) > before:
        return None
    return Metric("used", aggregation, property=counted, filters=filters)


def _filter(table: Node) -> Filter:
    values = table.values.get("values") if table.has("values") else None
    if not isinstance(values, list) or not values:
        table.note("values", "This is no list of values.", "Write values: [live, test].")
        values = []
    found = Filter(table.text("property", example="region"), tuple(str(value) for value in values),
                   table.flag("excluded", False))
    table.close()
    return found


def _event(table: Node, time_zone: str, number: int) -> Row:
    """An event; where it says no id of its own its place is one, so that it counts by itself."""
    at = _instant(table, "at", time_zone)
    properties = table.values.get("properties") if table.has("properties") else None
    if properties is not None and not isinstance(properties, dict):
        table.note("properties", "These are no names with values.", "Write properties: {region: eu}.")
        properties = None
    found: Row = {
        "agreement_id": 1, "metric": "used", "source": table.text("source", "document"),
        "event_id": table.text("id", f"#{number}"), "at": at, "received_at": _received(table, at, time_zone),
        "quantity": table.number("quantity", decimals=6, least=None) if table.has("quantity") else Decimal(1),
        "properties": None if properties is None else json.dumps(_texts(properties), ensure_ascii=False)}
    table.close()
    return found


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, bool | int | type(None)) else str(value)
            for name, value in values.items()}


def _received(table: Node, at: datetime, time_zone: str) -> datetime:
    return _instant(table, "received_at", time_zone) if table.has("received_at") else at


def _instant(table: Node, key: str, time_zone: str) -> datetime:
    """An instant as ISO 8601, in the usage's time zone where it names none; a day is its first instant."""
    table.need(key, "2026-10-05T14:30:00Z")
    value = table.values.get(key)
    if isinstance(value, date):
        return datetime.combine(value, time(), ZoneInfo(time_zone)).astimezone(UTC)
    try:
        given = datetime.fromisoformat(str(value))
    except ValueError:
        if key in table.values:
            table.note(key, f"“{value}” is no instant.", f"Write it as {key}: 2026-10-05T14:30:00Z.")
        return datetime(2000, 1, 1, tzinfo=UTC)
    return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)


def covered(table: Node, entries: Sequence[Row], period: Period) -> tuple[list[Row], list[Row]]:
    """The work that a retainer leaves to be billed, and the retainer's account of the period as rows that inform."""
    retainer = table.table("retainer")
    if retainer is None:
        return list(entries), []
    granted, carried = Decimal(retainer.seconds("time")), ZERO
    if retainer.has("carried_in"):
        carried = Decimal(retainer.seconds("carried_in"))
    retainer.close()
    used = sum((entry["quantity"] for entry in entries), ZERO)
    [account] = statements([Use(period, granted + carried, used)])
    return _beyond(entries, account.covered), [dict(row) for row in account.explanation]


def _beyond(entries: Sequence[Row], room: Decimal) -> list[Row]:
    """The entries in the order of their days without the time that is covered; the one in which it ends is split."""
    left = []
    for entry in sorted(entries, key=lambda entry: (entry["worked_on"], entry["work_id"])):
        taken = min(room, entry["quantity"])
        room -= taken
        if entry["quantity"] > taken:
            left.append(entry | {"quantity": entry["quantity"] - taken})
    return left
