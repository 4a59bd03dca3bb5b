"""Which days of recurring and one-off charges are due, as an analyst would list them; and the laws of billing days."""

from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.periods import INTERVALS, period_containing
from duly.engine.pricing import due_spans
from tests.engine.frames import billed, charges

Span = tuple[str, str, str]


def due(*terms: dict[str, Any], through: str, already: tuple[tuple[str, str], ...] = ()) -> list[Span]:
    """(first day, last day, days billed/days of the period) of what is due, in order."""
    frame = due_spans(charges(*terms), billed(*already), date.fromisoformat(through)).sort("span_from")
    rows = frame.select("span_from", "span_to", "days", "period_days").iter_rows()
    return [(f"{start}", f"{end - timedelta(days=1)}", f"{days}/{full}") for start, end, days, full in rows]


@pytest.mark.parametrize(
    ("terms", "through", "spans"),
    [
        pytest.param({"agreement_from": "2026-10-01"}, "2026-11-01", [("2026-10-01", "2026-10-31", "31/31")],
                     id="in advance: the period that begins in the billed one"),
        pytest.param({"agreement_from": "2026-10-01"}, "2026-10-02", [("2026-10-01", "2026-10-31", "31/31")],
                     id="in advance: due on its first day"),
        pytest.param({"agreement_from": "2026-10-01"}, "2026-10-01", [], id="in advance: not before it"),
        pytest.param({"agreement_from": "2026-10-01", "timing": "arrears"}, "2026-10-31", [],
                     id="in arrears: not before its last day is over"),
        pytest.param({"agreement_from": "2026-10-01", "timing": "arrears"}, "2026-11-01",
                     [("2026-10-01", "2026-10-31", "31/31")], id="in arrears: once it has ended"),
        pytest.param({"agreement_from": "2026-10-17"}, "2026-11-01", [("2026-10-17", "2026-10-31", "15/31")],
                     id="begins in the middle of a month"),
        pytest.param({"agreement_from": "2026-10-01", "agreement_to": "2026-10-15", "timing": "arrears"}, "2026-10-16",
                     [("2026-10-01", "2026-10-15", "15/31")],
                     id="ends on the 15th: the 15th is billed, and due the day after"),
        pytest.param({"agreement_from": "2026-10-05", "agreement_to": "2026-10-05"}, "2026-11-01",
                     [("2026-10-05", "2026-10-05", "1/31")], id="one day only"),
        pytest.param({"agreement_from": "2026-02-01"}, "2026-03-01", [("2026-02-01", "2026-02-28", "28/28")],
                     id="February"),
        pytest.param({"agreement_from": "2028-02-15"}, "2028-03-01", [("2028-02-15", "2028-02-29", "15/29")],
                     id="February of a leap year"),
        pytest.param({"agreement_from": "2026-01-31", "alignment": "anchored", "anchor": "2026-01-31"}, "2026-04-30",
                     [("2026-01-31", "2026-02-27", "28/28"), ("2026-02-28", "2026-03-30", "31/31"),
                      ("2026-03-31", "2026-04-29", "30/30")], id="anchored on the 31st: clamped, never drifting"),
        pytest.param({"agreement_from": "2026-01-15", "alignment": "anchored"}, "2026-02-15",
                     [("2026-01-15", "2026-02-14", "31/31")], id="anchored without a day: on the agreement's first"),
        pytest.param({"agreement_from": "2026-02-15", "interval": "quarter"}, "2026-04-02",
                     [("2026-02-15", "2026-03-31", "45/90"), ("2026-04-01", "2026-06-30", "91/91")], id="quarter"),
        pytest.param({"agreement_from": "2026-07-01", "interval": "half_year", "timing": "arrears"}, "2027-01-01",
                     [("2026-07-01", "2026-12-31", "184/184")], id="half-year"),
        pytest.param({"agreement_from": "2027-12-31", "interval": "year"}, "2028-01-02",
                     [("2027-12-31", "2027-12-31", "1/365"), ("2028-01-01", "2028-12-31", "366/366")], id="year"),
        pytest.param({"agreement_from": "2026-01-01", "interval": "month", "interval_count": 2}, "2026-04-01",
                     [("2026-01-01", "2026-02-28", "59/59"), ("2026-03-01", "2026-04-30", "61/61")],
                     id="every two months"),
        pytest.param({"agreement_from": "2026-10-07", "interval": "week"}, "2026-10-13",
                     [("2026-10-07", "2026-10-11", "5/7"), ("2026-10-12", "2026-10-18", "7/7")],
                     id="weeks begin on Monday"),
        pytest.param({"agreement_from": "2026-10-01", "interval": "day", "interval_count": 10}, "2026-10-12",
                     [("2026-10-01", "2026-10-10", "10/10"), ("2026-10-11", "2026-10-20", "10/10")],
                     id="every ten days"),
        pytest.param({"agreement_from": "2026-11-01"}, "2026-11-01", [], id="not begun"),
        pytest.param({"agreement_from": "2026-02-01", "agreement_to": "2026-01-31"}, "2026-11-01", [],
                     id="ended before it began"),
        pytest.param({"agreement_from": "2026-10-17", "proration": "whole_period"}, "2026-11-01",
                     [("2026-10-17", "2026-10-31", "31/31")], id="whole period: a broken one costs the full price"),
        pytest.param({"agreement_from": "2026-10-17", "proration": "none"}, "2026-11-02",
                     [("2026-11-01", "2026-11-30", "30/30")], id="none: a broken period is free"),
    ],
)
def test_due(terms: dict[str, Any], through: str, spans: list[Span]) -> None:
    assert due({"terms_from": terms["agreement_from"], **terms}, through=through) == spans


