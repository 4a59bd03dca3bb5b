"""Law 2: an entry balances, being made of transfers; entries are never changed or deleted, only answered."""

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, as_owner, violation

MAKE_ENTRIES_OLD = (
    "alter table entry disable trigger entry_frozen",
    "update entry set recorded_at = now() - interval '1 day'",
    "alter table entry enable trigger entry_frozen",
)


@violation("transfer_positive", without="alter table transfer drop constraint transfer_positive")
def test_a_negative_amount_is_transferred(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "-10", base="-10")


@violation("transfer_between_two", without="alter table transfer drop constraint transfer_between_two")
def test_an_account_transfers_to_itself(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "bank", "10")


@violation("transfer_positive", without="alter table transfer drop constraint transfer_positive")
def test_nothing_is_transferred(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        entry = raw.entry(sql, "exchange_difference")
        raw.transfer(sql, entry, "bank", "exchange_difference", 0, currency="CHF", base=0)


@violation("DU002", without="drop trigger transfer_of_its_entry on transfer")
def test_an_exchange_difference_moves_an_amount(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        entry = raw.entry(sql, "exchange_difference")
        raw.transfer(sql, entry, "bank", "exchange_difference", 5, currency="CHF", base=5)


@violation("DU002", without="drop trigger transfer_of_its_entry on transfer")
def test_a_receipt_moves_a_base_amount_only(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "fees", 0, currency="CHF", base=5)


@violation("DU002", without="drop trigger transfer_of_its_entry on transfer")
def test_an_exchange_difference_goes_to_revenue(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "exchange_difference"), "bank", "revenue", 0, currency="CHF", base=5)


@violation("DU002", without="drop trigger transfer_of_its_entry on transfer")
def test_a_transfer_is_added_to_an_old_entry(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    entry = raw.entry(sql, "receipt")
    raw.transfer(sql, entry, "bank", "revenue", "10")
    as_owner(sql, *MAKE_ENTRIES_OLD)
    with attempt(sql):
        raw.transfer(sql, entry, "bank", "revenue", "10")


@violation("DU002", without="drop trigger transfer_of_its_entry on transfer")
def test_an_entry_posts_to_another_entitys_account(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    other = sql.one("""insert into legal_entity (code, name, street, street_2, postcode, city, region, country,
            base_currency, time_zone, fiscal_year_start, email, phone, website, legal_notice, language, colour)
        select 'OTHER', name, street, street_2, postcode, city, region, country, base_currency, time_zone,
               fiscal_year_start, email, phone, website, legal_notice, language, colour from legal_entity
        returning id""")
    foreign = sql.one("""insert into chart_account (entity_id, role, code, name) values (%s, 'revenue', '8400', 'x')
                         returning id""", other)
    with attempt(sql):
        sql("""insert into transfer (entry_id, debit_id, credit_id, currency, amount, base_amount)
               select %s, id, %s, 'EUR', 5, 5 from chart_account where role = 'bank'""",
            raw.entry(sql, "receipt"), foreign)


@violation("42501", without=("grant update on transfer to duly_app", "drop trigger transfer_frozen on transfer"))
def test_the_application_changes_a_transfer(sql: Sql, attempt: Attempt) -> None:
    raw.receipt(sql)
    with attempt(sql):
        sql("update transfer set credit_id = (select id from chart_account where role = 'fees')"
            " where credit_id = (select id from chart_account where role = 'revenue')")


@violation("DU003", given="grant update on entry to duly_app", without="drop trigger entry_frozen on entry")
def test_an_entry_is_moved_to_another_day_by_who_may_update(sql: Sql, attempt: Attempt) -> None:
    raw.receipt(sql)
    with attempt(sql):
        sql("update entry set booked_on = '2026-12-31'")


@violation("DU003", given="grant delete on transfer to duly_app", without="drop trigger transfer_frozen on transfer")
def test_transfers_are_deleted_by_who_may_delete(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    raw.transfer(sql, raw.entry(sql, "receipt"), "bank", "revenue", "10")
    with attempt(sql):
        sql("delete from transfer where amount = 10")


@violation("DU003", without="drop trigger chart_account_fixed on chart_account")
def test_an_account_of_the_chart_stands_for_something_else_later(sql: Sql, attempt: Attempt) -> None:
    as_owner(sql, "delete from chart_account where role = 'interest'")
    with attempt(sql):
        sql("update chart_account set role = 'interest' where role = 'receivable'")


@violation("DU002", without="drop trigger legal_entity_base_currency on legal_entity")
def test_the_base_currency_changes_under_the_ledger(sql: Sql, attempt: Attempt) -> None:
    raw.receipt(sql)
    with attempt(sql):
        sql("update legal_entity set base_currency = 'CHF'")
