"""The page of taxes that an adviser reads, and the pages on which taxes are added and decided."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from duly.billing import models as m
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import text
from tests.world import World

ClientOf = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction."""


def words(answer: Any) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(answer)))


def test_an_adviser_reads_how_sales_are_taxed(world: World, client_of: ClientOf) -> None:
    m.TaxRate.objects.create(country="DE", tax_class="standard", rate=Decimal("0.18"), valid_from=date(2027, 1, 1),
                             source="A law")
    page = words(client_of("fin").get("/settings/taxes/"))
    for said in ("AE: Reverse charge", "They are in two countries, the seller is in the EU", "Art. 44, 196",
                 "In every other case.", "19%", "18% from 1 Jan 2027", "S: Taxed, at the buyer’s rate"):
        assert said in page


def test_known_rates_are_added_once(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    assert "rates are added" in text(anna.post("/settings/taxes/known/", {"countries": ["IT", "RO"]}, follow=True))
    rates = m.TaxRate.objects.filter(country="IT", tax_class="standard").order_by("valid_from")
    assert [(str(one.valid_from), one.rate) for one in rates][-1] == ("2013-10-01", Decimal("0.22"))
    assert m.TaxRate.objects.get(country="RO", tax_class="reduced_2", valid_from="2025-08-01").rate is None
    assert "Every class has its rates" in text(anna.post("/settings/taxes/known/", {"countries": ["IT", "RO"]},
                                                         follow=True))


def test_one_of_several_taxes_is_added(world: World, client_of: ClientOf) -> None:
    given = {"country": "CA", "region": "QC", "name": "QST", "tax_class": "standard", "rate": "9.975", "position": 2,
             "valid_from": "2013-01-01", "source": "Act"}
    page = words(client_of("anna").post("/settings/taxes/new/", given, follow=True))
    assert "The tax is added." in page
    assert "CA, QC QST standard 9.975%" in page
    refused = client_of("anna").post("/settings/taxes/new/", {**given, "rate": "8"})
    assert "A rate that was in force stays" in text(refused)


def test_the_classes_of_tax_have_words(world: World, client_of: ClientOf) -> None:
    for address in ("/settings/taxes/new/", "/settings/tax-rates/new/", "/settings/tax-rates/"):
        page = words(client_of("anna").get(address))
        assert ("Second reduced rate" in page, "Reduced_2" in page) == (True, False)


def test_a_biller_decides_on_the_tax_of_a_line(world: World, client_of: ClientOf) -> None:
    world.time(3600)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    ben, address = client_of("ben"), f"/invoices/{draft.pk}/tax/"
    form = text(ben.get(f"{address}?line=1"))
    version, key = (re.search(rf'name="{name}" value="([^"]+)"', form) for name in ("version", "key"))
    assert version
    assert key
    given = {"line": 1, "category": "E", "reason": "Certificate 4711", "version": version[1], "key": key[1]}
    page = words(ben.post(address, given, follow=True))
    for said in ("The draft is taxed as decided.", "decided by hand: Certificate 4711", "The tax was decided by hand"):
        assert said in page
    draft.refresh_from_db()
    assert draft.tax == 0


def test_the_tax_rules_of_an_account_are_on_its_page(world: World, client_of: ClientOf) -> None:
    anna = client_of("mara")
    anna.post("/accounts/ACME/tax-treatment/", {
        "category": "E", "reason": "Exempt by law", "certificate": "B-1", "valid_from": "2026-10-01"})
    page = words(anna.post("/accounts/ACME/withholding/", {
        "name": "Withholding tax", "rate": "7.5", "reason": "Treaty", "valid_from": "2026-10-01"}, follow=True))
    for said in ("Taxed as E since 1 Oct 2026: Exempt by law (B-1)", "7.5% is withheld since 1 Oct 2026: Treaty"):
        assert said in page
