"""Every charge model as it is agreed: written and read back the same, refused by the path of what is wrong."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.sound import problems_of
from duly.billing.agreements.terms import ChargeInput, DiscountInput, LimitInput, PhaseInput, TierInput, VersionInput
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from tests.billing.test_agreements_verbs import JANUARY, agreed, amended
from tests.world import World

TIERS = (TierInput(Decimal(1000), Decimal("0.02")), TierInput(None, Decimal("0.01"), Decimal(2)))
SEATS = ChargeInput("seats", "recurring", "Seats", model="graduated", tiers=TIERS, interval="month", timing="advance",
                    quantity=Decimal(15), minimum=Decimal(5), maximum=Decimal(900), proration="thirty_day_month",
                    proration_down="none", trial_days=30, trial_price=Decimal(1),
                    phases=(PhaseInput(date(2026, 7, 1), quantity=Decimal(20)),))
CALLS = ChargeInput("calls", "usage", "API calls", interval="month", metric="calls", price=Decimal("0.0125"),
                    included=Decimal(200))
BUNDLE = replace(CALLS, code="sms", model="package", price=Decimal(8), package_size=Decimal(1000))
TAKE = ChargeInput("take", "percentage", "Card fees", interval="month", metric="calls", rate=Decimal("0.029"),
                   fixed=Decimal("0.30"), maximum_fee=Decimal("2.50"), free_count=10)
SUMS = ChargeInput("sums", "percentage", "Volume fee", interval="month", metric="calls", model="graduated_percentage",
                   tiers=(TierInput(Decimal(100000), Decimal("0.015")), TierInput(None, Decimal("0.01"))))
HELD = ChargeInput("held", "balance", "Custody fee", interval="quarter", metric="calls", rate=Decimal("0.0075"),
                   basis="closing", day_count="act_360")
RETAINER = ChargeInput("support", "recurring", "Support", interval="month", price=Decimal(1200), timing="advance",
                       grants=Decimal(36000), rollover=1, borrow=True, covers=("hours",))
COMMITTED = ChargeInput("commit", "commitment", "Committed use", interval="year", price=Decimal(10000),
                        covers=("calls",))
DEPOSIT = ChargeInput("deposit", "deposit", "Deposit", price=Decimal(3000), due_on=date(2026, 2, 1))
PREPAID = ChargeInput("prepaid", "credit", "Prepaid hours", price=Decimal(500), due_on=date(2026, 2, 1),
                      covers=("hours",), priority=1, expires_on=date(2027, 2, 1))
VOUCHER = ChargeInput("voucher", "credit", "Voucher", price=Decimal(200), due_on=date(2026, 2, 1), untaxed=True)
HOURS = ChargeInput("hours", "time", "Consulting", unit="h", rate_card="STD")
HOTEL = LimitInput("Hotel", Decimal(150))
TRAVEL = ChargeInput("travel", "expense", "Travel", markup=Decimal("0.05"),
                     limits=(HOTEL, LimitInput("meals", Decimal("37.50"))))
EVERYTHING = VersionInput(
    JANUARY, (HOURS, SEATS, CALLS, BUNDLE, TAKE, SUMS, HELD, RETAINER, COMMITTED, DEPOSIT, PREPAID, TRAVEL, VOUCHER),
    discounts=(DiscountInput("Partner", rate=Decimal("0.1")),
               DiscountInput("Launch", off=Decimal(50), scope="charge", charges=("seats", "calls"))),
    cap=Decimal(90000), cap_behaviour="stop", change_at_once=False, progressive_thresholds=(Decimal(1000),),
    progressive_every=Decimal(500),
)


@pytest.fixture
def metric(world: World) -> None:
    m.Metric.objects.create(code="calls", name="API calls", aggregation="sum")


def test_terms_of_every_model_are_read_back_as_they_were_agreed(world: World, metric: None) -> None:
    agreed(world, EVERYTHING)
    assert agreed_versions(world.agreement("A-1")) == [EVERYTHING]
    assert amended(world, EVERYTHING).outcome == "unchanged"


def test_what_differs_is_told_by_its_path(world: World, metric: None) -> None:
    agreed(world, EVERYTHING)
    cheaper = replace(SEATS, tiers=(TierInput(None, Decimal("0.01")),))
    dearer = replace(TRAVEL, limits=(HOTEL,))
    with pytest.raises(Refused) as refusal:
        amended(world, replace(EVERYTHING, charges=tuple(
            {SEATS: cheaper, TRAVEL: dearer}.get(one, one) for one in EVERYTHING.charges), discounts=()))
    found = {problem.path: problem.text for problem in refusal.value.problems}
    assert set(found) == {"charges[1].tiers", "charges[11].limits", "discounts"}
    assert found["charges[11].limits"].startswith(
        "category Hotel, at_most 150; category meals, at_most 37.5 was agreed, not category Hotel, at_most 150.")
    assert found["charges[1].tiers"].startswith("up_to 1000, price 0.02; price 0.01, flat 2 was agreed")


@pytest.mark.parametrize(("charge", "path"), [
    (replace(CALLS, metric="nothing"), "metric"),
    (replace(CALLS, metric=None), "metric"),
    (replace(CALLS, price=None), "price"),
    (replace(CALLS, timing="advance"), "timing"),
    (replace(CALLS, model="balance"), "model"),
    (replace(CALLS, tiers=TIERS), "tiers"),
    (replace(CALLS, package_size=Decimal(10)), "package_size"),
    (replace(CALLS, included=Decimal(-1)), "included"),
    (replace(BUNDLE, package_size=None), "package_size"),
    (replace(BUNDLE, package_size=Decimal(0)), "package_size"),
    (replace(SEATS, price=Decimal(3)), "price"),
    (replace(SEATS, tiers=()), "tiers"),
    (replace(SEATS, tiers=(TIERS[1], TIERS[1])), "tiers[0].up_to"),
    (replace(SEATS, tiers=TIERS[:1]), "tiers[0].up_to"),
    (replace(SEATS, tiers=(TIERS[0], TIERS[0], TIERS[1])), "tiers[1].up_to"),
    (replace(SEATS, tiers=(TierInput(None, Decimal(-1)),)), "tiers[0].price"),
    (replace(SEATS, minimum=Decimal(901)), "maximum"),
    (replace(SEATS, minimum=Decimal("0.001")), "minimum"),
    (replace(SEATS, trial_until=date(2026, 2, 1)), "trial_until"),
    (replace(SEATS, trial_days=None), "trial_price"),
    (replace(SEATS, trial_days=-1), "trial_days"),
    (replace(HOURS, code="more", minimum_seconds=-1), "minimum_seconds"),
    (replace(SEATS, phases=(PhaseInput(JANUARY),)), "phases[0].price"),
    (replace(SEATS, phases=(PhaseInput(JANUARY, price=Decimal(2)),)), "phases[0].price"),
    (replace(SEATS, phases=(PhaseInput(JANUARY, quantity=Decimal(2)),) * 2), "phases[1].begins_on"),
    (replace(SEATS, proration_down="weekly"), "proration_down"),
    (replace(TAKE, rate=None), "rate"),
    (replace(TAKE, rate=Decimal("NaN")), "rate"),
    (replace(TAKE, free_count=-1), "free_count"),
    (replace(TAKE, price=Decimal(1)), "price"),
    (replace(SUMS, rate=Decimal("0.1")), "rate"),
    (replace(HELD, day_count="act_364"), "day_count"),
    (replace(RETAINER, grants=Decimal(0)), "grants"),
    (replace(RETAINER, grants=None, borrow=False), "rollover"),
    (replace(RETAINER, covers=("nothing",)), "covers"),
    (replace(RETAINER, covers=("support",)), "covers"),
    (replace(COMMITTED, price=Decimal("0.001")), "price"),
    (replace(DEPOSIT, due_on=None), "due_on"),
    (replace(PREPAID, grants=Decimal(5)), "grants"),
    (replace(DEPOSIT, limits=(HOTEL,)), "limits"),
    (replace(TRAVEL, limits=(HOTEL, LimitInput(" HOTEL", Decimal(90)))), "limits[1].category"),
    (replace(TRAVEL, limits=(LimitInput("Straße", Decimal(1)), LimitInput("STRASSE", Decimal(1)))),
     "limits[1].category"),
    (replace(TRAVEL, limits=(LimitInput("  ", Decimal(90)),)), "limits[0].category"),
    (replace(TRAVEL, limits=(LimitInput("x" * 101, Decimal(90)),)), "limits[0].category"),
    (replace(TRAVEL, limits=(LimitInput("Hotel", Decimal(0)),)), "limits[0].at_most"),
    (replace(TRAVEL, limits=(LimitInput("Hotel", Decimal("0.005")),)), "limits[0].at_most"),
    (replace(TRAVEL, limits=(LimitInput("Hotel", Decimal("NaN")),)), "limits[0].at_most"),
    (replace(TRAVEL, limits=(LimitInput("Hotel", Decimal("1e12")),)), "limits[0].at_most"),
])
def test_a_price_that_does_not_hold_together(charge: ChargeInput, path: str) -> None:
    version = VersionInput(JANUARY, (HOURS, charge, *(() if charge.code == "calls" else (CALLS,))))
    [problem] = problems_of(version, "EUR", {"STD": "EUR"}, {"calls": "API calls"})
    assert (problem.path, bool(problem.remedy)) == (f"charges[1].{path}", True)


@pytest.mark.parametrize(("changes", "path"), [
    ({"discounts": (DiscountInput("Half", rate=Decimal("0.5"), off=Decimal(1)),)}, "discounts[0].rate"),
    ({"discounts": (DiscountInput("More", rate=Decimal("1.1")),)}, "discounts[0].rate"),
    ({"discounts": (DiscountInput("None", off=Decimal(0)),)}, "discounts[0].off"),
    ({"discounts": (DiscountInput("Whose", rate=Decimal("0.1"), scope="charge"),)}, "discounts[0].charges"),
    ({"discounts": (DiscountInput("Whose", rate=Decimal("0.1"), scope="charge", charges=("x",)),)},
     "discounts[0].charges"),
    ({"progressive_thresholds": (Decimal(5), Decimal(5))}, "progressive_thresholds"),
    ({"progressive_every": Decimal(0)}, "progressive_every"),
])
def test_terms_of_a_version_that_do_not_hold_together(changes: dict[str, object], path: str) -> None:
    version = replace(VersionInput(JANUARY, (HOURS,)), **changes)  # type: ignore[arg-type]
    [problem] = problems_of(version, "EUR", {"STD": "EUR"}, {})
    assert (problem.path, bool(problem.remedy)) == (path, True)


def test_all_models_hold_together() -> None:
    assert problems_of(EVERYTHING, "EUR", {"STD": "EUR"}, {"calls": "API calls"}) == []


@pytest.mark.parametrize(("statement", "law"), [
    ("insert into charge_tier (terms_id, above, price, flat) select id, 5, 1, 0 from charge_terms limit 1",
     "never added to"),
    ("""insert into expense_limit (terms_id, category, at_most)
        select t.id, 'Hotel', 5 from charge_terms t where t.name = 'Travel'""", "never added to"),
    ("""insert into discount (version_id, position, name, scope, rate)
        select id, 9, 'Late', 'agreement', 0.5 from agreement_version limit 1""", "never added to"),
])
def test_what_was_agreed_is_not_added_to(world: World, database: str, statement: str, law: str) -> None:
    from django.db import DatabaseError

    with pytest.raises(DatabaseError, match=law):
        frames.execute(statement)


def test_tiers_leave_no_gap(world: World, metric: None) -> None:
    from django.db import DatabaseError, transaction

    agreed(world, EVERYTHING)
    with pytest.raises(DatabaseError, match="leave a gap"), transaction.atomic():
        frames.execute("""insert into charge_tier (terms_id, above, price, flat)
            select terms_id, 2000, 1, 0 from charge_tier where above > 0 limit 1""")
