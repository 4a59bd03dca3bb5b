"""What is told late of a period that is billed: the rest is as if it had been there, by the terms that billed it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.terms import ChargeInput
from tests.billing.models_world import NUMBER, agreed, amended, amounts, billed, metric, month, stored, used
from tests.world import NOW, World

SEPTEMBER, OCTOBER, NOVEMBER = (month(number) for number in range(9, 12))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


@pytest.mark.parametrize(("terms", "first", "then", "at_last"), [
    ({}, "10", "10", "10"),
    ({"maximum": D(15)}, "10", "5", None),
    ({"free_count": 2}, "0", None, "10"),
    ({"free_amount": D(150)}, "0", "5", "10"),
    ({"maximum_fee": D(8)}, "8", "8", "8"),
])
def test_what_comes_late_is_billed_as_if_it_had_been_there(
        world: World, terms: dict[str, Any], first: str, then: str | None, at_last: str | None) -> None:
    metric("paid")
    fee = ChargeInput("fee", "percentage", "Card fees", interval="month", metric="paid", rate=D("0.1"), **terms)
    agreed(world, fee, starts_on=SEPTEMBER[0])
    told = []
    for day, period in ((5, SEPTEMBER), (6, OCTOBER), (4, NOVEMBER)):
        used(world, ("paid", f"2026-09-{day:02}T12:00:00+00:00", 100))
        told.append([line for invoice in billed(world, period) for line in stored(invoice)])
    late = [[("late_usage", amount)] if amount else [] for amount in (then, at_last)]
    assert told == [[("percentage", first)], *late]


def test_what_comes_late_fills_a_minimum_first(world: World) -> None:
    metric("paid")
    agreed(world, ChargeInput("fee", "percentage", "Card fees", interval="month", metric="paid", rate=D("0.1"),
                              minimum=D(15)), starts_on=SEPTEMBER[0], ends_on=SEPTEMBER[0].replace(day=30))
    used(world, ("paid", "2026-09-05T12:00:00+00:00", 100))
    [invoice] = billed(world, SEPTEMBER)
    assert sorted(stored(invoice)) == [("percentage", "10"), ("true_up", "5")]
    used(world, ("paid", "2026-09-06T12:00:00+00:00", 100))
    [invoice] = billed(world, OCTOBER)
    assert stored(invoice) == [("late_usage", "5")]


def test_use_told_late_of_a_period_that_was_divided_or_cut_since_is_billed(world: World) -> None:
    metric()
    calls = ChargeInput("calls", "usage", "Calls", interval="month", metric="calls", price=D(1), minimum=D(50))
    agreed(world, calls, starts_on=SEPTEMBER[0])
    used(world, ("calls", "2026-09-05T12:00:00+00:00", 40))
    [invoice] = billed(world, SEPTEMBER)
    assert stored(invoice) == [("usage", "40"), ("true_up", "10")]
    amended(world, date(2026, 9, 16), replace(calls, price=D(2), minimum=None))
    used(world, ("calls", "2026-09-20T12:00:00+00:00", 30))
    [invoice] = billed(world, OCTOBER)
    assert stored(invoice) == [("late_usage", "20")]
    end_agreement(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, ends_on=date(2026, 9, 10))
    used(world, ("calls", "2026-09-06T12:00:00+00:00", 5))
    [invoice] = billed(world, NOVEMBER)
    assert stored(invoice) == [("late_usage", "5")]


def test_a_correction_gives_back_to_a_retainer_what_it_paid(world: World) -> None:
    metric()
    agreed(world, ChargeInput("care", "recurring", "Care", price=D(100), interval="month", grants=D(100),
                              grants_of="value", covers=("calls",)),
           ChargeInput("calls", "usage", "Calls", interval="month", metric="calls", price=D(1)), starts_on=SEPTEMBER[0])
    told = []
    for day, quantity, period in ((5, 130, SEPTEMBER), (6, -60, OCTOBER), (7, 20, NOVEMBER)):
        used(world, ("calls", f"2026-09-{day:02}T12:00:00+00:00", quantity))
        told.append(amounts(world, period))
        billed(world, period)
    assert told == [
        [("recurring", "100"), ("usage", "30")],
        [("recurring", "100"), ("late_usage", "-30")],  # 30 were paid, 30 are the retainer's again
        [("recurring", "100"), ("late_usage", "0")]]
