"""Periods as people name them, and their laws."""

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.periods import INTERVALS, Period, add_months, parse_period, period_containing, periods_from

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
rhythms = st.tuples(st.sampled_from(INTERVALS), st.integers(1, 13), st.sampled_from(["calendar", "anchored"]), days)


def shown(period: Period) -> str:
    return f"{period.start}..{period.end}"


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026", "2026-01-01..2027-01-01"),
        ("2026-Q1", "2026-01-01..2026-04-01"),
        ("2026-q4", "2026-10-01..2027-01-01"),
        ("2026-02", "2026-02-01..2026-03-01"),
        (" 2026-12 ", "2026-12-01..2027-01-01"),
        ("2028-02-29", "2028-02-29..2028-03-01"),
        ("2026-10-05..2026-10-20", "2026-10-05..2026-10-20"),
    ],
)
def test_periods_are_read(text: str, period: str) -> None:
    assert shown(parse_period(text)) == period


@pytest.mark.parametrize(
    "text",
    ["", "October", "2026-13", "2026-00", "2026-Q5", "2026-1", "26-10", "2026-02-30", "2026-10-05..2026-10-05",
     "2026-11-01..2026-10-01", "2026-10-01..", "2026-W05", "2026-W05-3", "20261005", "٢٠٢٦", "0000", "9999", "9999-12",
     "9999-12-31", "2026-10-05T00:00"],
)
def test_what_is_no_period_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 2026, 2026-Q4, 2026-10, 2026-10-05 or 2026-10-01\.\.2026-11-01"):
        parse_period(text)


@pytest.mark.parametrize(
    ("day", "interval", "count", "alignment", "anchor", "period"),
    [
        ("2026-02-28", "month", 1, "anchored", "2026-01-31", "2026-02-28..2026-03-31"),
        ("2026-03-30", "month", 1, "anchored", "2026-01-31", "2026-02-28..2026-03-31"),
        ("2026-03-31", "month", 1, "anchored", "2026-01-31", "2026-03-31..2026-04-30"),
        ("2028-02-29", "month", 1, "anchored", "2026-01-30", "2028-02-29..2028-03-30"),
        ("2027-02-28", "year", 1, "anchored", "2024-02-29", "2027-02-28..2028-02-29"),
        ("2025-12-15", "month", 1, "anchored", "2026-03-20", "2025-11-20..2025-12-20"),  # before the anchor, too
        ("2026-05-05", "quarter", 1, "calendar", "2026-02-14", "2026-04-01..2026-07-01"),
        ("2026-05-05", "quarter", 1, "anchored", "2026-02-14", "2026-02-14..2026-05-14"),
        ("2026-07-01", "half_year", 1, "calendar", "2026-01-01", "2026-07-01..2027-01-01"),
        ("2026-07-01", "year", 2, "calendar", "2026-01-01", "2026-01-01..2028-01-01"),
        ("2026-10-05", "week", 1, "calendar", "2026-01-01", "2026-10-05..2026-10-12"),  # a Monday
        ("2026-10-11", "week", 1, "anchored", "2026-10-07", "2026-10-07..2026-10-14"),
        ("2026-10-11", "day", 30, "calendar", "2026-10-01", "2026-10-01..2026-10-31"),
    ],
)
def test_the_period_of_a_day(day: str, interval: str, count: int, alignment: str, anchor: str, period: str) -> None:
    found = period_containing(date.fromisoformat(day), interval, count, alignment, date.fromisoformat(anchor))
    assert shown(found) == period


@given(days, rhythms)
def test_a_day_is_in_its_period_and_periods_follow_each_other(day: date, rhythm: tuple[str, int, str, date]) -> None:
    first, *rest = islice(periods_from(day, *rhythm), 6)
    assert first.start <= day < first.end
    assert all(earlier.end == later.start for earlier, later in pairwise([first, *rest]))
    assert period_containing(first.last, *rhythm) == first


@given(days, days, rhythms)
def test_two_days_have_one_period_or_two_apart(day: date, other: date, rhythm: tuple[str, int, str, date]) -> None:
    mine, theirs = period_containing(day, *rhythm), period_containing(other, *rhythm)
    assert mine == theirs or mine.overlap_days(theirs) == 0


@given(days, st.integers(-600, 600))
def test_clamping_never_drifts(anchor: date, months: int) -> None:
    """A month later is never less than asked for: the anchor's day, or the last of a month that is too short."""
    moved = add_months(anchor, months)
    assert (moved.year * 12 + moved.month) - (anchor.year * 12 + anchor.month) == months
    assert moved.day == anchor.day or (moved.day < anchor.day and (moved + timedelta(days=1)).day == 1)


def test_overlaps_are_counted_in_days() -> None:
    october = parse_period("2026-10")
    assert (october.days, str(october.last)) == (31, "2026-10-31")
    assert october.overlap_days(parse_period("2026-10-30..2026-11-05")) == 2
    assert october.overlap_days(parse_period("2026-11")) == 0


def test_a_period_is_never_empty() -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        Period(date(2026, 10, 1), date(2026, 10, 1))
