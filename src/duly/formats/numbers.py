"""Prints amounts, rates, durations and dates in a document's language. What it prints is already rounded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_interval
from babel.numbers import get_decimal_symbol, get_group_symbol

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"


class Printer:
    """Prints for one language as a seller's country writes it (English as in Britain, or in America)."""

    def __init__(self, language: str, country: str) -> None:
        region = ("US" if country == "US" else "GB") if language == "en" else None
        self._locale = Locale(language, region)
        self._symbols = str.maketrans(
            {",": get_group_symbol(self._locale), ".": get_decimal_symbol(self._locale), "-": MINUS}
        )

    def amount(self, value: Decimal, exponent: int) -> str:
        """`Decimal("-1234.5")` with 2 decimals → "−1,234.50"."""
        return f"{value:,.{exponent}f}".translate(self._symbols)

    def money(self, value: Decimal, exponent: int, currency: str) -> str:
        """With the ISO code, which no reader can mistake: "EUR 1,234.50" in English, else "1.234,50 EUR"."""
        text = self.amount(value, exponent)
        return f"{currency}{NO_BREAK}{text}" if self._locale.language == "en" else f"{text}{NO_BREAK}{currency}"

    def number(self, value: Decimal, decimals: int = 0) -> str:
        """With all the decimals that it has, and at least so many."""
        text = f"{value:f}"
        has = len(text.partition(".")[2].rstrip("0"))
        return self.amount(value, max(has, decimals))

    def percent(self, rate: Decimal) -> str:
        """`Decimal("0.19")` → "19 %", in English "19%"."""
        space = "" if self._locale.language == "en" else NO_BREAK
        return f"{self.number(rate * 100)}{space}%"

    def day(self, value: date | None) -> str:
        """A short date that no reader can mistake: "5 Oct 2026", "05.10.2026", "5 oct. 2026"; "" for None."""
        return _day(value, self._locale) if value else ""

    def period(self, start: date | None, end: date | None) -> str:
        """First to last day, without repeating what they share: "1–31 Oct 2026", "01.–31.10.2026"; "" when neither
        is known, one day when they are the same."""
        if start is None or end is None or start == end:
            return self.day(start or end)
        return _interval(start, end, self._locale)


@lru_cache(maxsize=4096)
def _day(value: date, locale: Locale) -> str:
    return format_date(value, format="medium", locale=locale).replace(" ", NO_BREAK)


@lru_cache(maxsize=4096)
def _interval(start: date, end: date, locale: Locale) -> str:
    skeleton = "yMd" if locale.language == "de" else "yMMMd"
    return format_interval(start, end, skeleton, locale=locale).replace(" ", NO_BREAK)


def clock(duration: int, *, seconds: bool) -> str:
    """45296 seconds → "12:34:56", without `seconds` "12:34"; hours run on past 24."""
    hours, rest = divmod(abs(duration), 3600)
    text = f"{MINUS if duration < 0 else ''}{hours}:{rest // 60:02}"
    return f"{text}:{rest % 60:02}" if seconds else text


@lru_cache(maxsize=32)
def printer(language: str, country: str) -> Printer:
    """The one printer for a language and the seller's country."""
    return Printer(language, country)