BEFORE = {"terms_id": 1, "terms_to": "2026-10-11"}
AFTER = {"terms_id": 2, "terms_from": "2026-10-11"}
OCTOBER = {"agreement_from": "2026-10-01", "terms_from": "2026-10-01"}


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        pytest.param({}, {}, [("2026-10-01", "2026-10-10", "10/31"), ("2026-10-11", "2026-10-31", "21/31")],
                     id="by day: the 11th is the first day of the new terms"),
        pytest.param({}, {"interval": "year"},
                     [("2026-10-01", "2026-10-10", "10/31"), ("2026-10-11", "2026-12-31", "82/365")],
                     id="by day: the new terms have longer periods"),
        pytest.param({"proration": "whole_period"}, {"proration": "whole_period"},
                     [("2026-10-01", "2026-10-31", "31/31")],
                     id="whole period: the month is charged once, by the terms of its first day"),
        pytest.param({"proration": "none"}, {"proration": "none"}, [("2026-10-01", "2026-10-31", "31/31")],
                     id="none: a month with a change of price is no broken one"),
        pytest.param({"proration": "whole_period"}, {"proration": "whole_period", "interval": "year"},
                     [("2026-10-01", "2026-10-10", "31/31"), ("2026-10-11", "2026-12-31", "365/365")],
                     id="whole period: another rhythm breaks both periods"),
        pytest.param({}, {"proration": "none"}, [("2026-10-01", "2026-10-10", "10/31")],
                     id="from by day to none: the rest of the month is free"),
    ],
)
def test_terms_change_on_the_eleventh(before: dict[str, Any], after: dict[str, Any], spans: list[Span]) -> None:
    old, new = OCTOBER | BEFORE | before, OCTOBER | AFTER | after
    assert due(old, new, through="2026-11-01") == spans
    assert due(new, old, through="2026-11-01") == spans


@pytest.mark.parametrize("proration", ["whole_period", "none"])
def test_a_charge_that_is_left_out_for_a_while_is_broken_there(proration: str) -> None:
    old = OCTOBER | BEFORE | {"proration": proration}
    back = OCTOBER | {"terms_id": 3, "terms_from": "2026-10-20", "proration": proration}
    expected = [("2026-10-01", "2026-10-10", "31/31"), ("2026-10-20", "2026-10-31", "31/31")]
    assert due(old, back, through="2026-11-01") == (expected if proration == "whole_period" else [])


@pytest.mark.parametrize(
    ("proration", "already", "spans"),
    [
        ("by_day", [("2026-10-01", "2026-11-01")], []),
        ("by_day", [("2026-10-01", "2026-10-16")], [("2026-10-16", "2026-10-31", "16/31")]),
        ("by_day", [("2026-10-16", "2026-11-01")], [("2026-10-01", "2026-10-15", "15/31")]),
        ("by_day", [("2026-10-05", "2026-10-06"), ("2026-10-20", "2026-10-21")],
         [("2026-10-01", "2026-10-04", "4/31"), ("2026-10-06", "2026-10-19", "14/31"),
          ("2026-10-21", "2026-10-31", "11/31")]),
        ("whole_period", [("2026-10-01", "2026-10-16")], []),  # the full price is billed already
        ("none", [("2026-10-16", "2026-11-01")], []),
        ("whole_period", [("2026-09-01", "2026-10-01")], [("2026-10-01", "2026-10-31", "31/31")]),
    ],
)
def test_what_is_billed_is_not_billed_again(proration: str, already: list[tuple[str, str]], spans: list[Span]) -> None:
    terms = OCTOBER | {"proration": proration}
    assert due(terms, through="2026-11-01", already=tuple(already)) == spans


ONCE = {"kind": "one_off", "interval": None, "timing": "arrears"}


def moved(before: str, after: str) -> list[dict[str, Any]]:
    """Terms whose due day is another one from July on."""
    return [{"due_on": before, "terms_to": "2026-07-01"}, {"due_on": after, "terms_from": "2026-07-01"}]


