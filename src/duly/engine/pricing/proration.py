"""What a part of a period costs: its share of the price, in units of which the whole period has a number.

The whole is always the full calendar or anchored period. By day its days count; by months of thirty days 30E/360 (ISDA
2006, section 4.16(g)), where the last day takes what the month lacks or exceeds; by second its seconds in the
agreement's time zone, where days of a change of clocks have 23 or 25 hours.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from duly.engine.periods import MONTHS, Period
from duly.engine.pricing.explain import number, row

PRORATIONS: Final = ("by_day", "thirty_day_month", "by_second", "whole_period", "none")
"""How a part of a period is billed (`whole_period` at the full price, `none` not at all) or credited (in full, not at
all)."""

DIVISIBLE: Final = ("by_day", "thirty_day_month", "by_second")
"""Those by which a period can be split, so that its parts sum to it."""

CREDITED: Final = {"whole_period": "none", "none": "whole_period"}
"""How unused time is credited where an agreement only says how a part of a period is billed: so that what is paid in
advance comes to what is paid in arrears."""


def thirty_day_days(start: date, end: date) -> int:
    """Days from `start` to `end` with months of thirty days: the twin of `balances.days_30_360`."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months * 30 + min(end.day, 30) - min(start.day, 30)


def seconds_between(start: date, end: date, timezone: str) -> int:
    """Seconds from the beginning of one day to that of another in a time zone (IANA name)."""
    first, last = (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)) for day in (start, end))
    return (last.astimezone(UTC) - first.astimezone(UTC)) // timedelta(seconds=1)


def units(proration: str, span: Period, period: Period, interval: str, count: int, timezone: str) -> int:
    """The units of a span within its period: days, days of months of thirty, or seconds. They add up.

    Days and weeks have no months, so they are counted by their days.
    """
    if proration == "by_second":
        return seconds_between(span.start, span.end, timezone)
    if proration == "thirty_day_month" and interval in MONTHS:
        whole = 30 * MONTHS[interval] * count
        before, after = (whole if day == period.end else min(thirty_day_days(period.start, day), whole)
                         for day in (span.start, span.end))
        return after - before
    return span.days


def share_rows() -> tuple[pl.Expr, pl.Expr]:
    """The rows of an explanation for the columns days and period_days of `spans.due_spans`, where they differ."""
    partial = pl.col("days") != pl.col("period_days")
    by_second = partial & (pl.col("proration") == "by_second")
    here, whole = number(pl.col("days")), number(pl.col("period_days"))
    return (
        pl.when(by_second).then(row("span_seconds", times=here)).when(partial).then(row("days", times=here)),
        pl.when(by_second).then(row("period_seconds", over=whole)).when(partial).then(row("period_days", over=whole)),
    )
