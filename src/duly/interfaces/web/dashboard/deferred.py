"""Deferred revenue by month to come, the documents behind a month, and its release."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.kernel.errors import NotFound
from duly.billing.ledger.releasing import release_all
from duly.billing.reporting import deferred as reading
from duly.billing.reporting.deferred import Deferred, ToCome
from duly.billing.reporting.scope import sellers
from duly.engine.periods import parse_period
from duly.interfaces.kit import charts, printing
from duly.interfaces.web.page import StaffRequest, page, show

AHEAD: Final = 12
"""Months that the chart shows; the table has all."""


@page(methods="GET POST", acts="close")
def deferred(request: StaffRequest) -> HttpResponseBase:
    asked = request.POST if request.method == "POST" else request.GET
    entity = asked.get("entity", "").replace("\0", "")
    if request.method == "POST":
        return _release(request, entity, _month(asked.get("through", "")))
    found = reading.deferred(actor=request.actor, on=request.on)
    board = next((each for each in found if entity in ("", each.seller.code)), None)
    if board is None and entity and not sellers(entity):
        raise NotFound("There is no such legal entity.", "Choose one on the page.")
    month = _month(request.GET["month"]) if request.GET.get("month") else None
    return show(request, "web/dashboard/deferred.html", {
        "board": board, "month": month, "lines": _lines(request, board, month),
        "entities": [{"title": each.seller.name, "url": _url(each), "current": each is board} for each in found]
        if any(each is not board for each in found) else [],
        **(_pictured(board, request.on) if board else {})})


def _pictured(board: Deferred, on: date) -> dict[str, Any]:
    rows = [(f"{each.month:%b %Y}", [(each.amount, str(printing.money(each.amount, board.seller.currency)),
                                      _url(board, each.month))]) for each in board.months[:AHEAD]]
    ready = [each for each in board.months if each.due]
    return {
        "chart": charts.grouped(rows, ("Becomes revenue",)) if len(rows) > 1 else None,
        "months": [(each, _url(board, each.month)) for each in board.months],
        "ready": sum((each.amount for each in ready), Decimal(0)), "through": _last(ready, on),
    }


def _last(ready: list[ToCome], on: date) -> date:
    """The month to release through: the last that is over, else the one under way."""
    over = on.replace(day=1) - timedelta(days=1)
    return over if any(each.month <= over for each in ready) else on


def _lines(request: StaffRequest, board: Deferred | None, month: date | None) -> tuple[reading.DeferredLine, ...]:
    if board is None or month is None:
        return ()
    return reading.deferred_lines(actor=request.actor, on=request.on, entity=board.seller.code, month=month)


def _release(request: StaffRequest, entity: str, through: date) -> HttpResponseBase:
    done = release_all(actor=request.actor, at=request.at, on=request.on, entity=entity, through=through)
    amount = printing.money(Decimal(done.amount), done.currency)
    messages.success(request, f"{amount} is revenue now, through {through:%B %Y}." if done.lines
                     else f"Nothing was left to release through {through:%B %Y}.")
    return redirect(f"{reverse('deferred')}?{urlencode({'entity': entity})}")


def _month(text: str) -> date:
    """The first day of a month such as 2026-10."""
    try:
        return parse_period(text).start
    except ValueError:
        raise NotFound("There is no such month.", "Choose one on the page.") from None


def _url(board: Deferred, month: date | None = None) -> str:
    asked = {"entity": board.seller.code, **({"month": f"{month:%Y-%m}"} if month else {})}
    return f"{reverse('deferred')}?{urlencode(asked)}{'#documents' if month else ''}"
