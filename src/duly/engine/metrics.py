"""How well money comes in: days sales outstanding and its relatives, each by its published definition.

Amounts are of one currency and gross of tax, since receivables are. Each answer is one exact quotient, rounded once,
half away from zero, to a tenth (of a day, of a percent); None where the definition divides by nothing.

The definitions are those of the Credit Research Foundation: DSO, best possible DSO, average days delinquent and the
collection effectiveness index; the countback takes sales off month by month, newest first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from duly.engine.rounding import round_quotient

DECIMALS: Final = 1
PERCENT: Final = 100

RULES: Final[dict[str, str]] = {
    "dso": "Receivables at the end ÷ billed in the period × days of the period.",
    "countback": "The days whose billing it takes to make up the receivables, counted back from the newest month.",
    "best_possible": "Receivables that are not due yet ÷ billed in the period × days of the period.",
    "delinquent": "DSO less the best possible DSO: the days that are lost to late payment.",
    "effectiveness": "What was collected of what could have been: (opening + billed − closing) ÷ "
                     "(opening + billed − closing that is not due), in percent.",
    "days_to_pay": "Days from issue to payment, weighted by the amounts paid.",
}
"""The rule of each figure, in the words that stand beside it."""


@dataclass(frozen=True, slots=True)
class Sales:
    """What was billed in a span of days."""

    billed: Decimal
    days: int


def dso(receivables: Decimal, billed: Decimal, days: int) -> Decimal | None:
    """Days sales outstanding: the receivables, in days of the period's billing; None where nothing was billed."""
    return _quotient(receivables * days, billed)


def dso_countback(receivables: Decimal, months: Iterable[Sales]) -> Decimal | None:
    """Days sales outstanding by countback: whole months while the receivables exceed their billing, then a part.

    `months` from the newest back; the newest may be part of a month. None when they end before the receivables do:
    what is owed is older than they reach. A month that billed nothing counts with its days.
    """
    left, days = receivables, 0
    if left <= 0:
        return Decimal("0.0")
    for month in months:
        if left <= month.billed:
            return round_quotient(days + Fraction(left) * month.days / Fraction(month.billed), 1, DECIMALS)
        left -= month.billed
        days += month.days
    return None


def best_possible_dso(not_due: Decimal, billed: Decimal, days: int) -> Decimal | None:
    """The DSO if everyone paid by the due date: only what is not due yet would be outstanding."""
    return _quotient(not_due * days, billed)


def average_days_delinquent(receivables: Decimal, not_due: Decimal, billed: Decimal, days: int) -> Decimal | None:
    """DSO less the best possible DSO, from exact values, so it may differ by a tenth from the rounded ones."""
    return _quotient((receivables - not_due) * days, billed)


def collection_effectiveness(
    opening: Decimal, billed: Decimal, closing: Decimal, closing_not_due: Decimal
) -> Decimal | None:
    """The share of what fell due that was collected, in percent; 100.0 when nothing is overdue at the end."""
    return _quotient((opening + billed - closing) * PERCENT, opening + billed - closing_not_due)


def days_to_pay(settled: Decimal, settled_days: Decimal) -> Decimal | None:
    """The mean days from issue to payment. `settled_days` is Σ amount paid × its days; None where none was paid."""
    return _quotient(settled_days, settled)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a whole in percent."""
    return _quotient(part * PERCENT, whole)


def change(now: Decimal, before: Decimal) -> Decimal | None:
    """By how many percent of what was before a figure grew; negative when it shrank."""
    return _quotient((now - before) * PERCENT, abs(before))


def _quotient(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    return round_quotient(numerator, denominator, DECIMALS) if denominator > 0 else None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A span of days past due, both ends included; an open end is None. Day 0 is the due date itself."""

    key: str
    name: str
    first: int | None
    last: int | None


AGEING: Final = (
    Bucket("current", "Not due", None, 0),
    Bucket("1-30", "1–30 days", 1, 30),
    Bucket("31-60", "31–60 days", 31, 60),
    Bucket("61-90", "61–90 days", 61, 90),
    Bucket("90+", "Over 90 days", 91, None),
)


def bucket(due_on: date, on: date) -> Bucket:
    """The ageing bucket of something due on a day, as of another."""
    late = (on - due_on).days
    return next(each for each in AGEING if each.last is None or late <= each.last)
