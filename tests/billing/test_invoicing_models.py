"""What bill runs make of each charge model. Amounts are worked by hand; every explanation is replayed to its amount."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

from duly.billing import models as m
from duly.billing.agreements.terms import ChargeInput, DiscountInput, PhaseInput, TierInput
from tests.billing.models_world import NUMBER, agreed, amended, amounts, lines, metric, month, used
from tests.world import World

OCTOBER = month(10)
TIERS = (TierInput(D(1000), D("0.02")), TierInput(None, D("0.01"), D(2)))
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(12), quantity=D(5), interval="month", unit="seat")
CALLS = ChargeInput("calls", "usage", "API calls", interval="month", metric="calls", price=D("0.0125"), included=D(200))
MIDDLE = "2026-10-15T10:00:00Z"


def test_units_beyond_what_is_included(world: World) -> None:
    metric()
    agreed(world, CALLS, starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, 1000), ("calls", "2026-10-16T10:00:00Z", 200),
         ("calls", "2026-11-01T10:00:00Z", 5000))
    assert amounts(world, OCTOBER) == [("usage", "12.5")]


def test_tiers_packages_minimum_and_maximum(world: World) -> None:
    metric()
    graduated = replace(CALLS, price=None, included=D(0), model="graduated", tiers=TIERS)
    agreed(world, graduated, replace(graduated, code="volume", model="volume"),
           replace(graduated, code="steps", model="stair_step", tiers=(TierInput(D(100), flat=D(50)),
                                                                       TierInput(None, flat=D(120)))),
           replace(CALLS, code="packs", included=D(0), model="package", price=D(8), package_size=D(1000)),
           replace(CALLS, code="least", minimum=D(40)), replace(CALLS, code="most", maximum=D(10)),
           starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, 1500))
    # 1,000 × 0.02 + 500 × 0.01 + 2; 1,500 × 0.01 + 2; second step; 2 packages; 1,300 × 0.0125 = 16.25
    assert amounts(world, OCTOBER) == [
        ("usage", "27"), ("usage", "17"), ("usage", "120"), ("usage", "16"), ("usage", "16.25"), ("true_up", "23.75"),
        ("usage", "10")]


def test_groups_have_a_line_each_and_one_period(world: World) -> None:
    metric(group_by=["region"])
    agreed(world, replace(CALLS, included=D(0)), starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, (100, '{"region":"eu"}')), ("calls", MIDDLE, (40, '{"region":"us"}')))
    assert [(line.description, line.amount) for line in lines(world, OCTOBER)] == [
        ("API calls, eu", D("1.25")), ("API calls, us", D("0.5"))]


def test_nothing_used_moved_or_held_is_no_line(world: World) -> None:
    metric()
    metric("held", "latest")
    take = ChargeInput("take", "percentage", "Card fees", interval="month", metric="calls", rate=D("0.029"))
    held = ChargeInput("held", "balance", "Custody fee", interval="month", metric="held", rate=D("0.0075"))
    agreed(world, CALLS, take, held, starts_on=OCTOBER[0])
    assert amounts(world, OCTOBER) == []
    used(world, ("held", MIDDLE, 0))
    assert amounts(world, OCTOBER) == [], "nor is a balance of nothing"


def test_a_minimum_is_billed_where_nothing_moved(world: World) -> None:
    metric()
    take = ChargeInput("take", "percentage", "Card fees", interval="month", metric="calls", rate=D("0.029"))
    agreed(world, replace(take, minimum=D(40)), starts_on=OCTOBER[0])
    assert sorted(amounts(world, OCTOBER)) == [("percentage", "0"), ("true_up", "40")]


def test_fees_on_money_that_moves_and_is_held(world: World) -> None:
    metric()
    metric("held", "latest")
    take = ChargeInput("take", "percentage", "Card fees", interval="month", metric="calls", rate=D("0.029"),
                       fixed=D("0.30"), maximum_fee=D("2.50"))
    sums = ChargeInput("sums", "percentage", "Volume fee", interval="month", metric="calls",
                       model="graduated_percentage", tiers=(TierInput(D(120), D("0.015")), TierInput(None, D("0.01"))))
    held = ChargeInput("held", "balance", "Custody fee", interval="month", metric="held", rate=D("0.0075"))
    agreed(world, take, sums, held, starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, 100), ("calls", MIDDLE, 50),
         ("held", "2026-09-20T12:00:00Z", 1000000), ("held", "2026-10-16T12:00:00Z", 2000000))
    # min(100 × 2.9 % + 0.30, 2.50) + 50 × 2.9 % + 0.30; 120 × 1.5 % + 30 × 1 %; (15 × 1m + 16 × 2m) × 0.75 % ÷ 365
    assert amounts(world, OCTOBER) == [("percentage", "4.25"), ("percentage", "2.1"), ("balance", "965.75")]


def test_seats_in_tiers_by_phase_and_trial(world: World) -> None:
    tiered = replace(SEATS, price=None, model="graduated", quantity=D(15), tiers=(TierInput(D(10), D(10)),
                                                                                  TierInput(None, D(8))))
    ramped = replace(SEATS, code="ramp", phases=(PhaseInput(date(2026, 10, 16), quantity=D(8)),))
    tried = replace(SEATS, code="tried", trial_days=10)
    agreed(world, tiered, ramped, tried, starts_on=OCTOBER[0])
    # 10 × 10 + 5 × 8; 60 × 15/31 and 96 × 16/31; 60 × 21/31
    assert amounts(world, OCTOBER) == [
        ("recurring", "140"), ("recurring", "29.03"), ("recurring", "49.55"), ("recurring", "40.65")]


def test_versions_that_agree_the_same_do_not_part_a_period(world: World) -> None:
    agreed(world, SEATS, starts_on=OCTOBER[0])
    amended(world, date(2026, 10, 16), SEATS, cap=D(10000))
    assert amounts(world, OCTOBER) == [("recurring", "60")]


def test_a_new_price_parts_the_period_on_its_day(world: World) -> None:
    agreed(world, SEATS, starts_on=OCTOBER[0])
    amended(world, date(2026, 10, 16), replace(SEATS, price=D(24)))
    assert amounts(world, OCTOBER) == [("recurring", "29.03"), ("recurring", "61.94")]


def test_discounts_are_taken_in_their_order(world: World) -> None:
    agreed(world, SEATS, replace(SEATS, code="more", price=D(8)), starts_on=OCTOBER[0], discounts=(
        DiscountInput("Partner", rate=D("0.1")),
        DiscountInput("Launch", off=D(20), scope="charge", charges=("more",))))
    # 60 and 40 less 10 %: 54 and 36, then 20 off the second
    assert amounts(world, OCTOBER) == [("recurring", "54"), ("recurring", "16")]


def test_a_retainer_covers_hours_and_the_rest_is_billed(world: World) -> None:
    support = ChargeInput("support", "recurring", "Support", price=D(900), interval="month", grants=D(10 * 3600),
                          rollover=1)
    agreed(world, ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h"), support,
           starts_on=date(2026, 9, 1), grouping="rate")
    agreement = world.agreement(NUMBER)
    for place, (day, seconds) in enumerate(((date(2026, 9, 3), 4 * 3600), (date(2026, 10, 5), 12 * 3600),
                                            (date(2026, 10, 6), 5 * 3600))):
        world.time(seconds, on=day, agreement=agreement, project=None, source_key=f"r:{place}")
    found = lines(world, OCTOBER)
    # September uses 4 of 10 h and carries 6; October has 16 of 17 h, one hour is billed
    assert [(line.kind, line.quantity, line.amount) for line in found] == [
        ("time", D(3600), D(95)), ("covered", D(4 * 3600), D(0)), ("covered", D(16 * 3600), D(0)),
        ("recurring", D(1), D(900)), ("recurring", D(1), D(900))]


def test_a_retainer_that_was_not_agreed_for_a_while_goes_on(world: World) -> None:
    hours = ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h")
    support = ChargeInput("support", "recurring", "Support", price=D(900), interval="month", grants=D(10 * 3600))
    agreed(world, hours, support, starts_on=date(2026, 8, 1), grouping="rate")
    amended(world, date(2026, 9, 1), hours, grouping="rate")
    amended(world, OCTOBER[0], hours, support, grouping="rate")
    world.time(11 * 3600, on=date(2026, 10, 5), agreement=world.agreement(NUMBER), project=None, source_key="r:1")
    assert [(line.kind, line.quantity, line.amount) for line in lines(world, OCTOBER)] == [
        ("time", D(3600), D(95)), ("covered", D(10 * 3600), D(0)), ("recurring", D(1), D(900)),
        ("recurring", D(1), D(900))]


def test_each_of_two_retainers_grants_its_own(world: World) -> None:
    hours = ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h")
    first = ChargeInput("first", "recurring", "First", price=D(900), interval="month", grants=D(10 * 3600))
    second = replace(first, code="second", name="Second", grants=D(5 * 3600))
    agreement = agreed(world, hours, first, second, starts_on=date(2026, 9, 1), grouping="rate")
    amended(world, OCTOBER[0], hours, replace(first, grants=D(2 * 3600)), second, grouping="rate")
    world.time(8 * 3600, on=date(2026, 10, 5), agreement=agreement, project=None, source_key="r:1")
    assert [(line.description, line.quantity) for line in lines(world, OCTOBER) if line.kind == "covered"] == [
        ("First", D(2 * 3600)), ("Second", D(5 * 3600))]


def test_a_retainer_grants_nothing_while_it_is_paused(world: World) -> None:
    support = ChargeInput("support", "recurring", "Support", price=D(900), interval="month", grants=D(10 * 3600))
    agreement = agreed(world, ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h"), support,
                       starts_on=date(2026, 9, 1), grouping="rate")
    m.AgreementPause.objects.create(agreement=agreement, paused_from=OCTOBER[0], paused_to=OCTOBER[1])
    world.time(2 * 3600, on=date(2026, 10, 5), agreement=agreement, project=None, source_key="r:1")
    assert amounts(world, OCTOBER) == [("time", "190"), ("recurring", "900")]


def test_a_retainer_by_value_pays_what_it_covers(world: World) -> None:
    metric()
    pool = ChargeInput("pool", "recurring", "Pool", price=D(100), interval="month", grants=D(100), grants_of="value",
                       covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), pool, starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, 130))
    assert amounts(world, OCTOBER) == [("recurring", "100"), ("usage", "30")]


def test_value_that_is_left_rolls_over(world: World) -> None:
    metric()
    pool = ChargeInput("pool", "recurring", "Pool", price=D(100), interval="month", grants=D(100), grants_of="value",
                       rollover=1, covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), pool, starts_on=date(2026, 9, 1))
    used(world, ("calls", "2026-09-10T10:00:00Z", 40), ("calls", MIDDLE, 170))
    # September uses 40 of 100 and carries 60; October has 160
    assert amounts(world, OCTOBER) == [("recurring", "100"), ("recurring", "100"), ("usage", "0"), ("usage", "10")]


def test_value_that_is_borrowed_is_taken_from_the_next_period(world: World) -> None:
    metric()
    pool = ChargeInput("pool", "recurring", "Pool", price=D(100), interval="month", grants=D(100), grants_of="value",
                       borrow=True, covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), pool, starts_on=date(2026, 9, 1))
    used(world, ("calls", "2026-09-10T10:00:00Z", 130), ("calls", MIDDLE, 90))
    # September borrows 30 of October's 100, which has 70 left and borrows 20 of November's
    assert amounts(world, OCTOBER) == [("recurring", "100"), ("recurring", "100"), ("usage", "0"), ("usage", "0")]
    used(world, ("calls", "2026-10-16T10:00:00Z", 90))
    assert amounts(world, OCTOBER)[-1] == ("usage", "10"), "180 less 70 and the next period's 100"


def test_a_commitment_bills_what_is_missing(world: World) -> None:
    metric()
    committed = ChargeInput("commit", "commitment", "Committed use", price=D(50), interval="month", covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), committed, starts_on=OCTOBER[0])
    used(world, ("calls", MIDDLE, 30))
    assert amounts(world, OCTOBER) == [("usage", "30"), ("true_up", "20")]
    used(world, ("calls", "2026-10-17T10:00:00Z", 25))
    assert amounts(world, OCTOBER) == [("usage", "55")]


def test_each_period_of_a_commitment_counts_its_own_use(world: World) -> None:
    metric()
    committed = ChargeInput("commit", "commitment", "Committed use", price=D(50), interval="month", covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), committed, starts_on=date(2026, 9, 1))
    used(world, ("calls", "2026-09-10T10:00:00Z", 80))
    found = [(line.kind, line.amount, line.begins) for line in lines(world, OCTOBER)]
    assert found == [("usage", D(80), date(2026, 9, 1)), ("true_up", D(50), OCTOBER[0])]


def test_a_cap_that_stops(world: World) -> None:
    agreed(world, SEATS, starts_on=OCTOBER[0], cap=D(50), cap_behaviour="stop")
    assert amounts(world, OCTOBER) == [("recurring", "50")]
