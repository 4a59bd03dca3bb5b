"""Law 5: work is never billed twice, nor a charge for a day."""

from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, at_once, owner_does, rewrite, session, violation

NOT_ONCE = "drop trigger work_billed_once on work_allocation"
NO_SPANS = "alter table charge_span drop constraint charge_span_once"
LOCK = "perform 1 from work_item where id = any(array(select work_item_id from added)) order by id for no key update;"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


@violation("DU005", without=NOT_ONCE)
def test_work_is_billed_on_two_drafts(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql)
    raw.draft(sql, work=[item])
    with attempt(sql):
        raw.draft(sql, work=[item])


@violation("DU005", without=NOT_ONCE)
def test_the_last_second_of_work_is_billed_twice(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql, 3600)
    line = raw.first_line(sql, raw.draft(sql))
    raw.allocate_work(sql, item, line, 1800)
    raw.allocate_work(sql, item, line, 1799)
    with attempt(sql):
        raw.allocate_work(sql, item, line, 2)


@violation("DU005", without=NOT_ONCE)
def test_work_is_billed_that_nobody_approved(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql, approved=False)
    with attempt(sql):
        raw.draft(sql, work=[item])


@violation("DU005", without=NOT_ONCE)
def test_work_is_billed_to_another_agreement(sql: Sql, attempt: Attempt) -> None:
    item, invoice = raw.time(sql), raw.subscription(sql)
    with attempt(sql):
        raw.allocate_work(sql, item, raw.first_line(sql, invoice))


@violation("DU005", without="drop trigger work_item_stays_as_billed on work_item")
def test_billed_work_grows_shorter(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql)
    raw.draft(sql, work=[item])
    with attempt(sql):
        sql("update work_item set quantity = 60 where id = %s", item)


@violation("DU005", without="drop trigger work_item_stays_as_billed on work_item")
def test_billed_work_loses_its_approval(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql)
    raw.draft(sql, work=[item])
    with attempt(sql):
        sql("update work_item set approved_by_id = null, approved_at = null, approved_in = null where id = %s", item)


@violation("42501", without="grant update (released) on work_allocation to duly_app")
def test_billed_work_is_freed_without_a_credit_note(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update work_allocation set released = true")


@violation("DU003", given="grant update on work_allocation to duly_app",
           without="drop trigger work_allocation_only_released on work_allocation")
def test_an_allocation_grows_smaller(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update work_allocation set quantity = 1")


@violation("charge_span_once", without=NO_SPANS)
def test_a_month_is_billed_twice(sql: Sql, attempt: Attempt) -> None:
    raw.subscription(sql, month=10)
    with attempt(sql):
        raw.subscription(sql, month=10)


@violation("charge_span_once", without=NO_SPANS)
def test_a_day_is_billed_twice(sql: Sql, attempt: Attempt) -> None:
    line = raw.first_line(sql, raw.subscription(sql, month=10))
    with attempt(sql):
        raw.add_span(sql, line, date(2026, 10, 31), date(2026, 11, 2))


def test_neighbouring_months_and_a_correction_are_billed(db: None) -> None:
    """The law does not refuse what is right: days that meet, and other kinds of span for the same days."""
    from django.db import connection

    with connection.cursor() as cursor:
        sql = Sql(cursor)
        september = raw.first_line(sql, raw.subscription(sql, month=9))
        line = raw.first_line(sql, raw.subscription(sql, month=10))
        raw.add_span(sql, line, SEPTEMBER, OCTOBER, kind="correction", cause=september)
        assert sql.one("select count(*) from charge_span") == 3


@violation("DU005", without="drop trigger issue_obeys on invoice")
def test_a_recurring_charge_is_issued_without_its_days(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.subscription(sql)
    sql("delete from charge_span")
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU005", without="alter function work_billed_once() reset search_path")
def test_a_temporary_table_stands_in_for_the_allocations(sql: Sql, attempt: Attempt) -> None:
    """The law reads the firm's table even where another of its name comes first."""
    item = raw.time(sql)
    line = raw.first_line(sql, raw.draft(sql, work=[item]))
    sql("create temporary table work_allocation (like public.work_allocation) on commit drop")
    with attempt(sql):
        sql("""insert into public.work_allocation (work_item_id, line_id, quantity, billed_quantity, amount)
               values (%s, %s, 3600, 3600, 0)""", item, line)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-lock"])
def test_two_bill_the_same_work_at_once(database: str, guarded: bool) -> None:
    if not guarded:
        rewrite(database, "work_billed_once", LOCK)
    with session(database) as sql:
        item = raw.time(sql)
        lines = [raw.first_line(sql, raw.draft(sql)) for _ in range(2)]
    refused = at_once(database, billing(item, lines[0]), billing(item, lines[1]))
    assert (refused is not None and "DU005" in refused) == guarded
    with session(database) as sql:
        assert sql.one("select sum(quantity) from work_allocation") == (3600 if guarded else 7200)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-with-an-old-snapshot"])
def test_a_transaction_with_an_old_snapshot_bills_work_again(database: str, guarded: bool) -> None:
    """REPEATABLE READ would not see the other's allocation, however much it locks."""
    if not guarded:
        rewrite(database, "demand_read_committed", "if current_setting", "if false and current_setting")
    with session(database) as sql:
        item = raw.time(sql)
        lines = [raw.first_line(sql, raw.draft(sql)) for _ in range(2)]
    with session(database) as old, session(database) as new:
        old("set transaction isolation level repeatable read")
        raw.act(old, "ben")
        billing(item, lines[0])(new)
        new.cursor.connection.commit()
        if guarded:
            with pytest.raises(psycopg.Error, match="READ COMMITTED"):
                billing(item, lines[1])(old)
        else:
            billing(item, lines[1])(old)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-key"])
def test_two_bill_the_same_month_at_once(database: str, guarded: bool) -> None:
    if not guarded:
        owner_does(database, NO_SPANS)
    refused = at_once(database, subscribing, subscribing)
    assert (refused is not None and "charge_span_once" in refused) == guarded


def billing(item: int, line: int) -> Callable[[Sql], None]:
    def bill(sql: Sql) -> None:
        raw.act(sql, "ben")
        raw.allocate_work(sql, item, line)

    return bill


def subscribing(sql: Sql) -> None:
    raw.subscription(sql, month=10)
