"""Every named audit: silent on sound books, and firing on the harm that it is for.

The harm is done by the owner of the tables with the triggers switched off, in a transaction that is rolled back.
"""

import pytest
from django.db import connections

from duly.billing.audit.seals import Head, head, seal
from duly.billing.audit.verify import AUDITS, Finding, Scope
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden
from duly.billing.reporting.audits import verify
from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import ROLE, damaged, product_on, rolled_back_as_owner
from tests.world import World

HARM: list[tuple[str, str, str]] = [
    # (audit, what the owner does behind the laws' back, what the audit says)
    ("chain", "update event set actor = 'nobody' where id = (select min(event_id) from seal)",
     "is not what was sealed"),
    ("chain", "delete from event where id = (select min(event_id) from seal)", "is gone"),
    ("chain", "delete from seal where number = 2", "from number 1 to 3"),
    ("chain", "update seal set hash = sha256('x') where number = 2", "is not what was sealed"),
    ("published_heads", "delete from seal where number = (select max(number) from seal)", "its tail was cut off"),
    ("published_heads", "update seal set hash = sha256('x') where number = (select max(number) from seal)",
     "published with another hash"),
    ("unsealed", """insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
                    values (gen_random_uuid(), 'x', 'x', now(), 'x', 1, '{}')""", "1 events are not sealed yet"),
    ("personal_values", "update personal_value set value = 'other'", "is not the one that the event refers to"),
    ("personal_values", "insert into personal_value (event_id, path, salt, value) values (0, 'email', '', 'x')",
     "is not the one that the event refers to"),
    ("guards", "drop trigger work_billed_once on work_allocation", "work_billed_once on work_allocation is missing"),
    ("guards", "alter table charge_span drop constraint charge_span_once", "charge_span_once is missing"),
    ("law_functions", """create or replace function refuse_change() returns trigger language plpgsql as
                         $$ begin return null; end $$""", "refuse_change is not the one that was written"),
    ("law_functions", "alter function work_billed_once() reset search_path", "would read a temporary table"),
    ("law_functions", "drop function settled_at()", "settled_at is missing"),
    ("role", "alter table name_mapping owner to duly_app", "owns"),
    ("role", "alter role duly_app createrole", "may switch the laws off"),
    ("numbers", "update invoice set sequence = 3, number = 'R2026-00003' where sequence = 2",
     "Before R2026-00003 the numbers 2 to 2"),
    ("numbers", "update invoice set issued_on = '2026-10-01' where sequence = 2",
     "dated 2026-10-01, before 2026-11-02"),
    ("numbers", "update receipt set sequence = 2 where sequence = 1", "numbers 1 to 1 of its series are missing"),
    ("counters", "update number_counter set last_number = 9 where last_number = 2",
     "stands at 9, the last document has 2"),
    ("control_ties", "delete from open_item_movement where amount = 119", "the open items"),
    ("control_ties", "update transfer set amount = amount + 1, base_amount = base_amount + 1", "more on receivable"),
    ("balances", "update open_item set balance = 0, base_balance = 0 where amount = -200", "shows 0"),
    ("balances", "update open_item set balance = 1 where balance = 100", "shows 1.0000, its movements sum to 100.0000"),
    ("balances", "update open_item set base_balance = 1 where balance = 100", "shows 1.0000 in the base currency"),
    ("deferrals", "update deferral set released = 3, released_base = 3", "3.0000 released, its releases sum to 4"),
    ("deferrals", "update revenue_release set booked_on = '2026-10-01'", "more than was earned then"),
    ("exchange_differences", """update cash_allocation set source_base = 18,
                                       difference_entry_id = (select min(id) from entry)""",
     "leaves an exchange difference of -1.0000, 119.0000 is booked"),
    ("months", "update account_month set settled_days = settled_days + 1", "2026-11 of account"),
    ("months", "delete from entity_month", "2026-11 of entity"),
    ("document_sums", "update invoice_line set amount = amount + 1", "do not add up"),
    ("document_sums", "update tax_line set category = 'AE'", "do not add up"),
    ("document_sums", "update invoice set rounding = 0.02", "do not add up"),
    ("document_sums", "update invoice set prepaid = 10, rounding = 10", "do not add up"),
    ("documents_posted", """insert into open_item (entity_id, account_id, control, label, currency, amount, booked_on,
                                                   due_on)
                            select entity_id, account_id, control, 'no paper', currency, 5, booked_on, due_on
                              from open_item limit 1""", "no paper) has no document"),
    ("documents_posted", "delete from event where verb = 'invoicing.issue'", "without an event that says by whom"),
    ("work_billed_once", "update work_item set quantity = 1", "is billed 3600"),
    ("spans_once", """alter table charge_span drop constraint charge_span_once;
                      insert into charge_span (line_id, charge_id, kind, span_from, span_to)
                      select line_id, charge_id, kind, span_from, span_to from charge_span""",
     "is billed from 2026-10-01"),
]


