"""Changing an agreement in the browser: first what it bills and why, then one button; nothing unseen is made."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal as D
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.agreements.actions.change import change_charge, pause, resume
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.terms import ChargeInput, TierInput
from tests.billing.models_world import NUMBER, agreed, billed, month, stored
from tests.interfaces.web.test_attacks import Forms
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(12), quantity=D(5), interval="month", timing="advance",
                    unit="seat")
PLAN = f"/agreements/{NUMBER}/"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def plan(database: str, world: World) -> World:
    """Seats since October, billed in advance for October and November."""
    agreed(world, SEATS, starts_on=date(2026, 10, 1))
    billed(world, month(10))
    billed(world, month(11))
    return world


def form_of(text: str) -> dict[str, str]:
    [fields] = [fields for _, _, fields in Forms(text).found if "key" in fields]
    return {name: value for name, value in fields.items() if value is not None}


def said(text: str) -> str:
    inline = re.sub(r"</?(?:small|span|data|b)\b[^>]*>", "", text)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inline)))


def looked(client: Client, address: str, **values: str) -> tuple[str, dict[str, str]]:
    """The page once its preview is asked for, and its form as a browser sends it."""
    form = form_of(client.get(address).content.decode())
    answer = client.post(address, {**form, **values, "look": "1"})
    assert answer.status_code == 200, said(answer.content.decode())
    text = answer.content.decode()
    return said(text), form_of(text)


def test_an_upgrade_is_looked_at_then_made_once(plan: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    text, form = looked(client, f"{PLAN}change/", wanted_on="2026-11-16", quantity="8")
    for part in ("hold from 16 Nov 2026", "Without the change €0.00", "With it €18.00", "Difference €18.00",
                 "€48.00", "16 Nov 2026 – 30 Nov 2026", "How this came about", "15 of 30 days unused"):
        assert part in text
    assert len(agreed_versions(plan.agreement(NUMBER))) == 1
    for _ in range(2):  # twice the same button
        assert client.post(f"{PLAN}change/", {**form, "make": "1"})["Location"] == PLAN
    agreed_from = [one.valid_from for one in agreed_versions(plan.agreement(NUMBER))]
    assert agreed_from == [date(2026, 10, 1), date(2026, 11, 16)]
    assert m.Event.objects.filter(verb="agreements.change_charge").count() == 1


def test_what_was_not_looked_at_is_not_made(plan: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    _, form = looked(client, f"{PLAN}change/", wanted_on="2026-11-16", quantity="8")
    for sent in ({**form, "quantity": "80", "make": "1"}, {**form, "told": "", "make": "1"}):
        answer = client.post(f"{PLAN}change/", sent)
        assert answer.status_code == 422
        assert "Nothing is made yet" in said(answer.content.decode())
    assert len(agreed_versions(plan.agreement(NUMBER))) == 1


def test_the_second_of_two_people_is_told(plan: World, client_of: ClientOf) -> None:
    _, mine = looked(client_of("fin"), f"{PLAN}pause/", paused_from="2026-11-20")
    change_charge(actor=plan.actor("fin"), at=NOW, on=TODAY, agreement=NUMBER, charge="seats",
                  wanted_on=date(2026, 11, 10), quantity=D(9))
    answer = client_of("fin").post(f"{PLAN}pause/", {**mine, "make": "1"})
    assert (answer.status_code, m.AgreementPause.objects.count()) == (422, 0)
    again = form_of(answer.content.decode())
    assert client_of("fin").post(f"{PLAN}pause/", {**again, "make": "1"}).status_code == 302


@pytest.mark.parametrize(("page", "values", "wrong"), [
    ("change/", {"quantity": "5"}, "agreed so already"), ("change/", {"quantity": "many"}, "Enter a number"),
    ("change/", {"wanted_on": "2026-10-01", "quantity": "8"}, "has terms from 1 Oct 2026"),
    ("end/", {"ends_on": "2020-12-31"}, "cannot be earlier"), ("pause/", {"paused_from": ""}, "is required"),
    ("pause/", {"paused_from": "2026-11-10", "paused_to": "2026-11-10"}, "ends before it begins"),
])
def test_what_is_refused_says_so_and_keeps_what_was_typed(
    plan: World, client_of: ClientOf, page: str, values: dict[str, str], wrong: str
) -> None:
    client = client_of("fin")
    form = form_of(client.get(PLAN + page).content.decode())
    answer = client.post(PLAN + page, {**form, **values, "look": "1"})
    text = answer.content.decode()
    assert (answer.status_code, wrong in said(text)) == (422, True)
    kept = form_of(text)
    assert all(kept[name] == value for name, value in values.items())


def test_a_pause_shows_while_it_lasts_and_after(plan: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    text, form = looked(client, f"{PLAN}pause/", paused_from="2026-11-01", reason="Between two releases")
    assert re.search("[-−]€60.00", text)
    client.post(f"{PLAN}pause/", {**form, "make": "1"})
    text = said(client.get(PLAN).content.decode())
    assert re.search("All that recurs is paused since 1 Nov 2026 until it is resumed ?: Between two releases", text)
    assert "Resume" in text
    _, form = looked(client, f"{PLAN}resume/", resumed_on="2026-11-02")
    client.post(f"{PLAN}resume/", {**form, "make": "1"})
    text = said(client.get(PLAN).content.decode())
    assert "billed again from 2 Nov 2026" in text
    assert "Over" in text


def test_who_resumes_second_is_told(plan: World, client_of: ClientOf) -> None:
    client, fin = client_of("fin"), plan.actor("fin")
    assert "Nothing waits to be resumed" in said(client.get(f"{PLAN}resume/").content.decode())
    pause(actor=fin, at=NOW, on=TODAY, agreement=NUMBER, paused_from=date(2026, 11, 1), charge="seats")
    _, form = looked(client, f"{PLAN}resume/", resumed_on="2026-11-20")
    resume(actor=fin, at=NOW, on=TODAY, agreement=NUMBER, resumed_on=date(2026, 11, 12), charge="seats")
    answer = client.post(f"{PLAN}resume/", {**form, "make": "1"})
    assert (answer.status_code, "no open pause of seats" in said(answer.content.decode())) == (422, True)
    assert m.AgreementPause.objects.get().paused_to == date(2026, 11, 12)


def test_an_end_credits_what_is_billed_beyond_it(plan: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    text, form = looked(client, f"{PLAN}end/", ends_on="2026-11-15")
    assert "30.00" in text
    assert "Credit" in text
    assert client.post(f"{PLAN}end/", {**form, "make": "1"}).status_code == 302
    assert plan.agreement(NUMBER).ends_on == date(2026, 11, 15)


def test_hours_and_units_are_told_as_on_invoices(plan: World, client_of: ClientOf) -> None:
    plan.time(5_400)
    text, _ = looked(client_of("fin"), "/agreements/ACME-TM/end/", ends_on="2026-12-31")
    assert "1:30 h ·" in text
    text, _ = looked(client_of("fin"), f"{PLAN}change/", wanted_on="2026-11-16", quantity="8")
    assert "8 seats ·" in text


def test_tiers_change_by_their_table(world: World, client_of: ClientOf, database: str) -> None:
    tiers = (TierInput(D(10), D(5)), TierInput(None, D(4)))
    agreed(world, ChargeInput("nodes", "recurring", "Nodes", model="graduated", tiers=tiers, quantity=D(12),
                              interval="month", timing="arrears"), starts_on=date(2026, 10, 1))
    client = client_of("fin")
    address = f"{PLAN}change/?charge=nodes"
    shown = form_of(client.get(address).content.decode())
    assert (shown["tiers-0-up_to"], shown["tiers-1-price"]) == ("10", "4")
    sent = {"wanted_on": "2026-11-01", "at_once": "on", "quantity": "12", "key": shown["key"], "tiers": ["0", "1"],
            "tiers-0-up_to": "10", "tiers-0-price": "5", "tiers-1-price": "3"}
    more = client.post(address, {**sent, "add_row": "tiers"}).content.decode()
    assert "tiers-2-price" in more
    told = client.post(address, {**sent, "look": "1"}).content.decode()
    assert "€56.00" in said(told)
    made = client.post(address, {**sent, "told": form_of(told)["told"], "make": "1"})
    assert made.status_code == 302
    assert agreed_versions(world.agreement(NUMBER))[-1].charges[0].tiers == (tiers[0], TierInput(None, D(3)))


def test_which_charge_is_asked_where_several_recur(world: World, client_of: ClientOf, database: str) -> None:
    agreed(world, SEATS, ChargeInput("care", "recurring", "Care", price=D(30), interval="month"),
           starts_on=date(2026, 10, 1))
    client = client_of("fin")
    assert "?charge=care" in client.get(f"{PLAN}change/").content.decode()
    assert client.get(f"{PLAN}change/?charge=none").status_code == 404
    assert client_of("audra").get(f"{PLAN}change/").status_code == 403
    assert client_of("mara").get(f"{PLAN}change/?charge=care").status_code == 404


def test_an_upgrade_from_the_page_to_the_credit_on_the_next_draft(
    plan: World, signed_in: Callable[[str], Page], no_javascript: None
) -> None:
    page = signed_in("fin")
    page.goto(PLAN)
    page.get_by_role("link", name="Change a charge").click()
    page.get_by_label("From", exact=True).fill("2026-11-16")
    page.get_by_label("Quantity").fill("8")
    page.get_by_role("button", name="Show what it bills").last.click()
    expect(page.get_by_text("The new terms hold from 16 Nov 2026.")).to_be_visible()
    page.locator(".foreseen details.line summary", has_text="€48.00").click()
    expect(page.locator(".foreseen table.steps").first).to_be_visible()
    page.get_by_role("button", name="Make this change").click()
    expect(page.get_by_text("Seats has new terms from 16 Nov 2026.")).to_be_visible()
    [invoice] = billed(plan, month(11))
    assert stored(invoice) == [("recurring", "48"), ("unused", "-30")]
    page.goto(f"/invoices/{invoice.pk}/")
    expect(page.get_by_text("-€30.00").or_(page.get_by_text("−€30.00")).first).to_be_visible()


def test_the_preview_is_for_everyone(
    plan: World, signed_in: Callable[[str], Page], each_look: object, axe: Callable[[Page], None]
) -> None:
    page = signed_in("fin")
    page.goto(f"{PLAN}change/")
    page.get_by_label("From", exact=True).fill("2026-11-16")
    page.get_by_label("Quantity").fill("8")
    page.get_by_role("button", name="Show what it bills").last.click()
    page.locator(".foreseen details.line summary").first.click()
    axe(page)


def test_notice_ends_the_term_that_it_is_in_time_for(plan: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    assert client.get(f"{PLAN}notice/").status_code == 404
    assert client.post(f"{PLAN}term/", {"months": "3", "renews_months": "3", "notice_months": "1",
                                        "notice_days": "0"}).status_code == 302
    page = said(client.get(PLAN).content.decode())
    assert "Notice by 30 Nov 2026 ends it with this term. Notice was given" in page
    text, form = looked(client, f"{PLAN}notice/", noticed_on="2026-11-02")
    assert "For the one until 31 Dec 2026 that is notice by 30 Nov 2026." in text
    assert client.post(f"{PLAN}notice/", {**form, "make": "1"}).status_code == 302
    assert m.Agreement.objects.get(number=NUMBER).ends_on == date(2026, 12, 31)
    assert "It ends on 31 Dec 2026" in said(client.get(PLAN).content.decode())
