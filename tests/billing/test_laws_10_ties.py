"""Law 10: the subledger ties to the ledger; a balance is the sum of dated movements that are only ever added."""

from datetime import date
from decimal import Decimal

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.test_laws_02_balance import MAKE_ENTRIES_OLD
from tests.billing.violations import Attempt, as_owner, violation

NO_TIE = "drop trigger postings_tie on posting_to_check"
NO_MOVES = "drop trigger open_item_moves on open_item_movement"
NO_PAIR = "drop trigger cash_allocation_moves_both on cash_allocation"


@violation("DU010", without=NO_TIE)
def test_the_control_account_is_posted_without_an_open_item(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "invoice"), "receivable", "revenue", "100")


@violation("DU010", without=NO_TIE)
def test_an_open_item_moves_without_a_posting(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100)
    with attempt(sql):
        raw.move(sql, item, raw.entry(sql, "invoice"), 100)


@violation("DU010", without=NO_TIE)
def test_an_open_item_moves_by_more_than_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100)
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "90")
        raw.move(sql, item, entry, 100)


@violation("DU010", without=NO_TIE)
def test_an_open_item_moves_in_another_currency_than_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100, currency="CHF")
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "100")
        raw.move(sql, item, entry, 100)


@violation("DU010", without=NO_TIE)
def test_an_open_item_moves_by_another_base_amount_than_is_posted(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100, currency="CHF")
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "100", currency="CHF", base="90")
        raw.move(sql, item, entry, 100, base=91)


@violation("DU010", without=(NO_MOVES, NO_TIE))
def test_an_open_item_moves_by_half_a_cent_of_the_base_currency(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100, currency="CHF")
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "100", currency="CHF", base="90")
        raw.move(sql, item, entry, 100, base="90.005")


@violation("open_item_base_balance_within",
           without="alter table open_item drop constraint open_item_base_balance_within")
def test_what_is_settled_keeps_a_base_balance(sql: Sql, attempt: Attempt) -> None:
    """A payment that books the money's base amount and no exchange difference."""
    raw.act(sql, "ben")
    items = {}
    for control, kind, debit, credit, base in (
            ("receivable", "invoice", "receivable", "revenue", 90),
            ("on_account", "receipt", "bank", "on_account", 95)):
        sign = 1 if control == "receivable" else -1
        items[control] = raw.open_item(sql, control, 100 * sign, currency="CHF")
        opening = raw.entry(sql, kind)
        raw.transfer(sql, opening, debit, credit, 100, currency="CHF", base=base)
        raw.move(sql, items[control], opening, 100 * sign, base=base * sign)
    with attempt(sql):
        paid = raw.entry(sql, "allocation")
        raw.transfer(sql, paid, "on_account", "receivable", 100, currency="CHF", base=90)
        raw.move(sql, items["receivable"], paid, -100, base=-90)
        raw.move(sql, items["on_account"], paid, 100, base=90)


@violation("DU010", without=NO_MOVES)
def test_an_open_item_loses_its_base_balance_without_an_exchange_difference(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100, currency="CHF")
    entry = raw.entry(sql, "invoice")
    raw.transfer(sql, entry, "receivable", "revenue", 100, currency="CHF", base=90)
    raw.move(sql, item, entry, 100, base=90)
    with attempt(sql):
        other = raw.entry(sql, "receipt")
        as_owner(sql, "alter table transfer disable trigger transfer_of_its_entry")
        raw.transfer(sql, other, "bank", "receivable", 0, currency="CHF", base=5)
        raw.move(sql, item, other, 0, base=-5)
        as_owner(sql, "insert into posting_to_check (entries) values (array(select max(id) from entry))")


@violation("DU010", without=NO_TIE)
def test_a_posting_is_added_after_an_early_check(sql: Sql, attempt: Attempt) -> None:
    """Checking before the commit does not free what comes after it."""
    raw.act(sql, "ben")
    entry = raw.entry(sql, "invoice")
    sql("set constraints all immediate")
    with attempt(sql):
        raw.transfer(sql, entry, "receivable", "revenue", "100")


