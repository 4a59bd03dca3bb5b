"""Where a biller goes on: the oldest month that is over and still has something to bill."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.oldest import ToBill, oldest_to_bill
from duly.billing.kernel.errors import Forbidden, NotFound
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World, _agreement, _charge

OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def found(world: World, login: str = "ben", on: date = TODAY) -> ToBill | None:
    return oldest_to_bill(actor=world.actor(login), on=on, entity="HALDEN")


def test_charges_are_due_in_the_month_that_ends_them(world: World) -> None:
    assert found(world) == ToBill(date(2026, 1, 1), 0, 0, 1)  # Zed's support, since January
    bill(world)
    assert found(world) is None
    assert found(world, on=date(2026, 12, 1)) == ToBill(date(2026, 11, 1), 0, 0, 1)


@pytest.mark.parametrize(("interval", "timing", "month"), [
    ("quarter", "arrears", SEPTEMBER), ("quarter", "advance", date(2026, 7, 1)), ("month", "advance", date(2026, 7, 1)),
    ("year", "arrears", None),
])
def test_a_long_period_is_due_when_a_run_would_bill_it(
    world: World, interval: str, timing: str, month: date | None
) -> None:
    bill(world)
    with transaction.atomic():  # terms come with their version
        version = _agreement("ZED-NEW", "Licence", world.entity(), world.account("ZED"), "none")
        m.Agreement.objects.filter(pk=version.agreement_id).update(starts_on=date(2026, 7, 1))
        _charge(version, "licence", "recurring", "Licence", price=Decimal(90), interval=interval, timing=timing)
    due = found(world)
    assert (due and due.month) == month


def test_forgotten_work_comes_before_last_month(world: World) -> None:
    bill(world)
    world.time(3600, on=date(2026, 9, 29))
    world.time(1800, on=date(2026, 9, 30))
    world.expense("12.00", worked_on=date(2026, 9, 1))
    world.time(9000, on=date(2026, 8, 1), approved=False)
    world.time(9000, on=date(2026, 8, 1), billable=False, approved=False)
    world.time(9000, on=date(2026, 11, 1))  # this month is not over
    world.time(7200, on=date(2026, 10, 3))
    assert found(world) == ToBill(SEPTEMBER, 5400, 1, 0)
    bill(world)
    assert found(world) is None


def test_what_a_discarded_draft_freed_is_to_bill_again(world: World) -> None:
    world.time(3600)
    drafts = {draft.account.number: draft.pk for draft in bill(world)}
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["ACME"]])
    assert found(world) == ToBill(OCTOBER, 3600, 0, 0)
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["BIG"]])
    assert found(world) == ToBill(OCTOBER, 3600, 0, 1)


def test_it_is_of_the_accounts_that_the_actor_may_bill(world: World) -> None:
    world.time(3600)
    assert found(world, "mara") == ToBill(OCTOBER, 3600, 0, 1)  # Zed is Otto's
    with pytest.raises(Forbidden):
        found(world, "rita")
    with pytest.raises(NotFound):
        oldest_to_bill(actor=world.actor("ben"), on=TODAY, entity="NONE")


def test_a_payer_in_the_book_has_what_others_did(world: World) -> None:
    m.Account.objects.filter(number="ZED").update(bill_to=world.account("ACME"))
    world.time(60, quantity=Decimal(60), on=date(2026, 1, 31))
    assert found(world, "mara") == ToBill(date(2026, 1, 1), 60, 0, 1)