@pytest.mark.parametrize(
    ("terms", "through", "days"),
    [
        pytest.param([{"due_on": "2026-10-05"}], "2026-10-05", [], id="not before its day"),
        pytest.param([{"due_on": "2026-10-05"}], "2026-10-06", ["2026-10-05"], id="on its day"),
        pytest.param([{"due_on": "2025-12-31"}], "2026-10-06", ["2025-12-31"], id="dated before the terms"),
        pytest.param(moved("2026-10-05", "2026-10-05"),
                     "2026-11-01", ["2026-10-05"], id="once, whatever the number of versions"),
        pytest.param(moved("2026-03-01", "2026-10-01"),
                     "2026-11-01", ["2026-03-01"], id="put off after it was due: once"),
        pytest.param(moved("2026-10-01", "2026-03-01"),
                     "2026-11-01", ["2026-03-01"], id="brought forward: not forgotten"),
        pytest.param([{"due_on": "2026-10-05", "agreement_to": "2026-10-05"}], "2026-11-01", ["2026-10-05"],
                     id="on the agreement's last day"),
        pytest.param([{"due_on": "2026-10-06", "agreement_to": "2026-10-05"}], "2026-11-01", [],
                     id="not after the agreement's last day"),
    ],
)
def test_one_off(terms: list[dict[str, Any]], through: str, days: list[str]) -> None:
    assert [start for start, _, _ in due(*(ONCE | each for each in terms), through=through)] == days
    assert due(*(ONCE | each for each in terms), through=through, already=(("2026-01-01", "2026-01-02"),)) == []


RHYTHM = ("interval", "interval_count", "alignment", "anchor")
FIRST = date(2026, 1, 1)
days_on = st.integers(0, 300).map(lambda n: FIRST + timedelta(days=n))
rhythms = st.fixed_dictionaries({
    "interval": st.sampled_from(INTERVALS), "interval_count": st.integers(1, 2),
    "alignment": st.sampled_from(["calendar", "anchored"]), "anchor": days_on,
})


@st.composite
def agreements(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The versions of one charge, prorated by day, each with its own rhythm, of an agreement that may end."""
    cuts = sorted(draw(st.sets(days_on, min_size=1, max_size=4)))
    start, end = draw(days_on), draw(st.none() | days_on)
    return [
        draw(rhythms) | {"timing": draw(st.sampled_from(["advance", "arrears"])),
                         "terms_from": begins, "terms_to": ends,
                         "agreement_from": start, "agreement_to": end}
        for begins, ends in zip_longest(cuts, cuts[1:])
    ]


@given(agreements(), st.lists(days_on, min_size=1, max_size=5))
def test_in_any_sequence_of_runs_every_day_is_billed_once_by_its_own_terms(
    terms: list[dict[str, Any]], runs: list[date]
) -> None:
    """Runs in any order, then one far ahead: the days billed are those agreed, each once, by its own terms."""
    horizon = FIRST + timedelta(days=1_500)
    already = billed()
    for through in [*runs, horizon]:
        found = due_spans(charges(*terms), already, through)
        for row in found.iter_rows(named=True):
            assert row["days"] == (row["span_to"] - row["span_from"]).days
            period = period_containing(*(row[name] for name in ("span_from", *RHYTHM)))
            assert row["period_days"] == period.days
            assert period.start <= row["span_from"] < row["span_to"] <= period.end
            assert row["span_from"] >= row["terms_from"]
            assert row["terms_to"] is None or row["span_to"] <= row["terms_to"]
            assert row["span_from"] < through if row["timing"] == "advance" else row["span_to"] <= through
        already = pl.concat([already, found.select(already.columns)])
    days = sorted(day for start, end in already.select("span_from", "span_to").iter_rows()
                  for day in (start + timedelta(days=n) for n in range((end - start).days)))
    assert len(days) == len(set(days))
    first, last = max(terms[0]["terms_from"], terms[0]["agreement_from"]), terms[0]["agreement_to"] or date.max
    settled = [first + timedelta(days=n) for n in range(1_500)]  # whatever the run: no period is longer than 740 days
    settled = [day for day in settled if day <= last and day < horizon - timedelta(days=740)]
    assert [day for day in days if day < horizon - timedelta(days=740)] == settled


@given(agreements(), st.sampled_from(["whole_period", "none"]), st.lists(days_on, min_size=1, max_size=4))
def test_a_period_of_one_price_is_billed_at_most_once(
    terms: list[dict[str, Any]], proration: str, runs: list[date]
) -> None:
    """With one rhythm through all versions; and where it is billed, at the whole price."""
    same = {name: terms[0][name] for name in (*RHYTHM, "timing")}
    terms = [each | same | {"proration": proration} for each in terms]
    already, periods = billed(), []
    for through in [*runs, FIRST + timedelta(days=1_500)]:
        found = due_spans(charges(*terms), already, through)
        assert found["days"].to_list() == found["period_days"].to_list()
        periods += [period_containing(start, *(same[name] for name in RHYTHM)) for start in found["span_from"]]
        already = pl.concat([already, found.select(already.columns)])
    assert len(periods) == len(set(periods))
