"""Upgrades, downgrades, ends and pauses: from which day they hold, and what is told before anyone makes them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.actions.change import change_charge, pause, resume
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.terms import ChargeInput, TierInput
from duly.billing.invoicing.changing import previewed
from duly.billing.kernel.errors import NotFound, Refused
from tests.billing.models_world import NUMBER, agreed, amended, amounts, billed, month
from tests.world import NOW, World

SEPTEMBER, OCTOBER, NOVEMBER = month(9), month(10), month(11)
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(12), quantity=D(5), interval="month", timing="advance")


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def changed(world: World, wanted_on: date, **values: Any) -> str:
    found = change_charge(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats",
                          wanted_on=wanted_on, **values)
    return found.valid_from


@pytest.mark.parametrize(("values", "begins"), [
    ({"quantity": D(8)}, "2026-10-16"),  # an upgrade counts at once
    ({"quantity": D(3)}, "2026-11-01"),  # a downgrade when the period is over
    ({"quantity": D(3), "at_once": True}, "2026-10-16"),
    ({"price": D(20), "at_once": False}, "2026-11-01"),
])
def test_from_which_day_a_change_holds(world: World, values: dict[str, Any], begins: str) -> None:
    agreed(world, SEATS, starts_on=SEPTEMBER[0])
    assert changed(world, date(2026, 10, 16), **values) == begins
    latest = agreed_versions(world.agreement(NUMBER))[-1]
    assert latest.valid_from.isoformat() == begins
    assert latest.charges == (replace(SEATS, **{k: v for k, v in values.items() if k != "at_once"}),)


def test_what_cannot_be_changed_is_refused(world: World) -> None:
    tiered = replace(SEATS, code="tiered", model="volume", price=None, tiers=(TierInput(None, D(2)),))
    agreed(world, SEATS, tiered, starts_on=SEPTEMBER[0])
    with pytest.raises(Refused, match="agreed so already"):
        changed(world, OCTOBER[0], quantity=D(5))
    with pytest.raises(Refused, match="no terms on"):
        changed(world, date(2026, 8, 1), quantity=D(8))
    with pytest.raises(NotFound, match="no charge “chairs”"):
        change_charge(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="chairs",
                      wanted_on=OCTOBER[0], quantity=D(2))
    with pytest.raises(Refused, match="upgrade"):
        change_charge(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="tiered",
                      wanted_on=date(2026, 10, 2), quantity=D(2))
    weekly = replace(SEATS, code="weekly", interval="week")
    amended(world, date(2026, 9, 2), SEATS, tiered, weekly)
    with pytest.raises(Refused, match="which period"):
        change_charge(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="weekly",
                      wanted_on=date.max, quantity=D(2), at_once=False)
    changed(world, OCTOBER[0], quantity=D(8))
    with pytest.raises(Refused, match="has terms from 1 Oct 2026"):
        changed(world, SEPTEMBER[0], quantity=D(9))


def test_a_change_is_previewed_with_why_and_leaves_nothing(world: World) -> None:
    agreed(world, SEATS, starts_on=SEPTEMBER[0])
    billed(world, OCTOBER)
    events = m.Event.objects.count()
    told = previewed(actor=world.actor("fin"), on=world.today, agreement=NUMBER, until=OCTOBER[0],
                     change=lambda: changed(world, date(2026, 10, 16), quantity=D(8)))
    assert [(line.kind, line.amount, line.new) for line in told.lines] == [
        ("recurring", D("49.55"), True), ("unused", D("-30.97"), True)]
    assert (told.net, told.net_before, told.difference, told.answer) == (D("18.58"), D(0), D("18.58"), "2026-10-16")
    assert told.lines[1].explanation[0] == {"step": "billed", "add": "60", "line_id": m.InvoiceLine.objects.get(
        invoice__issued_on=OCTOBER[1], charge__code="seats", service_from=OCTOBER[0]).pk}
    assert m.Event.objects.count() == events
    assert len(agreed_versions(world.agreement(NUMBER))) == 1


def test_an_end_is_previewed(world: World) -> None:
    agreed(world, SEATS, starts_on=SEPTEMBER[0])
    fin = world.actor("fin")
    told = previewed(actor=fin, on=world.today, agreement=NUMBER, until=OCTOBER[0], change=lambda: end_agreement(
        actor=fin, at=NOW, on=world.today, agreement=NUMBER, ends_on=date(2026, 10, 15)))
    assert [(line.amount, line.new, line.gone) for line in told.lines] == [
        (D(60), False, False), (D("29.03"), True, False), (D(60), False, True)]


def test_a_pause_lasts_until_it_is_resumed(world: World) -> None:
    agreed(world, SEATS, starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    fin = world.actor("fin")
    pause(actor=fin, at=NOW, on=world.today, agreement=NUMBER, paused_from=date(2026, 10, 11), reason="Summer")
    assert amounts(world, NOVEMBER) == [("recurring", "19.35")]
    with pytest.raises(Refused, match="paused for some of these days"):
        pause(actor=fin, at=NOW, on=world.today, agreement=NUMBER, paused_from=date(2026, 12, 1))
    resume(actor=fin, at=NOW, on=world.today, agreement=NUMBER, resumed_on=date(2026, 11, 16))
    assert amounts(world, NOVEMBER) == [("recurring", "19.35"), ("recurring", "30")]
    with pytest.raises(Refused, match="no open pause"):
        resume(actor=fin, at=NOW, on=world.today, agreement=NUMBER, resumed_on=date(2026, 11, 20))
