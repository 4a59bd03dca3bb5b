"""Deferred revenue: what a fee in advance defers, and how it becomes revenue month by month."""

from datetime import date
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.accounts.actions.entities import set_lock_date
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, Refused
from duly.billing.ledger import releasing
from duly.billing.ledger.releasing import release_in_chunks
from duly.billing.reporting.audits import verify
from tests.billing.deferring import balance, billed, fee, release, releases
from tests.billing.races import ORDERS, race
from tests.world import NOW, World

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, and what is released is checked when it commits."""


def sound(world: World) -> bool:
    return not [found for found in verify(actor=world.actor("audra")) if not found.note]


def test_a_fee_in_advance_is_deferred_and_one_in_arrears_is_revenue(world: World) -> None:
    fee(world, "1200")
    invoice = billed(world)
    [kept] = m.Deferral.objects.filter(open_item=invoice.open_item)
    lines = {line.position: line for line in invoice.lines.all()}
    assert (kept.amount, kept.base_amount, kept.released) == (Decimal(1200), Decimal(1200), 0)
    assert (kept.period_from, kept.period_to) == (date(2026, 10, 1), date(2027, 10, 1))
    assert lines[kept.position].terms.timing == "advance"
    assert balance("deferred_revenue")[0] == -1200
    assert balance("revenue")[0] == -10 * 750  # ten months of support, in arrears
    assert sound(world)


def test_it_becomes_revenue_by_its_days_and_nothing_drifts(world: World) -> None:
    fee(world, "1000")
    billed(world)
    revenue = balance("revenue")[0]
    first = release(world, NOVEMBER)
    # booked in November: what October earned comes with it, 61 of 365 days
    assert releases() == [(NOVEMBER, "167.12")]
    assert (first.lines, first.entries, first.currency, first.amount, first.more) == (1, 1, "EUR", "167.12", False)
    done = release(world, date(2027, 12, 1))
    assert done.entries == 10
    assert [amount for _, amount in releases()] == [
        "167.12", "84.93", "84.94", "76.71", "84.93", "82.19", "84.93", "82.20", "84.93", "84.93", "82.19"]
    assert releases()[-1][0] == date(2027, 9, 30)
    assert balance("deferred_revenue")[0] == 0
    assert balance("revenue")[0] == revenue - 1000
    assert sound(world)


def test_the_same_again_and_an_earlier_month_release_nothing(world: World) -> None:
    fee(world, "1000")
    billed(world)
    release(world, DECEMBER)
    before = releases()
    for through in (DECEMBER, NOVEMBER, date(2026, 12, 3)):
        assert (release(world, through).lines, release(world, through).amount) == (0, "0.00")
    assert releases() == before


def test_what_belongs_to_a_closed_month_is_booked_in_the_first_open_one(world: World) -> None:
    fee(world, "365")
    billed(world)
    set_lock_date(actor=world.actor("fin"), at=NOW, entity="HALDEN", lock_date=DECEMBER)
    with pytest.raises(Refused, match="closed until 31 Dec 2026") as refused:
        release(world, DECEMBER)
    assert refused.value.law == 14
    release(world, date(2027, 1, 31))
    assert releases() == [(date(2027, 1, 31), "123.00")]


def test_a_month_that_has_not_begun_is_refused_and_one_under_way_is_not(world: World) -> None:
    with pytest.raises(Refused, match="December 2026 has not begun"):
        release(world, DECEMBER, on=NOVEMBER)
    assert release(world, NOVEMBER, on=date(2026, 11, 2)).lines == 0


def test_it_takes_the_right_to_close(world: World) -> None:
    with pytest.raises(Forbidden, match="close"):
        releasing.release_revenue(actor=world.actor("ben"), at=NOW, on=NOVEMBER, entity="HALDEN", through=NOVEMBER)


def test_chunks_go_on_where_they_were_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "CHUNK", 2)
    for number in range(5):
        fee(world, f"{100 + number}", number=f"FEE-{number}")
    billed(world)
    chunks = release_in_chunks(actor=world.actor("fin"), at=NOW, on=NOVEMBER, entity="HALDEN", through=NOVEMBER,
                               key="close")
    assert next(chunks).more
    rest = list(release_in_chunks(actor=world.actor("fin"), at=NOW, on=NOVEMBER, entity="HALDEN", through=NOVEMBER))
    assert [each.lines for each in rest] == [2, 1]
    assert m.RevenueRelease.objects.count() == 5
    assert sound(world)


def test_foreign_fees_are_released_at_the_rate_of_their_document(world: World) -> None:
    for day, rate in ((date(2026, 1, 1), "0.9217"), (date(2026, 11, 20), "0.5")):
        m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=day, rate=Decimal(rate), source="test")
    fee(world, "1000.10", currency="USD")
    invoice = billed(world, currency="USD")
    [kept] = m.Deferral.objects.filter(open_item=invoice.open_item)
    assert (kept.amount, kept.base_amount) == (Decimal("1000.10"), Decimal("921.79"))
    release(world, NOVEMBER)
    assert frames.rows("select amount, base_amount from revenue_release") == [(Decimal("167.14"), Decimal("154.05"))]
    release(world, date(2027, 9, 1))
    assert balance("deferred_revenue") == (0, 0)
    assert sound(world)


def test_unused_time_that_is_credited_is_released_with_its_days(world: World) -> None:
    """A line below zero takes back what another deferred: both become revenue by the same days."""
    fee(world, "365", less="-73")
    billed(world)
    release(world, NOVEMBER)
    assert sorted(amount for (amount,) in frames.rows("select amount from revenue_release")) == [
        Decimal("-12.2"), Decimal(61)]
    assert balance("deferred_revenue")[0] == Decimal("-243.2")
    assert frames.rows("""select count(*) from transfer t join entry e on e.id = t.entry_id
                           where e.kind = 'revenue_release'""") == [(2,)]
    assert sound(world)


@pytest.mark.parametrize("order", ORDERS)
def test_two_releases_at_once_release_once(world: World, order: str) -> None:
    """The second waits for the locks of the first, and then finds nothing left."""
    fee(world, "1000")
    billed(world)
    done = race(order, lambda: release(world, NOVEMBER), lambda: release(world, NOVEMBER))
    assert sorted(each.lines for each in done) == [0, 1]
    assert releases() == [(NOVEMBER, "167.12")]
