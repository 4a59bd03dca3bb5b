"""Law 5 where a later line answers an earlier one: days that are taken back may be billed once more, and no others."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, violation

OCTOBER, MIDDLE, NOVEMBER = date(2026, 10, 1), date(2026, 10, 16), date(2026, 11, 1)
NO_EXCLUSION = "alter table charge_span drop constraint charge_span_once"
NOT_TAKEN = "drop trigger charge_span_taken_back on charge_span"


@pytest.fixture
def sql(db: None) -> Iterator[Sql]:
    from django.db import connection

    with connection.cursor() as cursor:
        yield Sql(cursor)


def spans(sql: Sql) -> list[tuple[str, date, date]]:
    return sql("select kind, span_from, span_to from charge_span where not released order by span_from, kind desc")


def taken_back(sql: Sql) -> tuple[int, int]:
    """October on one draft, its second half taken back by another; the lines."""
    billed = raw.first_line(sql, raw.subscription(sql, month=10))
    answer = raw.first_line(sql, raw.subscription(sql, month=11))
    raw.add_span(sql, answer, MIDDLE, NOVEMBER, kind="correction", cause=billed)
    return billed, answer


def test_days_taken_back_are_billed_again_and_what_stays_is_billed(sql: Sql) -> None:
    _, answer = taken_back(sql)
    assert spans(sql)[:2] == [("regular", OCTOBER, MIDDLE), ("correction", MIDDLE, NOVEMBER)]
    raw.add_span(sql, answer, MIDDLE, NOVEMBER)
    assert spans(sql)[:3] == [("regular", OCTOBER, MIDDLE), ("regular", MIDDLE, NOVEMBER),
                              ("correction", MIDDLE, NOVEMBER)]


@violation("charge_span_once", without=NO_EXCLUSION)
def test_days_that_stay_are_billed_again(sql: Sql, attempt: Attempt) -> None:
    _, answer = taken_back(sql)
    with attempt(sql):
        raw.add_span(sql, answer, date(2026, 10, 15), NOVEMBER)


@violation("DU005", without=NOT_TAKEN)
def test_days_are_taken_back_twice(sql: Sql, attempt: Attempt) -> None:
    billed, answer = taken_back(sql)
    with attempt(sql):
        raw.add_span(sql, answer, MIDDLE, NOVEMBER, kind="correction", cause=billed)


@violation("DU005", without=NOT_TAKEN)
def test_days_are_taken_back_that_their_cause_does_not_bill(sql: Sql, attempt: Attempt) -> None:
    billed, answer = taken_back(sql)
    with attempt(sql):
        raw.add_span(sql, answer, date(2026, 9, 1), OCTOBER, kind="correction", cause=billed)


def test_what_stays_may_be_taken_back_later(sql: Sql) -> None:
    billed, answer = taken_back(sql)
    raw.add_span(sql, answer, date(2026, 10, 8), MIDDLE, kind="correction", cause=billed)
    assert spans(sql)[0] == ("regular", OCTOBER, date(2026, 10, 8))


def test_a_draft_that_is_thrown_away_takes_nothing_back(sql: Sql) -> None:
    _, answer = taken_back(sql)
    sql("delete from charge_span where line_id = %s", answer)
    assert spans(sql) == [("regular", OCTOBER, NOVEMBER)]
