"""What waits, by kind, each task with its way to be settled; a draft is submitted from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.invoicing import actions as invoicing
from duly.billing.reporting import today as reading
from duly.billing.reporting.tasks import UNBILLED
from duly.billing.reporting.today import Task, Waiting
from duly.interfaces.web.first_steps import next_step
from duly.interfaces.web.links import address, listed
from duly.interfaces.web.page import StaffRequest, page, show

FIRST: Final = 3
ROOM: Final = 24
"""Tasks of each kind where all kinds are shown: at least so many, and an even share of the room where kinds are few."""
ALL_OF_A_KIND: Final = 50
"""In a kind's own tab; and of reviews always, since what one person does not review no other page reminds them of."""


@dataclass(frozen=True, slots=True)
class Look:
    """How tasks of a kind are shown; `aged` where it means something how long they have waited."""

    title: str
    icon: str
    tone: str
    aged: bool = True


LOOKS: Final = {
    "review": Look("Reviews", "badge-check", "info"),
    "blocked": Look("Blocked", "octagon-alert", "bad"),
    "issue": Look("To issue", "stamp", "good"),
    "submit": Look("To submit", "file-text", "mute"),
    "overdue": Look("Overdue", "alarm-clock", "bad"),
    "unallocated": Look("Unallocated", "banknote", "info"),
    "mail": Look("Failed mail", "mail-warning", "bad"),
    "approve_work": Look("Work", "timer", "mute"),
    "usage_finding": Look("Usage", "activity", "warn"),
    "cap": Look("Caps", "gauge", "warn", aged=False),
    "purchase_order": Look("Purchase orders", "clipboard-list", "warn", aged=False),
    "milestone": Look("Milestones", "flag", "warn"),
    "ending": Look("Ending", "calendar-x", "warn", aged=False),
    "covered": Look("Covered", "umbrella", "mute", aged=False),
    "unbilled": Look("Unbilled", "hourglass", "warn"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A kind's tasks with their addresses; `url` shows more of them, named by `more`."""

    waiting: Waiting
    look: Look
    tasks: Sequence[tuple[Task, str]]
    url: str
    more: str


@page()
def today(request: StaffRequest) -> HttpResponseBase:
    mine = request.GET.get("mine") == "yes"
    wanted = request.GET.get("kind", "")
    found = reading.today(actor=request.actor, on=request.on, mine=mine, rows=ALL_OF_A_KIND)
    kind = wanted if wanted in {each.kind for each in found.kinds} else ""
    share = max(FIRST, ROOM // max(len(found.kinds), 1))
    groups = [_group(each, kind, mine, ALL_OF_A_KIND if kind or each.kind == "review" else share)
              for each in found.kinds if kind in ("", each.kind)]
    return show(request, "web/today/page.html", {
        "found": found, "shown": groups, "kind": kind, "tabs": _tabs(found, kind, mine),
        "step": None if found.kinds else next_step(request),
        "unbilled_url": "" if kind else reverse("today_unbilled") + _query("", mine),
        "books": _books(kind, mine) if request.actor.may_everywhere("read") else [], "here": _query(kind, mine),
    })


@page(right="bill")
def unbilled(request: StaffRequest) -> HttpResponseBase:
    """Work of months that are over: asked for apart, since its cost grows with all work."""
    mine = request.GET.get("mine") == "yes"
    found = reading.unbilled(actor=request.actor, on=request.on, mine=mine, rows=ALL_OF_A_KIND)
    if request.htmx:
        return show(request, "web/today/unbilled.html#tasks", {"group": _group(found, "", mine, FIRST)})
    return show(request, "web/today/unbilled.html", {
        "group": _group(found, found.kind, mine, ALL_OF_A_KIND), "whole": True})


@page(right="bill", methods="POST")
def submit(request: StaffRequest, draft: int) -> HttpResponseBase:
    invoicing.submit(actor=request.actor, at=request.at, on=request.on, drafts=[draft])
    messages.success(request, f"Draft {draft} is submitted; a colleague reviews it now.")
    back = _query(request.GET.get("kind", ""), request.GET.get("mine") == "yes")
    return redirect(reverse("today") + back)


def _group(each: Waiting, kind: str, mine: bool, room: int) -> Group:
    """In the list of all kinds the rest is a tab away; in its own tab, where it has one, in the list of its area."""
    filters = {**each.filters, **({"book": "mine"} if mine else {})}
    url = listed(each.page, filters) if kind else _tab(each.kind, mine)
    more = f"All {each.count}" if each.count > room else "Open the list" if kind else ""
    shown = [(task, _settles(task)) for task in each.tasks[:room]]
    return Group(each, LOOKS[each.kind], shown, url if more else "", more)


def _settles(task: Task) -> str:
    """Where one step settles it: the page of what it is about, the list of an agreement's own, or a run's preview."""
    if task.page == "run_start":
        first = task.since.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return listed("run_start", {"entity": task.subject, "first": f"{first}", "last": f"{last}",
                                    "accounts": task.account})
    if task.page == "work":
        return listed("work", {"agreement": task.subject, "approved": "no"})
    if task.page == "milestones":
        return listed("milestones", {"agreement": task.subject})
    if task.page == "usage_findings":
        return listed("usage_findings", {"agreement": task.subject, "state": "waiting"})
    return address("invoice" if task.page == "draft" else task.page, task.subject)


def _tab(kind: str, mine: bool) -> str:
    if kind == UNBILLED.key:
        return reverse("today_unbilled") + _query("", mine)
    return reverse("today") + _query(kind, mine)


def _tabs(found: reading.Today, kind: str, mine: bool) -> list[dict[str, Any]]:
    base = reverse("today")
    tabs = [{"title": "All", "url": base + _query("", mine), "current": not kind, "count": found.count}]
    return tabs + [{"title": LOOKS[each.kind].title, "url": _tab(each.kind, mine),
                    "current": each.kind == kind, "count": each.count} for each in found.kinds]


def _books(kind: str, mine: bool) -> list[dict[str, Any]]:
    """Whoever sees every account may look at their own book alone."""
    return [{"title": title, "url": reverse("today") + _query(kind, own), "current": own == mine}
            for title, own in (("All accounts", False), ("My book", True))]


def _query(kind: str, mine: bool) -> str:
    given = {**({"kind": kind} if kind else {}), **({"mine": "yes"} if mine else {})}
    return f"?{urlencode(given)}" if given else ""
