"""How drafts stand in lists: their findings in words, and their difference from last time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import wraps
from typing import Any, Final

from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query
from duly.interfaces.kit import printing

Row = dict[str, Any]

STATES: Final = {
    "draft": ("Draft", "mute"), "in_review": ("In review", "info"), "client_check": ("Client check", "info"),
    "ready": ("Ready", "good"), "issued": ("Issued", "good"), "discarded": ("Discarded", "mute"),
}
CHECKS: Final = {"blocks": ("Blocked", "bad"), "warns": ("Look", "warn"), "clear": ("Clear", "good")}
"""The worst open finding of a draft, as its pill says it."""


def shown(row: Row) -> Row:
    """The row with `checks`, `findings`, `service`, `difference` and `since` as a list shows them."""
    worst = "blocks" if row["blocks"] else "warns" if row["warns"] else "clear"
    counts = [f"{row[name]} {word}" for name, word in (("blocks", "to mend"), ("warns", "to look at")) if row[name]]
    first = row["previous_id"] is None
    return {
        **row, "checks": worst, "findings": ", ".join(counts),
        "service": printing.period(row["service_from"], row["service_to"]),
        "difference": None if first else row["difference"] or None, "since": _since(row, first),
        "changes": _changes(row, first),
    }


def _since(row: Row, first: bool) -> str:
    if first:
        return "Nothing comparable"
    return printing.signed_percent(row["percent"]) if row["difference"] else "As last time"


def _changes(row: Row, first: bool) -> str:
    """Which charges differ: `2 new, 1 gone`."""
    named = [f"{row[name]} {name}" for name in ("new", "gone", "changed") if row[name] and not first]
    return ", ".join(named)


Reads = Callable[..., Page]
ReadsAll = Callable[..., Iterator[Row]]


def page_of(read: Reads, show: Callable[[Row], Row] = shown, **fixed: Any) -> Reads:
    """A domain's read of a page, its rows as lists show them; `fixed` filters hold whatever the address says."""

    @wraps(read)
    def asked(*, actor: Actor, on: date, query: Query) -> Page:
        found = read(actor=actor, on=on, query=replace(query, filters={**query.filters, **fixed}))
        return replace(found, rows=[show(row) for row in found.rows])

    return asked


def all_of(read: ReadsAll, show: Callable[[Row], Row] = shown, **fixed: Any) -> ReadsAll:
    """As `page_of`, for a read of everything."""

    @wraps(read)
    def asked(*, actor: Actor, on: date, query: Query) -> Iterator[Row]:
        found = read(actor=actor, on=on, query=replace(query, filters={**query.filters, **fixed}))
        return map(show, found)

    return asked
