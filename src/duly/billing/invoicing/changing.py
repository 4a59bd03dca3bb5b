"""What a change of an agreement will bill, before anyone makes it: the change is made, computed and taken back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
from django.db import transaction

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.agreements.models import Agreement
from duly.billing.invoicing.collecting import Scope, collect
from duly.billing.invoicing.drafting import Drafts, compute
from duly.billing.kernel.authority import Actor

FURTHEST: Final = timedelta(days=400)
"""How far ahead of the day anybody looks."""
ALIKE: Final = ["kind", "charge_id", "description", "quantity", "amount", "service_from", "service_to"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the next invoice with its explanation, the computation's own rows; `service_to` is its last day.

    `new` where only the change bills it, `gone` where the change takes it away.
    """

    kind: str
    description: str
    unit: str
    quantity: Decimal
    amount: Decimal
    service_from: date
    service_to: date
    explanation: tuple[Mapping[str, Any], ...]
    new: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the next invoice up to `through` (exclusive) bills of the agreement with the change, and without it: lines
    and net, before tax. `answer` is what the change answered, such as its first day."""

    currency: str
    through: date
    lines: tuple[Line, ...]
    net: Decimal
    net_before: Decimal
    answer: Any

    @property
    def difference(self) -> Decimal:
        return self.net - self.net_before


def previewed(*, actor: Actor, on: date, agreement: str, change: Callable[[], Any], until: date) -> Previewed:
    """What `change` (a call of a verb) will bill and why: the agreement's lines up to the end of the month of `until`.

    Nothing of it stays. Raises what the verb raises, and `NotFound` outside the book.
    """
    row = Agreement.objects.select_related("account").filter(number=agreement).first()
    refuse_outside_book(actor, "read", [row.account_id if row else None], on, f"agreement “{agreement}”")
    assert row is not None
    through = (until.replace(day=1) + timedelta(days=32)).replace(day=1)
    payer = row.account.bill_to_id or row.account_id
    scope = Scope(row.entity_id, through - timedelta(days=1), through, on, (payer,), None)
    before = _lines(compute(collect(scope)), row.pk)
    with transaction.atomic():
        answer = change()
        after = _lines(compute(collect(scope)), row.pk)
        transaction.set_rollback(True)
    known = {_key(one) for one in before.iter_rows(named=True)}
    kept = {_key(one) for one in after.iter_rows(named=True)}
    told = [_line(one, new=_key(one) not in known) for one in after.iter_rows(named=True)]
    gone = [_line(one, gone=True) for one in before.iter_rows(named=True) if _key(one) not in kept]
    return Previewed(row.currency, through, (*told, *gone), _net(after), _net(before), answer)


def foreseen(*, actor: Actor, on: date, agreement: str, change: Callable[[], Any], day: date) -> Previewed:
    """What a change that counts from `day` will bill next: up to the end of that month, and not before today's.

    Where the change itself says a later first day of its terms (`valid_from`), up to that one's; never further than
    `FURTHEST`. Raises as `previewed`.
    """
    last = on + FURTHEST
    told = previewed(actor=actor, on=on, agreement=agreement, change=change, until=min(max(day, on), last))
    first = date.fromisoformat(getattr(told.answer, "valid_from", on.isoformat()))
    if told.through <= first <= last:
        told = previewed(actor=actor, on=on, agreement=agreement, change=change, until=first)
    return told


def _lines(drafts: Drafts, agreement_id: int) -> pl.DataFrame:
    return drafts.lines.filter(pl.col("agreement_id") == agreement_id).sort("document_key", "position")


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ALIKE)


def _net(lines: pl.DataFrame) -> Decimal:
    return sum(lines["amount"], Decimal(0))


def _line(row: Mapping[str, Any], *, new: bool = False, gone: bool = False) -> Line:
    return Line(
        row["kind"], row["description"], row["unit"], row["quantity"], row["amount"], row["service_from"],
        row["service_to"], tuple(json.loads(row["explanation"])), new, gone)
