"""Half-open date ranges, and the periods that charges recur in.

A period is [start, end). Calendar periods begin with the calendar's month, quarter, half-year or year; anchored
ones count from an anchor day, clamped month by month without drifting (31 Jan → 28 Feb → 31 Mar).
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

MONTHS: Final = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
DAYS: Final = {"day": 1, "week": 7}
INTERVALS: Final = (*DAYS, *MONTHS)

DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""A day as written; `date.fromisoformat` alone would take 2026-W05 for its Monday."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`. Raises `ValueError` when it would be empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a period ends after it begins, not {self.start} to {self.end}")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day in it."""
        return self.end - timedelta(days=1)

    def overlap_days(self, other: "Period") -> int:
        """Days that both have."""
        return max(0, (min(self.end, other.end) - max(self.start, other.start)).days)


def in_force(day: pl.Expr) -> pl.Expr:
    """Whether dated terms hold on a day: from `valid_from` on and before `valid_to`, null for open."""
    return (day >= pl.col("valid_from")) & (pl.col("valid_to").is_null() | (day < pl.col("valid_to")))


def add_months(anchor: date, months: int) -> date:
    """The anchor's day `months` later, clamped to the month's last day. Always counted from the anchor."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def boundary(number: int, interval: str, count: int, origin: date) -> date:
    """The start of period `number` counted from the period that begins on `origin` (number 0)."""
    if interval in DAYS:
        return origin + timedelta(days=number * count * DAYS[interval])
    return add_months(origin, number * count * MONTHS[interval])


def origin_of(day: date, interval: str, alignment: str, anchor: date) -> date:
    """Where periods are counted from: the anchor, or the calendar's own year (weeks: a Monday; days: the anchor)."""
    if alignment == "anchored" or interval == "day":
        return anchor
    if interval == "week":
        return date(1970, 1, 5)
    return date(2000, 1, 1)


def period_containing(day: date, interval: str, count: int, alignment: str, anchor: date) -> Period:
    """The period that `day` is in. `count` groups intervals: every 2 months, every 3 years."""
    origin = origin_of(day, interval, alignment, anchor)
    if interval in DAYS:
        number = (day - origin).days // (count * DAYS[interval])
    else:
        months = (day.year - origin.year) * 12 + day.month - origin.month
        number = months // (count * MONTHS[interval])
    while boundary(number, interval, count, origin) > day:
        number -= 1
    while boundary(number + 1, interval, count, origin) <= day:
        number += 1
    return Period(boundary(number, interval, count, origin), boundary(number + 1, interval, count, origin))


def periods_from(day: date, interval: str, count: int, alignment: str, anchor: date) -> Iterator[Period]:
    """The period that `day` is in and all that follow."""
    period = period_containing(day, interval, count, alignment, anchor)
    while True:
        yield period
        period = period_containing(period.end, interval, count, alignment, anchor)


def parse_period(text: str) -> Period:
    """A period as people write it: 2026, 2026-Q4, 2026-10, 2026-10-05 or 2026-10-01..2026-11-01 (end exclusive).

    Raises `ValueError` with the forms that are understood.
    """
    text = text.strip()
    try:
        if match := re.fullmatch(rf"({DAY})\.\.({DAY})", text):
            return Period(date.fromisoformat(match[1]), date.fromisoformat(match[2]))
        if match := re.fullmatch(r"([0-9]{4})-[Qq]([1-4])", text):
            start = date(int(match[1]), int(match[2]) * 3 - 2, 1)
            return Period(start, add_months(start, 3))
        if match := re.fullmatch(r"([0-9]{4})-([0-9]{2})", text):
            start = date(int(match[1]), int(match[2]), 1)
            return Period(start, add_months(start, 1))
        if re.fullmatch(r"[0-9]{4}", text):
            return Period(date(int(text), 1, 1), date(int(text) + 1, 1, 1))
        if re.fullmatch(DAY, text):
            start = date.fromisoformat(text)
            return Period(start, start + timedelta(days=1))
        raise ValueError("it has another form")
    except (ValueError, OverflowError) as error:
        forms = "2026, 2026-Q4, 2026-10, 2026-10-05 or 2026-10-01..2026-11-01"
        raise ValueError(f"“{text}” is no period ({error}); write it as {forms}.") from None
