"""The figures of an explanation in print: exact, in a document's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from duly.engine.rounding import round_quotient
from duly.formats.explained.texts import WORDS
from duly.formats.numbers import NO_BREAK, clock, printer

Number = Decimal | Fraction | str | int

DECIMALS: Final = 14
"""Those of the finest product of a quantity and a price. What has more is no decimal, such as a third."""

ABOUT: Final = f"≈{NO_BREAK}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Prints for a language, as a seller's country writes it, in a currency; times with seconds, or to the minute."""

    language: str
    country: str
    currency: str
    exponent: int
    seconds: bool = True

    def words(self, key: str, **fields: str) -> str:
        """The words of a key in the language, with what is to be filled in."""
        return WORDS[self.language][key].format(**fields)

    @property
    def all_words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    def number(self, value: Number) -> str:
        """A quantity, with the decimals that it has."""
        return self._exact(value, 0)

    def amount(self, value: Number) -> str:
        """An amount or a price: all its decimals, and at least those of the currency."""
        return self._exact(value, self.exponent)

    def percent(self, share: Number) -> str:
        """A share of one: 0.0075 as 0.75%."""
        return printer(self.language, self.country).percent(_decimal(Fraction(share)))

    def time(self, seconds: Number) -> str:
        """h:mm:ss, or h:mm; seconds show where they are."""
        whole = int(Fraction(seconds))
        return clock(whole, seconds=self.seconds or whole % 60 != 0)

    def day(self, iso: Any) -> str:
        return printer(self.language, self.country).day(date.fromisoformat(str(iso))) if iso else ""

    def _exact(self, value: Number, decimals: int) -> str:
        """Every digit; what is no decimal is marked as being about so much."""
        exact = Fraction(value)
        number = printer(self.language, self.country).number
        if is_decimal(exact):
            return number(_decimal(exact), decimals)
        return ABOUT + number(round_quotient(exact, 1, 4), decimals)


def is_decimal(value: Fraction) -> bool:
    """Whether it can be written in digits."""
    return (value * 10**DECIMALS).denominator == 1


def _decimal(value: Fraction) -> Decimal:
    """By its constructor, the one way that no context rounds."""
    units = (value * 10**DECIMALS).numerator
    return Decimal((units < 0, tuple(map(int, str(abs(units)))), -DECIMALS))
