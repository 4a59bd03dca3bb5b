"""Money, numbers and dates as people read them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel.numbers import get_currency_symbol, get_decimal_symbol

from duly.engine.currencies import exponent
from duly.engine.wording import day
from duly.formats.units import unit_text

__all__ = ["Amount", "ago", "counted", "day", "hours", "initials", "moment", "money", "percent", "period", "plain",
           "signed_percent"]

LOCALE = "en"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in parts, so that a page can dim the minor units: sign, symbol, whole, fraction with its point."""

    sign: str
    symbol: str
    whole: str
    fraction: str

    def __str__(self) -> str:
        return f"{self.sign}{self.symbol}{self.whole}{self.fraction}"


def money(value: Decimal | str, currency: str) -> Amount:
    """The amount with the decimals of its currency; every digit that it has beyond them is kept.

    A currency without a sign of its own is written by its code: `€1,234.50`, `CHF 1,234.50`.
    """
    amount = Decimal(value)
    whole, _, decimals = f"{abs(amount):,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(exponent(currency), "0")
    symbol, point = _signs(currency)
    return Amount(MINUS if amount < 0 else "", symbol, whole, f"{point}{decimals}" if decimals else "")


@lru_cache(maxsize=256)
def _signs(currency: str) -> tuple[str, str]:
    """The currency's sign, with the space that it wants, and the decimal point."""
    symbol = get_currency_symbol(currency, locale=LOCALE)
    return symbol if not symbol[-1].isalpha() else f"{symbol}\N{NO-BREAK SPACE}", get_decimal_symbol(LOCALE)


def moment(value: datetime) -> str:
    """An instant, to the minute and with its time zone: `2 Nov 2026, 09:00 UTC`."""
    return f"{day(value.date())}, {value:%H:%M %Z}"


def ago(then: date, on: date) -> str:
    """How long ago a date is, seen from another: `today`, `3 days ago`, `in 5 days`."""
    days = (on - then).days
    if days == 0:
        return "today"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{count} ago" if days > 0 else f"in {count}"


def hours(seconds: int | Decimal) -> str:
    """A duration as hours and minutes: `7:30`."""
    minutes = int(seconds) // 60
    return f"{minutes // 60}:{minutes % 60:02}"


def plain(value: Decimal) -> str:
    """A number without decimals that say nothing, grouped by thousands: `1,234.5`."""
    whole, _, decimals = f"{value:,f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def counted(quantity: Decimal, unit: str) -> str:
    """A quantity in its unit: `3 seats`, `1,000 calls`."""
    return f"{plain(quantity)} {unit_text(unit, 'en', one=quantity == 1)}".strip()


def percent(share: Decimal, places: int = 1) -> str:
    """A share of one as percent: `0.428` → `42.8%`."""
    return f"{share * 100:.{places}f}%"


def signed_percent(value: Decimal | None) -> str:
    """A difference that is in percent already: `+12.4%`, `−3.0%`; nothing where there is nothing to compare with."""
    if value is None:
        return ""
    return f"{'+' if value > 0 else MINUS if value < 0 else ''}{abs(value)}%"


def period(begins: date, ends: date) -> str:
    """`Oct 2026` for a whole month, `2 Oct 2026` for a day, else `2–14 Oct 2026`, `11 Oct – 10 Nov 2026`."""
    if begins.day == 1 and (ends + timedelta(days=1)) == (begins + timedelta(days=32)).replace(day=1):
        return f"{begins:%b %Y}"
    if begins == ends:
        return day(begins)
    if (begins.year, begins.month) == (ends.year, ends.month):
        return f"{begins.day}–{day(ends)}"
    return f"{begins.day} {begins:%b} – {day(ends)}" if begins.year == ends.year else f"{day(begins)} – {day(ends)}"


def initials(name: str) -> str:
    """The first letters of the first and last word of a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
