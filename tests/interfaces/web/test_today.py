"""Today: what it shows to whom, where each task leads, and a draft submitted from it."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.reporting.first_steps import STEPS, FirstStep, next_step
from duly.billing.reporting.tasks import KINDS, UNBILLED
from duly.interfaces.web.today import views
from duly.interfaces.web.today.views import LOOKS
from tests.billing.cash import issued, receive
from tests.billing.usage import ingest, metric
from tests.world import NOW, OCTOBER, TODAY, World

ClientOf = Callable[..., Client]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"[:80]


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def draft(world: World, account: str) -> int:
    run = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], accounts=[world.account(account).pk])
    actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=run.partitions[0])
    return int(frames.rows("select max(id) from invoice")[0][0])


def overdue(world: World, account: str, *totals: str) -> None:
    for total in totals:
        issued(world, account, total, on=date(2026, 9, 1), days=28)


def shown(client: Client, query: str = "") -> str:
    answer = client.get(f"/today/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def tabs(text: str) -> dict[str, int]:
    [nav] = re.findall(r'<nav class="tabs" aria-label="Tasks by kind">(.*?)</nav>', text, re.S)
    return {title: int(count) for title, count in re.findall(r">([^<>]+) <b>(\d+)</b>", nav)}


def test_every_kind_of_task_has_its_look() -> None:
    assert list(LOOKS) == [kind.key for kind in (*KINDS, UNBILLED)]


def test_the_start_after_signing_in_is_today(world: World, client_of: ClientOf) -> None:
    assert client_of("ben").get("/", follow=True).redirect_chain == [("/today/", 302)]


def test_where_nothing_waits_it_says_so(world: World, client_of: ClientOf) -> None:
    assert "Nothing waits for you" in shown(client_of("audra"))


def test_each_task_says_what_waits_for_whom_and_why(world: World, client_of: ClientOf) -> None:
    overdue(world, "ACME", "987654321012.07")
    receive(world, "80.00", account="ZED")
    text = shown(client_of("ben"))
    assert tabs(text) == {"All": 2, "Overdue": 1, "Unallocated": 1}
    assert "34 days late" in text
    assert "987,654,321,012" in text
    assert "Pays nothing yet" not in text
    assert "received today, pays nothing yet".capitalize() in text
    assert "Zed AG" not in shown(client_of("mara"))


def test_a_tab_shows_more_of_its_kind_than_the_list_of_all(world: World, client_of: ClientOf) -> None:
    overdue(world, "ACME", *(f"{place}.00" for place in range(1, 31)))
    client = client_of("ben")
    assert len(re.findall("days late", shown(client))) == 24, "the only kind has all the room"
    assert "All 30" in shown(client)
    assert len(re.findall("days late", shown(client, "?kind=overdue"))) == 30
    assert len(re.findall("days late", shown(client, "?kind=nonsense"))) == 24
    assert tabs(shown(client, "?kind=submit")) == {"All": 30, "Overdue": 30}


def test_every_review_that_waits_for_someone_is_shown_beside_all_else(
        database: str, world: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FIRST", 1)
    monkeypatch.setattr(views, "ROOM", 2)
    with transaction.atomic():
        version = m.AgreementVersion.objects.create(agreement=world.agreement("ZED-SUB"), review="peer",
                                                    valid_from=date(2026, 2, 1))
        m.ChargeTerms.objects.create(version=version, charge=m.Charge.objects.get(code="support"), name="Support",
                                     price=250, interval="month", timing="arrears")
    waiting = {draft(world, account): manager for account, manager in (("BIG", "mara"), ("ZED", "otto"))}
    for number, manager in waiting.items():
        actions.submit(actor=world.actor(manager), at=NOW, on=TODAY, drafts=[number])
    overdue(world, "ACME", "1.00", "2.00", "3.00", "4.00")
    text = shown(client_of("fin"))
    assert {int(number) for number in re.findall(r">Draft (\d+)</a>", text)} == waiting.keys()
    assert tabs(text)["Reviews"] == 2
    assert len(re.findall("days late", text)) == 1


def unbilled(client: Client, query: str = "", **headers: Any) -> str:
    answer = client.get(f"/today/unbilled/{query}", headers=headers)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_work_of_months_that_are_over_leads_to_its_run(world: World, client_of: ClientOf) -> None:
    world.time(5400, on=date(2026, 9, 14))
    world.expense("1234.50")
    client = client_of("mara")
    assert "/today/unbilled/" in shown(client)
    text = unbilled(client, HX_Request="true")
    assert "<html" not in text
    assert "1.5 h, 1,234.50 EUR of expenses" in text
    [url] = re.findall(r"<tr data-url=\"([^\"]+)\"", text)
    assert url == "/runs/new/?entity=HALDEN&first=2026-09-01&last=2026-09-30&accounts=ACME"
    asked = client.get(url).content.decode()
    assert all(f'value="{value}"' in asked for value in ("2026-09-01", "2026-09-30"))
    assert "ACME" in asked
    assert url in unescape(unbilled(client))


def test_no_more_of_it_is_shown_than_its_own_page_has(world: World, client_of: ClientOf,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FIRST", 1)
    world.time(5400)
    world.time(5400, agreement=world.agreement("ZED-SUB"))
    client = client_of("ben")
    part = unbilled(client, HX_Request="true")
    assert len(re.findall("<tr data-url", part)) == 1
    assert '<a href="/today/unbilled/">All 2<' in part
    whole = unbilled(client)
    assert len(re.findall("<tr data-url", whole)) == 2
    assert "/work/?order=oldest" in whole


def test_where_nothing_is_left_over_it_says_so_on_its_own_page_only(world: World, client_of: ClientOf) -> None:
    assert "Nothing is left over" in unbilled(client_of("ben"))
    assert unbilled(client_of("ben"), HX_Request="true").strip() == ""
    assert client_of("rita").get("/today/unbilled/").status_code == 403
    assert "/today/unbilled/" not in shown(client_of("rita"))


def test_a_covered_account_is_marked(world: World, client_of: ClientOf) -> None:
    frames.rows("select set_config('duly.actor', 'fin', true)")
    m.Account.objects.filter(number="ZED").update(cover=m.User.objects.get(login="mara"), cover_from=TODAY,
                                                  cover_until=date(2026, 11, 9))
    overdue(world, "ZED", "5.00")
    text = shown(client_of("mara"), "?kind=overdue")
    assert "You cover" in text
    assert "for Otto" in text


def test_only_who_sees_more_than_their_book_may_narrow_to_it(world: World, client_of: ClientOf) -> None:
    overdue(world, "ZED", "5.00")
    m.Account.objects.filter(number="ACME").update(manager=m.User.objects.get(login="fin"))
    assert "My book" in shown(client_of("fin"))
    assert "Nothing waits for you" in shown(client_of("fin"), "?mine=yes")
    assert "My book" not in shown(client_of("mara"))


def test_a_draft_is_submitted_from_here_once(world: World, client_of: ClientOf) -> None:
    number = draft(world, "BIG")
    client = client_of("mara")
    address = f"/today/submit/{number}/"
    assert f'action="{address}?kind=submit"' in shown(client, "?kind=submit")
    answer = client.post(f"{address}?kind=submit", follow=True)
    assert answer.redirect_chain == [("/today/?kind=submit", 302)]
    assert f"Draft {number} is submitted" in answer.content.decode()
    assert m.Invoice.objects.get(pk=number).state == "in_review"
    assert client.post(address).status_code == 422


def test_nobody_submits_what_they_may_not_see(world: World, client_of: ClientOf) -> None:
    number = draft(world, "BIG")
    assert client_of("otto").post(f"/today/submit/{number}/").status_code == 404
    assert client_of("audra").post(f"/today/submit/{number}/").status_code == 403
    assert client_of("mara").get(f"/today/submit/{number}/").status_code == 405
    assert m.Invoice.objects.get(pk=number).state == "draft"


def test_every_task_and_list_has_an_address(world: World, client_of: ClientOf) -> None:
    overdue(world, "ACME", "5.00", "6.00", "7.00", "8.00")
    draft(world, "BIG")
    world.time(60, approved=False)
    receive(world, "80.00", account="ZED")
    metric("calls")
    ingest(world, {})
    ingest(world, {"quantity": 2})
    client = client_of("fin")
    rows = re.findall(r"<tr data-url=\"([^\"]+)\"", shown(client))
    assert len(rows) == 8
    assert "/work/usage/findings/?agreement=ZED-SUB&state=waiting" in rows
    for address in {*rows, *re.findall(r'<th colspan="5".*?<a href="([^"]+)"', shown(client, "?kind=overdue"))}:
        assert client.get(address, follow=True).status_code == 200, address


def test_it_costs_the_same_queries_whatever_waits(world: World, client_of: ClientOf,
                                                  count_queries: Callable[[], Any]) -> None:
    client = client_of("fin")
    overdue(world, "ACME", "4.00")
    with count_queries() as little:
        shown(client)
    overdue(world, "ACME", "5.00", "6.00")
    world.time(60, approved=False)
    with count_queries() as full:
        shown(client)
    assert len(full) == len(little)
    with count_queries() as one:
        unbilled(client)
    for person in range(3):
        world.time(60, on=date(2026, 8, person + 1))
    with count_queries() as more:
        unbilled(client)
    assert len(more) == len(one)


def test_today_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                              axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG, sort_name=LONG.casefold())
    overdue(world, "ACME", "987654321012.07", "1.00", "2.00", "3.00")
    number = draft(world, "BIG")
    page = signed_in("ben")
    page.goto("/today/")
    axe(page)
    page.get_by_role("button", name=f"Submit Draft {number}").click()
    expect(page.get_by_text(f"Draft {number} is submitted")).to_be_visible()
    page.get_by_label("Tasks by kind").get_by_role("link", name="Overdue").click()
    expect(page.locator("tr[data-url]")).to_have_count(4)
    axe(page)
    page.goto("/today/?mine=yes")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    axe(page)


@pytest.mark.parametrize(("done", "following"), [
    ("", "entity"), ("entity", "series"), ("entity series", "tax_rates"), ("entity series tax_rates", "people"),
    ("entity series account", "tax_rates"), ("entity series account agreement", None),
    ("entity account agreement people", "series"), ("entity series tax_rates people account", "agreement"),
])
def test_the_next_step_is_the_first_that_is_left(done: str, following: str | None) -> None:
    """A firm that agreed on something is not asked for rates and people that it may not need."""
    found = next_step([FirstStep(key, key in done.split()) for key in STEPS])
    assert (found.key if found else None) == following


def settings_of(client: Client) -> str:
    return client.get("/settings/").content.decode().split("<main", 1)[1].split("</main>")[0]


def test_a_firm_that_is_not_set_up_is_told_what_comes_next(database: str, world: World, client_of: ClientOf) -> None:
    """Backwards through the steps; today and the settings say the same."""
    assert "Nothing waits for you" in shown(client_of("anna"))
    assert "First steps" not in settings_of(client_of("anna"))
    entity = world.entity().pk
    for gone, title, action, of_others in (
        ("agreement", "Next, what is agreed", "/agreements/new/", "Nothing is agreed yet"),
        ("account", "Next, the first customer", "/accounts/new/", "No customer yet"),
        ("person", "Next, the people", "/settings/people/new/", "Nobody’s hours can be billed yet"),
        ("tax_rate", "Next, the tax rates", "/settings/tax-rates/new/", "No tax rate is known yet"),
        ("number_series", "Next, the numbers of its invoices", f"/settings/entities/{entity}/series/invoice/",
         "Invoices have no numbers yet"),
        ("legal_entity", "First, the company that sells", "/settings/entities/new/", "The firm is not set up yet"),
    ):
        with connections["owner"].cursor() as owner:
            owner.execute(f"set session_replication_role = replica; truncate {gone} cascade")
        told = shown(client_of("anna"))
        assert title in told
        assert f'href="{action}"' in told
        assert f'class="button primary" href="{action}"' in settings_of(client_of("anna"))
        assert settings_of(client_of("anna")).count('aria-current="step"') == 1
        assert "/today/unbilled/" not in shown(client_of("ben"))
        assert of_others in shown(client_of("rita"))
        assert 'class="button' not in settings_of(client_of("rita"))
    board = client_of("anna").get("/dashboard/").content.decode()
    assert 'href="/settings/entities/new/"' in board
    assert "The firm is not set up yet" in client_of("rita").get("/dashboard/").content.decode()
    assert client_of("anna").get("/accounts/").status_code == 200
