"""Laws of usage: an event counts once, is never changed, and a metric stays as it was defined."""

from tests.billing.raw import Sql
from tests.billing.violations import Attempt, violation

EVENT = """insert into usage_event (agreement_id, metric, source, event_id, at, received_at, quantity)
           values (%s, 'calls', 'meter', %s, %s, now(), 1)"""
IDENTITY = "insert into usage_identity (mark, at) values (usage_mark('meter', %s), %s)"
COUNTS_ONCE = "drop trigger usage_event_counts_once on usage_event"
NOON, LATER = "2026-10-05 12:00+00", "2026-10-05 13:00+00"


def agreement(sql: Sql) -> int:
    return int(sql.one("select id from agreement where number = 'ZED-SUB'"))


def count(sql: Sql, event_id: str = "e1", at: str = NOON) -> None:
    """An event that counts, as the ingestion writes it."""
    sql(IDENTITY, event_id, at)
    sql(EVENT, agreement(sql), event_id, at)


def metric(sql: Sql) -> int:
    return int(sql.one("""insert into metric (code, name, unit, aggregation, event, property, filters, group_by)
                          values ('calls', 'Calls', '', 'sum', '', '', '[]', '{}') returning id"""))


@violation("DU005", without=COUNTS_ONCE)
def test_an_event_counts_again_at_another_time(sql: Sql, attempt: Attempt) -> None:
    count(sql)
    with attempt(sql):
        sql(EVENT, agreement(sql), "e1", LATER)


@violation("23505", without="alter table usage_event drop constraint usage_event_once")
def test_an_event_counts_twice(sql: Sql, attempt: Attempt) -> None:
    count(sql)
    with attempt(sql):
        sql(EVENT, agreement(sql), "e1", NOON)


@violation("usage_identity_pkey", without="alter table usage_identity drop constraint usage_identity_pkey")
def test_an_identity_is_claimed_twice(sql: Sql, attempt: Attempt) -> None:
    count(sql)
    with attempt(sql):
        count(sql, at=LATER)


@violation("23503", without=COUNTS_ONCE)
def test_an_event_belongs_to_no_agreement(sql: Sql, attempt: Attempt) -> None:
    sql(IDENTITY, "e1", NOON)
    with attempt(sql):
        sql(EVENT, 999_999_999, "e1", NOON)


@violation("DU003", without="drop trigger usage_event_frozen on usage_event",
           given="grant update on usage_event to duly_app")
def test_an_event_changes(sql: Sql, attempt: Attempt) -> None:
    count(sql)
    with attempt(sql):
        sql("update usage_event set quantity = 2")


@violation("DU003", without="drop trigger usage_event_frozen on usage_event",
           given="grant delete on usage_event to duly_app")
def test_an_event_is_deleted(sql: Sql, attempt: Attempt) -> None:
    count(sql)
    with attempt(sql):
        sql("delete from usage_event")


@violation("42501", without="grant insert on usage_event to duly_app")
def test_an_event_says_itself_when_it_was_recorded(sql: Sql, attempt: Attempt) -> None:
    sql(IDENTITY, "e1", NOON)
    with attempt(sql):
        sql("""insert into usage_event (agreement_id, metric, source, event_id, at, received_at, quantity, recorded_in)
               values (%s, 'calls', 'meter', 'e1', %s, now(), 1, '3')""", agreement(sql), NOON)


@violation("42501", without="grant select, insert on usage_event_other to duly_app")
def test_an_event_goes_around_the_table(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql(EVENT.replace("usage_event", "usage_event_other"), agreement(sql), "e1", NOON)


@violation("DU003", without="drop trigger usage_decision_frozen on usage_decision",
           given="grant delete on usage_decision to duly_app")
def test_a_decision_is_taken_back(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("delete from usage_decision")


@violation("DU003", without="drop trigger metric_stays on metric", given="grant update on metric to duly_app")
def test_a_metric_counts_otherwise_from_now_on(sql: Sql, attempt: Attempt) -> None:
    one = metric(sql)
    sql("update metric set name = 'API calls', unit = 'call' where id = %s", one)
    with attempt(sql):
        sql("update metric set aggregation = 'max' where id = %s", one)


def token(sql: Sql) -> int:
    user = sql.one("select id from app_user where login = 'ben'")
    return int(sql.one("""insert into api_token (name, user_id, scope, digest, hint, made_at, revoked_at)
                          values ('Meters', %s, 'usage', 'digest', 'abcd', now(), now()) returning id""", user))


@violation("DU003", without="drop trigger api_token_stays on api_token")
def test_a_revoked_token_opens_again(sql: Sql, attempt: Attempt) -> None:
    one = token(sql)
    sql("update api_token set last_used_at = now() where id = %s", one)
    with attempt(sql):
        sql("update api_token set revoked_at = null where id = %s", one)


@violation("DU003", without="drop trigger api_token_kept on api_token", given="grant delete on api_token to duly_app")
def test_a_token_is_forgotten(sql: Sql, attempt: Attempt) -> None:
    one = token(sql)
    with attempt(sql):
        sql("delete from api_token where id = %s", one)
