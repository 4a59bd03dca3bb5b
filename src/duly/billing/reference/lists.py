"""The lists of dated rates that pages show, each with who added it and when.

Who that was is in the log, and their name in the table of users, which is downstream: the list reads it, and imports
nothing of it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

CURRENT: Final = """case when {t}.valid_from > %(on)s then 'ahead'
                         when exists (select from {table} later where {same} and later.valid_from > {t}.valid_from
                                         and later.valid_from <= %(on)s) then 'past' else 'now' end"""
TAX_STATE: Final = CURRENT.format(
    t="t", table="tax_rate", same="later.country = t.country and later.tax_class = t.tax_class")
EXCHANGE_STATE: Final = CURRENT.format(
    t="x", table="exchange_rate", same="later.base = x.base and later.quote = x.quote")

ADDED: Final = """(select {what} from event e left join app_user u on u.login = e.actor
                    where e.subject_type = '{table}' and e.subject_id = {t}.id order by e.id limit 1)"""


def _added(table: str, t: str) -> dict[str, str]:
    return {"added_by": ADDED.format(what="coalesce(u.name, e.actor)", table=table, t=t),
            "added_on": ADDED.format(what="(e.at at time zone 'UTC')::date", table=table, t=t)}


TAX_RATES: Final = Source(
    columns={"id": "t.id", "country": "t.country", "tax_class": "t.tax_class", "rate": "t.rate",
             "percent": "coalesce(trim_scale(t.rate * 100) || '%%', 'none')", "valid_from": "t.valid_from",
             "source": "t.source",
             "state": TAX_STATE, **_added("tax_rate", "t")},
    tables="tax_rate t", id="t.id", book="true",
    sorts={"country": Sort("t.country", "text"), "from": Sort("t.valid_from", "date")},
    filters={"text": "position(upper(%(value)s) in t.country) > 0", "class": "t.tax_class = %(value)s",
             "state": f"({TAX_STATE}) = %(value)s"},
)

EXCHANGE_RATES: Final = Source(
    columns={"id": "x.id", "base": "x.base", "quote": "x.quote", "pair": "x.base || ' → ' || x.quote",
             "rate": "trim_scale(x.rate)::text", "valid_from": "x.valid_from", "source": "x.source",
             "state": EXCHANGE_STATE, **_added("exchange_rate", "x")},
    tables="exchange_rate x", id="x.id", book="true",
    sorts={"from": Sort("x.valid_from", "date"), "pair": Sort("x.base || x.quote", "text")},
    filters={"text": "position(upper(%(value)s) in x.base || ' ' || x.quote) > 0",
             "state": f"({EXCHANGE_STATE}) = %(value)s"},
)


def tax_rates(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of tax rates; `state` says whether one holds on the day (now), before (past) or later (ahead)."""
    return listing.page(TAX_RATES, query, actor=actor, on=on)


def every_tax_rate(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(TAX_RATES, query, actor=actor, on=on)


def exchange_rates(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of exchange rates; one unit of `base` is `rate` units of `quote`."""
    return listing.page(EXCHANGE_RATES, query, actor=actor, on=on)


def every_exchange_rate(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(EXCHANGE_RATES, query, actor=actor, on=on)
