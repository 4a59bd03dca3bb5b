"""Law 3: an issued document is never changed or deleted; its parties, tax and terms are copies."""

from collections.abc import Callable

from tests.billing import raw
from tests.billing.raw import OCTOBER, Sql
from tests.billing.violations import Attempt, as_owner, violation


def refused_on_issued(guard: str, table: str) -> Callable[[Callable], Callable]:
    return violation("DU003", without=f"drop trigger {guard} on {table}")


@violation("DU003", without=("drop trigger invoice_moves on invoice", "drop trigger issue_obeys on invoice"))
def test_the_due_date_of_an_issued_invoice_changes(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice set due_on = due_on + 30 where id = %s", invoice)


@violation("DU003", without=("drop trigger invoice_moves on invoice", "drop trigger invoice_head_changed on invoice",
                             "drop trigger issue_obeys on invoice"))
def test_the_total_of_an_issued_invoice_changes(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice set net = 1, tax = 0, total = 1 where id = %s", invoice)


@violation("DU003", without=("drop trigger invoice_moves on invoice", "drop trigger invoice_head_changed on invoice",
                             "drop trigger issue_obeys on invoice"))
def test_the_rounding_of_an_issued_invoice_changes(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice set rounding = 0.02 where id = %s", invoice)


@violation("DU003", without=("drop trigger invoice_moves on invoice",
                             "alter table invoice drop constraint invoice_number_only_at_issue"))
def test_an_issued_invoice_is_discarded(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice set state = 'discarded' where id = %s", invoice)


@refused_on_issued("invoice_line_changed", "invoice_line")
def test_a_line_of_an_issued_invoice_changes(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("update invoice_line set description = 'Other' where invoice_id = %s", invoice)


@refused_on_issued("invoice_line_changed", "invoice_line")
def test_a_line_of_a_draft_moves_to_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    draft = raw.draft(sql)
    with attempt(sql):
        sql("update invoice_line set invoice_id = %s, position = 9 where invoice_id = %s", invoice, draft)


@refused_on_issued("invoice_line_added", "invoice_line")
def test_a_line_is_added_to_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        raw.line(sql, invoice, position=2)


@refused_on_issued("invoice_line_removed", "invoice_line")
def test_a_line_of_an_issued_invoice_is_deleted(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    raw.line(sql, invoice, net="0.00", tax="0.00", position=2)
    raw.issue(sql, invoice)
    with attempt(sql):
        sql("delete from invoice_line where position = 2")


@refused_on_issued("tax_line_changed", "tax_line")
def test_the_tax_of_an_issued_invoice_changes(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update tax_line set category = 'AE', rate = 0, tax = 0")


@refused_on_issued("tax_line_added", "tax_line")
def test_tax_is_added_to_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql("""insert into tax_line (invoice_id, category, rate, base, tax, reason)
               values (%s, 'S', 0.07, 1, 0, '')""", invoice)


@refused_on_issued("tax_line_removed", "tax_line")
def test_the_tax_of_an_issued_invoice_is_deleted(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("delete from tax_line")


LINE_TAX = """insert into line_tax (line_id, name, category, rate, base, tax)
    select id, 'GST', 'S', 0.19, amount, tax from invoice_line where invoice_id = %s"""
WITHHELD = "insert into withheld_tax (invoice_id, name, rate, base, amount) values (%s, 'Tax', 0.05, 100, 5)"


@refused_on_issued("line_tax_added", "line_tax")
def test_one_of_several_taxes_is_added_to_a_line_of_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql(LINE_TAX, invoice)


@refused_on_issued("line_tax_removed", "line_tax")
def test_one_of_several_taxes_of_an_issued_invoice_is_deleted(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    sql(LINE_TAX, invoice)
    sql("update tax_line set name = 'GST'")
    raw.issue(sql, invoice)
    with attempt(sql):
        sql("delete from line_tax")


@refused_on_issued("withheld_tax_added", "withheld_tax")
def test_tax_is_withheld_from_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        sql(WITHHELD, invoice)


@refused_on_issued("withheld_tax_removed", "withheld_tax")
def test_what_is_withheld_from_an_issued_invoice_is_deleted(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    sql(WITHHELD, invoice)
    sql("update invoice set withheld = 5")
    raw.issue(sql, invoice)
    with attempt(sql):
        sql("delete from withheld_tax")


@refused_on_issued("work_allocation_removed", "work_allocation")
def test_the_evidence_of_an_issued_invoice_is_deleted(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("delete from work_allocation")


@refused_on_issued("charge_span_added", "charge_span")
def test_days_are_added_to_an_issued_invoice(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    with attempt(sql):
        raw.add_span(sql, raw.first_line(sql, invoice), *OCTOBER)


@refused_on_issued("charge_span_added", "charge_span")
def test_days_are_given_back_to_an_issued_invoice_by_hand(sql: Sql, attempt: Attempt) -> None:
    invoice, _ = raw.issued(sql)
    line = raw.first_line(sql, invoice)
    with attempt(sql):
        raw.add_span(sql, line, *OCTOBER, cause=line)


@violation("DU003", given="grant update on party_copy to duly_app",
           without="drop trigger party_copy_frozen on party_copy")
def test_the_copy_of_a_party_changes(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("""update party_copy set data = '{"name": "Other"}'""")


@violation("DU003", given="grant delete on invoice to duly_app", without="drop trigger invoice_kept on invoice")
def test_a_draft_is_deleted_without_a_trace(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql)
    sql("delete from tax_line")
    sql("delete from invoice_line")
    as_owner(sql, "alter table draft_edit disable trigger user", "delete from draft_edit")
    with attempt(sql):
        sql("delete from invoice where id = %s", invoice)


@violation("DU003", without="drop trigger invoice_born_as_draft on invoice")
def test_a_document_is_born_discarded(sql: Sql, attempt: Attempt) -> None:
    raw.draft(sql)
    with attempt(sql):
        sql("""insert into invoice (kind, state, entity_id, account_id, created_by, review, currency, language,
                   purchase_order, payment_days, time_annex, service_from, service_to, tax_point, seller_id, buyer_id,
                   net, tax, total)
               select kind, 'discarded', entity_id, account_id, created_by, review, currency, language,
                   purchase_order, payment_days, time_annex, service_from, service_to, tax_point, seller_id, buyer_id,
                   net, tax, total from invoice""")