@violation("42501", without="grant select, delete on posting_to_check to duly_app")
def test_what_is_to_be_checked_is_forgotten(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    with attempt(sql):
        raw.transfer(sql, raw.entry(sql, "invoice"), "receivable", "revenue", "100")
        sql("delete from posting_to_check")


@violation("DU010", without=(NO_MOVES, NO_TIE))
def test_an_open_item_opens_with_a_part_of_its_amount(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100)
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "60")
        raw.move(sql, item, entry, 60)


@violation("DU010", without=NO_MOVES)
def test_an_open_item_opens_on_another_day_than_it_is_booked(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.open_item(sql, "receivable", 100, on=date(2026, 11, 1))
    with attempt(sql):
        entry = raw.entry(sql, "invoice")
        raw.transfer(sql, entry, "receivable", "revenue", "100")
        raw.move(sql, item, entry, 100)


@violation("DU010", without=NO_MOVES)
def test_a_movement_belongs_to_an_old_entry(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    entry = raw.entry(sql, "receipt")
    item = raw.open_item(sql, "receivable", 0)
    as_owner(sql, *MAKE_ENTRIES_OLD)
    with attempt(sql):
        raw.move(sql, item, entry, 0)


@violation("DU010", without=NO_MOVES)
def test_a_movement_has_another_date_than_its_entry(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    entry, item = raw.entry(sql, "receipt"), raw.open_item(sql, "receivable", 0)
    with attempt(sql):
        sql("""insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on)
               values (%s, %s, 0, 0, '2026-12-01')""", item, entry)


@violation("42501", without="grant update on open_item to duly_app")
def test_a_balance_is_written_by_hand(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    with attempt(sql):
        sql("update open_item set balance = 0, base_balance = 0 where id = %s", item)


@violation("42501", without="grant insert on open_item to duly_app")
def test_an_open_item_is_born_with_a_balance(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        sql("""insert into open_item (entity_id, account_id, control, label, currency, amount, balance, booked_on,
                                      due_on)
               select %s, id, 'receivable', 'x', 'EUR', 5, 5, now(), now() from account limit 1""", raw.entity(sql))


@violation("DU003", given="grant update on open_item to duly_app", without="drop trigger open_item_fixed on open_item")
def test_an_open_item_goes_to_another_account(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("update open_item set account_id = (select id from account where number = 'ZED')")


@violation("DU003", given="grant delete on open_item_movement to duly_app",
           without="drop trigger open_item_movement_frozen on open_item_movement")
def test_a_movement_is_deleted(sql: Sql, attempt: Attempt) -> None:
    raw.issued(sql)
    with attempt(sql):
        sql("delete from open_item_movement")


@violation("DU010", without="drop trigger receipt_on_account on receipt")
def test_a_receipt_stands_for_less_than_was_received(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        raw.receipt(sql, "60.00", received="100.00")


@violation("DU010", without="drop trigger receipt_on_account on receipt")
def test_a_receipt_stands_on_another_customers_account(sql: Sql, attempt: Attempt) -> None:
    with attempt(sql):
        raw.receipt(sql, "60.00", account="ZED", from_account="ACME")


@violation("DU010", without=NO_PAIR)
def test_an_allocation_moves_nothing(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql)
    with attempt(sql):
        raw.allocate(sql, money, item, Decimal(19), raw.entry(sql, "allocation"))


@violation("DU010", without=(NO_PAIR, "alter table cash_allocation drop constraint cash_allocation_difference"))
def test_an_allocation_says_another_base_amount_than_it_moves(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql)
    with attempt(sql):
        raw.allocate(sql, money, item, Decimal(19), raw.moved(sql, money, item, Decimal(19)), bases=(18, 18))


@violation("cash_allocation_difference",
           without="alter table cash_allocation drop constraint cash_allocation_difference")
def test_an_allocation_has_a_difference_without_its_entry(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql)
    with attempt(sql):
        raw.allocate(sql, money, item, Decimal(19), raw.moved(sql, money, item, Decimal(19)), bases=(20, 19))


@violation("DU010", without=NO_PAIR)
def test_an_allocation_is_undone_in_part(sql: Sql, attempt: Attempt) -> None:
    _, item = raw.issued(sql)
    money = raw.receipt(sql)
    paid = raw.pay(sql, money, item, "100.00")
    with attempt(sql):
        raw.pay(sql, money, item, "-60.00", answers=paid)
