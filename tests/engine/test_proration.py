"""Parts of periods by every proration: they sum to the whole, whatever cuts them, pauses or clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.periods import INTERVALS, MONTHS, Period, parse_period, period_containing
from duly.engine.pricing import due_spans, replay
from duly.engine.pricing.balances import days_30_360
from duly.engine.pricing.fixed import price_fixed
from duly.engine.pricing.proration import CREDITED, DIVISIBLE, PRORATIONS, seconds_between, thirty_day_days, units
from tests.engine.frames import CHARGES, Defaults, billed, frame

PAUSES: Defaults = {"charge_id": (pl.Int64, 1), "paused_from": (pl.Date, None), "paused_to": (pl.Date, None)}
TIMED: Defaults = dict(CHARGES) | {"timezone": (pl.String, "UTC")}
FIRST = date(2026, 1, 1)
days = st.integers(0, 900).map(lambda n: FIRST + timedelta(days=n))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
rhythms = st.tuples(st.sampled_from(INTERVALS), st.integers(1, 3), st.sampled_from(["calendar", "anchored"]), days)


@given(st.sampled_from(DIVISIBLE), rhythms, zones, days, st.data())
def test_parts_sum_to_the_period(how: str, rhythm: tuple[str, int, str, date], zone: str, day: date,
                                 data: st.DataObject) -> None:
    period = period_containing(day, *rhythm)
    inner = st.integers(1, max(1, period.days - 1)).map(lambda n: period.start + timedelta(days=n))
    cuts = sorted({period.start, *data.draw(st.sets(inner, max_size=4)), period.end})
    whole = units(how, period, period, *rhythm[:2], zone)
    parts = [units(how, Period(start, end), period, *rhythm[:2], zone) for start, end in pairwise(cuts)
             if end <= period.end]
    assert sum(parts) == whole > 0 <= min(parts)
    if how == "thirty_day_month" and rhythm[0] in MONTHS:
        assert whole == 30 * MONTHS[rhythm[0]] * rhythm[1]


@pytest.mark.parametrize(("period", "span", "thirtieths"), [
    ("2026-10-01..2026-11-01", "2026-10-16..2026-11-01", 15), ("2026-10-01..2026-11-01", "2026-10-30..2026-10-31", 0),
    ("2026-10-01..2026-11-01", "2026-10-31..2026-11-01", 1), ("2026-02-01..2026-03-01", "2026-02-28..2026-03-01", 3),
    ("2026-01-31..2026-02-28", "2026-01-31..2026-02-28", 30),  # 28 days by 30E/360 alone
    ("2026-01-31..2026-02-28", "2026-02-15..2026-02-28", 15),
    ("2026-02-28..2026-03-31", "2026-02-28..2026-03-31", 30),  # 32 days by 30E/360 alone
    ("2026-02-28..2026-03-31", "2026-02-28..2026-03-29", 30), ("2026-02-28..2026-03-31", "2026-03-29..2026-03-31", 0),
])
def test_a_month_has_thirty_days(period: str, span: str, thirtieths: int) -> None:
    assert units("thirty_day_month", parse_period(span), parse_period(period), "month", 1, "UTC") == thirtieths


@given(days, st.integers(0, 400), zones)
def test_seconds_are_those_that_pass(start: date, length: int, zone: str) -> None:
    """Against the clock of the zone, looked at every half hour: its days begin where the date changes."""
    end = start + timedelta(days=length % 5)
    at = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1)
    passed = 0
    while (here := at.astimezone(ZoneInfo(zone)).date()) < end:
        passed += 1800 * (here >= start)
        at += timedelta(minutes=30)
    assert seconds_between(start, end, zone) == passed


@pytest.mark.parametrize(("start", "end", "zone", "hours"), [
    ("2026-03-29", "2026-03-30", "Europe/Berlin", 23), ("2026-10-25", "2026-10-26", "Europe/Berlin", 25),
    ("2026-10-25", "2026-10-26", "UTC", 24), ("2026-03-08", "2026-03-09", "America/New_York", 23),
    ("2026-10-01", "2026-11-01", "Europe/Berlin", 745),
    ("2018-11-04", "2018-11-05", "America/Sao_Paulo", 23),  # a day without a midnight
])
def test_days_of_changing_clocks(start: str, end: str, zone: str, hours: int) -> None:
    assert seconds_between(date.fromisoformat(start), date.fromisoformat(end), zone) == hours * 3600


@given(days, days)
def test_months_of_thirty_days_are_those_of_balances(start: date, end: date) -> None:
    assert thirty_day_days(start, end) == pl.select(days_30_360(pl.lit(start), pl.lit(end))).item()


def test_what_is_billed_and_credited_of_a_part_are_one_whole() -> None:
    assert set(CREDITED) == set(PRORATIONS) - set(DIVISIBLE)
    assert all(CREDITED[CREDITED[how]] == how for how in CREDITED)


def due(terms: dict[str, Any], through: date, pauses: list[dict[str, Any]], already: pl.DataFrame) -> pl.DataFrame:
    return due_spans(frame(TIMED, terms), already, through, frame(PAUSES, *pauses))


@given(st.sampled_from(DIVISIBLE), rhythms, zones, st.lists(st.tuples(days, st.integers(1, 60)), max_size=3),
       st.lists(days, min_size=1, max_size=3), st.sampled_from(["advance", "arrears"]))
def test_every_day_that_is_not_paused_is_billed_once(how: str, rhythm: tuple[str, int, str, date], zone: str,
                                                     stops: list[tuple[date, int]], runs: list[date],
                                                     timing: str) -> None:
    names = ("interval", "interval_count", "alignment", "anchor")
    terms = dict(zip(names, rhythm, strict=True)) | {
        "proration": how, "timezone": zone, "timing": timing, "agreement_to": date(2028, 6, 17)}
    pauses = [{"paused_from": start, "paused_to": start + timedelta(days=length)} for start, length in stops]
    already, found = billed(), []
    for through in [*runs, date(2032, 1, 1)]:
        spans = due(terms, through, pauses, already)
        found += spans.to_dicts()
        already = pl.concat([already, spans.select(already.columns)])
    seen = [row["span_from"] + timedelta(days=n) for row in found
            for n in range((row["span_to"] - row["span_from"]).days)]
    agreed = [FIRST + timedelta(days=n) for n in range((date(2028, 6, 18) - FIRST).days)]
    kept = [day for day in agreed if not any(p["paused_from"] <= day < p["paused_to"] for p in pauses)]
    assert len(seen) == len(set(seen))
    assert set(seen) <= set(kept)
    for row in found:
        span = Period(row["span_from"], row["span_to"])
        period = period_containing(span.start, *rhythm)
        assert row["days"] == units(how, span, period, *rhythm[:2], zone) > 0
        assert row["period_days"] == units(how, period, period, *rhythm[:2], zone)
    if how != "thirty_day_month":  # there the 31st of a month costs nothing
        assert sorted(seen) == kept
    lines, _ = price_fixed(pl.DataFrame(found)) if found else (pl.DataFrame({"amount": []}), None)
    assert [replay(line["explanation"]) for line in lines.to_dicts()] == lines["amount"].to_list()


@pytest.mark.parametrize(("proration", "pause", "spans"), [
    ("by_day", ("2026-10-11", "2026-10-21"), ["2026-10-01 10/31", "2026-10-21 11/31"]),
    ("thirty_day_month", ("2026-10-11", "2026-10-21"), ["2026-10-01 10/30", "2026-10-21 10/30"]),
    ("by_second", ("2026-10-11", "2026-10-21"), ["2026-10-01 864000/2682000", "2026-10-21 954000/2682000"]),
    ("whole_period", ("2026-10-11", "2026-10-21"), ["2026-10-01 31/31"]),
    ("none", ("2026-10-11", "2026-10-21"), []),
    ("whole_period", ("2026-10-01", "2026-11-01"), []),
    ("by_day", ("2026-09-15", None), []),
    ("by_day", ("2026-10-11", None), ["2026-10-01 10/31"]),
    ("none", ("2026-09-01", "2026-10-01"), ["2026-10-01 31/31"]),
    ("thirty_day_month", ("2026-10-01", "2026-10-31"), ["2026-10-31 1/30"]),
    ("thirty_day_month", ("2026-10-31", "2026-11-01"), ["2026-10-01 29/30"]),
    ("thirty_day_month", ("2026-10-01", "2026-10-30"), ["2026-10-30 1/30"]),
])
def test_a_pause_by_the_charges_proration(proration: str, pause: tuple[str, str | None], spans: list[str]) -> None:
    terms = {"proration": proration, "timezone": "Europe/Berlin", "agreement_from": "2026-10-01",
             "terms_from": "2026-10-01"}
    found = due(terms, date(2026, 11, 1), [{"paused_from": pause[0], "paused_to": pause[1]}], billed())
    rows = found.sort("span_from").select("span_from", "days", "period_days").iter_rows()
    assert [f"{start} {here}/{whole}" for start, here, whole in rows] == spans


def test_a_day_that_is_none_of_thirty_makes_no_line() -> None:
    terms = {"proration": "thirty_day_month", "agreement_from": "2026-10-01", "terms_from": "2026-10-01"}
    pauses = [{"paused_from": "2026-10-01", "paused_to": "2026-10-30"},
              {"paused_from": "2026-10-31", "paused_to": "2026-11-01"}]
    assert due(terms, date(2026, 11, 1), pauses, billed()).is_empty()
