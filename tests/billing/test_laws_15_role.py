"""Law 15: the application's role owns no table; it can neither switch a law off nor go around it."""

import os

import pytest
from django.db import DatabaseError, connection, transaction

from tests.billing.raw import Sql
from tests.billing.violations import ROLE, how, rolled_back_as_owner

CREATE = "grant create on schema public to duly_app"

FORBIDDEN: dict[str, str] = {  # what the application tries: what would let it
    "alter table invoice disable trigger issue_obeys": "alter table invoice owner to duly_app",
    "drop trigger event_frozen on event": "alter table event owner to duly_app",
    "drop table seal": "alter table seal owner to duly_app",
    "alter table open_item drop constraint open_item_balance_within": "alter table open_item owner to duly_app",
    "truncate published_head":
        "grant truncate on published_head to duly_app; drop trigger published_head_frozen on published_head",
    "alter function work_billed_once() reset search_path":
        f"{CREATE}; alter function work_billed_once() owner to duly_app",
    "create or replace function refuse_change() returns trigger language plpgsql as $$ begin return null; end $$":
        f"{CREATE}; alter function refuse_change() owner to duly_app",
    "create table public.another (id bigint)": CREATE,
    "create schema elsewhere":
        "do $$ begin execute format('grant create on database %I to duly_app', current_database()); end $$",
    "insert into django_migrations (app, name, applied) values ('billing', '9999', now())":
        "grant insert on django_migrations to duly_app",
    "insert into posting_to_check (entries) values ('{}')": "grant insert on posting_to_check to duly_app",
    "insert into account_month select * from account_month": "grant insert on account_month to duly_app",
    "insert into entity_month select * from entity_month": "grant insert on entity_month to duly_app",
    "select setval('entry_id_seq', 1)": "grant update on sequence entry_id_seq to duly_app",
    "set local session_replication_role = replica":
        "grant set on parameter session_replication_role to duly_app",
}


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_may_not(db: None, statement: str) -> None:
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert how(refusal.value)[0] == "42501", "insufficient privilege"


@pytest.mark.parametrize(("statement", "grant"), FORBIDDEN.items(), ids=list(FORBIDDEN))
def test_it_could_if_it_were_given_more(shared_database: str, statement: str, grant: str) -> None:
    """Each refusal above is the lack of a right, and nothing else."""
    with rolled_back_as_owner() as sql:
        sql(grant.replace("%", "%%"))
        sql(ROLE)
        sql(statement)


@pytest.mark.skipif("DATABASE_URL" in os.environ and "DULY_OWNER_DATABASE_URL" not in os.environ,
                    reason="one URL for both roles: the application signs in as the owner, and `audit verify` says so")
def test_the_application_is_no_one_else(db: None) -> None:
    """Resetting the role, which undoes a SET ROLE, leads nowhere: it signs in as itself."""
    with connection.cursor() as cursor:
        sql = Sql(cursor)
        sql("reset role")
        sql("set session authorization default")
        assert sql.one("select current_user || ' ' || session_user") == "duly_app duly_app"


def test_the_application_owns_nothing(db: None) -> None:
    owned = """select count(*) from pg_class where relowner = 'duly_app'::regrole
               union all select count(*) from pg_proc where proowner = 'duly_app'::regrole"""
    with connection.cursor() as cursor:
        assert Sql(cursor)(owned) == [(0,), (0,)]
    with rolled_back_as_owner() as sql:
        sql("alter table seal owner to duly_app")
        assert sql(owned)[0][0] > 0
