"""Days that are billed and no longer agreed: what a bill run credits of them, whatever they cost and wherever they are
billed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.actions.change import change_charge, pause
from duly.billing.agreements.terms import ChargeInput
from duly.billing.invoicing.actions import discard
from duly.billing.invoicing.explain import explained
from tests.billing.models_world import NUMBER, agreed, amounts, billed, month, stored
from tests.world import NOW, World

SEPTEMBER, OCTOBER, NOVEMBER = month(9), month(10), month(11)
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(10), quantity=D(3), interval="month", timing="advance")
CARE = ChargeInput("care", "recurring", "Care", price=D(500), interval="month")


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def changed(world: World, on: date, **values: Any) -> None:
    change_charge(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats", wanted_on=on,
                  at_once=True, **values)


def test_what_was_free_is_billed_by_the_terms_that_hold_now(world: World) -> None:
    agreed(world, replace(SEATS, price=D(0)), starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    changed(world, date(2026, 9, 16), price=D(10))
    [invoice] = billed(world, OCTOBER)
    assert stored(invoice) == [("recurring", "15"), ("recurring", "30"), ("unused", "0")]
    assert amounts(world, OCTOBER) == []


def test_what_was_free_and_ends_is_no_line(world: World) -> None:
    agreed(world, replace(SEATS, price=D(0)), starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    end_agreement(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, ends_on=date(2026, 9, 10))
    assert amounts(world, OCTOBER) == []


def test_what_a_fee_lacked_of_its_minimum_is_credited_with_it(world: World) -> None:
    agreed(world, replace(SEATS, minimum=D(90)), CARE, starts_on=SEPTEMBER[0])
    [first] = billed(world, SEPTEMBER)
    assert stored(first) == [("recurring", "30"), ("recurring", "500"), ("true_up", "60")]
    changed(world, date(2026, 9, 16), quantity=D(20))
    # 90 × 15 ÷ 30 is credited; 20 × 10 × 15 ÷ 30 is billed
    assert amounts(world, OCTOBER) == [("recurring", "100"), ("recurring", "200"), ("recurring", "500"),
                                       ("unused", "-45")]
    billed(world, OCTOBER)
    end_agreement(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, ends_on=date(2026, 9, 10))
    # what is left of it stays for ten of the fifteen days; Care's last twenty days are credited too
    assert ("unused", "-15") in amounts(world, NOVEMBER)


def test_days_on_a_draft_are_not_billed_again_beside_a_credit(world: World) -> None:
    agreed(world, SEATS, CARE, starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    [draft] = billed(world, OCTOBER, issue=False)
    assert stored(draft) == [("recurring", "30"), ("recurring", "500")]
    pause(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats",
          paused_from=date(2026, 9, 16), paused_to=OCTOBER[0])
    [beside] = billed(world, NOVEMBER, issue=False)
    assert stored(beside) == [("recurring", "30"), ("recurring", "500"), ("unused", "-15")]


def test_what_is_left_of_days_in_pieces_goes_on_by_months_of_thirty_days(world: World) -> None:
    yearly = replace(SEATS, price=D(3600), quantity=D(1), interval="year", proration="thirty_day_month")
    agreed(world, yearly, CARE, starts_on=date(2026, 1, 1))
    billed(world, month(1))
    for first, period in ((3, SEPTEMBER), (7, OCTOBER), (2, NOVEMBER)):
        pause(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats",
              paused_from=date(2026, first, 1), paused_to=date(2026, first, 11))
        assert [amount for kind, amount in amounts(world, period) if kind == "unused"] == ["-100"]
        billed(world, period)


def test_what_a_discarded_draft_took_back_is_billed_again_beside_what_came_after_it(world: World) -> None:
    agreed(world, SEATS, CARE, starts_on=SEPTEMBER[0])
    [first] = billed(world, SEPTEMBER)
    shown = explained(actor=world.actor("ben"), on=world.today, document=first.pk)
    pause(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats",
          paused_from=SEPTEMBER[0], paused_to=date(2026, 9, 11))
    [draft] = billed(world, OCTOBER, issue=False)
    assert ("unused", "-10") in stored(draft)
    changed(world, date(2026, 9, 21), price=D(20))
    [later] = billed(world, OCTOBER)
    assert [one for one in stored(later) if one[0] == "unused"] == [("unused", "-10")]  # of the last ten days
    discard(actor=world.actor("ben"), at=NOW, on=world.today, drafts=[draft.pk])
    live = m.ChargeSpan.objects.filter(charge__code="seats", released=False, kind="regular", span_to__lte=OCTOBER[0])
    assert sum((one.span_to - one.span_from).days for one in live) == 30  # all of September, once
    assert explained(actor=world.actor("ben"), on=world.today, document=first.pk) == shown  # it says what it said
    [again] = billed(world, NOVEMBER)
    assert [one for one in stored(again) if one[0] == "unused"] == [("unused", "-10")]  # of the first ten
    assert [one for one in amounts(world, NOVEMBER) if one[0] == "unused"] == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_drafts_that_took_back_days_of_one_line_go_in_any_order(world: World, order: tuple[int, int]) -> None:
    agreed(world, SEATS, CARE, starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    drafts = []
    for first, until in ((1, 6), (11, 16)):
        pause(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, charge="seats",
              paused_from=date(2026, 9, first), paused_to=date(2026, 9, until))
        drafts += billed(world, OCTOBER, issue=False)
    for place in order:
        discard(actor=world.actor("ben"), at=NOW, on=world.today, drafts=[drafts[place].pk])
    live = m.ChargeSpan.objects.filter(charge__code="seats", released=False, span_to__lte=OCTOBER[0])
    assert [(one.span_from, one.span_to) for one in live] == [(SEPTEMBER[0], OCTOBER[0])]
    [again] = billed(world, OCTOBER, issue=False)
    assert [one for one in stored(again) if one[0] == "unused"] == [("unused", "-10")]
