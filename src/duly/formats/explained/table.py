"""An explanation as a table: what, how many, at which price or factor, and what it comes to."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from duly.engine.pricing.reading import Factor, Reading, Row, Stage, Term
from duly.formats.explained.figures import is_decimal
from duly.formats.explained.phrases import TIMES, Phrases
from duly.formats.numbers import MINUS, NO_BREAK

SIGMA = "Σ"


@dataclass(frozen=True, slots=True)
class Told:
    """A row: `kind` is informing, term, factor, limit, sum or amount; `row` is the one that it tells, where there is
    one. Empty cells are ""."""

    kind: str
    label: str
    quantity: str = ""
    factor: str = ""
    amount: str = ""
    note: str = ""
    row: Row | None = None


def table(reading: Reading, phrases: Phrases) -> list[Told]:
    """The rows in order; the last one is the amount. Amounts of terms and of what a stage begins with sum to its Σ."""
    return list(_told(reading, phrases))


def _told(reading: Reading, phrases: Phrases) -> Iterator[Told]:
    for row in reading.informs:
        label, quantity = phrases.informing(row)
        if label:
            yield Told("informing", label, quantity, row=row)
    for stage in reading.stages:
        yield from _stage(stage, phrases, last=stage is reading.stages[-1])


def _stage(stage: Stage, phrases: Phrases, *, last: bool) -> Iterator[Told]:
    figures = phrases.figures
    terms = [told for term in stage.terms for told in _term(term, phrases)]
    yield from terms
    several = len(stage.terms) + (stage.carried is not None) > 1
    summed = stage.carried or Fraction(0)
    summed += sum((term.value for term in stage.terms), Fraction(0))
    if several and (stage.factors or stage.limit):
        yield Told("sum", SIGMA, amount=figures.amount(summed))
    yield from (_factor(factor, phrases) for factor in stage.factors)
    if stage.limit:
        if stage.factors or (not several and any(told.kind == "factor" for told in terms)):
            yield Told("sum", SIGMA, amount=figures.amount(stage.exact))
        yield Told("limit", phrases.limit(stage.limit), amount=figures.amount(stage.limit["at_most"]), row=stage.limit)
    note = figures.words("rounded") if stage.was_rounded else ""
    if last:
        yield Told("amount", figures.words("round"), amount=figures.amount(stage.amount), note=note, row=stage.rounding)
    elif several or stage.factors or stage.was_rounded or any(len(term.factors) > 2 for term in stage.terms):
        yield Told("sum", SIGMA, amount=figures.amount(stage.amount), note=note, row=stage.rounding)


def _term(term: Term, phrases: Phrases) -> Iterator[Told]:
    """The term's quantity and price in one row, then each further factor in its own."""
    first, rest, figures = term.first, term.factors[1:], phrases.figures
    quantity, factor, shown = "", "", first.value
    second = rest[0] if rest else None
    if second and second.step == "each":
        shown *= second.value
        rest = rest[1:]
        if second.times != -1:
            quantity, factor = _quantity(first, phrases), phrases.price(term)
    elif second and (first.step, second.step) in (("seconds", "rate"), ("price", "quantity")):
        shown *= second.value
        rest = rest[1:]
        counted, priced = (first, second) if first.step == "seconds" else (second, first)
        quantity, factor = phrases.said(counted), figures.amount(priced.times)
    elif first.step == "cost":
        quantity = f"{figures.amount(first.times)}{NO_BREAK}{first.row['currency']}"
    elif first.step == "covered":
        quantity = figures.time(str(first.row["quantity"]))
    foreign = first.step == "cost" and first.row.get("currency") != figures.currency
    amount = "" if foreign or (first.step == "seconds" and not is_decimal(shown)) else figures.amount(shown)
    yield Told("term", phrases.label(first), quantity, factor, amount, phrases.note(first.row), first.row)
    yield from (_factor(one, phrases) for one in rest)


def _quantity(factor: Factor, phrases: Phrases) -> str:
    step = factor.step
    if step == "balance_days":
        return phrases.held(factor)
    if step == "rate" or phrases.is_money(step):
        return phrases.figures.amount(factor.times)
    unit = phrases.unit if step in ("units", "tier") and phrases.unit != "item" else ""
    return phrases.counted(factor.times, unit)


def _factor(factor: Factor, phrases: Phrases) -> Told:
    figures = phrases.figures
    below = factor.value < 0
    number = figures.time if factor.step in TIMES else figures.number
    times = number(abs(factor.times))
    shown = f"{times}/{number(factor.over)}" if factor.over != 1 else times
    if factor.step == "accepted":
        shown = figures.percent(factor.times)
    return Told("factor", phrases.label(factor), factor=f"×{NO_BREAK}{MINUS if below else ''}{shown}", row=factor.row)
