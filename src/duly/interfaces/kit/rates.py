"""Files of exchange rates, as the doors take them in: a CSV of one's own, and the European Central Bank's history."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from duly.billing.kernel.errors import Problem
from duly.billing.reference.actions import ExchangeRateInput, Preview, preview_exchange_rates
from duly.engine.exchange import cross_rates
from duly.formats.exchange_rates import ecb_history, read_ecb, read_rates

ECB: Final = {
    "direct": "ECB euro reference rate", "inverted": "ECB euro reference rate, inverted",
    "crossed": "ECB euro reference rates, crossed through EUR",
}
"""The source of a rate, by how it came from what the bank quotes."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates to add, each with its place in problems; and the rows that could not be read."""

    rates: tuple[ExchangeRateInput, ...]
    places: tuple[str, ...]
    unreadable: tuple[Problem, ...] = ()

    def preview(self) -> Preview:
        """What adding them would come to, unreadable rows among the problems."""
        found = preview_exchange_rates(rates=self.rates, places=self.places)
        return Preview(found.added, found.unchanged, (*self.unreadable, *found.problems))


def from_file(name: str, content: bytes) -> Rates:
    """The rates of a CSV; its name is their source where a row names none. Raises `FormatError`."""
    read = read_rates(content, f"file {name}")
    rates = tuple(ExchangeRateInput(one.base, one.quote, one.rate, one.valid_from, one.source) for one in read.rows)
    unreadable = tuple(Problem(f"row {one.row_number}, {one.field}", f"“{one.value}”: {one.message}", one.remedy)
                       for one in read.errors)
    return Rates(rates, tuple(f"row {one.row_number}" for one in read.rows), unreadable)


def from_ecb(first: date, last: date, into: Collection[str], currencies: Collection[str] | None) -> Rates:
    """The bank's rates into these currencies from day to day, both included, crossed through the euro."""
    found = [*cross_rates(read_ecb(ecb_history(), first, last), "EUR", into, currencies)]
    rates = tuple(ExchangeRateInput(one.base, one.quote, one.rate, one.valid_from, ECB[one.crossed]) for one in found)
    return Rates(rates, tuple(f"{one.base} → {one.quote} on {one.valid_from}" for one in found))
