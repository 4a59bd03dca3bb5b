"""The list of agreements, rate cards, the page of an agreement, and the sample of an invoice by its terms."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.agreements.actions.agree import amend
from duly.billing.agreements.actions.rates import RateInput, add_rates
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.cards import cards, prices
from duly.billing.agreements.lists import AGREEMENTS, agreements
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.invoicing.sample import Sample, sample
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.listing import Query
from duly.billing.reporting.agreement_page import agreement_page
from tests.billing.cash import issued
from tests.world import NOW, TODAY, World

NEXT = date(2027, 1, 1)
HOURS = ChargeInput("hours", "time", "Consulting", unit="h", rate_card="STD")
FEE = ChargeInput("fee", "recurring", "Maintenance", price=D(250), quantity=D(3), interval="quarter")
SETUP = ChargeInput("set-up", "one_off", "Set-up", price=D(1500), due_on=date(2031, 2, 1))
TRAVEL = ChargeInput("travel", "expense", "Travel", markup=D("0.05"))
GO_LIVE = ChargeInput("go-live", "milestone", "Go-live", price=D(12000))


def sampled(*charges: ChargeInput, login: str = "fin", account: str = "ACME", **changes: Any) -> Sample:
    terms = VersionInput(changes.pop("valid_from", TODAY), charges)
    return sample(actor=actor(login), on=TODAY, entity="HALDEN", account=account, currency="EUR", terms=terms,
                  **changes)


@pytest.mark.parametrize(("state", "starts", "ends"), [
    ("in_force", date(2026, 1, 1), None), ("future", date(2027, 1, 1), None),
    ("ended", date(2026, 1, 1), date(2026, 11, 1)), ("ending", date(2026, 1, 1), date(2026, 11, 2)),
])
def test_the_list_says_how_an_agreement_stands(world: World, state: str, starts: date, ends: date | None) -> None:
    m.Agreement.objects.filter(number="ACME-TM").update(starts_on=starts, ends_on=ends)
    found = agreements(actor=actor("fin"), on=TODAY, query=Query({"state": state, "account": "ACME"}, "number"))
    assert [(row["number"], row["state"]) for row in found.rows] == [("ACME-TM", state)]


@pytest.mark.parametrize(("login", "numbers"), [
    ("fin", ["ACME-TM", "BIG-MS", "ZED-SUB"]), ("mara", ["ACME-TM", "BIG-MS"]), ("otto", ["ZED-SUB"])])
def test_the_list_holds_what_is_in_the_book_in_every_order(world: World, login: str, numbers: list[str]) -> None:
    for sort in AGREEMENTS.sorts:
        found = agreements(actor=actor(login), on=TODAY, query=Query({}, sort))
        assert sorted(row["number"] for row in found.rows) == numbers


def test_a_rate_card_shows_its_prices_through_time(world: World) -> None:
    add_rates(actor=actor("fin"), at=NOW, card="STD", rates=[
        RateInput(D(99), NEXT, person="ada"), RateInput(None, date(2026, 6, 1), person="grace"),
        RateInput(D(80), TODAY, role="Tester")])
    [card] = cards(actor=actor("mara"), on=TODAY)
    assert (card.code, card.prices, card.agreements) == ("STD", 2, 1)
    found = prices(actor=actor("mara"), on=TODAY, card="STD")
    assert [(one.person, one.role, one.price, one.state) for one in found] == [
        ("", "Tester", D(80), "now"), ("ada", "", D(95), "now"), ("ada", "", D(99), "later"),
        ("grace", "", D(110), "ended"), ("grace", "", None, "ended")]
    with pytest.raises(NotFound):
        prices(actor=actor("mara"), on=TODAY, card="NONE")


def test_the_page_of_an_agreement(world: World) -> None:
    known = agreed_versions(world.agreement("ACME-TM"))[0]
    amend(actor=actor("fin"), at=NOW, on=TODAY, agreement="ACME-TM", terms=replace(known, valid_from=NEXT, cap=D(900)))
    with CaptureQueriesContext(connection) as asked:
        page = agreement_page(actor=actor("mara"), on=TODAY, agreement="ACME-TM")
    assert [(one.state, one.valid_to, one.terms.cap) for one in page.versions] == [
        ("now", NEXT, None), ("later", None, D(900))]
    assert page.terms == page.versions[0].terms
    assert (page.account_name, page.entity, page.state, page.payment_days) == ("Acme GmbH", "HALDEN", "in_force", 30)
    assert [(one.code, one.items) for one in page.projects] == [("ACME-WEB", 0)]
    assert [(one.person, one.price) for one in page.prices] == [("ada", D(95)), ("grace", D(110))]
    assert len(asked) <= 15
    assert agreement_page(actor=actor("mara"), on=NEXT, agreement="ACME-TM").terms.cap == D(900)
    with pytest.raises(NotFound, match="not in your book"):
        agreement_page(actor=actor("otto"), on=TODAY, agreement="ACME-TM")


def test_the_page_says_what_the_agreement_billed(world: World) -> None:
    issued(world, "ACME", "200.00")
    [number] = m.Agreement.objects.filter(invoiceline__isnull=False).values_list("number", flat=True)
    assert agreement_page(actor=actor("fin"), on=TODAY, agreement=number).billed == D(200)


@pytest.mark.parametrize(("charge", "line"), [
    (FEE, ("Maintenance", D(3), D(250), D(750))), (SETUP, ("Set-up", D(1), D(1500), D(1500))),
    (TRAVEL, ("Travel", D(1), D(105), D(105))), (GO_LIVE, ("Go-live", D(1), D(12000), D(12000))),
])
def test_a_sample_has_one_of_each_charge(world: World, charge: ChargeInput, line: tuple[Any, ...]) -> None:
    found = sampled(charge)
    assert [(one.description, one.quantity, one.price, one.amount) for one in found.lines] == [line]
    assert (found.net, found.total, found.problems) == (line[-1], line[-1] * D("1.19"), ())


def test_a_sample_has_ten_hours_at_each_rate(world: World) -> None:
    found = sampled(HOURS)
    assert [(one.description, one.quantity, one.amount) for one in found.lines] == [
        ("Consulting – Ada Lovelace", D(10), D(950)), ("Consulting – Grace Hopper", D(10), D(1100))]


def test_a_sample_takes_a_whole_period_of_a_fee(world: World) -> None:
    [line] = sampled(FEE, valid_from=date(2026, 11, 15)).lines
    assert (line.service_from, line.service_to, line.amount) == (date(2027, 1, 1), date(2027, 3, 31), D(750))


def test_a_sample_is_taxed_as_the_account_is(world: World) -> None:
    assert sampled(FEE, account="BIG").tax == 0
    assert sampled(FEE, account="ACME").tax == D("142.50")


def test_a_sample_leaves_out_what_is_wrong_and_says_why(world: World) -> None:
    found = sampled(replace(FEE, price=None), SETUP, replace(HOURS, rate_card="NONE"))
    assert [line.description for line in found.lines] == ["Set-up"]
    assert [problem.path for problem in found.problems] == ["charges[0].price", "charges[2].rate_card"]


def test_a_sample_without_a_rate_says_so(world: World) -> None:
    m.RateCard.objects.create(code="EMPTY", name="Empty", currency="EUR")
    found = sampled(replace(HOURS, rate_card="EMPTY"), FEE)
    assert [line.description for line in found.lines] == ["Maintenance"]
    assert found.unpriced == ("no rate for this person on 2 Nov 2026; add one to the rate card.",)


def test_a_sample_of_an_amendment_knows_what_is_agreed(world: World) -> None:
    [terms] = agreed_versions(world.agreement("ACME-TM"))
    early = sampled(*terms.charges, agreement="ACME-TM", valid_from=date(2025, 12, 1))
    assert [problem.path for problem in early.problems] == ["valid_from"]
    own = replace(HOURS, project="ACME-WEB")
    assert sampled(own, agreement="ACME-TM").problems == ()
    assert [problem.path for problem in sampled(own).problems] == ["charges[0].project"]


def test_a_sample_stores_nothing_and_stays_in_the_book(world: World) -> None:
    tables = (m.Agreement, m.AgreementVersion, m.Charge, m.ChargeTerms, m.WorkItem, m.Invoice)
    before = [table.objects.count() for table in tables]  # type: ignore[attr-defined]
    sampled(HOURS, FEE, SETUP, TRAVEL, GO_LIVE)
    assert [table.objects.count() for table in tables] == before  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        sampled(FEE, login="otto")
