"""The database has what the code says: every trigger of the laws, the same currencies, the same life of an invoice."""

import itertools

from django.db import connection
from iso4217 import Currency

from duly.billing.audit import expected
from duly.engine.lifecycle import STATES, moves

OURS = "not t.tgisinternal and c.relnamespace = 'public'::regnamespace and c.relname not like 'procrastinate%%'"


def rows(query: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def test_the_triggers_are_those_of_the_laws(db: None) -> None:
    found = rows(f"select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid where {OURS}")
    assert set(found) == expected.triggers()
    assert len(found) > 80


def test_the_functions_are_those_of_the_laws(db: None) -> None:
    found = {name for (name,) in rows("""select p.proname from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'public'::regnamespace and p.proname not like 'procrastinate%%'""")}
    generated = {"currency_exponent", "is_minor_units", "is_invoice_move"}
    assert found == set(expected.functions()) | generated


def test_every_law_that_reads_tables_reads_ours(db: None) -> None:
    loose = rows("""select p.proname from pg_proc p join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'public'::regnamespace and p.proname not like 'procrastinate%%'
          and (l.lanname = 'plpgsql' or p.prosrc ~ '\\mfrom\\M \\w+ \\w')
          and not coalesce('search_path=public, pg_temp' = any(p.proconfig), false)""")
    assert loose == []


def test_the_currencies_are_those_of_iso_4217(db: None) -> None:
    codes = sorted({one.code for one in Currency} | {"XQX", "eur", ""})
    known = {one.code: one.exponent for one in Currency if one.exponent is not None}
    found = rows("select code, currency_exponent(code) from unnest(%s::text[]) as code", codes)
    assert dict(found) == {code: known.get(code) for code in codes}


def test_the_life_of_an_invoice_is_the_engines(db: None) -> None:
    pairs = list(itertools.product(STATES, STATES))
    allowed = [pair for pair in pairs if rows("select is_invoice_move(%s, %s)", *pair) == [(True,)]]
    assert tuple(sorted(allowed)) == moves()
