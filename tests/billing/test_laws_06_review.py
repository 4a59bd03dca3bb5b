"""Law 6: nobody approves what they wrote, an edit voids the review, and issue demands it for what is issued."""

import pytest

from tests.billing import raw
from tests.billing.raw import OCTOBER, Sql
from tests.billing.violations import Attempt, as_owner, rewrite, session, violation

BY_ANYONE = "drop trigger decision_by_another on decision"
NO_CHECK_AT_ISSUE = "drop trigger issue_obeys on invoice"
ANY_STATE = "drop trigger invoice_moves on invoice"


def fee(sql: Sql, by: str = "ben") -> int:
    """A draft whose agreement demands a peer review."""
    return raw.draft(sql, agreement="BIG-MS", charge="set-up", by=by, span=OCTOBER)


def edit(sql: Sql, invoice: int, by: str) -> None:
    raw.act(sql, by)
    sql("update invoice_line set description = description || '!' where invoice_id = %s", invoice)


@violation("DU006", without=BY_ANYONE)
def test_the_author_approves(sql: Sql, attempt: Attempt) -> None:
    step = raw.submit(sql, fee(sql, by="rita"), "ben")
    with attempt(sql):
        raw.decide(sql, step, "rita")


@violation("DU006", without=BY_ANYONE)
def test_who_launched_the_run_approves_what_a_colleague_drafted(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql, by="ben")
    run = sql.one("""insert into bill_run (entity_id, period_from, period_to, "on", snapshot, state, launched_by_id,
                                           launched_at)
                     select entity_id, %s, %s, %s, pg_current_snapshot()::text, 'running', %s, now() from invoice
                      where id = %s returning id""", *OCTOBER, raw.ISSUED, raw.user(sql, "rita"), invoice)
    part = sql.one("""insert into bill_run_partition (run_id, ordinal, accounts, state, drafts, digest, error)
                      values (%s, 1, '{}', 'done', 1, '', '') returning id""", run)
    sql("update invoice set run_partition_id = %s where id = %s", part, invoice)
    step = raw.submit(sql, invoice, "ben")
    with attempt(sql):
        raw.decide(sql, step, "rita")


@violation("DU006", without=BY_ANYONE)
def test_an_editor_approves(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql, by="ben")
    edit(sql, invoice, "rita")
    step = raw.submit(sql, invoice, "ben")
    with attempt(sql):
        raw.decide(sql, step, "rita")


@violation("DU006", without="drop trigger invoice_head_changed on invoice")
def test_who_edited_only_the_head_approves(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql, by="ben")
    raw.act(sql, "rita")
    sql("update invoice set purchase_order = 'PO-7' where id = %s", invoice)
    step = raw.submit(sql, invoice, "ben")
    with attempt(sql):
        raw.decide(sql, step, "rita")


@violation("DU006", without=BY_ANYONE)
def test_a_draft_made_in_anothers_name_is_approved_by_who_wrote_it(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql, by="mara")
    sql("delete from charge_span")
    raw.act(sql, "rita")
    raw.add_span(sql, raw.first_line(sql, invoice), *OCTOBER)
    step = raw.submit(sql, invoice, "mara")
    with attempt(sql):
        raw.decide(sql, step, "rita")


@violation("DU006", without=BY_ANYONE)
def test_the_author_approves_through_a_colleague(sql: Sql, attempt: Attempt) -> None:
    step = raw.submit(sql, fee(sql, by="ben"), "ben")
    with attempt(sql):
        raw.decide(sql, step, "rita", on_behalf_of="ben")


@violation("DU006", without=BY_ANYONE)
def test_the_author_decides_in_a_colleagues_name(sql: Sql, attempt: Attempt) -> None:
    step = raw.submit(sql, fee(sql, by="ben"), "ben")
    with attempt(sql):
        sql("""insert into decision (review_step_id, invoice_id, verdict, digest, reason, decided_by, decided_at)
               select id, invoice_id, 'approved', digest, '', 'rita', now() from review_step where id = %s""", step)


@violation("DU006", without=BY_ANYONE)
def test_someone_unknown_approves(sql: Sql, attempt: Attempt) -> None:
    step = raw.submit(sql, fee(sql, by="ben"), "ben")
    with attempt(sql):
        raw.decide(sql, step, "Ben")


