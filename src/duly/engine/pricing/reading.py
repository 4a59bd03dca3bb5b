"""What an explanation's rows say, in the shape in which people read arithmetic: stages of terms, factors and limits.

The rows are a computation (see `explain`). Read, they are stages: each begins with what the one before has come to,
adds its terms, multiplies their sum by factors, holds it to a limit, and rounds. Whatever prints an explanation prints
a reading of it, and none of it computes by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from duly.engine.pricing.explain import rows_of
from duly.engine.rounding import round_quotient

Row = Mapping[str, Any]

PAIRS: Final = {
    "rate": "hour", "days": "period_days", "span_seconds": "period_seconds", "unused_days": "billed_days",
    "unused_seconds": "billed_seconds", "counted_days": "year", "tax_days": "service_days",
}
"""Factors and the divisors that are said together with them: 16 of 31 days."""

STEPS: Final = (
    "seconds", "rate", "multiplier", "hour",
    "cost", "markup", "exchange", "agreed", "accepted", "price", "quantity", "days",
    "period_days", "span_seconds", "period_seconds", "included", "units", "tier", "flat", "packages", "nothing",
    "fixed", "at_minimum", "at_maximum", "balance_days", "counted_days", "year", "sum", "minimum", "maximum",
    "committed", "run_up", "billed_before", "billed", "late", "with_late", "unused_days", "billed_days",
    "unused_seconds", "billed_seconds", "credited", "discount", "draw_down", "cap", "deposit", "progressive",
    "credit", "tax_days", "service_days", "shared", "net", "withheld", "granted", "carried_in", "repaid",
    "used", "borrowed", "overage", "expired", "carried_out", "covered", "kept", "write_down", "reword",
    "rounded", "round",
)
"""Every step that a row can have."""


@dataclass(frozen=True, slots=True)
class Factor:
    """`times` ÷ `over`, and the row that says so. `step` is its row's, or “each” for the price of a term's quantity."""

    step: str
    row: Row
    times: Fraction
    over: Fraction = Fraction(1)

    @property
    def value(self) -> Fraction:
        return self.times / self.over


@dataclass(frozen=True, slots=True)
class Term:
    """A product, from its first factor on: a quantity and its price, an amount and the share of it."""

    factors: tuple[Factor, ...]

    @property
    def first(self) -> Factor:
        return self.factors[0]

    @property
    def value(self) -> Fraction:
        return _product(self.factors)


@dataclass(frozen=True, slots=True)
class Stage:
    """(`carried` + Σ `terms`) × `factors`, at most what `limit` says, and the rounding, both null where there is none.

    `carried` is what the stage before came to, null in the first. `exact` is before the limit, `limited` after it,
    `amount` after the rounding too.
    """

    carried: Fraction | None
    terms: tuple[Term, ...]
    factors: tuple[Factor, ...] = ()
    limit: Row | None = None
    rounding: Row | None = None

    @property
    def exact(self) -> Fraction:
        return sum((term.value for term in self.terms), self.carried or Fraction(0)) * _product(self.factors)

    @property
    def limited(self) -> Fraction:
        return min(self.exact, Fraction(str(self.limit["at_most"]))) if self.limit else self.exact

    @property
    def amount(self) -> Fraction:
        if self.rounding is None:
            return self.limited
        return Fraction(round_quotient(self.limited, 1, int(self.rounding["exponent"])))

    @property
    def was_rounded(self) -> bool:
        return self.amount != self.limited


@dataclass(frozen=True, slots=True)
class Reading:
    """The stages of a computation; `informs` are the rows that take no part in it, in their order."""

    stages: tuple[Stage, ...]
    informs: tuple[Row, ...]

    @property
    def amount(self) -> Fraction:
        return self.stages[-1].amount

    @property
    def terms(self) -> int:
        """How many terms all stages have: how long the explanation is to read."""
        return sum(len(stage.terms) for stage in self.stages)

    @property
    def has_one_price(self) -> bool:
        """Whether quantity × unit price is what it is computed from: no tiers, packages, limits or free units."""
        first = self.stages[0]
        return len(first.terms) < 2 and first.limit is None and self.informing("included") is None and not any(
            term.first.step in ("packages", "flat") for term in first.terms)

    def informing(self, step: str) -> Row | None:
        return next((row for row in self.informs if row["step"] == step), None)


def read(explanation: str | Sequence[Row]) -> Reading:
    """The reading of an explanation: its last stage's amount is what `explain.replay` comes to.

    Raises `ValueError` when the rows do not end in a rounding.
    """
    rows = rows_of(explanation)
    informs = tuple(row for row in rows if _informs(row))
    return Reading(tuple(_stages([row for row in rows if not _informs(row)])), informs)


def reading_of(rows: Sequence[Row]) -> Reading | None:
    """The reading of a line's rows; None for a line that nothing has computed."""
    return read(rows) if rows and rows[-1].get("step") == "round" else None


