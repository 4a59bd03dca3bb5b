"""Currencies and their minor units by ISO 4217."""

from functools import cache
from typing import Final

from iso4217 import Currency

CODES: Final = frozenset(entry.code for entry in Currency if entry.exponent is not None)
"""Every currency that has minor units."""


@cache
def exponent(code: str) -> int:
    """Decimals of the currency's minor unit: JPY 0, EUR 2, KWD 3. Raises `ValueError` for an unknown code."""
    try:
        decimals = Currency(code).exponent
    except ValueError:
        decimals = None
    if decimals is None:
        raise ValueError(f"“{code}” is no ISO 4217 currency with minor units; use a code such as EUR.")
    return int(decimals)