@violation("42501", without="grant insert on draft_edit to duly_app")
def test_a_reviewer_is_made_an_editor_who_never_was(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    with attempt(sql):
        sql("insert into draft_edit (invoice_id, editor) values (%s, 'rita')", invoice)


@violation("DU006", without=("drop trigger review_step_for_content on review_step", BY_ANYONE))
def test_another_content_is_submitted_than_there_is(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    with attempt(sql):
        sql("""insert into review_step (invoice_id, step, digest, submitted_by_id, submitted_at)
               values (%s, 'peer', 'other', %s, now())""", invoice, raw.user(sql, "ben"))


@violation("DU006", without="alter table invoice disable trigger user; alter table invoice_line disable trigger user")
def test_a_draft_changes_while_it_is_reviewed(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    raw.submit(sql, invoice, "ben")
    with attempt(sql):
        edit(sql, invoice, "ben")


@violation("DU006", without="drop trigger invoice_head_changed on invoice")
def test_the_head_of_a_ready_draft_changes(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    raw.decide(sql, raw.submit(sql, invoice, "ben"), "rita")
    with attempt(sql):
        sql("update invoice set payment_days = 365 where id = %s", invoice)


@violation("DU006", without="drop trigger invoice_head_changed on invoice")
def test_issue_changes_the_terms(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    with attempt(sql):
        item = raw.posted(sql, invoice)
        series, year, number = raw.take_number(sql, "invoice", raw.ISSUED)
        sql(raw.ISSUE.replace("state = 'issued',", "state = 'issued', payment_days = 365,"), series, year, number,
            f"R{year}-{number:05}", raw.ISSUED, raw.ISSUED, raw.ISSUED, item, invoice)


@violation("DU006", without=ANY_STATE)
def test_the_review_policy_of_a_draft_changes(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    with attempt(sql):
        sql("update invoice set review = 'none' where id = %s", invoice)


@violation("DU006", without=ANY_STATE)
def test_a_review_is_skipped(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    with attempt(sql):
        sql("update invoice set state = 'client_check' where id = %s", invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_draft_is_issued_that_nobody_reviewed(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_draft_is_issued_that_changed_after_its_review(sql: Sql, attempt: Attempt) -> None:
    invoice = approved(sql)
    sql("update invoice set state = 'draft' where id = %s", invoice)
    edit(sql, invoice, "ben")
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_draft_is_issued_whose_evidence_was_swapped_after_its_review(sql: Sql, attempt: Attempt) -> None:
    invoice = approved(sql)
    sql("update invoice set state = 'draft' where id = %s", invoice)
    sql("delete from charge_span")
    raw.add_span(sql, raw.first_line(sql, invoice), OCTOBER[0], OCTOBER[0].replace(day=2))
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_draft_is_issued_that_was_returned_after_its_approval(sql: Sql, attempt: Attempt) -> None:
    invoice = approved(sql)
    sql("update invoice set state = 'draft' where id = %s", invoice)
    raw.decide(sql, raw.submit(sql, invoice, "ben"), "fin", "returned")
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_draft_is_made_with_a_weaker_review_than_its_agreement_demands(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    as_owner(sql, "alter table invoice disable trigger user", "update invoice set review = 'none'",
             "alter table invoice enable trigger user")
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_line_borrows_the_terms_of_an_agreement_without_review(sql: Sql, attempt: Attempt) -> None:
    invoice = raw.subscription(sql)
    sql("""update invoice_line set agreement_id = (select id from agreement where number = 'BIG-MS')
            where invoice_id = %s""", invoice)
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without=NO_CHECK_AT_ISSUE)
def test_a_blocked_draft_is_issued(sql: Sql, attempt: Attempt) -> None:
    invoice = blocked(sql)
    with attempt(sql):
        raw.issue(sql, invoice)


@violation("DU006", without="drop trigger waiver_by_actor on waiver")
def test_a_finding_is_waived_in_anothers_name(sql: Sql, attempt: Attempt) -> None:
    invoice = blocked(sql)
    with attempt(sql):
        sql("""insert into waiver (invoice_id, check_name, path, text, reason, waived_by_id, waived_at)
               values (%s, 'cap', '', 'Over the cap', 'Fine', %s, now())""", invoice, raw.user(sql, "fin"))


@violation("DU006", without=tuple(f"alter table {table} disable trigger user" for table in (
    "invoice_line", "work_allocation", "charge_span", "tax_line")))
def test_a_draft_changes_in_nobodys_name(sql: Sql, attempt: Attempt) -> None:
    invoice = fee(sql)
    sql("select set_config('duly.actor', '', true)")
    with attempt(sql):
        sql("update invoice_line set description = 'x' where invoice_id = %s", invoice)


def approved(sql: Sql) -> int:
    invoice = fee(sql)
    raw.decide(sql, raw.submit(sql, invoice, "ben"), "rita")
    raw.act(sql, "ben")
    return invoice


def blocked(sql: Sql) -> int:
    invoice = raw.draft(sql, work=[raw.time(sql)])
    sql("""insert into finding (invoice_id, check_name, severity, path, text)
           values (%s, 'cap', 'blocks', '', 'Over the cap')""", invoice)
    return invoice


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-with-the-transactions-start"])
def test_an_edit_in_a_transaction_begun_before_the_approval_is_approved_by_its_editor(
    database: str, guarded: bool
) -> None:
    """An edit's moment is taken while the draft is locked, so that it cannot look older than the approval before."""
    if not guarded:
        rewrite(database, "recorded_now", "clock_timestamp()", "now()")
    with session(database) as early, session(database) as sql:
        early("select now()")
        invoice = fee(sql)
        commit(sql)
        raw.decide(sql, raw.submit(sql, invoice, "ben"), "rita")
        sql("update invoice set state = 'draft' where id = %s", invoice)
        commit(sql)
        edit(early, invoice, "fin")
        commit(early)
        step = raw.submit(sql, invoice, "ben")
        if guarded:
            with pytest.raises(Exception, match="cannot approve it"):
                raw.decide(sql, step, "fin")
        else:
            raw.decide(sql, step, "fin")


def commit(sql: Sql) -> None:
    sql.cursor.connection.commit()
