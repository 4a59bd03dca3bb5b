"""How a line came to its amount, in words: the computation's own rows, and what they rest on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from duly.billing.invoicing.explain import Line, RateSource
from duly.engine.currencies import exponent
from duly.engine.pricing.lines import TIMED
from duly.engine.pricing.reading import Row, is_one_price, reading_of
from duly.formats.explained import Figures, Phrases, Told, table
from duly.interfaces.kit import printing


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the table: what it is, how many, at which price or factor, what it comes to, where it comes from.
    `look` is sum, amount, factor or "" (see `duly.formats.explained.Told`)."""

    label: str
    quantity: str = ""
    factor: str = ""
    amount: str = ""
    note: str = ""
    look: str = ""

    @property
    def within(self) -> str:
        """Quantity and price in one, for narrow screens, which have no columns for them: 1,000 × 0.02."""
        return " × ".join(filter(None, (self.quantity, self.factor)))


def steps(line: Line, currency: str) -> list[Step]:
    """The line's rows in order, the amount last."""
    return list(told_steps(line, currency, [_source(line)]))


class Explains(Protocol):
    """What a line needs to have to tell how it came about, stored or not."""

    @property
    def kind(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit(self) -> str: ...
    @property
    def explanation(self) -> Sequence[Mapping[str, Any]]: ...


def told_steps(line: Explains, currency: str, sources: Sequence[str] = ()) -> Iterator[Step]:
    """The rows of any line; `sources` say where the prices of its first terms come from."""
    reading = reading_of(line.explanation)
    if reading is None:
        return
    waiting = list(sources)
    for told in table(reading, Phrases(_figures(currency), line.kind, line.unit)):
        notes = [told.note, *(_people(told.row, currency) if told.row else ())]
        if told.kind == "term" and waiting:
            notes.append(waiting.pop(0))
        if told.kind == "amount" and told.note and len(reading.stages) == 1:
            notes = ["Rounded once, here"]
        yield Step(told.label, told.quantity, told.factor, told.amount, ", ".join(filter(None, notes)), _look(told))
    if reworded := reading.informing("reword"):
        yield Step("Reworded", note=f"{reworded['by']}; drafted as “{reworded['from']}”")


def _look(told: Told) -> str:
    return told.kind if told.kind in ("sum", "amount", "factor") else ""


def _people(row: Row, currency: str) -> Iterator[str]:
    """Who reduced it and why; into which currency."""
    if row["step"] == "write_down":
        yield f"{row['by']}: {row['reason']}"
    elif row["step"] == "exchange":
        yield f"To {row.get('to', currency)}"


def _source(line: Line) -> str:
    """Where the first price comes from: a rate of a card, or the terms."""
    timed = line.kind == "time"
    return _card(line.rate) if timed else f"Terms since {printing.day(line.terms_from)}"


def _card(rate: RateSource | None) -> str:
    if rate is None:
        return "Several rates of this price"
    meant = [name for name in (rate.person, rate.project, rate.role, rate.task) if name]
    return f"{rate.card_name}: {', '.join(meant) or 'everyone'}, since {printing.day(rate.valid_from)}"


def quantity(line: Explains) -> str:
    """`12:30 h`, `3 seats`."""
    if line.kind in TIMED:
        return f"{printing.hours(line.quantity)} h"
    return printing.counted(line.quantity, line.unit)


def special(line: Line, currency: str) -> str:
    """What quantity and price do not tell: `overtime × 1.25`, `at most 140.00 for hotel`; "" where it is nothing."""
    reading = reading_of(line.explanation)
    if reading is None:
        return ""
    phrases = Phrases(_figures(currency), line.kind, line.unit)
    counted = [f"{told.label.lower()} {told.factor}" for told in table(reading, phrases)
               if told.row and told.row["step"] == "multiplier"]
    held = [phrases.limit(stage.limit, "say_maximum") for stage in reading.stages
            if stage.limit and stage.limited != stage.exact]
    return ", ".join((*counted, *held))


def _figures(currency: str) -> Figures:
    return Figures("en", "GB", currency, exponent(currency), seconds=False)


def price(line: Line) -> Decimal | None:
    """The line's unit price; None where tiers, packages or limits make it one in name only."""
    return line.unit_price if is_one_price(reading_of(line.explanation), line.quantity) else None
