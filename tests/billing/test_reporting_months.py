"""The monthly sums of an account: what the database keeps of what was billed and paid, in the base currency."""

from datetime import date
from decimal import Decimal as D

from django.db import connection

from duly.billing import models as m
from duly.billing.audit.verify import Scope
from duly.billing.kernel import frames
from duly.billing.payments.actions import allocate, unallocate
from duly.billing.reporting.audits import months as audit
from tests.billing import raw
from tests.billing.cash import issued, receive
from tests.billing.raw import Sql
from tests.world import NOW, World

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)


def months(account: str) -> list[tuple]:
    """month, billed, revenue, collected, settled, settled_days, late_days; as after the commit."""
    frames.execute("set constraints all immediate")
    frames.execute("set constraints all deferred")
    return frames.rows("""select k.month, billed, revenue, collected, settled, settled_days, late_days
        from account_month k join account a on a.id = k.account_id where a.number = %s order by k.month""", [account])


def test_a_month_sums_what_was_billed_and_paid(world: World) -> None:
    """300 billed on 5 October, due on 15 October; 240 of 250 received pay it on 4 November: 30 days, 20 late."""
    invoice = issued(world, "ACME", "300.00", on=date(2026, 10, 5), days=10)
    receipt = receive(world, "250.00", on=date(2026, 11, 4))
    allocate(actor=world.actor("ben"), at=NOW, on=date(2026, 11, 4), entity="HALDEN", receipt=receipt.number,
             to=[(str(invoice.number), D(240))])
    assert months("ACME") == [
        (OCTOBER, D(300), D(300), D(0), D(0), D(0), D(0)),
        (NOVEMBER, D(0), D(0), D(250), D(240), D(240 * 30), D(240 * 20)),
    ]
    assert list(audit(Scope(()))) == []


def test_what_is_undone_counts_against_its_own_month(world: World) -> None:
    issued(world, "ACME", "100.00", on=date(2026, 11, 2))
    receipt = receive(world, "100.00", on=date(2026, 11, 2), allocate="oldest")
    [made] = [each["allocation"] for each in receipt.allocated]
    unallocate(actor=world.actor("ben"), at=NOW, on=date(2026, 12, 2), allocation=made, reason="Wrong")
    assert [(month, settled, days) for month, _, _, _, settled, days, _ in months("ACME")] == [
        (NOVEMBER, D(100), D(0)), (DECEMBER, D(-100), D(-100 * 30))]
    assert list(audit(Scope(()))) == []


def test_foreign_money_counts_at_the_rate_at_which_it_was_booked(world: World) -> None:
    """200 USD issued at 0.9 are 180 EUR, however much the money later is worth."""
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=date(2026, 1, 1), rate=D("0.95"), source="test")
    issued(world, "ACME", "200.00", currency="USD", base_rate="0.9")
    receive(world, "200.00", currency="USD", allocate="oldest")
    assert months("ACME") == [(NOVEMBER, D(180), D(180), D(190), D(180), D(0), D(0))]
    assert list(audit(Scope(()))) == []


def test_revenue_is_what_was_billed_without_its_tax(world: World) -> None:
    with connection.cursor() as cursor:
        raw.issued(Sql(cursor))
    [(_, billed, revenue, *_)] = months("ACME")
    assert (billed, revenue) == (D(119), D(100))


def test_each_account_has_its_own_months(world: World) -> None:
    issued(world, "ACME", "10.00")
    issued(world, "ZED", "20.00")
    assert [row[1] for row in months("ACME")] == [D(10)]
    assert [row[1] for row in months("ZED")] == [D(20)]


def test_an_entitys_month_is_that_of_its_accounts(world: World) -> None:
    issued(world, "ACME", "10.00")
    issued(world, "ZED", "20.00")
    months("ACME")
    assert frames.rows("select month, sum(billed), sum(revenue) from entity_month group by 1") == [
        (NOVEMBER, D(30), D(30))]
