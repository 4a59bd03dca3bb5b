"""Exchange rates: what one unit of a currency is in another, crossed through a third where nobody quotes the pair.

A rate has ten decimals, as it is kept. A crossed rate is one exact quotient, rounded once, half away from zero.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from duly.engine.rounding import round_ratio

RATE_DECIMALS: Final = 10


@dataclass(frozen=True, slots=True)
class CrossRate:
    """One unit of `base` is `rate` units of `quote` from a day on; `crossed` tells how it came from what is quoted:
    direct, inverted, or crossed through the third currency."""

    base: str
    quote: str
    rate: Decimal
    valid_from: date
    crossed: str


def round_rate(numerator: Decimal, denominator: Decimal) -> Decimal:
    """numerator ÷ denominator, rounded half away from zero to ten decimals. Exact for any size."""
    return round_ratio(numerator, denominator, RATE_DECIMALS)


def cross_rates(quoted: Mapping[date, Mapping[str, Decimal]], through: str, quotes: Collection[str],
                currencies: Collection[str] | None = None) -> Iterator[CrossRate]:
    """The rates into each of `quotes`, from what one unit of `through` is on each day, in order of day.

    quoted       by day: units of each currency for one unit of `through`
    currencies   from which ones; all that are quoted, and `through` itself, unless named

    A day without a quote of either side has no rate of the pair; one that would round to nothing is left out.
    """
    for day in sorted(quoted):
        units = {**quoted[day], through: Decimal(1)}
        for quote in sorted(set(quotes) & set(units)):
            for base in sorted(set(units) - {quote}):
                rate = round_rate(units[quote], units[base])
                if rate and (currencies is None or base in currencies):
                    how = "direct" if base == through else "inverted" if quote == through else "crossed"
                    yield CrossRate(base, quote, rate, day, how)
