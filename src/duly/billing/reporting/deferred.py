"""Deferred revenue: what is billed and not earned yet, by the month that brings it, down to the lines of documents.

A month's part is what its days earn and what is not released yet, by the same arithmetic that releases it. Sums are in
the entity's base currency, at the rate of each document.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.ledger.queries import earned_by_month
from duly.billing.reporting.scope import SEEN, Seller, sellers, values


@dataclass(frozen=True, slots=True)
class ToCome:
    """A month, what of deferred revenue it earns, and what is left after it; `due` once it may be released."""

    month: date
    amount: Decimal
    left: Decimal
    documents: int
    due: bool


@dataclass(frozen=True, slots=True)
class Deferred:
    """The deferred revenue of an entity in its base currency: in all, what of it is earned, and by month."""

    seller: Seller
    total: Decimal
    due: Decimal
    months: tuple[ToCome, ...]


@dataclass(frozen=True, slots=True)
class DeferredLine:
    """A line that defers revenue: its document, its days, and what of its amount a month brings; in its currency and,
    as `base`, in the entity's."""

    invoice: int
    number: str
    account: str
    account_name: str
    description: str
    period_from: date
    last_day: date
    currency: str
    amount: Decimal
    left: Decimal
    part: Decimal
    base: Decimal


@dataclass(frozen=True, slots=True)
class Earned:
    """When the revenue of a document's line is earned: a month's part, and whether it is booked as revenue."""

    position: int
    description: str
    amount: Decimal
    month: date
    part: Decimal
    released: bool


PARTS: Final = f"""({earned_by_month("d.entity_id = %(entity)s and d.released <> d.amount")})"""

MONTHS: Final = f"""
    select p.month, sum(p.base), count(distinct p.open_item_id)
      from {PARTS} p join open_item o on o.id = p.open_item_id join account a on a.id = o.account_id
     where (p.part, p.base) <> (0, 0) and {SEEN} group by 1 order by 1"""

LINES: Final = f"""
    select i.id, i.number, a.number, a.name, l.description, d.period_from, d.period_to - 1, d.currency, d.amount,
           d.amount - d.released, p.part, p.base
      from {PARTS} p join deferral d on d.id = p.deferral_id join open_item o on o.id = d.open_item_id
      join account a on a.id = o.account_id join invoice i on i.open_item_id = o.id
      join invoice_line l on (l.invoice_id, l.position) = (i.id, d.position)
     where p.month = %(month)s and (p.part, p.base) <> (0, 0) and {SEEN}
     order by p.base desc, i.number, d.position limit %(most)s"""

MOST: Final = 500
"""As many lines as a page lists; the sums above count all."""


def deferred(*, actor: Actor, on: date, entity: str | None = None) -> tuple[Deferred, ...]:
    """What is deferred, by entity in order of its code: those that defer revenue in the actor's book."""
    seen = values(actor, on)
    found = []
    for seller in sellers(entity):
        rows = frames.rows(MONTHS, {**seen, "entity": seller.id})
        left, months = sum((amount for _, amount, _ in rows), Decimal(0)), []
        total = left
        for month, amount, documents in rows:
            left -= amount
            months.append(ToCome(month, amount, left, documents, month <= on.replace(day=1)))
        if rows:
            past = sum((each.amount for each in months if each.month < on.replace(day=1)), Decimal(0))
            found.append(Deferred(seller, total, past, tuple(months)))
    return tuple(found)


def deferred_lines(*, actor: Actor, on: date, entity: str, month: date) -> tuple[DeferredLine, ...]:
    """The lines that a month earns revenue of, the largest first, at most `MOST`; none for an unknown entity."""
    return tuple(DeferredLine(*row) for seller in sellers(entity) for row in frames.rows(
        LINES, {**values(actor, on), "entity": seller.id, "month": month, "most": MOST}))


def schedule(document: int) -> tuple[tuple[str, Decimal, tuple[Earned, ...]], ...]:
    """When the revenue of an issued document's lines is earned: for each line its description, amount and months."""
    query = f"""
        select l.position, l.description, d.amount, p.month, p.whole,
               abs(p.reached) <= abs(d.released) from ({earned_by_month("d.open_item_id = i.open_item_id")}) p
          join deferral d on d.id = p.deferral_id
          join invoice_line l on (l.invoice_id, l.position) = (i.id, d.position)"""
    rows = [Earned(*row) for row in frames.rows(
        f"select s.* from invoice i cross join lateral ({query}) s where i.id = %s order by 1, 4", [document])]
    return tuple((months[0].description, months[0].amount, months) for months in (
        tuple(group) for _, group in groupby(rows, key=lambda one: one.position)))
