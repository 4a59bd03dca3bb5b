"""The page of deferred revenue, its release, and what the pages of documents and receipts say of both."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from duly.billing import models as m
from tests.billing.cash import issued, receive
from tests.billing.deferring import balance, billed, fee, release
from tests.interfaces.web.acting import text
from tests.world import TODAY, World

ClientOf = Callable[[str], Client]


def words(answer: Any) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]+>", "", text(answer))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction."""


def test_a_page_without_deferred_revenue_says_so(world: World, client_of: ClientOf) -> None:
    assert "No revenue is deferred" in text(client_of("fin").get("/dashboard/deferred/"))


def test_a_dashboard_leads_to_the_page_of_its_entity(world: World, client_of: ClientOf) -> None:
    assert "/dashboard/deferred/?entity=HALDEN" in text(client_of("fin").get("/dashboard/?entity=HALDEN"))


def test_the_months_to_come_lead_to_their_documents(world: World, client_of: ClientOf) -> None:
    fee(world, "365")
    number = billed(world).number
    release(world, date(2026, 11, 30))
    page = words(client_of("fin").get("/dashboard/deferred/?entity=HALDEN&month=2026-12"))
    for said in ("€304.00", "December 2026", "€31.00", "€273.00", str(number), "€304.00 to come", "1 Oct 2026"):
        assert said in page
    assert "October 2026" not in page
    assert client_of("fin").get("/dashboard/deferred/?month=2026-99").status_code == 404
    assert client_of("fin").get("/dashboard/deferred/?entity=NOBODY").status_code == 404


def test_who_may_close_releases_a_month_from_the_page(world: World, client_of: ClientOf) -> None:
    fee(world, "365")
    billed(world)
    asked = {"entity": "HALDEN", "through": "2026-11"}
    assert client_of("ben").post("/dashboard/deferred/", asked).status_code == 403
    assert "Release</button>" not in text(client_of("ben").get("/dashboard/deferred/"))
    fin = client_of("fin")
    assert "Release</button>" in text(fin.get("/dashboard/deferred/"))
    said = text(fin.post("/dashboard/deferred/", asked, follow=True))
    assert "€61.00 is revenue now, through November 2026." in said
    assert balance("deferred_revenue")[0] == -304
    assert "Nothing was left to release" in text(fin.post("/dashboard/deferred/", asked, follow=True))


def test_where_all_is_released_the_page_says_so(world: World, client_of: ClientOf) -> None:
    fee(world, "100", interval="month", interval_count=2)
    invoice, fin = billed(world), client_of("fin")
    answer = fin.post("/dashboard/deferred/", {"entity": "HALDEN", "through": "2026-11"}, follow=True)
    for said in ("€100.00 is revenue now, through November 2026.", "No revenue is deferred"):
        assert said in text(answer)
    assert answer.status_code == 200
    [address] = re.findall(r'href="(/dashboard/deferred/[^"]+)"', fin.get(f"/invoices/{invoice.pk}/").content.decode())
    assert fin.get(address).status_code == 200


def test_a_manager_sees_the_deferred_revenue_of_their_book_only(world: World, client_of: ClientOf) -> None:
    fee(world, "365")
    billed(world)
    assert "No revenue is deferred" in words(client_of("mara").get("/dashboard/deferred/"))
    assert "€365.00" in words(client_of("otto").get("/dashboard/deferred/"))


def test_an_invoice_says_when_it_is_earned(world: World, client_of: ClientOf) -> None:
    fee(world, "365")
    invoice = billed(world)
    release(world, date(2026, 11, 30))
    page = text(client_of("ben").get(f"/invoices/{invoice.pk}/"))
    assert page.count(">Revenue</span>") == 2
    assert page.count(">Deferred</span>") == 10
    assert "€31.00" in re.sub(r"<[^>]+>", "", page)


def test_a_receipt_shows_the_exchange_difference_of_what_it_paid(world: World, client_of: ClientOf) -> None:
    number = issued(world, "ZED", "100", currency="USD", base_rate="0.9").number
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=TODAY, rate=Decimal("0.95"), source="t")
    made = receive(world, "100", account="ZED", currency="USD", allocate=[(number, None)])
    assert "Exchange gain of €5.00" in words(client_of("ben").get(f"/payments/{made.receipt}/"))
