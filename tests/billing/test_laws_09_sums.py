"""Law 9: lines sum to net, tax lines to tax, both to the total; nothing is allocated beyond what is there."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from duly.engine.payable import payable_rounding
from tests.billing import raw
from tests.billing.raw import ISSUED, Sql
from tests.billing.violations import Attempt, as_owner, at_once, owner_does, session, violation

NO_CHECK_AT_ISSUE = "drop trigger issue_obeys on invoice"
NO_BOUND = "alter table open_item drop constraint open_item_balance_within"


def wrong_at_issue(change: str) -> Callable:
    """A draft whose content is changed and then issued."""

    def scene(sql: Sql, attempt: Attempt) -> None:
        invoice = raw.draft(sql, work=[raw.time(sql)])
        sql(change)
        with attempt(sql):
            raw.issue(sql, invoice)

    return violation("DU009", without=NO_CHECK_AT_ISSUE)(scene)


test_lines_do_not_sum_to_net = wrong_at_issue("update invoice_line set amount = 90")
test_taxes_of_lines_do_not_sum_to_tax = wrong_at_issue("update invoice_line set tax = 18.99")
test_tax_lines_do_not_sum_to_tax = wrong_at_issue("update tax_line set tax = 18.99")
test_tax_lines_are_not_on_the_net = wrong_at_issue("update tax_line set base = 90")
test_the_tax_is_of_another_category_than_the_lines = wrong_at_issue("update tax_line set category = 'AE'")
test_the_tax_is_of_another_rate_than_the_lines = wrong_at_issue("update invoice_line set tax_rate = 0.07")
test_the_tax_is_missing = wrong_at_issue("delete from tax_line")


@violation("invoice_net_and_tax_are_total", without=(
    "alter table invoice drop constraint invoice_net_and_tax_are_total",))
def test_net_and_tax_are_not_the_total(sql: Sql, attempt: Attempt) -> None:
    raw.draft(sql)
    with attempt(sql):
        sql("update invoice set total = 120")


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_a_document_without_lines_is_issued(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    sql("delete from tax_line")
    sql("delete from invoice_line")
    with attempt(sql):
        raw.issue(sql, invoice)


def issue_with(sql: Sql, invoice: int, item: int | None) -> None:
    series, year, number = raw.take_number(sql, "invoice", ISSUED)
    sql(raw.ISSUE, series, year, number, f"R{year}-{number:05}", ISSUED, ISSUED, ISSUED, item, invoice)


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_a_document_is_issued_without_an_open_item(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    with attempt(sql):
        issue_with(sql, invoice, None)


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_a_document_is_issued_with_an_open_item_that_nothing_posted(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    with attempt(sql):
        issue_with(sql, invoice, raw.open_item(sql, "receivable", 119))


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_a_document_is_issued_with_another_customers_open_item(sql: Sql, attempt: Attempt) -> None:
    invoice, other = raw.draft(sql), raw.subscription(sql)
    item = raw.posted(sql, other)
    with attempt(sql):
        issue_with(sql, invoice, item)


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_a_document_is_issued_that_is_partly_paid_already(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    item, money = raw.posted(sql, invoice), raw.receipt(sql)
    raw.pay(sql, money, item, "100.00")
    with attempt(sql):
        issue_with(sql, invoice, item)


@violation("open_item_balance_within", without=NO_BOUND)
def test_more_is_paid_than_is_owed(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql, "200.00")
    with attempt(sql):
        raw.pay(sql, money, item, "119.01")


@violation("open_item_balance_within", without=NO_BOUND)
def test_more_is_spent_than_was_received(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql, "50.00")
    with attempt(sql):
        raw.pay(sql, money, item, "50.01")


@violation("open_item_balance_within", without=NO_BOUND)
def test_more_is_taken_back_than_was_paid(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql, "119.00")
    paid = raw.pay(sql, money, item, "19.00")
    as_owner(sql, "alter table cash_allocation disable trigger user")
    with attempt(sql):
        raw.pay(sql, money, item, "-19.01", answers=paid)


@violation("cash_allocation_answers_id_key",
           without="alter table cash_allocation drop constraint cash_allocation_answers_id_key")
def test_a_payment_is_undone_twice(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql, "119.00")
    paid = raw.pay(sql, money, item, "19.00")
    raw.pay(sql, money, item, "50.00")
    raw.pay(sql, money, item, "-19.00", answers=paid)
    with attempt(sql):
        raw.pay(sql, money, item, "-19.00", answers=paid)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-bound"])
def test_two_pay_the_same_item_at_once(database: str, guarded: bool) -> None:
    if not guarded:
        owner_does(database, NO_BOUND)
    with session(database) as sql:
        _, item = raw.issued(sql)
        receipts = [raw.receipt(sql, "100.00") for _ in range(2)]
    refused = at_once(database, *(paying(money, item) for money in receipts))
    assert (refused is not None and "open_item_balance_within" in refused) == guarded
    with session(database) as sql:
        assert sql.one("select balance from open_item where id = %s", item) == (19 if guarded else -81)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-bound"])
def test_two_spend_the_same_money_at_once(database: str, guarded: bool) -> None:
    if not guarded:
        owner_does(database, NO_BOUND)
    with session(database) as sql:
        items = [raw.issued(sql)[1] for _ in range(2)]
        money = raw.receipt(sql, "100.00")
    refused = at_once(database, *(paying(money, item) for item in items))
    assert (refused is not None and "open_item_balance_within" in refused) == guarded


def paying(money: int, item: int) -> Callable[[Sql], object]:
    return lambda sql: raw.pay(sql, money, item, "100.00")


def several(sql: Sql) -> int:
    """A draft whose one line bears two taxes of 12.00 and 7.00 on one base; its id."""
    invoice = raw.draft(sql, work=[raw.time(sql)])
    sql("delete from tax_line")
    sql("update invoice_line set tax_rate = 0")
    for position, (name, rate, tax) in enumerate((("GST", "0.12", "12.00"), ("PST", "0.07", "7.00")), 1):
        sql("""insert into tax_line (invoice_id, position, name, category, rate, base, tax, reason)
               values (%s, %s, %s, 'S', %s, 100, %s, '')""", invoice, position, name, rate, tax)
        sql("""insert into line_tax (line_id, name, category, rate, base, tax)
               select id, %s, 'S', %s, 100, %s from invoice_line where invoice_id = %s""", name, rate, tax, invoice)
    return invoice


def test_a_document_of_several_taxes_that_add_up_is_issued(db: None) -> None:
    with connection.cursor() as cursor:
        sql = Sql(cursor)
        raw.issue(sql, several(sql))
        assert sql("select tax from invoice where state = 'issued'") == [(19,)]


def wrong_of_several(change: str) -> Callable:
    """A draft of two taxes on one base whose content is changed and then issued."""

    def scene(sql: Sql, attempt: Attempt) -> None:
        invoice = several(sql)
        sql(change)
        with attempt(sql):
            raw.issue(sql, invoice)

    return violation("DU009", without=NO_CHECK_AT_ISSUE)(scene)


test_a_line_bears_less_than_its_taxes = wrong_of_several("delete from line_tax where name = 'PST'")
test_one_of_several_taxes_is_of_another_amount = wrong_of_several("update tax_line set tax = 7.01 where name = 'PST'")
test_one_of_several_taxes_is_on_another_base = wrong_of_several("update tax_line set base = 99 where name = 'GST'")
test_one_of_several_taxes_has_another_name = wrong_of_several("update tax_line set name = 'QST' where name = 'PST'")
test_what_is_withheld_is_not_its_taxes = wrong_at_issue("update invoice set withheld = 5")
test_a_rounding_without_a_step = wrong_at_issue("update invoice set rounding = 0.02")


@violation("DU009", without=NO_CHECK_AT_ISSUE)
def test_what_is_to_pay_is_not_rounded_to_the_step(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    sql("insert into payable_step (entity_id, currency, step) select id, 'EUR', 50 from legal_entity")
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("payable_step_positive", without=("alter table payable_step drop constraint payable_step_positive",))
def test_a_step_is_not_above_zero(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("insert into payable_step (entity_id, currency, step) select id, 'EUR', 0 from legal_entity")


@pytest.mark.parametrize(("payable", "step"), [
    ("107.68", "0.05"), ("107.625", "0.05"), ("-107.625", "0.05"), ("0.02", "0.05"), ("12.5", "1"), ("-1.5", "3"),
    ("9999999999999999.99", "0.03"), ("0", "7"), ("0.0149", "0.03"), ("0.0151", "0.03")])
def test_the_database_rounds_as_the_engine_does(db: None, payable: str, step: str) -> None:
    with connection.cursor() as cursor:
        found = Sql(cursor).one("select rounding_to(%s::numeric, %s::numeric)", payable, step)
    assert found == payable_rounding(Decimal(payable), Decimal(step))


test_a_document_of_inclusive_prices_has_a_line_without_gross = wrong_at_issue(
    "update invoice set prices_include_tax = true")


@violation("invoice_line_net_and_tax_are_gross", without=(
    "alter table invoice_line drop constraint invoice_line_net_and_tax_are_gross",))
def test_net_and_tax_are_not_the_gross(sql: Sql, attempt: Attempt) -> None:
    raw.draft(sql)
    with attempt(sql):
        sql("update invoice_line set gross = 120")
