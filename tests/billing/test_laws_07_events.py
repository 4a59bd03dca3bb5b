"""Law 7: every change writes events in its own transaction; the log is only added to, sealed, and erasable."""

import pytest

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, rolled_back_as_owner, violation

FORGE = """insert into event (command_id, verb, actor, at, subject_type, subject_id, data, recorded_at)
           values (gen_random_uuid(), 'x', 'ben', now(), 'x', 1, '{}', '2020-01-01')"""
SEAL = "insert into seal (number, event_id, hash) select 1, min(id), sha256('x') from event"
PUBLISH = "insert into published_head (number, hash, at, place) values (1, sha256('x'), now(), 'x')"

SETTINGS = {  # table: what raw SQL does to it
    "bank_account": "update bank_account set iban = 'DE02120300000000202051'",
    "role_grant": "delete from role_grant where role = 'reviewer'",
    "right_grant": """insert into right_grant (user_id, "right")
                      select id, 'refund' from app_user where login = 'ben'""",
    "rate": """insert into rate (card_id, role, task, price, valid_from)
               select id, '', '', 1, '2026-12-01' from rate_card""",
    "tax_rate": """insert into tax_rate (country, tax_class, rate, valid_from, source)
                   values ('DE', 'standard', 0.2, '2027-01-01', 'x')""",
    "exchange_rate": """insert into exchange_rate (base, quote, valid_from, rate, source)
                        values ('EUR', 'CHF', '2026-01-01', 0.95, 'x')""",
    "number_series": "update number_series set pattern = 'X{number}' where kind = 'invoice'",
    "tax_registration": "update tax_registration set number = 'DE999999999' where entity_id is not null",
    "chart_account": "update chart_account set code = '9999' where role = 'fees'",
    "agreement_policy": """insert into agreement_policy (entity_id, review, grouping, time_annex)
                           select id, 'none', 'person', true from legal_entity""",
    "check_policy": """insert into check_policy (entity_id, check_name, severity)
                       select id, 'total_zero', 'off' from legal_entity""",
    "payable_step": "insert into payable_step (entity_id, currency, step) select id, 'CHF', 0.05 from legal_entity",
    "second_factor_demand": "insert into second_factor_demand (holder, demanded) values ('issue', false)",
    "agreement_version": """insert into agreement_version (agreement_id, valid_from, review, grouping, consolidate,
                                                           time_annex, cap_behaviour)
                            select id, '2027-01-01', 'none', 'person', false, true, 'block' from agreement""",
}


@pytest.mark.parametrize(("table", "change"), SETTINGS.items(), ids=list(SETTINGS))
def test_a_sensitive_setting_changed_by_raw_sql_leaves_an_event(shared_database: str, table: str, change: str) -> None:
    left = "select count(*) > 0 from event where subject_type = %s and actor = 'eve'"
    for guarded in (True, False):
        with rolled_back_as_owner() as sql:
            if not guarded:
                sql(f"drop trigger {table}_recorded on {table}")
            sql("set local role duly_app")
            sql("select set_config('duly.actor', 'eve', true)")
            sql(change)
            assert sql.one(left, table) == guarded


def test_the_log_never_holds_a_whole_account_number(shared_database: str) -> None:
    with rolled_back_as_owner() as sql:
        sql("set local role duly_app")
        sql("update bank_account set iban = 'DE02120300000000202051'")
        assert sql.one("select data ->> 'after' from event order by id desc limit 1").count("…2051") == 1
        assert sql.one("select count(*) from event where data::text like '%%DE0212030000%%'") == 0


@violation("DU007", without="drop trigger postings_tie on posting_to_check")
def test_money_is_posted_without_an_event(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    sql("select set_config('duly.command', gen_random_uuid()::text, true)")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10")


@violation("42501", without="grant insert on event to duly_app")
def test_an_event_is_dated_back(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql(FORGE)


@violation("42501", without=("grant update on event to duly_app", "drop trigger event_frozen on event"))
def test_the_application_changes_an_event(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        sql("update event set actor = 'rita'")


@violation("DU003", given="grant update, delete, truncate on event to duly_app",
           without="drop trigger event_frozen on event")
def test_an_event_is_changed_by_who_may_update(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        sql("update event set actor = 'rita'")


@violation("DU003", given="grant update, delete, truncate on event to duly_app",
           without="drop trigger event_frozen on event")
def test_the_log_is_emptied_by_who_may_truncate(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("truncate event")


@violation("DU003", given="grant delete on seal to duly_app", without="drop trigger seal_frozen on seal")
def test_the_chain_is_cut_by_who_may_delete(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    sql(SEAL)
    with attempt(sql):
        sql("delete from seal")


@violation("DU003", given="grant update on published_head to duly_app",
           without="drop trigger published_head_frozen on published_head")
def test_a_published_head_changes(sql: Sql, attempt: Attempt) -> None:
    sql(PUBLISH)
    with attempt(sql):
        sql("update published_head set number = 0")


@violation("DU003", without="drop trigger app_user_login_fixed on app_user")
def test_someone_takes_the_name_that_the_log_knows_another_by(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("update app_user set login = 'someone' where login = 'ben'")
