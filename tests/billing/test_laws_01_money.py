"""Law 1: money is an exact decimal, whole in its currency's minor unit wherever it is posted or printed."""

import pytest
from django.db import connections

from duly.engine.currencies import exponent
from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, rolled_back_as_owner, violation

FLOATS = """select table_name || '.' || column_name from information_schema.columns
             where table_schema = 'public' and data_type in ('real', 'double precision', 'money')
               and table_name not like 'procrastinate%%'"""


@violation("transfer_amount_minor_units", without="alter table transfer drop constraint transfer_amount_minor_units")
def test_half_a_cent_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "0.005")


@violation("transfer_amount_minor_units", without="alter table transfer drop constraint transfer_amount_minor_units")
def test_half_a_yen_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10.5", currency="JPY", base="0.06")


@violation("transfer_amount_minor_units", without="alter table transfer drop constraint transfer_amount_minor_units")
def test_an_unknown_currency_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10", currency="XQX", base="10")


@violation("DU001", without="drop trigger transfer_of_its_entry on transfer")
def test_a_base_amount_that_is_not_the_amount_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10", base="11")


@violation("DU001", without="drop trigger transfer_of_its_entry on transfer")
def test_half_a_cent_is_posted_in_the_base_currency(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10", currency="CHF", base="10.655")


@violation("DU009", without="drop trigger issue_obeys on invoice")
def test_lines_of_half_a_cent_are_issued(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    sql("update invoice_line set amount = 50.005, tax = 9.5 where invoice_id = %s", invoice)
    raw.line(sql, invoice, net="49.995", tax="9.50", position=2)
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("work_item_shape", without="alter table work_item drop constraint work_item_shape")
def test_half_a_second_is_recorded(sql: Sql, attempt: Attempt) -> None:
    entry = raw.time(sql)
    with attempt(sql):
        sql("update work_item set quantity = 3600.5 where id = %s", entry)


def test_no_column_is_a_float(shared_database: str) -> None:
    with rolled_back_as_owner() as sql:
        assert sql(FLOATS) == []
        sql("alter table invoice_line add column approximate double precision")
        assert sql(FLOATS) == [("invoice_line.approximate",)]


@pytest.mark.parametrize("code", ["EUR", "JPY", "KWD", "CLF", "CHF", "HUF", "UGX", "ISK"])
def test_the_database_counts_minor_units_as_the_engine_does(db: None, code: str) -> None:
    with connections["default"].cursor() as cursor:
        assert Sql(cursor).one("select currency_exponent(%s)", code) == exponent(code)
