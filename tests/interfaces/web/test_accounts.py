"""Accounts: the list, all of one on a page, and the forms that change it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from tests.billing.cash import issued, receive
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
Counts = Callable[[], AbstractContextManager[Any]]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"
NORD = {"number": "NORD/1", "name": LONG, "kind": "business", "street": "Elbchaussee 1", "city": "Hamburg",
        "country": "DE", "currency": "eur", "language": "de", "payment_days": "14", "key": "k1"}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def books(world: World) -> World:
    """Acme owes a sum of twelve digits, and paid part of it."""
    issued(world, "ACME", "240000000000.00", on=date(2026, 9, 6), days=30)
    receive(world, "250.00", on=date(2026, 11, 2), allocate=[("R2026-00001", Decimal(150))])
    m.Account.objects.filter(number="ACME").update(name=LONG, sort_name=LONG.casefold())
    m.PurchaseOrder.objects.create(account=world.account("ACME"), number="PO-7", currency="EUR", amount=Decimal(900))
    return world


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def test_the_list_holds_the_book_with_balances(books: World, client_of: ClientOf) -> None:
    text = text_of(client_of("ben"), "/accounts/")
    assert "€239,999,999,850.00" in text
    assert "Zed AG" in text
    assert "Zed AG" not in text_of(client_of("mara"), "/accounts/")
    assert "Zed AG" not in text_of(client_of("ben"), "/accounts/?owes=overdue")


def test_all_of_an_account_on_a_page(books: World, client_of: ClientOf) -> None:
    text = text_of(client_of("mara"), "/accounts/ACME/")
    for said in ("€239,999,999,850.00", "27 days late", "managed by Mara", "Website relaunch", "PO-7",
                 "Invoice R2026-00001 issued", "€250.00 received", "Q2026-00001", "DE811569869", "ap@acme.example"):
        assert said in text


@pytest.mark.parametrize("address", ["", "edit/", "manager/", "contact/", "tax-number/", "purchase-order/", "unbilled/",
                                     "history/"])
def test_an_account_outside_the_book_is_not_there(world: World, client_of: ClientOf, address: str) -> None:
    assert client_of("otto").get(f"/accounts/ACME/{address}").status_code == 404
    assert client_of("ben").get(f"/accounts/NONE/{address}").status_code == 404


def test_who_only_reads_is_offered_nothing(world: World, client_of: ClientOf) -> None:
    client = client_of("audra")
    text = client.get("/accounts/ACME/").content.decode()
    assert not re.findall(r"/accounts/ACME/(?:edit|manager|contact|tax-number|purchase-order)/", text)
    assert "New agreement" not in text
    assert "/accounts/new/" not in client.get("/accounts/").content.decode()
    assert client.post("/accounts/ACME/edit/", NORD).status_code == 403


def test_a_page_asks_the_same_however_much_there_is(books: World, client_of: ClientOf, count_queries: Counts) -> None:
    client = client_of("ben")
    client.get("/accounts/ZED/")
    with count_queries() as before:
        client.get("/accounts/ZED/")
    with count_queries() as after:
        client.get("/accounts/ACME/")
    assert len(before) == len(after)
    with count_queries() as listed:
        client.get("/accounts/")
    assert len(listed) <= 16


def test_unbilled_work_is_priced_apart(world: World, client_of: ClientOf) -> None:
    world.time(36_000)
    assert "€950.00" in text_of(client_of("mara"), "/accounts/ACME/unbilled/")
    assert "All work is billed" in text_of(client_of("otto"), "/accounts/ZED/unbilled/")


def test_the_timeline_goes_on_where_it_ended(world: World, client_of: ClientOf) -> None:
    for place in range(16):
        issued(world, "ACME", f"{100 + place}.00")
    client = client_of("mara")
    first = client.get("/accounts/ACME/").content.decode()
    older = re.search(r'hx-get="(/accounts/ACME/history/\?after=[^"]+)"', first)
    assert older is not None
    second = client.get(older[1]).content.decode()
    shown = [re.findall(r"Invoice (R2026-\d+) issued", text) for text in (first, second)]
    assert len(shown[0]) + len(shown[1]) == 16
    assert not set(shown[0]) & set(shown[1])


def test_an_account_is_added_once(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    for _ in range(2):
        assert client.post("/accounts/new/", NORD)["Location"] == "/accounts/NORD/1/"
    assert client.get("/accounts/NORD/1/").status_code == 200
    made = m.Account.objects.get(number="NORD/1")
    assert made.manager is not None
    assert (made.name, made.currency, made.payment_days, made.manager.login) == (LONG, "EUR", 14, "mara")


def test_the_next_number_is_proposed_and_two_at_once_both_get_one(world: World, client_of: ClientOf) -> None:
    mara, otto = client_of("mara"), client_of("otto")
    mara.post("/accounts/new/", {**NORD, "number": "K-0041", "key": "first"})
    forms = [one.get("/accounts/new/").content.decode() for one in (mara, otto)]
    assert all('value="K-0042"' in form for form in forms)
    assert mara.post("/accounts/new/", {**NORD, "number": "K-0042", "key": "second"}).status_code == 302
    late = otto.post("/accounts/new/", {**NORD, "number": "K-0042", "key": "third"})
    assert late.status_code == 422
    text = late.content.decode()
    for said in ("K-0042 is another account’s by now. K-0043 is free.", 'value="K-0043"', 'value="Elbchaussee 1"'):
        assert said in text
    assert otto.post("/accounts/new/", {**NORD, "number": "K-0043", "key": "third"}).status_code == 302


@pytest.mark.parametrize(("changes", "said"), [
    ({"name": ""}, "This field is required"), ({"currency": "EURO"}, "at most 3 characters"),
    ({"currency": "XXX"}, "is not a currency code"), ({"parent": "ZED"}, "not in your book"),
    ({"bill_to": "NONE"}, "not in your book"), ({"number": "ACME"}, "Give the new account another number"),
    ({"number": "new"}, "Choose another number"), ({"payment_days": "soon"}, "whole number"),
])
def test_a_refused_account_keeps_what_was_typed(
    world: World, client_of: ClientOf, changes: dict[str, str], said: str
) -> None:
    answer = client_of("mara").post("/accounts/new/", {**NORD, **changes})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert 'value="Elbchaussee 1"' in text
    assert "Vereinigte" in text or "name" in changes
    assert m.Account.objects.count() == 3


def test_an_account_and_what_belongs_to_it_are_changed(world: World, client_of: ClientOf) -> None:
    client, account = client_of("mara"), world.account("ACME")
    given: list[tuple[str, dict[str, Any]]] = [
        ("edit/", {**NORD, "name": "Acme SE", "parent": "BIG"}),
        ("manager/", {"manager": "mara", "cover": "otto", "cover_from": "2026-11-01", "cover_until": "2026-11-30"}),
        ("contact/", {"name": "Ina Roth", "email": "ina@ACME.example", "roles": ["billing", "approver"]}),
        ("contact/?email=ap@acme.example", {"name": "Bookkeeping", "roles": []}),
        ("tax-number/", {"country": "FR", "number": "FR 40 303 265 045"}),
        ("purchase-order/", {"number": "PO 8", "currency": "EUR", "amount": "1200.50", "expires_on": "2027-01-31"}),
    ]
    for address, values in given:
        assert client.post(f"/accounts/ACME/{address}", values)["Location"] == "/accounts/ACME/"
    account.refresh_from_db()
    assert (account.name, account.parent, account.cover) == (
        "Acme SE", world.account("BIG"), m.User.objects.get(login="otto"))
    assert sorted(account.contacts.values_list("name", "email")) == [
        ("Bookkeeping", "ap@acme.example"), ("Ina Roth", "ina@acme.example")]
    assert account.tax_registrations.get(country="FR").number == "FR40303265045"
    assert account.purchase_orders.get().amount == Decimal("1200.50")
    assert client_of("otto").get("/accounts/ACME/").status_code == 200


@pytest.mark.parametrize(("address", "values", "said"), [
    ("manager/", {"manager": "mara", "cover": "otto"}, "needs its first and last day"),
    ("contact/", {"name": "Ina", "email": "ina@"}, "e-mail address"),
    ("tax-number/", {"country": "DE", "number": "DE1"}, "is not a VAT id of DE"),
    ("purchase-order/", {"number": "7", "currency": "EUR", "amount": "1.005"}, "is not an amount"),
    ("purchase-order/", {"number": "7", "currency": "EUR", "amount": "lots"}, "Enter a number"),
])
def test_what_belongs_to_an_account_is_checked(
    world: World, client_of: ClientOf, address: str, values: dict[str, str], said: str
) -> None:
    answer = client_of("mara").post(f"/accounts/ACME/{address}", values)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)


def test_a_part_of_a_name_suggests_accounts_of_the_book(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    found = client.get("/accounts/names/?parent=comp").content.decode()
    assert '<option value="BIG">Big Company SARL</option>' in found
    assert "<option" not in client.get("/accounts/names/?parent=zed").content.decode()


def test_an_empty_book_teaches(world: World, client_of: ClientOf) -> None:
    m.Account.objects.update(manager=None)
    assert "No account is in your book yet" in text_of(client_of("mara"), "/accounts/")


def test_an_account_in_the_browser(
    database: str, world: World, each_look: Any, signed_in: Callable[[str], Page], axe: Callable[[Page], None]
) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG, sort_name=LONG.casefold())
    world.time(36_000)
    page = signed_in("mara")
    page.goto("/accounts/")
    axe(page)
    page.get_by_role("link", name=LONG).click()
    expect(page.get_by_text("€950.00")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name", exact=True).fill("Ina Roth")
    page.get_by_label("E-mail").fill("ina@acme.example")
    axe(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Ina Roth")).to_be_visible()
    page.goto("/accounts/new/")
    axe(page)
