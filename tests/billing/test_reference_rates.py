"""Dated rates: added once, never rewritten, valid until the next of their key."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel.errors import Forbidden, Refused
from duly.billing.reference.actions import (
    Added,
    ExchangeRateInput,
    TaxRateInput,
    add_exchange_rates,
    add_tax_rates,
    preview_exchange_rates,
)
from duly.billing.reference.queries import exchange_rates_frame, rate_on, tax_components_frame, tax_rates_frame
from duly.billing.reference.seeds import STANDARD_SINCE, seed_rates
from duly.billing.reference.tax_actions import TaxComponentInput, add_tax_components
from tests.world import NOW, World


def austria(rate: str, valid_from: date, tax_class: str = "standard") -> TaxRateInput:
    return TaxRateInput("AT", tax_class, Decimal(rate), valid_from, "test")


def dollar(rate: str, valid_from: date) -> ExchangeRateInput:
    return ExchangeRateInput("USD", "EUR", Decimal(rate), valid_from, "ECB")


def test_a_tax_rate_holds_until_the_next_begins(world: World) -> None:
    rates = [austria("0.2", date(1984, 1, 1)), austria("0.21", date(2030, 1, 1))]
    assert add_tax_rates(actor=world.actor("anna"), at=NOW, rates=rates) == Added(2, 0)
    frame = tax_rates_frame()
    seen = frame.filter(country="AT").select("rate", "valid_from", "valid_to").rows()
    assert seen == [
        (Decimal("0.200000"), date(1984, 1, 1), date(2030, 1, 1)),
        (Decimal("0.210000"), date(2030, 1, 1), None),
    ]


def test_the_same_rates_again_change_nothing(world: World) -> None:
    rates = [austria("0.2", date(1984, 1, 1))]
    add_tax_rates(actor=world.actor("anna"), at=NOW, rates=rates)
    events = m.Event.objects.count()
    assert add_tax_rates(actor=world.actor("anna"), at=NOW, rates=rates) == Added(0, 1)
    assert m.Event.objects.count() == events


@pytest.mark.parametrize(("rates", "path", "words"), [
    ([austria("19", date(2027, 1, 1))], "[0].rate", "not a fraction"),
    ([austria("0.2", date(2027, 1, 1)), austria("0.2", date(2027, 1, 1), "luxury")], "[1].tax_class", "luxury"),
    ([austria("0.2", date(2027, 1, 1)), austria("0.21", date(2027, 1, 1))], "[1].rate", "is 0.2 already"),
    ([austria("0.1234567", date(2027, 1, 1))], "[0].rate", "too fine"),
])
def test_what_is_no_rate_is_refused_by_row(world: World, rates: list[TaxRateInput], path: str, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        add_tax_rates(actor=world.actor("anna"), at=NOW, rates=rates)
    [problem] = refusal.value.problems
    assert (problem.path, words in problem.text, bool(problem.remedy)) == (path, True, True)
    assert not m.TaxRate.objects.filter(country="AT").exists()


@pytest.mark.parametrize("places", [(), ("row 2", "row 3", "row 4")])
def test_a_preview_counts_each_rate_once(world: World, places: tuple[str, ...]) -> None:
    known = dollar("0.92", date(2026, 10, 1))
    add_exchange_rates(actor=world.actor("anna"), at=NOW, rates=[known])
    wrong = ExchangeRateInput("USD", "USD", Decimal(0), date(2026, 10, 1), "ECB")  # in two ways
    found = preview_exchange_rates(rates=[known, wrong, dollar("0.93", date(2026, 11, 1))], places=places)
    assert (found.added, found.unchanged, len(found.problems)) == (1, 1, 2)


def test_a_rate_that_was_in_force_stays(world: World) -> None:
    with pytest.raises(Refused, match="cannot be added"):
        add_tax_rates(actor=world.actor("anna"), at=NOW, rates=[
            TaxRateInput("DE", "standard", Decimal("0.16"), date(2021, 1, 1), "test")])


def component(name: str, rate: str | None, valid_from: date, **more: Any) -> TaxComponentInput:
    return TaxComponentInput("CA", name, Decimal(rate) if rate else None, valid_from, "test", **more)


def add_components(world: World, *taxes: TaxComponentInput) -> Added:
    return add_tax_components(actor=world.actor("anna"), at=NOW, taxes=taxes)


@pytest.mark.parametrize(("change", "path", "words"), [
    ({"position": 3}, "[0].position", "another place"),
    ({"compound": True}, "[0].compound", "another base"),
])
def test_a_tax_that_is_due_otherwise_from_a_day_stays(world: World, change: dict[str, Any], path: str,
                                                      words: str) -> None:
    qst = component("QST", "0.09975", date(2026, 1, 1), region="QC", position=2)
    assert add_components(world, qst) == Added(1, 0)
    assert add_components(world, qst) == Added(0, 1)
    with pytest.raises(Refused) as refusal:
        add_components(world, replace(qst, **change))
    [problem] = refusal.value.problems
    assert (problem.path, words in problem.text) == (path, True)
    assert add_components(world, replace(qst, **change, valid_from=date(2027, 1, 1))) == Added(1, 0)


def test_a_tax_is_the_same_however_it_is_spelled(world: World) -> None:
    """Two spellings at once would be two taxes on one base."""
    add_components(world, component("QST", "0.09", date(2026, 1, 1), region="QC"))
    add_components(world, component("qst ", "0.1", date(2027, 1, 1), region=" qc"))
    columns = ("region", "name", "valid_from", "valid_to")
    assert tax_components_frame().filter(country="CA").select(columns).rows() == [
        ("qc", "QST", date(2026, 1, 1), date(2027, 1, 1)), ("qc", "QST", date(2027, 1, 1), None)]


def test_a_biller_adds_no_rates(world: World) -> None:
    with pytest.raises(Forbidden):
        add_tax_rates(actor=world.actor("ben"), at=NOW, rates=[austria("0.2", date(1984, 1, 1))])


@pytest.mark.parametrize(("base", "quote", "on", "rate"), [
    ("EUR", "EUR", date(2026, 10, 1), "1"),
    ("USD", "EUR", date(2026, 9, 30), None),
    ("USD", "EUR", date(2026, 10, 1), "0.92"),
    ("USD", "EUR", date(2026, 10, 31), "0.92"),
    ("USD", "EUR", date(2026, 11, 1), "0.935"),
    ("EUR", "USD", date(2026, 11, 1), None),
])
def test_the_exchange_rate_of_a_day(world: World, base: str, quote: str, on: date, rate: str | None) -> None:
    rates = [dollar("0.92", date(2026, 10, 1)), dollar("0.935", date(2026, 11, 1))]
    add_exchange_rates(actor=world.actor("anna"), at=NOW, rates=rates)
    assert rate_on(base, quote, on) == (Decimal(rate) if rate else None)
    assert exchange_rates_frame("EUR")["valid_to"].to_list() == [date(2026, 11, 1), None]


def test_the_seed_covers_the_union_with_source_and_day() -> None:
    seeded = seed_rates([*STANDARD_SINCE, "CH", "US"])
    standard = {rate.country: rate for rate in seeded if rate.tax_class == "standard"}
    assert len(standard) == 27
    assert (standard["DE"].rate, standard["DE"].valid_from) == (Decimal("0.19"), date(2021, 1, 1))
    assert (standard["FI"].rate, standard["FI"].valid_from) == (Decimal("0.255"), date(2024, 9, 1))
    assert all("European Commission" in rate.source for rate in seeded)
    assert {rate.tax_class for rate in seeded if rate.country == "DE"} == {"standard", "reduced", "zero", "exempt"}


def test_the_seed_guesses_no_reduced_rate_among_several() -> None:
    assert {rate.tax_class for rate in seed_rates(["FR"])} == {"standard", "zero", "exempt"}
