"""Law 4: numbers are gapless per entity, series and fiscal year, taken from a locked counter, in date order."""

from datetime import date, timedelta

import pytest

from tests.billing import raw
from tests.billing.raw import ISSUE, ISSUED, Sql
from tests.billing.violations import Attempt, at_once, session, violation

NO_CHECK_AT_ISSUE = "drop trigger issue_obeys on invoice"


def issue_as(sql: Sql, invoice: int, *, skip: int = 0, number: str | None = None, year: int | None = None,
             on: date = ISSUED, ahead: bool = True) -> None:
    """Issue with a number other than the next one, or printed otherwise, or on another day than the counter's."""
    item = raw.posted(sql, invoice, on)
    series, counted_in, taken = raw.take_number(sql, "invoice", ISSUED)
    if skip > 0 and ahead:
        sql("update number_counter set last_number = last_number + %s where series_id = %s", skip, series)
    sequence = taken + skip
    sql(ISSUE, series, year or counted_in, sequence, number or f"R{year or counted_in}-{sequence:05}", on, on, ISSUED,
        item, invoice)


@violation("DU004", without=(NO_CHECK_AT_ISSUE, "drop trigger number_counter_used on number_counter"))
def test_a_number_is_skipped(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, skip=1)


@violation("DU004", without=(NO_CHECK_AT_ISSUE, "drop trigger number_counter_used on number_counter"))
def test_a_number_is_given_that_the_counter_did_not_give(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, skip=1, ahead=False)


@violation("invoice_sequence_once", without=(
    NO_CHECK_AT_ISSUE, "alter table invoice drop constraint invoice_sequence_once",
    "alter table invoice drop constraint invoice_number_once", "drop trigger number_counter_used on number_counter"))
def test_a_number_is_given_twice(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, skip=-1)


@violation("DU004", without=NO_CHECK_AT_ISSUE)
def test_an_invoice_is_dated_before_the_last(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, on=ISSUED - timedelta(days=1))


@violation("DU004", without=NO_CHECK_AT_ISSUE)
def test_an_invoice_is_dated_after_its_counter(sql: Sql, attempt: Attempt) -> None:
    """The next one, dated as the counter says, would go back in date."""
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, on=ISSUED + timedelta(days=1))


@violation("DU004", without=NO_CHECK_AT_ISSUE)
def test_another_number_is_printed_than_was_taken(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, number="R2026-00007")


@violation("DU004", without=(NO_CHECK_AT_ISSUE, "drop trigger number_counter_used on number_counter"))
def test_an_invoice_is_numbered_in_another_fiscal_year(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        issue_as(sql, invoice, year=2027)


@violation("DU004", without="drop trigger number_counter_goes_up on number_counter")
def test_a_counter_goes_back(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    raw.issue(sql, raw.subscription(sql))
    with attempt(sql):
        sql("update number_counter set last_number = 1")


@violation("DU004", without="drop trigger number_counter_goes_up on number_counter")
def test_a_counter_forgets_its_date(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update number_counter set last_issued_on = null")


@violation("DU004", without="drop trigger number_counter_used on number_counter")
def test_a_number_is_taken_without_a_document(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        raw.take_number(sql, "invoice", ISSUED)


@violation("DU003", given="grant delete on number_counter to duly_app",
           without="drop trigger number_counter_stays on number_counter")
def test_a_counter_starts_anew(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("delete from number_counter")


@violation("DU003", without="drop trigger number_series_fixed on number_series")
def test_a_series_numbers_something_else(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("update number_series set kind = 'proforma' where kind = 'invoice'")


@violation("DU004", without="drop trigger legal_entity_fiscal_year on legal_entity")
def test_the_fiscal_year_moves_under_the_numbers(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update legal_entity set fiscal_year_start = 7")


@pytest.mark.parametrize("pattern", ["R{year}", "R{number:5}", "{number}{", "{number!r}"])
def test_a_pattern_reads_the_same_everywhere(shared_database: str, pattern: str) -> None:
    @violation("number_series_pattern_reads",
               without="alter table number_series drop constraint number_series_pattern_reads")
    def scene(sql: Sql, attempt: Attempt) -> None:
        with attempt(sql):
            sql("update number_series set pattern = %s where kind = 'invoice'", pattern)

    scene(True, shared_database)
    scene(False, shared_database)


@violation("DU004", without=("drop trigger receipt_in_sequence on receipt",
                             "drop trigger number_counter_used on number_counter"))
def test_a_receipts_number_is_skipped(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.take_number(sql, "receipt", ISSUED)
        raw.receipt(sql)


@violation("DU004", without="drop trigger receipt_in_sequence on receipt")
def test_a_receipt_is_dated_before_the_last(sql: Sql, attempt: Attempt) -> None:
    raw.receipt(sql)
    with attempt(sql):
        raw.receipt(sql, on=ISSUED - timedelta(days=1), counted_on=ISSUED)


def test_two_issue_at_once_and_are_numbered_in_turn(database: str) -> None:
    """The locked row of the counter makes the second wait, and it takes the next number."""
    with session(database) as sql:
        drafts = [raw.subscription(sql, month=month) for month in (9, 10)]
    assert at_once(database, lambda sql: raw.issue(sql, drafts[0]),
                   lambda sql: raw.issue(sql, drafts[1])) is None
    with session(database) as sql:
        assert sql("select sequence from invoice order by id") == [(1,), (2,)]


def test_two_that_read_the_counter_without_its_lock_cannot_both_issue(database: str) -> None:
    """Without the lock the unique key is what stands between two documents and one number."""
    with session(database) as sql:
        drafts = [raw.subscription(sql, month=month) for month in (9, 10)]
        series, _, _ = raw.take_number(sql, "invoice", ISSUED)
        issue_numbered(sql, raw.subscription(sql, month=8), series, 1)

    def second(sql: Sql) -> None:
        raw.act(sql, "ben")
        issue_numbered(sql, drafts[1], series, 2)

    refused = at_once(database, lambda sql: raw.issue(sql, drafts[0]), second)
    assert refused is not None
    assert "invoice_sequence_once" in refused


def issue_numbered(sql: Sql, invoice: int, series: int, sequence: int) -> None:
    item = raw.posted(sql, invoice)
    sql(ISSUE, series, 2026, sequence, f"R2026-{sequence:05}", ISSUED, ISSUED, ISSUED, item, invoice)
