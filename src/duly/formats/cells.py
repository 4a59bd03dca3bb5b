"""One cell's text → one exact value: dates, clock times, durations, numbers, yes and no, currencies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from duly.formats import FormatError
from duly.formats.identities import check_currency

DateOrder = Literal["dmy", "mdy"]
DATE_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy")
LONGEST_ENTRY = 31 * 24 * 3600  # seconds: nothing that a person enters as one piece of work is longer

_YEARS = range(1970, 2200)
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_EITHER_ORDER = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{4})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)
_HOURS_MINUTES = re.compile(r"([0-9]{1,5}):([0-5][0-9])(?::([0-5][0-9]))?")
_POINT = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,8})?")
_COMMA = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:\.[0-9]{3}){1,4})(?:,[0-9]{1,8})?")
_SPACING = re.compile(r"(?<=[0-9])[\u00a0\u202f' ](?=[0-9]{3})")
_YES = frozenset({"yes", "y", "true", "1", "ja", "oui"})
_NO = frozenset({"no", "n", "false", "0", "nein", "non"})
_CURRENCY_NAMES = {"€": "EUR", "EURO": "EUR", "£": "GBP"}  # $ and kr name several currencies: never guessed


class CellError(ValueError):
    """This text does not say what its column asks for; the reader of the row adds row, field and value."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Duration:
    seconds: int
    resolution: int  # seconds that the text can tell apart: 1 for h:mm:ss, 60 for h:mm, 36 for 0.01 h
    note: str | None = None


def read_date(text: str, order: DateOrder) -> date:
    """2026-10-31, 2026/10/31 or 31.10.2026; `order` decides what 10/11/2026 and 10-11-2026 mean."""
    remedy = "Write it as YYYY-MM-DD, for example 2026-10-31."
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    elif match := _DOTTED.fullmatch(text):
        day, month, year = int(match[1]), int(match[2]), int(match[3])
    elif match := _EITHER_ORDER.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        day, month = (first, second) if order == "dmy" else (second, first)
        remedy += f" This file's dates are read as {'day/month' if order == 'dmy' else 'month/day'}/year."
    else:
        raise CellError("This is not a date.", remedy)
    if year not in _YEARS:
        raise CellError(f"The year {year} is outside {_YEARS.start}–{_YEARS.stop - 1}.", remedy)
    try:
        return date(year, month, day)
    except ValueError:
        raise CellError("There is no such day in the calendar.", remedy) from None


def possible_orders(texts: Iterable[str]) -> tuple[DateOrder, ...]:
    """The orders in which every slashed date can be read; both when nothing decides, none when they conflict.

    Dates that are wrong in either order decide nothing: their own rows report them. A date such as 05/05/2026
    means the same in both orders; when the file has no others, day first is as good as month first.
    """
    pairs = {(int(m[1]), int(m[3])) for text in texts if (m := _EITHER_ORDER.fullmatch(text))}
    month_first = any(first <= 12 < second <= 31 for first, second in pairs)
    day_first = any(second <= 12 < first <= 31 for first, second in pairs)
    differ = any(first != second and max(first, second) <= 12 for first, second in pairs)
    if month_first and day_first:
        return ()
    if month_first or day_first:
        return ("mdy",) if month_first else ("dmy",)
    return DATE_ORDERS if differ else ("dmy",)


def settle_order(texts: Iterable[str], asked: str | None) -> DateOrder | None:
    """The order that is asked for, else the one that the dates themselves prove; None when they do not.

    Raises FormatError for an unknown order, and when the file's own dates contradict each other.
    """
    if asked is not None:
        for order in DATE_ORDERS:
            if asked == order:
                return order
        raise FormatError(f"There is no date order {asked!r}.", "Choose 'dmy' (day first) or 'mdy' (month).")
    orders = possible_orders(texts)
    if not orders:
        raise FormatError(
            "Some of the file's dates put the day first and some the month.",
            "Export it with dates as YYYY-MM-DD; or name the date order, and rows against it are listed.",
        )
    return orders[0] if len(orders) == 1 else None


