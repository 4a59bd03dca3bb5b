"""Agreements: the list, the page, the editor with its sample invoice, rate cards as tables."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.agreements.actions.agree import amend
from duly.billing.agreements.agreed import agreed_versions
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]
Counts = Callable[[], AbstractContextManager[Any]]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"
HEAD = {"number": "A/1", "name": LONG, "account": "ACME", "entity": "HALDEN", "currency": "EUR", "key": "k1"}
TERMS = {"valid_from": "2026-11-01", "review": "peer", "grouping": "person", "cap_behaviour": "block",
         "time_annex": "on"}
HOURS = {"0-time-name": "Consulting", "0-time-rate_card": "STD", "0-time-tax_class": "standard",
         "0-time-supply": "services", "0-time-rounding": "up", "0-time-increment_seconds": "15"}
FEE = {"1-recurring-name": "Support", "1-recurring-price": "123456789012.50", "1-recurring-quantity": "1",
       "1-recurring-model": "per_unit", "1-recurring-grants_of": "time",
       "1-recurring-interval": "month", "1-recurring-interval_count": "1", "1-recurring-timing": "advance",
       "1-recurring-supply": "services", "1-recurring-proration": "by_day", "1-recurring-alignment": "calendar",
       "1-recurring-tax_class": "standard"}
TRAVEL = {"2-expense-name": "Travel", "2-expense-markup": "7.5", "2-expense-tax_class": "standard",
          "2-expense-supply": "services"}
SENT = {**HEAD, **TERMS, **HOURS, **FEE, **TRAVEL, "charge": ["0-time", "1-recurring", "2-expense"]}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def plain(content: bytes) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", content.decode())))


def fields_of(content: bytes) -> dict[str, Any]:
    """What a browser would send of the form that is shown."""
    text = re.sub(r'(?s)^.*<form id="editor"|</form>.*$', "", content.decode())
    found: dict[str, Any] = {"charge": re.findall(r'name="charge" value="([^"]+)"', text)}
    for tag in re.findall(r"<input [^>]+>", text):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] not in ("charge", "csrfmiddlewaretoken") and ("checkbox" not in tag or "checked" in tag):
            said = unescape(value[1]) if value else "on" if "checkbox" in tag else ""
            several = name[1].endswith(("tiers", "phases", "limits", "discounts", "covers", "charges"))
            found[name[1]] = [*found.get(name[1], []), said] if several else said
    for name, options in re.findall(r'(?s)<select name="([^"]+)".*?>(.*?)</select>', text):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_the_list_holds_the_book(world: World, client_of: ClientOf) -> None:
    text = plain(client_of("mara").get("/agreements/?state=in_force").content)
    assert "Website relaunch" in text
    assert "Migration" in text
    assert "Support plan" not in text


def test_a_page_says_the_terms_in_words(world: World, client_of: ClientOf) -> None:
    text = plain(client_of("fin").get("/agreements/ZED-SUB/").content)
    assert "€250.00 × 3 seats for each month, afterwards" in text
    text = plain(client_of("fin").get("/agreements/ACME-TM/").content)
    for said in ("By the rate card STD", "At cost plus 5%", "30 days, as the account", "Ada Lovelace", "€95.00",
                 "ACME-WEB"):
        assert said in text


def test_terms_that_are_agreed_ahead_are_shown(world: World, client_of: ClientOf) -> None:
    [known] = agreed_versions(world.agreement("ACME-TM"))
    later = replace(known, valid_from=date(2027, 1, 1), cap=Decimal(900))
    amend(actor=actor("fin"), at=NOW, on=TODAY, agreement="ACME-TM", terms=later)
    text = plain(client_of("mara").get("/agreements/ACME-TM/").content)
    assert "From 1 Jan 2027" in text
    assert "€900.00 net, then no invoice" in text


@pytest.mark.parametrize("address", ["", "amend/", "end/", "project/"])
def test_an_agreement_outside_the_book_is_not_there(world: World, client_of: ClientOf, address: str) -> None:
    assert client_of("otto").get(f"/agreements/ACME-TM/{address}").status_code == 404
    assert client_of("fin").get(f"/agreements/NONE/{address}").status_code == 404


def test_who_only_reads_is_offered_nothing(world: World, client_of: ClientOf) -> None:
    client = client_of("audra")
    text = client.get("/agreements/ACME-TM/").content.decode()
    assert not re.findall(r"/agreements/ACME-TM/(?:amend|end|project)/", text)
    assert client.get("/agreements/new/").status_code == 403
    assert client.post("/agreements/new/", SENT).status_code == 403
    assert "Add rates" not in client.get("/agreements/rates/STD/").content.decode()


def test_pages_ask_the_same_however_much_there_is(world: World, client_of: ClientOf, count_queries: Counts) -> None:
    client = client_of("fin")
    for address in ("/agreements/", "/agreements/ACME-TM/", "/agreements/rates/"):
        client.get(address)
        with count_queries() as asked:
            client.get(address)
        assert len(asked) <= 19


def test_an_agreement_is_made_once(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    for _ in range(2):
        assert client.post("/agreements/new/", SENT)["Location"] == "/agreements/A/1/"
    made = m.Agreement.objects.get(number="A/1")
    [terms] = agreed_versions(made)
    hours, fee, travel = terms.charges
    assert (made.name, hours.code, hours.increment_seconds, fee.price, fee.timing, travel.markup) == (
        LONG, "consulting", 900, Decimal("123456789012.50"), "advance", Decimal("0.075"))
    assert client.get("/agreements/A/1/").status_code == 200


@pytest.mark.parametrize(("changes", "said"), [
    ({"number": "ACME-TM"}, "Give the new agreement another number"), ({"account": "ZED"}, "not in your book"),
    ({"0-time-rate_card": ""}, "This field is required"), ({"1-recurring-price": "much"}, "Enter a number"),
    ({"0-time-increment_seconds": ""}, "Rounding up needs an increment"), ({"charge": []}, "bills nothing yet"),
    ({"1-recurring-alignment": "anchored"}, "Anchored periods need their anchor day"),
    ({"cap": "1.005"}, "not an amount"), ({"valid_from": "9999-12-31"}, "between the years"),
    ({"purchase_order": "PO-9"}, "The account has no purchase order"), ({"ends_on": "2026-10-01"}, "It ends before"),
    ({"0-time-increment_seconds": "0.33"}, "no whole second"), ({"0-time-weekend_factor": "11"}, "11 is no factor"),
    ({"0-time-overtime_factor": "1.5"}, "Overtime begins after so many hours of a day"),
    ({"0-time-overtime_after_seconds": "8"}, "Overtime counts so many times its rate"),
    ({"0-time-overtime_after_seconds": "7.7777", "0-time-overtime_factor": "2"}, "no whole second"),
    ({"0-time-overtime_after_seconds": "25", "0-time-overtime_factor": "2"}, "less than or equal to 24"),
    ({"number": "new"}, "Choose another number"),
    ({"valid_from": "soon"}, "Enter a valid date"), ({"2-expense-markup": "-100"}, "is no mark-up"),
])
def test_a_refused_agreement_keeps_what_was_typed(
    world: World, client_of: ClientOf, changes: dict[str, Any], said: str
) -> None:
    answer = client_of("mara").post("/agreements/new/", {**SENT, **changes})
    text = unescape(answer.content.decode())
    assert (answer.status_code, said in text) == (422, True)
    assert LONG in text
    assert "charge" in changes or 'value="Consulting"' in text
    assert m.Agreement.objects.count() == 3


def test_cards_are_added_and_removed_without_being_judged(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    answer = client.post("/agreements/new/", {"add_card": "milestone", "number": "A-9", "charge": ["4-time"],
                                              "4-time-name": "Typed"})
    assert answer.status_code == 200
    shown = fields_of(answer.content)
    assert (shown["charge"], shown["number"], shown["4-time-name"]) == (["4-time", "5-milestone"], "A-9", "Typed")
    assert "This field is required" not in answer.content.decode()
    answer = client.post("/agreements/new/", {**shown, "remove_card": "4-time"})
    assert fields_of(answer.content)["charge"] == ["5-milestone"]


def test_the_sample_is_there_while_one_types(world: World, client_of: ClientOf) -> None:
    text = plain(client_of("mara").post("/agreements/new/try/", SENT).content)
    assert "Consulting – Ada Lovelace" in text
    assert "€950.00" in text
    assert "€123,456,789,012.50" in text
    assert "€107.50" in text
    assert "To mend" not in text


def test_what_is_typed_so_far_says_what_is_missing(world: World, client_of: ClientOf) -> None:
    answer = client_of("mara").post("/agreements/new/try/", {**SENT, "number": "", "1-recurring-price": "much"})
    text = plain(answer.content)
    assert "Number is missing." in text
    assert "Support: Price: Enter a number." in text
    assert 'href="#id_1-recurring-price"' in answer.content.decode()
    assert "€950.00" in text
    assert m.Agreement.objects.count() == 3


@pytest.mark.parametrize("hostile", [
    {"charge": ["0-nothing", "x", "99999-time"]}, {"charge": ["0-time"] * 300}, {"valid_from": "9999-12-31"},
    {"1-recurring-interval_count": "120", "1-recurring-interval": "year"}, {"name": "\0"}, {"entity": "NONE"},
    {"1-recurring-price": "1e400"}, {"1-recurring-price": "NaN"}, {"currency": "JPY"},
])
def test_nothing_that_is_typed_breaks_the_sample(world: World, client_of: ClientOf, hostile: dict[str, Any]) -> None:
    assert client_of("mara").post("/agreements/new/try/", {**SENT, **hostile}).status_code == 200


def test_new_terms_begin_with_those_agreed(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    shown = fields_of(client.get("/agreements/ACME-TM/amend/").content)
    assert (shown["valid_from"], shown["charge"]) == ("2026-12-01", ["0-time", "1-expense"])
    shown |= {"1-expense-markup": "10", "valid_from": "2027-01-01"}
    for _ in range(2):
        assert client.post("/agreements/ACME-TM/amend/", shown)["Location"] == "/agreements/ACME-TM/"
    first, second = agreed_versions(world.agreement("ACME-TM"))
    assert second.valid_from == date(2027, 1, 1)
    assert second.charges == (first.charges[0], replace(first.charges[1], markup=Decimal("0.1")))


def test_every_kind_of_charge_comes_back_as_it_was_agreed(world: World, client_of: ClientOf) -> None:
    for number in ("BIG-MS", "ZED-SUB"):
        client = client_of("fin")
        shown = fields_of(client.get(f"/agreements/{number}/amend/").content)
        assert client.post(f"/agreements/{number}/amend/", shown).status_code == 302
        first, second = agreed_versions(world.agreement(number))
        assert second.charges == first.charges


def test_new_terms_from_a_day_of_before_are_refused_beside_their_field(world: World, client_of: ClientOf) -> None:
    shown = fields_of(client_of("mara").get("/agreements/ACME-TM/amend/").content)
    answer = client_of("mara").post("/agreements/ACME-TM/amend/", {**shown, "valid_from": "2025-06-01"})
    assert answer.status_code == 422
    assert "Begin after 1 Jan 2026." in plain(answer.content)


def test_an_agreement_has_projects(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    assert client.post("/agreements/ACME-TM/project/", {"code": "ACME-APP", "name": "App"}).status_code == 302
    answer = client.post("/agreements/ACME-TM/project/", {"code": "BIG-MIG", "name": "App"})
    assert (answer.status_code, "belongs to another agreement" in answer.content.decode()) == (422, True)


RATES = {"rows": "3", "0-person": "ada", "0-price": "99.50", "0-valid_from": "2027-01-01", "1-role": "Tester",
         "1-price": "80", "1-valid_from": "2026-11-01", "2-valid_from": "2026-11-02"}


def test_rates_are_added_to_a_table(world: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    for _ in range(2):
        assert client.post("/agreements/rates/STD/", RATES)["Location"] == "/agreements/rates/STD/"
    assert m.Rate.objects.count() == 4
    text = plain(client.get("/agreements/rates/STD/").content)
    assert "€99.50 from 1 Jan 2027" in text
    assert "Tester" in text


@pytest.mark.parametrize(("changes", "said"), [
    ({"0-valid_from": "2026-01-01"}, "the price is 95"), ({"1-price": ""}, "A rate needs it."),
    ({"1-price": "cheap"}, "Enter a number."), ({"1-valid_from": ""}, "A rate needs it."),
])
def test_refused_rates_stand_beside_their_row(
    world: World, client_of: ClientOf, changes: dict[str, str], said: str
) -> None:
    answer = client_of("fin").post("/agreements/rates/STD/", {**RATES, **changes})
    text = answer.content.decode()
    assert (answer.status_code, said in text, 'value="Tester"' in text) == (422, True, True)
    assert m.Rate.objects.count() == 2


def test_a_rate_card_is_for_who_may_agree_everywhere(world: World, client_of: ClientOf) -> None:
    assert "Add rates" not in client_of("mara").get("/agreements/rates/STD/").content.decode()
    assert client_of("mara").post("/agreements/rates/STD/", RATES).status_code == 403
    assert client_of("fin").get("/agreements/rates/NONE/").status_code == 404
    card = {"code": "UK/1", "name": "British rates", "currency": "gbp", "key": "k"}
    for _ in range(2):
        assert client_of("fin").post("/agreements/rates/new/", card)["Location"] == "/agreements/rates/UK/1/"
    answer = client_of("fin").post("/agreements/rates/new/", {**card, "code": "STD", "key": "l"})
    assert (answer.status_code, "another code" in answer.content.decode()) == (422, True)


def test_an_agreement_is_written_in_the_browser(
    database: str, world: World, each_look: Any, signed_in: Callable[[str], Page], axe: Callable[[Page], None]
) -> None:
    page = signed_in("fin")
    page.goto("/agreements/new/?account=ACME")
    page.get_by_label("Number").fill("A-1")
    page.get_by_label("Name", exact=True).fill(LONG)
    page.get_by_role("button", name="Recurring fee").click()
    page.get_by_label("Name on the invoice").fill("Support")
    sample = page.get_by_role("complementary", name="Sample invoice")
    expect(sample.get_by_text("Support: Price is missing.")).to_be_visible()
    axe(page)
    page.get_by_label("Price", exact=True).fill("250")
    expect(sample.get_by_text("€297.50")).to_be_visible()
    page.get_by_role("button", name="Expenses").click()
    page.get_by_label("Name on the invoice").nth(1).fill("Travel")
    expect(sample.get_by_text("Travel", exact=False)).to_be_visible()
    page.get_by_role("button", name="Make the agreement").click()
    expect(page.get_by_role("heading", name=LONG)).to_be_visible()
    axe(page)
    for address in ("/agreements/", "/agreements/ACME-TM/", "/agreements/rates/STD/", "/agreements/ACME-TM/amend/"):
        page.goto(address)
        axe(page)
