"""Each treatment from the books to the printed page: who sells what to whom, and what the document then says of its
tax, in each language."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from django.db import connection, transaction

from duly.billing import models as m
from duly.billing.invoicing.documents import documents
from duly.engine.tax import REASONS
from duly.formats.typeset import render
from tests.billing import raw
from tests.billing.test_invoicing_run import bill
from tests.billing.test_invoicing_taxes import subscription
from tests.world import World

BUSINESS_ABROAD = {"country": "FR", "kind": "business"}
CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, str, str]], ...] = (
    # buyer, its VAT id; seller; charge → category, reason, rate
    ("taxed here", {"country": "DE"}, {}, {}, ("S", "", "0.19")),
    ("reduced rate", {"country": "DE"}, {}, {"tax_class": "reduced"}, ("S", "", "0.07")),
    ("zero rate", {"country": "DE"}, {}, {"tax_class": "zero"}, ("Z", "zero_rate", "0")),
    ("exempt", {"country": "DE"}, {}, {"tax_class": "exempt"}, ("E", "exempt", "0")),
    ("reverse charge", BUSINESS_ABROAD, {}, {}, ("AE", "reverse_charge", "0")),
    ("goods to a business in the EU", BUSINESS_ABROAD, {}, {"supply": "goods"}, ("K", "intra_community", "0")),
    ("export of goods", {"country": "CH"}, {}, {"supply": "goods"}, ("G", "export", "0")),
    ("service to a business outside the EU", {"country": "CH"}, {}, {}, ("O", "outside_scope", "0")),
    ("seller without VAT id", {"country": "DE"}, {"registered": False}, {}, ("O", "not_registered", "0")),
    ("consumer in the one-stop shop", {"country": "FR", "kind": "person"}, {"one_stop_shop": True}, {},
     ("S", "", "0.2")),
    ("consumer without the one-stop shop", {"country": "FR", "kind": "person"}, {}, {}, ("S", "", "0.19")),
)


@pytest.mark.parametrize(("buyer", "seller", "charge", "taxed"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_a_treatment_reaches_the_printed_page_in_each_language(
        database: str, world: World, buyer: dict[str, Any], seller: dict[str, Any], charge: dict[str, Any],
        taxed: tuple[str, str, str]) -> None:
    category, reason, rate = taxed
    m.TaxRegistration.objects.filter(account__number="ACME").delete()
    account = world.account("ACME")
    m.Account.objects.filter(pk=account.pk).update(**buyer)
    if buyer.get("kind") == "business":
        m.TaxRegistration.objects.create(account=account, country="FR", number="FR40303265045")
    m.LegalEntity.objects.update(one_stop_shop=seller.get("one_stop_shop", False))
    if not seller.get("registered", True):
        m.TaxRegistration.objects.filter(entity__isnull=False).delete()
    subscription(world, "SEATS", "100", start=date(2026, 10, 1), **charge)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    [tax] = draft.tax_lines.all()
    assert (tax.category, tax.reason, tax.rate) == (category, reason, Decimal(rate))
    for language in ("en", "de", "fr"):
        with transaction.atomic(), connection.cursor() as cursor:
            raw.act(raw.Sql(cursor), "ben")
            m.Invoice.objects.filter(pk=draft.pk).update(language=language)
        [document] = documents([draft.pk])
        text = printed(document)
        said = REASONS[reason][language] if reason else ""
        assert document.tax_lines[0].reason == said
        assert words(said) in text
        assert (document.tax == 0) == (category != "S")


def printed(document: Any) -> str:
    return words(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render(document))).pages))


def words(text: str) -> str:
    """Without what breaks lines and words: spaces, hyphens at a line's end."""
    return "".join(text.replace("\u00ad", "").replace("-\n", "").replace("’", "'").split())
