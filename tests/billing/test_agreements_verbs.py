"""Agreeing, amending, ending; rate cards and dated rates."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import agree, amend, end_agreement, put_project
from duly.billing.agreements.actions.rates import RateInput, add_rates, put_rate_card
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.queries import rates_frame, terms_frame
from duly.billing.agreements.sound import problems_of
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.reference.actions import Added
from duly.billing.reference.put import Put
from tests.world import NOW, TODAY, World

JANUARY, JULY = date(2026, 1, 1), date(2026, 7, 1)
HOURS = ChargeInput("hours", "time", "Consulting", unit="h", rate_card="STD")
FEE = ChargeInput("fee", "recurring", "Maintenance", price=Decimal("250"), interval="month")
MILESTONE = ChargeInput("go-live", "milestone", "Go-live", price=Decimal("12000"))
SETUP = ChargeInput("set-up", "one_off", "Set-up", price=Decimal("1500"), due_on=date(2026, 2, 1))
TRAVEL = ChargeInput("travel", "expense", "Travel", markup=Decimal("0.05"))
ALL = (HOURS, FEE, MILESTONE, SETUP, TRAVEL)
TERMS = VersionInput(JANUARY, ALL)
METRICS = {"calls": "API calls"}


def agreed(world: World, terms: VersionInput = TERMS, actor: str = "fin", **changes: Any) -> Put:
    described: dict[str, Any] = {"number": "A-1", "name": "Retainer", "entity": "HALDEN", "account": "ACME",
                                 "currency": "EUR", "projects": {"A-APP": "App"}, **changes}
    return agree(actor=world.actor(actor), at=NOW, on=TODAY, terms=terms, **described)


def amended(world: World, terms: VersionInput, agreement: str = "A-1") -> Put:
    return amend(actor=world.actor("fin"), at=NOW, on=TODAY, agreement=agreement, terms=terms)


def test_a_new_agreement_never_changes_one_that_is_there(world: World) -> None:
    assert agreed(world, new=True, key="once") == agreed(world, new=True, key="once")
    with pytest.raises(Refused, match="taken") as refusal:
        agreed(world, new=True, name="Another")
    assert paths(refusal) == ["number"]


def paths(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.path for problem in refusal.value.problems]


def test_what_was_agreed_is_there_as_agreed(world: World) -> None:
    assert agreed(world).outcome == "added"
    assert agreed_versions(world.agreement("A-1")) == [TERMS]
    acme = world.account("ACME")
    frame = terms_frame(world.entity().pk, [acme.pk]).filter(agreement="A-1")
    assert dict(frame.select("charge", "kind").rows()) == {charge.code: charge.kind for charge in ALL}


def test_agreeing_again_changes_nothing(world: World) -> None:
    agreed(world)
    events = m.Event.objects.count()
    assert agreed(world).outcome == "unchanged"
    assert m.Event.objects.count() == events


@pytest.mark.parametrize(("changes", "changed"), [
    ({"name": "Retainer 2026"}, ["name"]),
    ({"ends_on": date(2026, 12, 31)}, ["ends_on"]),
    ({"projects": {"A-APP": "App", "A-WEB": "Web"}}, ["projects.A-WEB"]),
])
def test_name_end_and_projects_may_change(world: World, changes: dict[str, Any], changed: list[str]) -> None:
    agreed(world)
    result = agreed(world, **changes)
    assert (result.outcome, result.changes) == ("changed", changed)


@pytest.mark.parametrize(("changes", "path"), [
    ({"account": "BIG"}, "account"), ({"currency": "USD"}, "currency"), ({"currency": "EURO"}, "currency"),
    ({"terms": replace(TERMS, valid_from=JULY)}, "starts_on"), ({"ends_on": date(2025, 12, 31)}, "ends_on"),
    ({"projects": {"ACME-WEB": "Web"}}, "projects"),
    ({"terms": replace(TERMS, charges=(HOURS, replace(FEE, price=Decimal(260)), *ALL[2:]))}, "charges[1].price"),
    ({"terms": replace(TERMS, charges=ALL[:-1])}, "charges"),
    ({"terms": replace(TERMS, charges=(*ALL, replace(SETUP, code="b")))}, "charges[5]"),
    ({"terms": replace(TERMS, payment_days=10)}, "payment_days"),
])
def test_nothing_else_changes_after_agreeing(world: World, changes: dict[str, Any], path: str) -> None:
    agreed(world)
    with pytest.raises(Refused) as refusal:
        agreed(world, **changes)
    assert paths(refusal) == [path]
    assert all(problem.remedy for problem in refusal.value.problems)


def test_new_terms_hold_from_a_later_day(world: World) -> None:
    agreed(world)
    later = replace(TERMS, valid_from=JULY, charges=(replace(FEE, price=Decimal(300)), HOURS), payment_days=14)
    assert amended(world, later).outcome == "added"
    assert amended(world, later).outcome == "unchanged"
    assert agreed_versions(world.agreement("A-1")) == [TERMS, later]
    for terms, path in ((replace(later, payment_days=7), "payment_days"),
                        (replace(later, valid_from=date(2026, 3, 1)), "valid_from"),
                        (replace(later, valid_from=date(2027, 1, 1), charges=(replace(TRAVEL, code="hours"),)),
                         "charges[0].kind")):
        with pytest.raises(Refused) as refusal:
            amended(world, terms)
        assert paths(refusal) == [path]


@pytest.mark.parametrize(("charge", "path"), [
    # each kind needs its terms
    (replace(HOURS, rate_card=None), "rate_card"),
    (replace(FEE, price=None), "price"),
    (replace(FEE, interval=None), "interval"),
    (replace(MILESTONE, price=None), "price"),
    (replace(SETUP, due_on=None), "due_on"),
    # and takes no others
    (replace(HOURS, price=Decimal(1)), "price"),
    (replace(TRAVEL, interval="month"), "interval"),
    (replace(MILESTONE, quantity=Decimal(2)), "quantity"),
    (replace(SETUP, markup=Decimal("0.1")), "markup"),
    # values that hold together
    (replace(HOURS, kind="surcharge"), "kind"),
    (replace(FEE, tax_class="luxury"), "tax_class"),
    (replace(FEE, interval="decade"), "interval"),
    (replace(FEE, price=Decimal("1.123456789")), "price"),
    (replace(FEE, quantity=Decimal(-1)), "quantity"),
    (replace(FEE, interval_count=0), "interval_count"),
    (replace(FEE, alignment="anchored"), "anchor"),
    (replace(FEE, anchor=JANUARY), "anchor"),
    (replace(MILESTONE, price=Decimal("0.005")), "price"),
    (replace(TRAVEL, markup=Decimal(-1)), "markup"),
    (replace(HOURS, rounding="up"), "increment_seconds"),
    (replace(HOURS, increment_seconds=900), "rounding"),
    (replace(HOURS, weekend_factor=Decimal(0)), "weekend_factor"),
    (replace(HOURS, weekend_factor=Decimal("1.333")), "weekend_factor"),
    (replace(HOURS, weekend_factor=Decimal("10.01")), "weekend_factor"),
    (replace(HOURS, overtime_factor=Decimal("1.5")), "overtime_after_seconds"),
    (replace(HOURS, overtime_after_seconds=28_800), "overtime_factor"),
    (replace(HOURS, overtime_factor=Decimal(2), overtime_after_seconds=0), "overtime_after_seconds"),
    (replace(HOURS, overtime_factor=Decimal(2), overtime_after_seconds=86_401), "overtime_after_seconds"),
    (replace(HOURS, overtime_factor=Decimal(-2), overtime_after_seconds=28_800), "overtime_factor"),
    (replace(TRAVEL, weekend_factor=Decimal(2)), "weekend_factor"),
    (replace(HOURS, rate_card="USD"), "rate_card"),
    (replace(HOURS, rate_card="NONE"), "rate_card"),
])
def test_a_charge_that_does_not_hold_together(charge: ChargeInput, path: str) -> None:
    cards = {"STD": "EUR", "USD": "USD"}
    [problem] = problems_of(VersionInput(JANUARY, (charge,)), "EUR", cards, METRICS)
    assert (problem.path, bool(problem.remedy)) == (f"charges[0].{path}", True)


@pytest.mark.parametrize("charge", [
    *ALL,
    replace(HOURS, rounding="up", increment_seconds=900, minimum_seconds=1800, project="A-APP"),
    replace(HOURS, weekend_factor=Decimal("0.75")),
    replace(HOURS, weekend_factor=Decimal(10), overtime_factor=Decimal("1.25"), overtime_after_seconds=86_400),
    replace(FEE, alignment="anchored", anchor=date(2026, 1, 31), timing="advance", quantity=Decimal("2.5")),
])
def test_a_charge_that_does(charge: ChargeInput) -> None:
    assert problems_of(VersionInput(JANUARY, (charge,)), "EUR", {"STD": "EUR"}, METRICS) == []


@pytest.mark.parametrize(("terms", "path"), [
    (replace(TERMS, charges=()), "charges"),
    (replace(TERMS, charges=(HOURS, HOURS)), "charges[1].code"),
    (replace(TERMS, cap=Decimal("0.001")), "cap"),
    (replace(TERMS, review="maybe"), "review"),
    (replace(TERMS, purchase_order="4500"), "purchase_order"),
    (replace(TERMS, charges=(replace(HOURS, project="BIG-MIG"),)), "charges[0].project"),
])
def test_terms_that_do_not_hold_together(world: World, terms: VersionInput, path: str) -> None:
    with pytest.raises(Refused) as refusal:
        agreed(world, terms)
    assert paths(refusal) == [path]
    assert not m.Agreement.objects.filter(number="A-1").exists()


def test_an_agreement_may_use_the_payers_purchase_order(world: World) -> None:
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("BIG"))
    m.PurchaseOrder.objects.create(account=world.account("BIG"), number="4500", currency="EUR")
    agreed(world, replace(TERMS, purchase_order="4500"))
    frame = terms_frame(world.entity().pk, [world.account("BIG").pk]).filter(agreement="A-1")
    assert set(frame["purchase_order"]) == {"4500"}


def test_agreements_stay_in_the_book(world: World) -> None:
    for act in (
        lambda: agreed(world, actor="otto"),
        lambda: end_agreement(actor=world.actor("otto"), at=NOW, on=TODAY, agreement="ACME-TM", ends_on=TODAY),
        lambda: amend(actor=world.actor("otto"), at=NOW, on=TODAY, agreement="ACME-TM", terms=TERMS),
        lambda: put_project(actor=world.actor("otto"), at=NOW, on=TODAY, agreement="ACME-TM", code="X", name="X"),
    ):
        with pytest.raises(NotFound, match="not in your book"):
            act()
    assert agreed(world, actor="mara").outcome == "added"


def test_an_agreement_ends_and_runs_on(world: World) -> None:
    who: dict[str, Any] = {"actor": world.actor("mara"), "at": NOW, "on": TODAY, "agreement": "ACME-TM"}
    for ends_on, outcome in ((TODAY, "changed"), (TODAY, "unchanged"), (None, "changed")):
        assert end_agreement(**who, ends_on=ends_on).outcome == outcome
    with pytest.raises(Refused, match="began on"):
        end_agreement(**who, ends_on=date(2025, 12, 31))
    with pytest.raises(NotFound):
        end_agreement(**{**who, "agreement": "NONE"}, ends_on=None)


def rated(world: World, *rates: RateInput, actor: str = "fin") -> Added:
    put_rate_card(actor=world.actor("fin"), at=NOW, code="R", name="Rates", currency="EUR")
    return add_rates(actor=world.actor(actor), at=NOW, card="R", rates=rates)


def test_rates_are_added_once_and_end_without_a_price(world: World) -> None:
    rates = (
        RateInput(Decimal("95.50"), JANUARY, person="ada"),
        RateInput(Decimal(80), JANUARY, role="Developer", task="Review", project="ACME-WEB"),
        RateInput(None, JULY, role="developer ", task="REVIEW", project="ACME-WEB"),
    )
    assert rated(world, *rates) == Added(3, 0)
    events = m.Event.objects.count()
    assert rated(world, *rates) == Added(0, 3)
    assert m.Event.objects.count() == events
    frame = rates_frame([m.RateCard.objects.get(code="R").pk])
    assert frame.select("role", "task", "valid_to").rows() == [(None, None, None), ("Developer", "Review", JULY)]


@pytest.mark.parametrize(("rate", "path"), [
    (RateInput(Decimal(1), JANUARY, person="nobody"), "[1].person"),
    (RateInput(Decimal(1), JANUARY, project="NONE"), "[1].project"),
    (RateInput(Decimal(-1), JANUARY), "[1].price"),
    (RateInput(Decimal("0.000000001"), JANUARY), "[1].price"),
    (RateInput(Decimal(96), JANUARY, person="ada"), "[1].price"),
])
def test_rates_that_are_none(world: World, rate: RateInput, path: str) -> None:
    with pytest.raises(Refused) as refusal:
        rated(world, RateInput(Decimal(95), JANUARY, person="ada"), rate)
    assert paths(refusal) == [path]


def test_a_rate_card_is_not_changed_from_a_book(world: World) -> None:
    with pytest.raises(Forbidden, match="own book only"):
        rated(world, RateInput(Decimal(95), JANUARY), actor="mara")
    with pytest.raises(Refused, match="is in EUR"):
        put_rate_card(actor=world.actor("fin"), at=NOW, code="STD", name="Standard", currency="USD")
    with pytest.raises(Refused, match="taken"):
        put_rate_card(actor=world.actor("fin"), at=NOW, code="STD", name="Other", currency="EUR", new=True)
