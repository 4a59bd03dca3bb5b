"""What a preview says beside the drafts that a run would make: what waits already, and what is left out."""

from datetime import date
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.previewing import Preview, Unapproved, previewed
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, OCTOBER, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def october(world: World, login: str = "ben", *numbers: str) -> Preview:
    accounts = [world.account(number).pk for number in numbers] or None
    return previewed(actor=world.actor(login), on=TODAY, entity="HALDEN", period_from=OCTOBER[0], period_to=OCTOBER[1],
                     accounts=accounts)


def test_drafts_that_wait_are_named(world: World) -> None:
    world.time(7200)
    assert october(world).waiting == ()
    drafts = {draft.account.number: draft.pk for draft in bill(world)}
    world.time(3600)
    found = october(world)
    assert [(one.id, one.account, one.state) for one in found.waiting] == [
        (drafts["ACME"], "ACME", "draft"), (drafts["BIG"], "BIG", "draft"), (drafts["ZED"], "ZED", "draft")]
    assert found.waiting[0].total == Decimal("226.10")
    assert [one.account for one in found.drafts] == ["ACME"]
    assert {account: one.id for account, one in found.again.items()} == {"ACME": drafts["ACME"]}

    ben = world.actor("ben")
    actions.issue(actor=ben, at=NOW, on=TODAY, drafts=[drafts["ACME"]])
    actions.discard(actor=ben, at=NOW, on=TODAY, drafts=[drafts["BIG"]])
    assert [one.account for one in october(world).waiting] == ["ZED"]
    assert october(world, "ben", "ACME").waiting == ()
    assert october(world, "mara").waiting == ()  # Zed is Otto's
    later = previewed(actor=ben, on=TODAY, entity="HALDEN", period_from=date(2026, 11, 1), period_to=date(2026, 12, 1))
    assert later.waiting == ()


def test_work_that_nobody_approved_is_left_out_and_said(world: World) -> None:
    world.time(7200, approved=False, on=date(2026, 10, 9))
    world.expense("10.00", approved=False)
    world.time(60, approved=False, on=date(2026, 11, 1))
    world.time(60, approved=False, billable=False)
    assert october(world).unapproved == (Unapproved("ACME", "Acme GmbH", 2, 7200, date(2026, 10, 7)),)
    assert october(world, "otto").unapproved == ()
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("ZED"))
    assert len(october(world, "ben", "ZED").unapproved) == 1