def unsettled_dates() -> FormatError:
    return FormatError(
        "The file's dates can be read as day/month and as month/day, and nothing in it says which.",
        "Name the date order: 'dmy' (day first) or 'mdy' (month first); or export with dates as YYYY-MM-DD.",
    )


def read_time(text: str) -> time:
    """13:41, 13:41:00 or 01:41:00 PM."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise CellError("This is not a time of day.", "Write it as HH:MM or HH:MM:SS, or with AM or PM.")
    hour, minute, second, half = int(match[1]), int(match[2]), int(match[3] or 0), (match[4] or "").lower()
    if (half and not 1 <= hour <= 12) or hour > 23:
        raise CellError("There is no such hour.", "Hours run from 0 to 23, or from 1 to 12 with AM or PM.")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute, second)


def read_duration(text: str, *, decimal_comma: bool) -> Duration:
    """h:mm:ss, h:mm (hours may pass 99) or decimal hours, as whole seconds.

    A hundredth of an hour is 36 seconds exactly (2.05 h = 7380 s). Finer decimals that miss a whole second
    are rounded to the nearest, half away from zero, and noted. Refused: nothing, less, more than 31 days.
    """
    note, negative, body = None, text.startswith("-"), text.lstrip("-")
    if match := _HOURS_MINUTES.fullmatch(body):
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        resolution = 1 if match[3] else 60
    else:
        exact = read_decimal(body, decimal_comma=decimal_comma) * 3600
        seconds, resolution = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), 36
        if seconds != exact:
            note = f"{text} hours are {exact.normalize():f} seconds; rounded to {seconds}"
    if negative or seconds <= 0:
        raise CellError(
            "The duration is not more than zero.", "Correct it, or leave the entry out of the file."
        )
    if seconds > LONGEST_ENTRY:
        raise CellError("The duration is longer than 31 days.", "Write it as h:mm:ss or in hours, as 1.50.")
    return Duration(seconds, resolution, note)


def uses_decimal_comma(texts: Iterable[str]) -> bool:
    """True when a number can only be read with a decimal comma (2,05 or 1.234,50), and none only without."""
    comma = point = False
    for text in map(_without_spacing, texts):
        with_comma, with_point = bool(_COMMA.fullmatch(text)), bool(_POINT.fullmatch(text))
        comma, point = comma or (with_comma and not with_point), point or (with_point and not with_comma)
    return comma and not point


def read_decimal(text: str, *, decimal_comma: bool) -> Decimal:
    """The exact number, at most 8 decimals; the other mark, a space or an apostrophe may group thousands."""
    plain = _without_spacing(text)
    mark, group, pattern = (",", ".", _COMMA) if decimal_comma else (".", ",", _POINT)
    if not pattern.fullmatch(plain):
        used, other = ("comma", "point") if decimal_comma else ("point", "comma")
        raise CellError(
            f"This is not a number with a decimal {used} and at most 8 decimals.",
            f"Correct it, or say so if the whole file writes a decimal {other}.",
        )
    return Decimal(plain.replace(group, "").replace(mark, "."))


def _without_spacing(text: str) -> str:
    return _SPACING.sub("", text)


def read_yes_no(text: str) -> bool:
    answer = text.casefold()
    if answer in _YES or answer in _NO:
        return answer in _YES
    raise CellError("This is neither yes nor no.", "Write Yes or No.")


def read_currency(text: str) -> str:
    """The ISO 4217 code in EUR, Euro - EUR or €."""
    label = text.upper().rsplit(" - ", 1)[-1].strip()
    try:
        return check_currency(_CURRENCY_NAMES.get(label, label))
    except FormatError as error:
        raise CellError(error.message, error.remedy) from None