def is_one_price(found: Reading | None, quantity: Decimal) -> bool:
    """Whether the unit price of a line that reads so is one, and not what all tiers and limits come to for a unit."""
    return found is None or found.has_one_price or quantity == 1


def _informs(row: Row) -> bool:
    return row["step"] != "sum" and row.keys().isdisjoint(("add", "times", "over", "at_most", "exponent"))


def _stages(rows: Sequence[Row]) -> Iterator[Stage]:
    """A stage ends with its rounding, with its limit where no rounding follows, and where a term comes behind a
    factor of the whole."""
    carried: Fraction | None = None
    run: list[Row] = []
    for at, row in enumerate(rows):
        run.append(row)
        following = rows[at + 1] if at + 1 < len(rows) else {"exponent": 0}
        whole = _is_whole(run, carried)
        ends = "exponent" in row or ("at_most" in row and "exponent" not in following) or (whole and "add" in following)
        if ends:
            stage = _stage(run, carried)
            carried, run = stage.amount, []
            yield stage


def _is_whole(run: Sequence[Row], carried: Fraction | None) -> bool:
    """Whether the last row of the run is a factor of all before it."""
    last = run[-1]
    if "add" in last or ("times" not in last and "over" not in last):
        return False
    return any(row["step"] == "sum" for row in run) or (carried is not None and not any("add" in row for row in run))


def _stage(rows: Sequence[Row], carried: Fraction | None) -> Stage:
    terms: list[list[Row]] = []
    whole: list[Row] = []
    limit = next((row for row in rows if "at_most" in row), None)
    rounding = next((row for row in rows if "exponent" in row), None)
    summed = False
    for row in rows:
        if row["step"] == "sum":
            summed = True
        elif "add" in row:
            terms.append([row])
        elif "times" in row or "over" in row:
            if summed or (carried is not None and not terms):
                whole.append(row)
            elif terms:
                terms[-1].append(row)
            else:
                terms.append([row])
    return _averaged(Stage(carried, tuple(Term(tuple(_factors(term))) for term in terms), tuple(_factors(whole)),
                           limit, rounding))


def _factors(rows: Sequence[Row]) -> Iterator[Factor]:
    """Factors in order; one and the divisor that is said with it are one, also where a third stands between them."""
    left = list(rows)
    while left:
        row = left.pop(0)
        step = str(row["step"])
        times, over = Fraction(str(row.get("times", 1))), Fraction(str(row.get("over", 1)))
        if "add" in row:
            yield Factor(step, row, Fraction(str(row["add"])))
            if "times" in row:
                yield Factor("each", row, times)
            continue
        partner = next((one for one in left if one["step"] == PAIRS.get(step)), None)
        if partner is not None:
            left.remove(partner)
            over *= Fraction(str(partner["over"]))
        yield Factor(step, row, times, over)


def _averaged(stage: Stage) -> Stage:
    """A balance's days are divided by those of the period in each term, so that it says what was held on average."""
    held = bool(stage.terms) and all(term.first.step == "balance_days" for term in stage.terms)
    days = next((factor for factor in stage.factors if factor.step == "period_days"), None)
    if not held or days is None:
        return stage
    terms = tuple(
        Term((replace(term.first, over=days.over), *term.factors[1:])) for term in stage.terms)
    return replace(stage, terms=terms, factors=tuple(factor for factor in stage.factors if factor is not days))


def _product(factors: Iterable[Factor]) -> Fraction:
    value = Fraction(1)
    for factor in factors:
        value *= factor.value
    return value
