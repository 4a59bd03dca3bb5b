"""Law 14: a booking on or before the entity's lock date is refused, and the lock date only moves forward."""

from datetime import date

import pytest

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, at_once, rewrite, session, violation

NO_LOCK_DATE = "drop trigger entry_after_lock_date on entry"
CLOSE = "update legal_entity set lock_date = '2026-11-30'"
SHARE = "perform 1 from legal_entity where id in (select entity_id from added) order by id for share;"


@pytest.mark.parametrize("on", [date(2026, 11, 30), date(2026, 11, 2)], ids=["on the lock date", "before it"])
def test_a_booking_in_a_closed_period(shared_database: str, on: date) -> None:
    @violation("DU014", without=NO_LOCK_DATE)
    def scene(sql: Sql, attempt: Attempt) -> None:
        sql(CLOSE)
        with attempt(sql):
            raw.receipt(sql, on=on)

    scene(True, shared_database)
    scene(False, shared_database)


@violation("DU014", without="drop trigger issue_obeys on invoice")
def test_an_invoice_over_nothing_is_issued_in_a_closed_period(sql: Sql, attempt: Attempt) -> None:
    """It posts no entry that could be refused."""
    sql(CLOSE)
    invoice = raw.draft(sql, net="0.00", tax="0.00")
    with attempt(sql):
        series, year, number = raw.take_number(sql, "invoice", raw.ISSUED)
        sql(raw.ISSUE, series, year, number, f"R{year}-{number:05}", raw.ISSUED, raw.ISSUED, raw.ISSUED,
            raw.open_item(sql, "receivable", 0), invoice)


@violation("DU014", without="drop trigger legal_entity_lock_date on legal_entity")
def test_a_closed_period_opens_again(sql: Sql, attempt: Attempt) -> None:
    sql(CLOSE)
    with attempt(sql):
        sql("update legal_entity set lock_date = '2026-10-31'")


@violation("DU014", without="drop trigger legal_entity_lock_date on legal_entity")
def test_a_lock_date_is_taken_away(sql: Sql, attempt: Attempt) -> None:
    sql(CLOSE)
    with attempt(sql):
        sql("update legal_entity set lock_date = null")


def test_the_day_after_the_lock_date_is_open(db: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        sql = Sql(cursor)
        sql(CLOSE)
        raw.receipt(sql, on=date(2026, 12, 1))
        assert sql.one("select count(*) from entry") == 1


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-lock"])
def test_a_period_is_closed_while_a_booking_is_under_way(database: str, guarded: bool) -> None:
    """The booking waits for the close, then sees it."""
    if not guarded:
        rewrite(database, "entry_after_lock_date", SHARE)
    refused = at_once(database, lambda sql: sql(CLOSE), raw.receipt)
    assert (refused is not None and "DU014" in refused) == guarded


def test_a_close_waits_for_bookings_under_way(database: str) -> None:
    """So that the figures of a closed period are whole when the close is done."""
    assert at_once(database, raw.receipt, lambda sql: sql(CLOSE)) is None
    with session(database) as sql:
        assert sql.one("select lock_date >= booked_on from legal_entity, entry")
