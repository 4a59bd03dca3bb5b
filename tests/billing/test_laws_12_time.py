"""Law 12: time is a parameter; the database's own moments cannot be told, and the dates of a document differ."""

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, violation


@violation("42501", without="grant insert on entry to duly_app")
def test_an_entry_is_recorded_in_the_past(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        sql("""insert into entry (entity_id, kind, booked_on, source, command_id, recorded_at)
               values (%s, 'receipt', '2026-11-02', 'x', current_setting('duly.command')::uuid, '2020-01-01')""",
            raw.entity(sql))


@violation("42501", without="grant insert on open_item_movement to duly_app")
def test_a_movement_is_recorded_in_the_past(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item, entry = raw.open_item(sql, "receivable", 0), raw.entry(sql, "receipt")
    with attempt(sql):
        sql("""insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on, recorded_at)
               values (%s, %s, 0, 0, '2026-11-02', '2020-01-01')""", item, entry)


@violation("DU012", without="drop trigger work_item_approved_now on work_item")
def test_work_is_approved_in_an_earlier_transaction(sql: Sql, attempt: Attempt) -> None:
    """So that it slips behind the cut-off of a bill run that is under way."""
    item = raw.time(sql, approved=False)
    with attempt(sql):
        sql("update work_item set approved_by_id = %s, approved_at = now(), approved_in = '3' where id = %s",
            raw.user(sql, "mara"), item)


@violation("DU012", without="drop trigger work_item_added_now on work_item")
def test_work_is_added_as_approved_in_an_earlier_transaction(sql: Sql, attempt: Attempt) -> None:
    raw.time(sql)
    with attempt(sql):
        sql("""insert into work_item (kind, agreement_id, project_id, project_name, person_id, person_name, role, task,
                   description, worked_on, quantity, cost_currency, billable, source_key, approved_by_id, approved_at,
                   approved_in)
               select kind, agreement_id, project_id, project_name, person_id, person_name, role, task, description,
                   worked_on, quantity, cost_currency, billable, 'other', approved_by_id, approved_at, '3'
                 from work_item""")


@violation("DU003", without="drop trigger bill_run_fixed on bill_run")
def test_the_cut_off_of_a_bill_run_moves(sql: Sql, attempt: Attempt) -> None:
    sql("""insert into bill_run (entity_id, period_from, period_to, "on", snapshot, state, launched_by_id, launched_at)
           values (%s, '2026-10-01', '2026-11-01', '2026-11-02', '1:1:', 'running', %s, now())""",
        raw.entity(sql), raw.user(sql, "ben"))
    with attempt(sql):
        sql("update bill_run set snapshot = pg_current_snapshot()::text")
