"""One legal entity at a glance; each number leads to the list of its documents."""

from collections.abc import Sequence
from typing import Protocol

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.kernel.errors import NotFound
from duly.billing.reporting import dashboard as reading
from duly.billing.reporting.unbilled import unbilled_value
from duly.interfaces.web.dashboard.figures import pictured
from duly.interfaces.web.first_steps import next_step
from duly.interfaces.web.links import listed
from duly.interfaces.web.page import StaffRequest, page, show


class OfEntity(Protocol):
    @property
    def entity(self) -> str: ...


@page()
def dashboard(request: StaffRequest) -> HttpResponseBase:
    mine = request.GET.get("mine") == "yes"
    boards = reading.dashboard(actor=request.actor, on=request.on, mine=mine)
    if not boards:
        return show(request, "web/dashboard/page.html", {"board": None, "step": next_step(request)})
    busiest = max(boards, key=lambda each: each.open.count or 0).entity
    board = boards[_chosen(boards, request.GET.get("entity") or busiest)]
    entities = [{"title": each.name, "url": _url(each.entity, mine), "current": each is board} for each in boards]
    books = [{"title": title, "url": _url(board.entity, own), "current": own == mine}
             for title, own in (("All accounts", False), ("My book", True))]
    return show(request, "web/dashboard/page.html", {
        "board": board, "quiet": not any(month.billed or month.collected for month in board.months),
        "entities": entities if len(entities) > 1 else [],
        "books": books if request.actor.may_everywhere("read") else [],
        "unbilled_url": _url(board.entity, mine, "dashboard_unbilled"),
        "deferred_url": _url(board.entity, False, "deferred"),
        **pictured(board),
    })


@page()
def unbilled(request: StaffRequest) -> HttpResponseBase:
    """What all unbilled work is worth: asked for apart, since its cost grows with the work."""
    mine = request.GET.get("mine") == "yes"
    entity = request.GET.get("entity", "").replace("\0", "")
    found = unbilled_value(actor=request.actor, on=request.on, entity=entity or None, mine=mine)
    value = found[_chosen(found, entity)]
    template = "web/dashboard/unbilled.html#value" if request.htmx else "web/dashboard/unbilled.html"
    return show(request, template, {"unbilled": value, "url": listed(value.opens.list, value.opens.filters)})


def _chosen(found: Sequence[OfEntity], entity: str) -> int:
    """The place of an entity, the first one where none is named."""
    codes = [each.entity for each in found]
    if not codes or (entity and entity not in codes):
        raise NotFound("There is no such legal entity.", "Choose one on the dashboard.")
    return codes.index(entity) if entity else 0


def _url(entity: str, mine: bool, name: str = "dashboard") -> str:
    return f"{reverse(name)}?{urlencode({'entity': entity, **({'mine': 'yes'} if mine else {})})}"
