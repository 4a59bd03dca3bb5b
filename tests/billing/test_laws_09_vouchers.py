"""Law 9 for vouchers: what a document is paid by them was sold without tax, is there, and is what its nettings say."""

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, violation

NO_CHECK_AT_ISSUE = "drop trigger issue_obeys on invoice"
SOLD_WITHOUT_TAX = """alter table charge_terms disable trigger user;
    update charge_terms set untaxed = true where charge_id = (select id from charge where code = 'support');
    alter table charge_terms enable trigger user"""
PAY = "insert into netting (invoice_id, advance_id, amount) values (%s, %s, %s)"


def voucher(sql: Sql) -> int:
    """The line of an issued document that sold a voucher of 100."""
    sale = raw.subscription(sql)
    raw.issue(sql, sale)
    return raw.first_line(sql, sale)


def paid(sql: Sql, amount: object, *, netted: object = None) -> int:
    """A draft that is paid by a voucher."""
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    sql(PAY, draft, advance, netted or amount)
    sql("update invoice set prepaid = %s where id = %s", amount, draft)
    return draft


@violation("DU009", without=NO_CHECK_AT_ISSUE, given=SOLD_WITHOUT_TAX)
def test_a_document_says_it_is_paid_more_than_its_vouchers_pay(sql: Sql, attempt: Attempt) -> None:
    draft = paid(sql, 60, netted=50)
    with attempt(sql):
        raw.issue(sql, draft)


@violation("DU009", without=NO_CHECK_AT_ISSUE, given=SOLD_WITHOUT_TAX)
def test_what_a_voucher_pays_is_owed_as_well(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    item = raw.posted(sql, draft)
    sql(PAY, draft, advance, 60)
    sql("update invoice set prepaid = 60 where id = %s", draft)
    with attempt(sql):
        series, year, number = raw.take_number(sql, "invoice", raw.ISSUED)
        sql(raw.ISSUE, series, year, number, f"R{year}-{number:05}", *[raw.ISSUED] * 3, item, draft)


@violation("DU009", without="drop trigger netting_once on netting", given=SOLD_WITHOUT_TAX)
def test_a_voucher_pays_more_than_it_was_sold_for(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    with attempt(sql):
        sql(PAY, draft, advance, 101)


@violation("DU009", without="drop trigger netting_once on netting", given=SOLD_WITHOUT_TAX)
def test_a_voucher_pays_for_another_account(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        sql(PAY, draft, advance, 10)


@violation("DU009", without="drop trigger netting_once on netting")
def test_what_was_sold_with_tax_pays_after_it(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    with attempt(sql):
        sql(PAY, draft, advance, 10)


@violation("DU009", without="drop trigger netting_once on netting", given=SOLD_WITHOUT_TAX)
def test_what_was_sold_without_tax_is_taken_off_before_it(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    less = raw.line(sql, draft, agreement="ZED-SUB", charge="support", net="-10.00", tax="0", position=2)
    with attempt(sql):
        sql("insert into netting (line_id, advance_id, amount) values (%s, %s, 10)", less, advance)


@violation("DU003", without="drop trigger netting_added on netting", given=SOLD_WITHOUT_TAX)
def test_a_voucher_pays_a_document_that_is_issued(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    later = raw.subscription(sql, month=11)
    raw.issue(sql, later)
    with attempt(sql):
        sql(PAY, later, advance, 10)


@violation("DU003", without="drop trigger netting_removed on netting", given=SOLD_WITHOUT_TAX)
def test_what_paid_an_issued_document_is_taken_back(sql: Sql, attempt: Attempt) -> None:
    draft = paid(sql, 60)
    raw.issue(sql, draft)
    with attempt(sql):
        sql("delete from netting where invoice_id = %s", draft)


@violation("DU003", without=("drop trigger invoice_moves on invoice", "drop trigger invoice_head_changed on invoice",
                             NO_CHECK_AT_ISSUE))
def test_what_an_issued_invoice_is_paid_changes(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice set prepaid = 10 where id = %s", invoice)


@violation("netting_by_line_or_expiry", without="alter table netting drop constraint netting_by_line_or_expiry",
           given=SOLD_WITHOUT_TAX)
def test_a_voucher_pays_and_expires(sql: Sql, attempt: Attempt) -> None:
    advance = voucher(sql)
    draft = raw.subscription(sql, month=11)
    with attempt(sql):
        sql("insert into netting (invoice_id, advance_id, amount, expired_on) values (%s, %s, 10, '2026-11-01')",
            draft, advance)


@violation("invoice_prepaid_within_total", without="alter table invoice drop constraint invoice_prepaid_within_total")
def test_more_is_paid_than_is_asked_for(sql: Sql, attempt: Attempt) -> None:
    draft = raw.draft(sql)
    with attempt(sql):
        sql("update invoice set withheld = 5, prepaid = 115 where id = %s", draft)
