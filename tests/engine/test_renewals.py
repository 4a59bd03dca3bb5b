"""Terms, renewals and notices, by the calendar of a contract lawyer; and their laws."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.renewals import Runtime, standing

YEAR: dict[str, Any] = {"starts_on": date(2026, 1, 1), "months": 12, "renews_months": 12, "notice_months": 3}


@pytest.mark.parametrize(("runtime", "on", "noticed", "term", "notice_by", "renews_on", "ends_on"), [
    ({}, "2026-05-05", None, "2026-01-01..2026-12-31", "2026-09-30", "2027-01-01", None),
    ({}, "2026-05-05", "2026-09-30", "2026-01-01..2026-12-31", None, None, "2026-12-31"),
    ({}, "2026-10-05", "2026-10-01", "2026-01-01..2026-12-31", None, "2027-01-01", "2027-12-31"),  # a day late
    ({}, "2027-02-01", "2026-10-01", "2027-01-01..2027-12-31", None, None, "2027-12-31"),
    ({}, "2030-02-01", "2026-09-30", "2026-01-01..2026-12-31", None, None, "2026-12-31"),  # long over
    ({"renews_months": 1}, "2027-02-14", None, "2027-02-01..2027-02-28", "2026-11-30", "2027-03-01", None),
    ({"renews_months": None}, "2026-05-05", None, "2026-01-01..2026-12-31", None, None, "2026-12-31"),
    ({"notice_months": 0, "notice_days": 30}, "2026-05-05", None, "2026-01-01..2026-12-31", "2026-12-01",
     "2027-01-01", None),
    ({"notice_months": 0}, "2026-05-05", None, "2026-01-01..2026-12-31", "2026-12-31", "2027-01-01", None),
    ({"starts_on": date(2026, 1, 31), "months": 1, "renews_months": 1, "notice_months": 0}, "2026-03-30", None,
     "2026-02-28..2026-03-30", "2026-03-30", "2026-03-31", None),
    ({}, "2025-05-05", None, "2026-01-01..2026-12-31", "2026-09-30", "2027-01-01", None),  # not begun
])
def test_where_an_agreement_stands(runtime: dict[str, Any], on: str, noticed: str | None, term: str,
                                   notice_by: str | None, renews_on: str | None, ends_on: str | None) -> None:
    notice = date.fromisoformat(noticed) if noticed else None
    found = standing(Runtime(**(YEAR | runtime)), date.fromisoformat(on), notice)
    days = (found.notice_by, found.renews_on, found.ends_on)
    assert f"{found.term.start}..{found.term.last}" == term
    assert tuple(day and str(day) for day in days) == (notice_by, renews_on, ends_on)


days = st.integers(0, 3000).map(lambda n: date(2024, 1, 1) + timedelta(days=n))
runtimes = st.builds(Runtime, starts_on=days, months=st.integers(1, 36), renews_months=st.integers(1, 24),
                     notice_months=st.integers(0, 6), notice_days=st.integers(0, 45))


@given(runtimes, days, days)
def test_notice_ends_the_first_term_for_which_it_is_in_time(runtime: Runtime, on: date, noticed: date) -> None:
    found = standing(runtime, on, noticed)
    ends = next(term for term in runtime.terms() if noticed <= runtime.notice_by(term))
    assert found.ends_on == ends.last
    assert found.term.end <= ends.end
    assert (found.renews_on is None) == (found.term == ends)
    if runtime.starts_on <= on < ends.end:
        assert found.term.start <= on < found.term.end


@given(runtimes, days)
def test_without_notice_it_goes_on(runtime: Runtime, on: date) -> None:
    found = standing(runtime, on)
    assert found.ends_on is None
    assert found.renews_on == found.term.end
    assert found.notice_by == runtime.notice_by(found.term) < found.term.end


@pytest.mark.parametrize("wrong", [{"months": 0}, {"renews_months": 0}, {"notice_days": -1}])
def test_terms_have_a_length(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"month|zero"):
        Runtime(**(YEAR | wrong))
