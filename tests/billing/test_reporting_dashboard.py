"""The dashboard's figures over a few invoices that can be added up by hand, by entity, book and currency."""

from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden
from duly.billing.reporting.dashboard import Board, dashboard
from tests.billing.cash import issued, receive
from tests.world import World

ON = date(2026, 11, 20)


@pytest.fixture
def books(world: World) -> World:
    """Acme: 100 due in a week, 200 45 days late. Zed: 300 of September, paid; 50 USD due, a rate of 0.9."""
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=date(2026, 1, 1), rate=D("0.9"), source="test")
    issued(world, "ZED", "300.00", on=date(2026, 9, 1), days=20)
    issued(world, "ACME", "200.00", on=date(2026, 9, 6), days=30)
    issued(world, "ZED", "50.00", on=date(2026, 10, 30), days=30, currency="USD", base_rate="0.8")
    issued(world, "ACME", "100.00", on=date(2026, 11, 2), days=25)
    receive(world, "300.00", account="ZED", on=date(2026, 11, 4), received_on=date(2026, 11, 4), allocate="oldest")
    frames.execute("set constraints all immediate")
    frames.execute("set constraints all deferred")
    return world


def board(who: str, *, mine: bool = False) -> Board:
    [found] = dashboard(actor=actor(who), on=ON, mine=mine)
    return found


def test_the_firm_at_a_glance(books: World) -> None:
    found = board("fin")
    assert (found.entity, found.currency, found.missing) == ("HALDEN", "EUR", ())
    assert (found.open.amount, found.open.count) == (D("345.00"), 3)  # 100 + 200 + 50 × 0.9
    assert (found.overdue.amount, found.overdue.count) == (D("200.00"), 1)
    assert (found.billed.amount, found.billed.before) == (D(100), D(40))  # October: 50 USD at 0.8
    assert (found.collected.amount, found.collected.before) == (D(300), D(0))
    assert found.billed.change == D("150.0")


def test_the_ageing_by_amount_and_count(books: World) -> None:
    found = {age.key: (age.amount, age.count, age.share) for age in board("fin").ageing}
    assert found == {"current": (D("145.00"), 2, D("42.0")), "1-30": (D(0), 0, D("0.0")),
                     "31-60": (D("200.00"), 1, D("58.0")), "61-90": (D(0), 0, D("0.0")), "90+": (D(0), 0, D("0.0"))}


def test_every_figure_names_the_list_behind_it(books: World) -> None:
    found = board("fin")
    assert (found.overdue.opens.list, found.overdue.opens.filters) == (
        "invoices", {"entity": "HALDEN", "settled": "overdue"})
    [late] = [age.opens.filters for age in found.ageing if age.key == "31-60"]
    assert (late["due_from"], late["due_to"]) == ("2026-09-21", "2026-10-20")
    assert found.late[0].opens.filters == {"entity": "HALDEN", "account": "ACME", "settled": "overdue"}


def test_the_months_and_how_fast_money_comes_in(books: World) -> None:
    found = board("fin")
    assert [month.month for month in found.months[-3:]] == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    assert [(month.billed, month.open) for month in found.months[-3:]] == [
        (D(500), D(500)), (D(40), D(540)), (D(100), D(340))]
    assert len(found.months) == 13
    # 340 ÷ (500 + 40 + 100) × (30 + 31 + 20) days
    assert found.collecting.dso == D("43.0")
    # November's 100 and October's 40, then 200 of September's 500: 20 + 31 + 12
    assert found.collecting.countback == D("63.0")
    assert found.collecting.days_to_pay == D("64.0")  # 300 after 64 days


def test_late_accounts_and_currencies_as_they_are(books: World) -> None:
    found = board("fin")
    assert [(late.account, late.amount, late.count, late.days_late) for late in found.late] == [
        ("ACME", D("200.00"), 1, 45)]
    assert [(each.currency, each.open, each.overdue, each.count) for each in found.currencies] == [
        ("EUR", D(300), D(200), 2), ("USD", D(50), D(0), 1)]


def test_a_book_shows_its_own_accounts_only(books: World) -> None:
    assert board("mara").open.amount == D("300.00")
    assert board("otto").open.amount == D("45.00")
    assert board("otto").late == ()
    m.Account.objects.filter(number="ZED").update(manager=m.User.objects.get(login="fin"))
    assert board("fin", mine=True).open.amount == D("45.00")


def test_a_currency_without_a_rate_is_named_and_counts_nowhere(world: World) -> None:
    issued(world, "ACME", "50.00", currency="GBP", base_rate="1.2")
    found = board("fin")
    assert found.missing == ("GBP",)
    assert found.open.amount == 0


def test_a_firm_without_anything_has_an_empty_board(world: World) -> None:
    found = board("fin")
    assert (found.open.amount, found.billed.amount, found.billed.change) == (0, 0, None)
    assert (found.run, found.late) == (None, ())
    assert found.collecting.dso is None
    assert {age.share for age in found.ageing} == {None}


def test_only_who_may_read_sees_it(world: World) -> None:
    with pytest.raises(Forbidden):
        dashboard(actor=Actor("nobody", 0), on=ON)
    assert dashboard(actor=actor("fin"), on=ON, entity="NOPE") == []
