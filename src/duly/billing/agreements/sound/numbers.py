"""Which numbers the columns of terms can hold."""

from decimal import Decimal
from typing import Final

from duly.engine.currencies import exponent

PRICE_DECIMALS: Final = 8
QUANTITY_DECIMALS: Final = 6
LARGEST: Final = Decimal(10) ** 12
FACTORS: Final = ("weekend_factor", "overtime_factor")
FACTOR_DECIMALS: Final = 2
HIGHEST_FACTOR: Final = 10
QUANTITIES: Final = ("quantity", "included", "package_size", "free_amount", "grants", "up_to")


def is_number(value: Decimal | None) -> bool:
    return value is None or value.is_finite()


def fits(value: Decimal, decimals: int) -> bool:
    return abs(value) < LARGEST and value == round(value, decimals)


def is_amount(value: Decimal, currency: str) -> bool:
    """Whole minor units of the currency, zero or more."""
    return is_number(value) and value >= 0 and fits(value, exponent(currency))


def refusal(name: str, value: Decimal) -> tuple[str, str] | None:
    """Why the term of that name cannot be this number, and what to do; None when it can. Only a mark-up is negative."""
    if not is_number(value):
        return f"{value} is no number.", "Give one."
    if name == "markup":
        wrong = not fits(value, PRICE_DECIMALS) or value <= -1
        return (f"{value} is no mark-up.", "5% is 0.05.") if wrong else None
    if name in FACTORS:
        wrong = not fits(value, FACTOR_DECIMALS) or not 0 < value <= HIGHEST_FACTOR
        return (f"{value} is no factor.", "Give more than 0, at most 10, with at most 2 decimals.") if wrong else None
    if name in QUANTITIES:
        wrong = not fits(value, QUANTITY_DECIMALS) or value < 0
        return (f"{value} is no quantity.", "Zero or more, at most 6 decimals.") if wrong else None
    if not fits(value, PRICE_DECIMALS):
        return f"{value} is too fine or too large.", "Use at most 8 decimals."
    return (f"{value} is less than zero.", "Give zero or more.") if value < 0 else None
