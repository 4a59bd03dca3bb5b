"""The sample of an invoice for every kind of charge: typical use, retainers, commitments, discounts, what is ahead."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.agreements.terms import ChargeInput, DiscountInput, TierInput, VersionInput
from duly.billing.invoicing.sample import Sample, sample
from duly.billing.invoicing.typical import into_second
from tests.billing.test_agreements_pricing import (
    BUNDLE,
    CALLS,
    COMMITTED,
    DEPOSIT,
    EVERYTHING,
    HELD,
    HOURS,
    PREPAID,
    RETAINER,
    SEATS,
    SUMS,
    TAKE,
    TRAVEL,
)
from tests.world import TODAY, World

FEE = ChargeInput("fee", "recurring", "Maintenance", price=D(250), quantity=D(3), interval="month")
IN_TIERS = replace(CALLS, price=None, included=D(0), model="graduated", tiers=(
    TierInput(D(1000), D("0.02")), TierInput(None, D("0.01"), D(2))))
GRANTED = replace(RETAINER, grants=D(300), grants_of="value", rollover=0, borrow=False, covers=())


@pytest.fixture(autouse=True)
def metric(world: World) -> None:
    m.Metric.objects.create(code="calls", name="API calls", aggregation="sum")


def sampled(*charges: ChargeInput, **terms: object) -> Sample:
    version = VersionInput(TODAY, charges, **terms)  # type: ignore[arg-type]
    found = sample(actor=actor("fin"), on=TODAY, entity="HALDEN", account="ACME", currency="EUR", terms=version)
    assert found.problems == ()
    return found


def amounts(found: Sample) -> list[tuple[str, str, D]]:
    return [(line.kind, line.description, line.amount) for line in found.lines]


@pytest.mark.parametrize(("charge", "amount", "assumed"), [
    (CALLS, D("12.50"), "1,200 units of API calls"),  # 200 are included
    (IN_TIERS, D(27), "1,500 units of API calls"),  # 1,000 at 0.02, 500 at 0.01, and 2 for the tier
    (BUNDLE, D(24), "2,700 units of API calls"),  # 200 included, two and a half packages of 8
    (TAKE, D(25), "10 payments of 100 each for Card fees beyond what is free"),  # 2.9 % + 0.30, at most 2.50
    (SUMS, D(2000), "payments of 150,000 in all for Volume fee"),  # 1.5 % of 100,000, 1 % of the rest
    (HELD, D("18.75"), "a balance of 10,000 for Custody fee"),  # 0.75 % for 90 days of 360
])
def test_measured_charges_have_typical_use(charge: ChargeInput, amount: D, assumed: str) -> None:
    found = sampled(charge)
    assert [line.amount for line in found.lines] == [amount]
    assert found.assumed == (assumed,)
    assert found.total == found.net + found.tax


def test_a_fee_in_tiers_is_priced_by_the_quantity_of_its_phase() -> None:
    seats = replace(SEATS, trial_days=None, trial_price=None)
    assert sampled(replace(seats, minimum=None)).net == D("0.40")  # 20 since July, at 0.02
    assert amounts(sampled(seats)) == [("recurring", "Seats", D("0.40")), ("true_up", "Seats", D("4.60"))]  # at least 5


def test_a_trial_is_over_in_the_sample() -> None:
    tried = replace(FEE, trial_days=45)  # until 17 Dec: the first whole period after it is January
    assert [(line.service_from, line.amount) for line in sampled(tried).lines] == [(date(2027, 1, 1), D(750))]


def test_a_retainer_pays_the_first_hours() -> None:
    found = sampled(HOURS, replace(RETAINER, grants=D(36000 * 15 // 10)))  # 15 of the 20 hours
    assert [(line.description, line.quantity, line.amount) for line in found.lines] == [
        ("Consulting – paid by Support", D(15), D(0)), ("Consulting – Grace Hopper", D(5), D(550)),
        ("Support", D(1), D(1200))]


def test_a_retainer_by_value_pays_part_of_the_lines() -> None:
    found = sampled(HOURS, GRANTED)
    assert [(line.description, line.before, line.amount) for line in found.lines] == [
        ("Consulting – Ada Lovelace", D(950), D(650)), ("Consulting – Grace Hopper", None, D(1100)),
        ("Support", None, D(1200))]


def test_what_would_be_missing_of_a_commitment() -> None:
    found = sampled(CALLS, FEE, COMMITTED)
    assert amounts(found)[-1] == ("true_up", "Committed use", D("9987.50"))


def test_discounts_are_taken_in_their_order() -> None:
    found = sampled(FEE, CALLS, discounts=(
        DiscountInput("Launch", off=D(50), scope="charge", charges=("fee",)), DiscountInput("Partner", rate=D("0.1"))))
    assert [(line.description, line.before, line.amount) for line in found.lines] == [
        ("Maintenance", D(750), D(630)), ("API calls", D("12.50"), D("11.25"))]


def test_a_cap_that_stops_stops_the_sample() -> None:
    assert sampled(FEE, cap=D(700), cap_behaviour="stop").net == D(700)
    assert sampled(FEE, cap=D(700), cap_behaviour="warn").net == D(750)


def test_deposits_and_prepaid_credit_are_taken_off() -> None:
    found = sampled(HOURS, DEPOSIT, PREPAID)
    assert [(one.kind, one.name, one.net, one.due_on) for one in found.ahead] == [
        ("deposit", "Deposit", D(3000), date(2026, 2, 1)), ("credit", "Prepaid hours", D(500), date(2026, 2, 1))]
    assert [(line.kind, line.amount) for line in found.lines[2:]] == [("credit", D(-500)), ("deposit", D(-1550))]
    assert (found.net, found.tax) == (D(0), D(0))


def test_limits_of_expenses_are_shown_at_work() -> None:
    found = sampled(TRAVEL)
    assert amounts(found) == [("expense", "Travel", D(105)), ("expense", "Travel – Hotel", D(150)),
                              ("expense", "Travel – meals", D("37.50"))]
    assert [line.price for line in found.lines] == [D(105), D(150), D("37.50")]
    assert found.assumed == ("Hotel for 225", "meals for 57")


def test_a_voucher_takes_nothing_off_the_lines() -> None:
    found = sampled(HOURS, replace(PREPAID, name="Voucher", untaxed=True, expires_on=None))
    assert [(one.kind, one.name) for one in found.ahead] == [("voucher", "Voucher")]
    assert {line.kind for line in found.lines} == {"time"}
    assert found.total == sampled(HOURS).total


def test_what_only_bills_ahead_has_no_lines_yet() -> None:
    assert (sampled(DEPOSIT).lines, len(sampled(DEPOSIT).ahead)) == ((), 1)


def test_everything_at_once_adds_up() -> None:
    found = sampled(*EVERYTHING.charges, discounts=EVERYTHING.discounts, cap=EVERYTHING.cap, cap_behaviour="stop")
    assert sum(line.amount for line in found.lines) == found.net
    assert len(found.assumed) == 7


def test_terms_far_ahead_are_sampled_at_once() -> None:
    daily = replace(FEE, interval="day")
    later = ChargeInput("last", "one_off", "Last", price=D(5), due_on=date(2199, 1, 1))
    assert [line.amount for line in sampled(daily, later).lines] == [D(750), D(5)]


@pytest.mark.parametrize(("bounds", "quantity"), [
    ((), None), ((None,), None), ((1000, None), 1500), ((10, 20, None), 15), ((1, None), D("1.5")), ((1, 2), D("1.5")),
])
def test_typical_use_lies_in_the_second_tier(bounds: tuple[int | None, ...], quantity: D | None) -> None:
    tiers = tuple(TierInput(None if bound is None else D(bound)) for bound in bounds)
    assert into_second(tiers) == quantity
