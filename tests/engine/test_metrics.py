"""The figures of collecting, in tables that can be checked by hand."""

from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine import metrics
from duly.engine.metrics import AGEING, Sales, bucket

DSO = [
    # receivables  billed     days   DSO
    ("50000.00", "100000.00", 90, "45.0"),
    ("120000.00", "360000.00", 91, "30.3"),   # 30.333…
    ("1.00", "3.00", 10, "3.3"),
    ("0.05", "1.00", 1, "0.1"),               # 0.05 exactly: half away from zero
    ("0.00", "100.00", 30, "0.0"),
    ("-20.00", "100.00", 30, "-6.0"),         # more credited than owed
    ("100.00", "0.00", 30, None),
]


@pytest.mark.parametrize(("receivables", "billed", "days", "expected"), DSO)
def test_dso_is_receivables_in_days_of_billing(receivables: str, billed: str, days: int, expected: str | None) -> None:
    assert metrics.dso(D(receivables), D(billed), days) == (D(expected) if expected else None)


COUNTBACK = [
    # receivables  billed per month, newest first               days
    ("40000", [("80000", 30), ("50000", 31)], "15.0"),          # half of the newest month
    ("80000", [("80000", 30), ("50000", 31)], "30.0"),          # just the newest month
    ("105000", [("80000", 30), ("50000", 31)], "45.5"),         # 30 + 25/50 × 31
    ("90000", [("80000", 12), ("0", 31), ("40000", 28)], "50.0"),  # a month that billed nothing: 12 + 31 + 7
    ("0", [("80000", 30)], "0.0"),
    ("-5", [("80000", 30)], "0.0"),
    ("200000", [("80000", 30), ("50000", 31)], None),           # owed from before the months that are known
    ("1", [], None),
]


@pytest.mark.parametrize(("receivables", "months", "expected"), COUNTBACK)
def test_countback_takes_off_month_by_month(receivables: str, months: list, expected: str | None) -> None:
    found = metrics.dso_countback(D(receivables), [Sales(D(billed), days) for billed, days in months])
    assert found == (D(expected) if expected else None)


LATE = [
    # receivables not due   billed    days   best    late
    ("50000", "30000", "100000", 90, "27.0", "18.0"),
    ("50000", "50000", "100000", 90, "45.0", "0.0"),
    ("50000", "0", "100000", 90, "0.0", "45.0"),
    ("50000", "30000", "0", 90, None, None),
]


@pytest.mark.parametrize(("receivables", "not_due", "billed", "days", "best", "late"), LATE)
def test_the_days_lost_to_late_payment(receivables: str, not_due: str, billed: str, days: int, best: str | None,
                                       late: str | None) -> None:
    owed, current, sold = D(receivables), D(not_due), D(billed)
    assert metrics.best_possible_dso(current, sold, days) == (D(best) if best else None)
    assert metrics.average_days_delinquent(owed, current, sold, days) == (D(late) if late else None)


EFFECTIVENESS = [
    # opening  billed    closing  not due   percent
    ("40000", "100000", "50000", "30000", "81.8"),   # 90,000 of 110,000
    ("40000", "100000", "30000", "30000", "100.0"),  # nothing overdue
    ("40000", "0", "40000", "0", "0.0"),             # nothing came
    ("0", "0", "0", "0", None),
]


@pytest.mark.parametrize(("opening", "billed", "closing", "not_due", "expected"), EFFECTIVENESS)
def test_collection_effectiveness(opening: str, billed: str, closing: str, not_due: str, expected: str | None) -> None:
    found = metrics.collection_effectiveness(D(opening), D(billed), D(closing), D(not_due))
    assert found == (D(expected) if expected else None)


def test_days_to_pay_are_weighted_by_amount() -> None:
    """900 after 10 days and 100 after 60: (9,000 + 6,000) ÷ 1,000."""
    assert metrics.days_to_pay(D(1000), D(900) * 10 + D(100) * 60) == D("15.0")
    assert metrics.days_to_pay(D(0), D(0)) is None


@pytest.mark.parametrize(("now", "before", "percent"), [("110", "100", "10.0"), ("90", "100", "-10.0"),
                                                        ("50", "-100", "150.0"), ("5", "0", None)])
def test_change_is_in_percent_of_before(now: str, before: str, percent: str | None) -> None:
    assert metrics.change(D(now), D(before)) == (D(percent) if percent else None)


BUCKETS = [(-30, "current"), (0, "current"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
           (90, "61-90"), (91, "90+"), (4000, "90+")]


@pytest.mark.parametrize(("late", "key"), BUCKETS)
def test_ageing_counts_days_past_due(late: int, key: str) -> None:
    due = date(2026, 3, 1)
    assert bucket(due, date.fromordinal(due.toordinal() + late)).key == key


def test_the_buckets_touch() -> None:
    assert [after.first for after in AGEING[1:]] == [(before.last or 0) + 1 for before in AGEING[:-1]]


cents = st.integers(0, 10**14).map(lambda minor: D(minor).scaleb(-2))


@given(owed=cents, months=st.lists(st.tuples(cents, st.integers(28, 31)), min_size=1, max_size=24))
def test_countback_ends_within_the_months_it_used(owed: D, months: list[tuple[D, int]]) -> None:
    found = metrics.dso_countback(owed, [Sales(billed, days) for billed, days in months])
    assert (found is None) == (owed > sum(billed for billed, _ in months))
    if found is not None:
        assert 0 <= found <= sum(days for _, days in months)


@given(owed=cents, billed=cents, days=st.integers(1, 400), share=st.integers(0, 100))
def test_dso_is_its_best_and_its_late_part(owed: D, billed: D, days: int, share: int) -> None:
    not_due = (owed * share / 100).quantize(D("0.01"))
    whole = metrics.dso(owed, billed, days)
    best = metrics.best_possible_dso(not_due, billed, days)
    late = metrics.average_days_delinquent(owed, not_due, billed, days)
    if whole is None or best is None or late is None:
        assert billed == 0
    else:
        assert abs(whole - best - late) <= D("0.1")
