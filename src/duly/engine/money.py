"""Money: an exact amount of one currency, in whole minor units."""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import Final

from duly.engine.currencies import exponent
from duly.engine.rounding import round_quotient

EXACT: Final = Context(prec=60, traps=[Inexact])
"""Sums of money never round; what does not fit raises."""

BOUND: Final = 10**16
"""Amounts are smaller: they are kept as `numeric(20,4)`."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of a currency. Raises `TypeError` for anything but `Decimal`, `ValueError` for parts of a minor unit
    and for 10¹⁶ or more.

    Two currencies never mix: adding or comparing them raises `ValueError`.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"money is made of a Decimal, not of {type(self.amount).__name__}")
        if self.amount.is_finite() and not -BOUND < self.amount < BOUND:
            raise ValueError(f"{self.amount} {self.currency} is too large: amounts are below 10¹⁶")
        if not self.amount.is_finite() or self.amount != round_quotient(self.amount, 1, exponent(self.currency)):
            raise ValueError(f"{self.amount} {self.currency} is not a whole number of minor units")

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:.{exponent(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix; convert one of them first")
        return other.amount
