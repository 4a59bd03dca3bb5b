"""Law 10 for deferred revenue: releases tie to the ledger, and stay within what was deferred and what is earned."""

from datetime import date

import pytest

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.test_laws_02_balance import MAKE_ENTRIES_OLD
from tests.billing.test_laws_10_ties import NO_TIE
from tests.billing.violations import Attempt, as_owner, at_once, owner_does, session, violation

END = date(2027, 9, 30)
NO_RELEASE = "drop trigger release_deferral on revenue_release"
NO_DEFERRAL = "drop trigger deferral_of_its_entry on deferral"
NO_BOUND = ("alter table deferral drop constraint deferral_released_within",
            "alter table deferral drop constraint deferral_whole_in_base")


@violation("DU010", without=NO_TIE)
def test_deferred_revenue_is_posted_without_a_deferral(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100)
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "deferred_revenue", "100")
        raw.move(sql, item, entry, 100)


@violation("DU010", without=NO_TIE)
def test_less_is_deferred_than_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        item = raw.open_item(sql, "receivable", 100)
        raw.transfer(sql, entry, "receivable", "deferred_revenue", "100")
        raw.move(sql, item, entry, 100)
        raw.defer(sql, item, entry, 90)


@violation("DU010", without=NO_TIE)
def test_more_becomes_revenue_than_is_released(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        raw.release(sql, deferral, 10, posted=11)


@violation("DU010", without=NO_RELEASE)
def test_revenue_is_released_before_it_is_earned(sql: Sql, attempt: Attempt) -> None:
    """365 over 365 days: 33 of them are over on 2 November."""
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    raw.release(sql, deferral, 30)
    with attempt(sql):
        raw.release(sql, deferral, "3.01")


@violation("DU010", without=NO_RELEASE)
def test_a_credited_line_is_released_before_its_days(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item, entry = raw.open_item(sql, "receivable", -365), raw.entry(sql, "credit_note")
    raw.transfer(sql, entry, "deferred_revenue", "receivable", 365)
    raw.move(sql, item, entry, -365)
    deferral = raw.defer(sql, item, entry, -365)
    with attempt(sql):
        release = raw.entry(sql, "revenue_release")
        raw.transfer(sql, release, "revenue", "deferred_revenue", 34)
        sql("""insert into revenue_release (deferral_id, entry_id, amount, base_amount, booked_on)
               values (%s, %s, -34, -34, %s)""", deferral, release, raw.ISSUED)


ALL_IS_EARNED = """create or replace function earned(amount numeric, period_from date, period_to date, until date,
    exponent integer) returns numeric language sql immutable as $$ select 99999::numeric $$"""


@violation("deferral_released_within", without=(*NO_BOUND, ALL_IS_EARNED))
def test_more_is_released_than_was_deferred(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        raw.release(sql, deferral, 366, on=END)


@violation("deferral_whole_in_base", without="alter table deferral drop constraint deferral_whole_in_base")
def test_a_deferral_that_is_released_keeps_a_base_amount(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 100, base="90.00", currency="CHF")
    with attempt(sql):
        raw.release(sql, deferral, 100, base="89.99", on=END)


@violation("DU010", without=(NO_RELEASE, NO_TIE))
def test_a_release_is_no_release_of_revenue(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        sql("""insert into revenue_release (deferral_id, entry_id, amount, base_amount, booked_on)
               values (%s, %s, 5, 5, %s)""", deferral, raw.entry(sql, "receipt"), raw.ISSUED)


@violation("DU010", without=(NO_DEFERRAL, NO_TIE))
def test_a_deferral_is_added_to_an_old_entry(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item, entry = raw.open_item(sql, "receivable", 0), raw.entry(sql, "invoice")
    as_owner(sql, *MAKE_ENTRIES_OLD)
    with attempt(sql):
        raw.defer(sql, item, entry, 9)


@violation("42501", without="grant update on deferral to duly_app")
def test_what_is_released_is_written_by_hand(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        sql("update deferral set released = 5, released_base = 5 where id = %s", deferral)


@violation("DU003", given="grant update on deferral to duly_app", without="drop trigger deferral_fixed on deferral")
def test_the_days_of_a_deferral_change(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        sql("update deferral set period_to = '2026-11-01' where id = %s", deferral)


@violation("DU003", given="grant delete on deferral to duly_app",
           without=("drop trigger deferral_kept on deferral",))
def test_a_deferral_is_deleted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    deferral = raw.deferral(sql, 365)
    with attempt(sql):
        sql("delete from deferral where id = %s", deferral)


@violation("DU003", given="grant update on revenue_release to duly_app",
           without="drop trigger revenue_release_frozen on revenue_release")
def test_a_release_is_moved_to_another_day(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    raw.release(sql, raw.deferral(sql, 365), 5)
    with attempt(sql):
        sql("update revenue_release set booked_on = '2026-12-01'")


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-unguarded"])
def test_two_release_the_same_days_at_once(database: str, guarded: bool) -> None:
    """33 are earned: the second waits for the first and finds 20 of them gone."""
    with session(database) as sql:
        raw.act(sql, "ben")
        deferral = raw.deferral(sql, 365)
        sql.cursor.connection.commit()
    if not guarded:
        owner_does(database, NO_RELEASE)

    def act(sql: Sql) -> None:
        raw.act(sql, "ben")
        raw.release(sql, deferral, 20)

    refusal = at_once(database, act, act)
    assert (refusal[0] if refusal else None) == ("DU010" if guarded else None)