def books(sql: Sql) -> None:
    """Two issued invoices and a partly used receipt, each with its event, revenue deferred and released, all sealed."""
    _, item = raw.issued(sql)
    raw.issue(sql, raw.subscription(sql))
    raw.pay(sql, raw.receipt(sql, "200.00"), item, "19.00")
    raw.release(sql, raw.deferral(sql, 50, of=item), 4)
    raw.time(sql)
    sql("""insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
           select gen_random_uuid(), 'invoicing.issue', 'ben', now(), 'invoice', id, '{}' from invoice""")
    event = sql.one("""insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
        values (gen_random_uuid(), 'x', 'ben', now(), 'contact', 1,
                jsonb_build_object('email', 'sha256:' || encode(sha256('salt' || 'a@b.example'::bytea), 'hex')))
        returning id""")
    sql("insert into personal_value (event_id, path, salt, value) values (%s, 'email', 'salt', 'a@b.example')", event)


@pytest.fixture
def sound(database: str, world: World) -> World:
    """The world with sound books, committed."""
    from django.db import transaction

    with transaction.atomic(), connections["default"].cursor() as cursor:
        books(Sql(cursor))
    seal(actor=world.actor("audra"), at=world.at)
    publish(head())
    return world


def publish(published: Head) -> None:
    frames.execute("insert into published_head (number, hash, at, place) values (%s, decode(%s, 'hex'), now(), 'test')",
                   [published.number, published.hash])


def found(name: str) -> list[str]:
    return [finding.text for finding in AUDITS[name].findings(Scope())]


def test_each_audit_fires_on_its_harm_and_is_silent_without(sound: World) -> None:
    """One set of books for all rows of the table: every harm is rolled back before the next."""
    assert wrong(sound) == []
    assert {name for name, _, _ in HARM} == set(AUDITS), "every audit needs an example that fires"
    missed = []
    for name, harm, says in HARM:
        with damaged(harm):
            texts = found(name)
        if not any(says in text for text in texts):
            missed.append((name, harm, texts))
    assert missed == []
    assert wrong(sound) == []


def wrong(world: World) -> list[Finding]:
    return [finding for finding in verify(actor=world.actor("audra")) if not finding.note]


def test_a_table_that_ends_with_its_session_is_not_owned(database: str) -> None:
    """Taking in usage leaves such tables to the sessions of the service, and any of them may verify."""
    frames.execute("create temporary table if not exists passing (id bigint primary key, words text)")
    assert found("role") == []


def test_a_trigger_switched_off_is_reported(sound: World) -> None:
    with rolled_back_as_owner() as sql:
        sql("alter table event disable trigger event_frozen")
        sql(ROLE)
        with product_on("owner"):
            assert found("guards") == ["The trigger event_frozen on event is switched off."]


def test_a_product_that_signs_in_as_the_owner_is_told_so(sound: World) -> None:
    with damaged():
        [finding] = AUDITS["role"].findings(Scope())
    assert finding.note
    assert "which it could undo" in finding.text


def test_a_cut_tail_shows_only_through_the_published_head(sound: World) -> None:
    """A chain cut shorter is whole in itself: the head that left the house tells."""
    last = head()
    with damaged("delete from seal where number = (select max(number) from seal)", "delete from published_head"):
        assert found("chain") == []
        assert [finding.text for finding in AUDITS["published_heads"].findings(Scope((last,)))] == [
            f"The chain ends before number {last.number}, which was published: its tail was cut off."]


def test_only_who_may_audit_everything_verifies(world: World) -> None:
    with pytest.raises(Forbidden, match="may not audit"):
        verify(actor=world.actor("mara"))
