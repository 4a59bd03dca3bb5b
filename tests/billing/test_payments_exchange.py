"""Exchange differences: what lies between the rate of a document and that of the money that pays it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.payments import actions
from duly.billing.reporting.audits import verify
from tests.billing.cash import issued, receive
from tests.billing.deferring import balance
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """What is posted is checked when it commits."""


def rate(value: str, on: date = TODAY) -> None:
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=on, rate=Decimal(value), source="test")


def differences() -> list[tuple[str, str, str]]:
    """The exchange differences as they are posted: debit, credit, base amount."""
    return [(debit, credit, f"{base:.2f}") for debit, credit, amount, base in frames.rows(
        """select d.role, c.role, t.amount, t.base_amount from transfer t join entry e on e.id = t.entry_id
             join chart_account d on d.id = t.debit_id join chart_account c on c.id = t.credit_id
            where e.kind = 'exchange_difference' order by t.id""") if amount == 0]


def dollars(world: World, total: str, base_rate: str) -> str:
    return str(issued(world, "ZED", total, currency="USD", base_rate=base_rate).number)


def pay(world: World, amount: str, *invoices: tuple[str, str | None], on: date = TODAY) -> actions.Received:
    return receive(world, amount, account="ZED", currency="USD", on=on, received_on=on,
                   allocate=[(number, None if part is None else Decimal(part)) for number, part in invoices])


def settled_in_both() -> bool:
    """Nothing is left on either control account, in dollars or in the base currency."""
    return balance("receivable") == balance("on_account") == (0, 0) and frames.rows(
        "select count(*) from open_item where balance <> 0 or base_balance <> 0") == [(0,)]


def test_money_that_is_worth_more_than_the_receivable_is_a_gain(world: World) -> None:
    invoice = dollars(world, "100", "0.9")
    rate("0.95")
    pay(world, "100", (invoice, None))
    assert frames.rows("""select e.kind, t.amount, t.base_amount from transfer t join entry e on e.id = t.entry_id
                           where e.kind <> 'invoice' order by e.id""") == [
        ("receipt", Decimal(100), Decimal(95)), ("allocation", Decimal(100), Decimal(90)),
        ("exchange_difference", Decimal(0), Decimal(5)),
    ]
    assert differences() == [("on_account", "exchange_difference", "5.00")]
    assert settled_in_both()


def test_money_that_is_worth_less_is_a_loss(world: World) -> None:
    invoice = dollars(world, "100", "0.9")
    rate("0.8555")
    pay(world, "100", (invoice, None))
    assert differences() == [("exchange_difference", "on_account", "4.45")]
    assert settled_in_both()


def test_at_the_same_rate_nothing_is_posted(world: World) -> None:
    invoice = dollars(world, "99.99", "0.9")
    rate("0.9")
    pay(world, "99.99", (invoice, None))
    assert differences() == []
    assert m.CashAllocation.objects.get().difference_entry is None
    assert settled_in_both()


def test_parts_are_rounded_and_the_last_takes_the_rest(world: World) -> None:
    """10 USD are 9.00 EUR; three parts of it take 3.00, and receipts of 3.33, 3.33, 3.34 USD are 3.16, 3.16, 3.17."""
    invoice = dollars(world, "10", "0.9")
    rate("0.95")
    for part in ("3.33", "3.33", "3.34"):
        pay(world, part, (invoice, None))
    assert [(one.target_base, one.source_base) for one in m.CashAllocation.objects.order_by("id")] == [
        (Decimal("3.00"), Decimal("3.16")), (Decimal("3.00"), Decimal("3.16")), (Decimal("3.00"), Decimal("3.17"))]
    assert settled_in_both()


def test_undoing_an_allocation_answers_its_difference(world: World) -> None:
    invoice = dollars(world, "100", "0.9")
    rate("0.95")
    made = pay(world, "100", (invoice, "40"))
    actions.unallocate(actor=world.actor("ben"), at=NOW, on=TODAY, allocation=made.allocated[0]["allocation"],
                       reason="Wrong invoice")
    assert differences() == [
        ("on_account", "exchange_difference", "2.00"), ("exchange_difference", "on_account", "2.00")]
    item = m.OpenItem.objects.get(label=invoice)
    assert (item.balance, item.base_balance) == (100, 90)
    assert balance("exchange_difference") == (0, 0)
    actions.allocate(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", receipt=made.number,
                     to=[(invoice, None)])
    assert settled_in_both()


def test_a_cent_that_is_worth_nothing_is_settled_all_the_same(world: World) -> None:
    invoice = dollars(world, "0.01", "0.01")
    rate("1.4")
    pay(world, "0.01", (invoice, None))
    assert settled_in_both()


steps = st.lists(st.tuples(st.sampled_from(["pay", "spread", "undo"]), st.integers(1, 3000), st.integers(0, 3)),
                 min_size=1, max_size=8)
rates_of = st.integers(5_000, 20_000).map(lambda n: f"{n}e-4")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(totals=st.lists(st.tuples(st.integers(1, 5000), rates_of), min_size=1, max_size=3), paying=rates_of,
       happened=steps)
def test_after_everything_is_settled_no_base_balance_is_left(
    world: World, totals: list[tuple[int, str]], paying: str, happened: list[tuple[str, int, int]],
) -> None:
    """Whatever was paid in part, taken back and paid again, in which order and at which rates."""
    on = _next_day()
    rate(paying, on)
    numbers = [str(issued(world, "ZED", f"{cents}e-2", currency="USD", base_rate=base, on=on).number)
               for cents, base in totals]
    for act, cents, place in happened:
        _act(world, act, cents, numbers[place % len(numbers)], on)
    for number in numbers:
        _clear(world, number, on)
    _spend(world, on)
    assert settled_in_both()
    assert not [found for found in verify(actor=world.actor("audra")) if not found.note]


def _next_day() -> date:
    """A day after all that is booked: each example goes on with the books of the one before."""
    [(last,)] = frames.rows("select greatest(max(booked_on), %s) from entry", [TODAY])
    return last + timedelta(days=1)


def _act(world: World, act: str, cents: int, number: str, on: date) -> None:
    actor = world.actor("ben")
    left = m.OpenItem.objects.get(label=number).balance
    live = frames.rows("""select c.id from cash_allocation c join open_item o on o.id = c.target_id where o.label = %s
        and c.answers_id is null and not exists (select from cash_allocation a where a.answers_id = c.id)
        order by c.id""", [number])
    if act == "undo" and live:
        actions.unallocate(actor=actor, at=NOW, on=on, allocation=live[cents % len(live)][0], reason="Again")
    elif act == "pay" and left:
        pay(world, f"{Decimal(cents) / 100}", (number, f"{min(left, Decimal(cents) / 100)}"), on=on)
    elif act == "spread":
        pay(world, f"{Decimal(cents) / 100}", on=on)


def _clear(world: World, number: str, on: date) -> None:
    if left := m.OpenItem.objects.get(label=number).balance:
        pay(world, f"{left}", (number, None), on=on)


def _spend(world: World, on: date) -> None:
    """Let the money that is left pay further invoices, each receipt one of its own."""
    unspent = "select label, -balance from open_item where control = 'on_account' and balance < 0"
    for label, left in frames.rows(unspent):
        number = str(issued(world, "ZED", f"{left}", currency="USD", base_rate="1.1111", on=on).number)
        actions.allocate(actor=world.actor("ben"), at=NOW, on=on, entity="HALDEN", receipt=label, to=[(number, None)])
