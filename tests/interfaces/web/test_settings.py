"""The settings: entities, rates, users with their rights, people."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from tests.billing.cash import issued
from tests.formats.test_setup_file import png
from tests.world import World

ClientOf = Callable[..., Client]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"
ENTITY = {
    "code": "PARIS", "name": LONG, "street": "Rue 1", "city": "Paris", "country": "FR",
    "email": "billing@paris.example", "language": "fr", "time_zone": "Europe/Paris",
    "base_currency": "eur", "fiscal_year_start": "4", "colour": "#112233",
}


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def place(world: World, rest: str = "") -> str:
    return f"/settings/entities/{world.entity().pk}/{rest}"


def test_an_entity_is_added_once_and_shown_whole(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    answer = anna.post("/settings/entities/new/", ENTITY)
    made = m.LegalEntity.objects.get(code="PARIS")
    assert answer["Location"] == f"/settings/entities/{made.pk}/"
    assert (made.base_currency, made.fiscal_year_start) == ("EUR", 4)
    page = body(anna.get(answer["Location"]))
    assert "the fiscal year begins in April" in page
    assert "invoices say nowhere to pay" in page
    again = anna.post("/settings/entities/new/", ENTITY)
    assert again.status_code == 422
    assert "Another entity has this code" in body(again)


@pytest.mark.parametrize(("field", "value", "said"), [
    ("email", "nobody", "is not an e-mail address"), ("time_zone", "Mars", "is not a time zone"),
    ("base_currency", "XXX", "is not a currency code"), ("code", "a b", "Use letters, digits"),
    ("name", "x" * 201, "at most 200 characters"), ("country", "EU", "Select a valid choice"),
])
def test_what_cannot_be_stands_beside_its_field(
    world: World, client_of: ClientOf, field: str, value: str, said: str
) -> None:
    answer = client_of("anna").post("/settings/entities/new/", {**ENTITY, field: value})
    assert answer.status_code == 422
    assert re.search(rf'id="id_{field}_error">.*?{said}', body(answer))
    assert field == "country" or value in body(answer)


def test_what_the_books_are_kept_by_stays_once_a_number_is_given(world: World, client_of: ClientOf) -> None:
    issued(world, "ACME", "10.00")
    anna, entity = client_of("anna"), world.entity()
    answer = anna.post(place(world, "edit/"), {**ENTITY, "base_currency": "USD"})
    assert answer.status_code == 302
    entity.refresh_from_db()
    assert (entity.name, entity.base_currency, entity.fiscal_year_start) == (LONG, "EUR", 1)
    assert 'series/invoice/"' not in body(anna.get(place(world)))
    refused = anna.post(place(world, "series/invoice/"), {"pattern": "X{year}-{number}"})
    assert refused.status_code == 422
    assert "has given numbers" in body(refused)


def test_series_chart_and_tax_number(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    wrong = anna.post(place(world, "series/deposit/"), {"pattern": "D{number}"})
    assert wrong.status_code == 422
    assert "Use {year} and {number}" in body(wrong)
    anna.post(place(world, "series/deposit/"), {"pattern": "D{year}-{number:05}"})
    anna.post(place(world, "chart/bank/"), {"code": "1810", "name": "Savings bank"})
    anna.post(place(world, "tax-number/"), {"country": "FR", "scheme": "vat", "number": "FR 40 303 265 045"})
    page = body(anna.get(place(world)))
    for said in ("D{year}-{number:05}", "1810", "FR40303265045"):
        assert said in page
    bad = anna.post(place(world, "tax-number/"), {"country": "FR", "scheme": "vat", "number": "FR1"})
    assert "is not a VAT id of FR" in body(bad)
    assert anna.get(place(world, "series/poem/")).status_code == 404
    assert anna.get("/settings/entities/999999/").status_code == 404


def test_bank_accounts_need_their_right(world: World, client_of: ClientOf) -> None:
    anna, fin = client_of("anna"), client_of("fin")
    given = {"iban": "DE02 1203 0000 0000 2020 51", "holder": "Halden", "currency": "EUR", "position": "2"}
    assert fin.post(place(world, "bank-account/"), given).status_code == 403
    assert "given by name" in body(fin.get(place(world)))
    assert anna.post(place(world, "bank-account/"), given).status_code == 302
    made = m.BankAccount.objects.get(iban="DE02120300000000202051")
    assert made.bic == "BYLADEM1001"
    wrong = anna.post(place(world, "bank-account/"), {**given, "iban": "DE02120300000000202052"})
    assert "is not an IBAN" in body(wrong)
    assert "DE02120300000000202052" in body(wrong)
    assert made.iban in body(anna.get(place(world, f"bank-account/?id={made.pk}")))


def test_what_is_to_pay_is_rounded_by_currency_and_exact_again(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    assert "None: documents ask for the exact amount." in body(anna.get(place(world)))
    wrong = anna.post(place(world, "payable-step/"), {"currency": "chf", "step": "0.005"})
    assert wrong.status_code == 422
    assert "0.005 is finer than CHF is paid. Give a multiple of 0.01 CHF." in body(wrong)
    anna.post(place(world, "payable-step/"), {"currency": "chf", "step": "0.05"})
    blank = anna.post(place(world, "payable-step/"), {"currency": "chf", "step": ""})  # as the back button leaves it
    assert blank.status_code == 422
    assert m.PayableStep.objects.get().step == Decimal("0.05")
    assert 'payable-step/?currency=CHF' in body(anna.get(place(world)))
    assert 'value="0.05"' in body(anna.get(place(world, "payable-step/?currency=CHF")))
    anna.post(place(world, "payable-step/?currency=CHF"), {"step": "0.10"})
    assert m.PayableStep.objects.get().step == Decimal("0.1")
    anna.post(place(world, "payable-step/?currency=CHF"), {"step": ""})
    assert not m.PayableStep.objects.exists()
    assert client_of("fin").post(place(world, "payable-step/"), {"currency": "CHF", "step": "1"}).status_code == 403


def test_the_books_are_closed_by_finance_and_never_opened_again(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    assert client_of("anna").get(place(world, "close/")).status_code == 403
    fin.post(place(world, "close/"), {"lock_date": "2026-09-30"})
    assert "30 Sep 2026" in body(fin.get(place(world)))
    back = fin.post(place(world, "close/"), {"lock_date": "2026-08-31"})
    assert back.status_code == 422
    assert "only moves forward" in body(back)


def test_a_logo_is_taken_for_what_it_is(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    wrong = anna.post(place(world, "logo/"), {"picture": SimpleUploadedFile("logo.png", b"GIF89a")})
    assert "is neither SVG nor PNG" in body(wrong)
    anna.post(place(world, "logo/"), {"picture": SimpleUploadedFile("../logo.exe", png(1, 1))})
    assert world.entity().logo is not None


def test_rates_are_added_and_never_rewritten(
    world: World, client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    fin = client_of("fin")
    tax = {"country": "AT", "tax_class": "standard", "rate": "20", "valid_from": "2026-01-01", "source": "UStG §10"}
    fin.post("/settings/tax-rates/new/", tax)
    assert m.TaxRate.objects.get(country="AT").rate == Decimal("0.2")
    assert ">20% <" in body(fin.get("/settings/tax-rates/?text=at"))
    other = fin.post("/settings/tax-rates/new/", {**tax, "rate": "21"})
    assert other.status_code == 422
    assert "stays. Give the new one a later day" in body(other)
    rate = {"base": "usd", "quote": "EUR", "rate": "0.91", "valid_from": "2026-11-01", "source": "ECB"}
    fin.post("/settings/exchange-rates/new/", rate)
    assert "USD → EUR" in body(fin.get("/settings/exchange-rates/"))
    assert client_of("ben").get("/settings/tax-rates/new/").status_code == 403
    assert "Add a rate" not in body(client_of("ben").get("/settings/tax-rates/"))
    with count_queries() as asked:
        fin.get("/settings/tax-rates/")
    m.TaxRate.objects.create(country="BE", tax_class="standard", rate="0.21", valid_from=date(2026, 1, 1), source="x")
    with count_queries() as more:
        fin.get("/settings/tax-rates/")
    assert len(more) == len(asked)


def test_rates_say_who_added_them_and_what_follows(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    tax = {"country": "AT", "tax_class": "standard", "rate": "20", "valid_from": "2026-01-01", "source": "UStG §10"}
    rate = {"base": "USD", "quote": "CHF", "rate": "0.8", "valid_from": "2026-11-01", "source": "SNB"}
    for kind, values, follows in (
        ("tax-rates", tax, "is not issued until it is drafted again; issued invoices stay as they are"),
        ("exchange-rates", rate, "Drafts that are there keep their amounts"),
    ):
        assert follows in body(fin.get(f"/settings/{kind}/new/"))
        fin.post(f"/settings/{kind}/new/", values)
        page = body(fin.get(f"/settings/{kind}/?text={values.get('country', 'CHF')}"))
        assert re.search(r'data-title="Added"> ?<time datetime="\d{4}-', page)
        assert 'data-title="By">Fin <' in page
    assert "numbers that were given never change" in body(client_of("anna").get(place(world, "series/deposit/")))


def test_a_user_is_added_with_roles_and_rights_and_a_password(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    given = {"login": "eve", "name": LONG, "email": "eve@halden.example", "active": "on", "rights": ["issue", "waive"],
             "role_biller": "all", "role_account_manager": "book"}
    answer = anna.post("/settings/users/new/", given)
    eve = m.User.objects.get(login="eve")
    assert answer["Location"] == f"/settings/users/{eve.pk}/password/"
    assert dict(eve.role_grants.values_list("role", "scope")) == {"biller": "all", "account_manager": "book"}
    assert "too easy to guess" in body(anna.post(answer["Location"], {"password": "1234567890"}))
    anna.post(answer["Location"], {"password": "seven green bicycles"})
    eve.refresh_from_db()
    assert eve.check_password("seven green bicycles")
    anna.post(f"/settings/users/{eve.pk}/", {"name": "Eve", "email": "eve@halden.example", "role_reviewer": "all"})
    eve.refresh_from_db()
    assert (eve.name, eve.is_active) == ("Eve", False)
    assert list(eve.role_grants.values_list("role", flat=True)) == ["reviewer"]
    again = anna.post("/settings/users/new/", given)
    assert "Another user has this login" in body(again)


def test_one_administrator_always_remains(world: World, client_of: ClientOf) -> None:
    anna = m.User.objects.get(login="anna")
    answer = client_of("anna").post(f"/settings/users/{anna.pk}/", {
        "name": "Anna", "email": "anna@halden.example", "active": "on", "role_biller": "all"})
    assert answer.status_code == 422
    assert "Nobody would be left who may add people" in body(answer)


def test_who_may_not_change_people_sees_them_without_a_way_in(world: World, client_of: ClientOf) -> None:
    ben, anna = client_of("ben"), m.User.objects.get(login="anna")
    page = body(ben.get("/settings/users/"))
    assert "bank details" in page
    assert f"/settings/users/{anna.pk}/" not in page
    assert "Add a user" not in page
    for address in (f"/settings/users/{anna.pk}/", "/settings/users/new/", "/settings/people/new/"):
        assert ben.get(address).status_code == 403


def test_people_whose_work_is_billed(world: World, client_of: ClientOf) -> None:
    anna = client_of("anna")
    anna.post("/settings/people/new/", {"code": "eve", "name": "Eve", "role": "Developer", "user": "ben"})
    eve = m.Person.objects.get(code="eve")
    assert (eve.user.login if eve.user else "", eve.email) == ("ben", None)
    anna.post(f"/settings/people/{eve.pk}/", {"name": "Eve Long", "email": "eve@halden.example"})
    eve.refresh_from_db()
    assert (eve.name, eve.role, eve.user) == ("Eve Long", "", None)
    assert "Eve Long" in body(anna.get("/settings/people/?text=eve"))
    assert "Another person has this code" in body(anna.post("/settings/people/new/", {"code": "eve", "name": "Eve"}))


def test_the_settings_in_the_browser(
    database: str, world: World, signed_in: Callable[[str], Page], axe: Callable[[Page], None], each_look: Any
) -> None:
    page = signed_in("anna")
    page.goto("/settings/")
    axe(page)
    page.get_by_role("link", name="Open").click()
    expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Name", exact=True).fill(LONG)
    axe(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("heading", name=LONG)).to_be_visible()
    axe(page)
    ben = m.User.objects.get(login="ben").pk
    for address in ("tax-rates/", "exchange-rates/", "users/", f"users/{ben}/", "people/"):
        page.goto(f"/settings/{address}")
        axe(page)
