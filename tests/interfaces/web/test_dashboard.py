"""The dashboard: its figures on the page, and behind each the list that holds exactly its documents."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal as D
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.reporting.dashboard import Board, dashboard
from duly.interfaces.web.links import listed
from tests.billing.cash import issued, receive
from tests.world import NOW, OCTOBER, TODAY, World

ClientOf = Callable[..., Client]
ON = date(2026, 11, 20)
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"[:80]


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", ON)


@pytest.fixture
def books(world: World) -> World:
    """Invoices of each age, of two accounts and two currencies, some of them paid this month and last."""
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=date(2026, 1, 1), rate=D("0.9"), source="test")
    for late, total in ((120, "70.00"), (75, "60.00"), (50, "50.00")):
        issued(world, "ACME", total, on=ON - timedelta(late), days=0)
    paid = issued(world, "ZED", "30.00", on=date(2026, 10, 2), days=20)
    issued(world, "ACME", "45.00", on=date(2026, 10, 6), days=0)
    issued(world, "ZED", "50.00", on=date(2026, 10, 30), days=30, currency="USD", base_rate="0.8")
    issued(world, "ACME", "20.00", on=date(2026, 10, 31), days=0)
    issued(world, "ZED", "300.00", on=date(2026, 11, 2), days=18)
    for day in (date(2026, 10, 20), date(2026, 11, 4)):
        receive(world, "15.00", account="ZED", on=day, received_on=day, allocate=[(paid.number, D(15))])
    frames.execute("set constraints all immediate")
    frames.execute("set constraints all deferred")
    return world


def shown(client: Client, query: str = "") -> str:
    answer = client.get(f"/dashboard/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def counted(client: Client, address: str) -> int:
    """How many documents the list at an address says it has."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    [count] = re.findall(r'role="status">(\d+) ', answer.content.decode())
    return int(count)


def board_of(world: World, login: str, *, mine: bool = False) -> Board:
    [board] = dashboard(actor=world.actor(login), on=ON, mine=mine)
    return board


@pytest.mark.parametrize(("login", "mine"), [("fin", False), ("mara", False), ("fin", True)])
def test_each_number_leads_to_exactly_its_documents(books: World, client_of: ClientOf, login: str, mine: bool) -> None:
    m.Account.objects.filter(number="ZED").update(manager=m.User.objects.get(login="fin"))
    client, board = client_of(login), board_of(books, login, mine=mine)
    text = shown(client, "?mine=yes" if mine else "")
    numbers = [(board.open.opens, board.open.count), (board.overdue.opens, board.overdue.count),
               *((age.opens, age.count) for age in board.ageing), *((late.opens, late.count) for late in board.late)]
    assert sum(count or 0 for _, count in numbers) > 0
    for opens, count in numbers:
        address = listed(opens.list, opens.filters)
        assert f'"{address}"' in text
        assert counted(client, address) == count, address


@pytest.mark.parametrize(("login", "mine"), [("fin", False), ("otto", False), ("fin", True)])
def test_each_month_leads_to_the_documents_that_it_sums(books: World, client_of: ClientOf, login: str,
                                                        mine: bool) -> None:
    m.Account.objects.filter(number="ACME").update(manager=m.User.objects.get(login="fin"))
    client, board = client_of(login), board_of(books, login, mine=mine)
    rates = dict(m.Invoice.objects.values_list("number", "base_rate"))
    assert any(month.billed for month in board.months)
    for month in board.months:
        for opens, total, sums in ((month.documents, "Total", month.billed),
                                   (month.receipts, "Amount", month.collected)):
            answer = client.get(listed(opens.list, opens.filters) + "&format=csv")
            lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
            head, *rows = [line.split(",") for line in lines]
            found = [dict(zip(head, row, strict=True)) for row in rows]
            assert sum(D(row[total]) * rates.get(row["Number"], 1) for row in found) == sums, (month.month, opens)


def test_the_figures_stand_on_the_page_with_how_they_moved(books: World, client_of: ClientOf) -> None:
    text = re.sub(r"<[^>]+>", "", shown(client_of("fin"))).replace("\xa0", " ")
    for said in ("Open receivables", "€590.00", "Overdue", "€245.00", "41.5% of what is open, 5 invoices",
                 "Billed in November", "against all of October", "Days lost to late payment", "€60.00", "120 days"):
        assert said in text, said


@pytest.mark.parametrize(("login", "waiting"), [("fin", 2), ("mara", 1)])
def test_the_run_leads_to_its_drafts(world: World, client_of: ClientOf, login: str, waiting: int) -> None:
    run = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], accounts=[world.account(each).pk for each in ("BIG", "ZED")])
    for partition in run.partitions:
        actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=partition)
    client, board = client_of(login), board_of(world, login)
    assert board.run is not None
    assert (board.run.drafts, board.run.issued, board.run.waiting) == (waiting, 0, waiting)
    assert f"0 of {waiting} issued" in shown(client)
    assert counted(client, listed(board.run.opens.list, board.run.opens.filters)) == waiting
    assert "Write a whole number." in client.get("/drafts/?run=all").content.decode()


def test_a_run_whose_drafts_wait_stands_before_a_later_one_without(world: World) -> None:
    def run(period_from: date, period_to: date) -> int:
        launched = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=period_from,
                                  period_to=period_to)
        for partition in launched.partitions:
            actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=partition)
        return launched.run

    october = run(*OCTOBER)
    again = run(*OCTOBER)
    [board] = dashboard(actor=world.actor("fin"), on=TODAY)
    assert board.run is not None
    assert board.run.run == october
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=list(
        m.Invoice.objects.values_list("id", flat=True)))
    [board] = dashboard(actor=world.actor("fin"), on=TODAY)
    assert board.run is not None
    assert board.run.run == again


def test_a_book_shows_its_own_figures(books: World, client_of: ClientOf) -> None:
    assert "Zed" not in shown(client_of("mara"))
    assert "My book" not in shown(client_of("mara"))
    assert "My book" in shown(client_of("fin"))


def test_an_entity_is_chosen_by_the_address(world: World, client_of: ClientOf) -> None:
    client = client_of("fin")
    assert "Halden" in shown(client, "?entity=HALDEN")
    assert client.get("/dashboard/?entity=NOPE").status_code == 404
    assert client.get("/dashboard/unbilled/?entity=NOPE").status_code == 404


def test_a_currency_without_a_rate_is_named(world: World, client_of: ClientOf) -> None:
    issued(world, "ACME", "50.00", currency="GBP", base_rate="1.2")
    assert "for GBP" in shown(client_of("fin"))


def test_a_firm_without_anything_has_a_calm_page(world: World, client_of: ClientOf) -> None:
    text = shown(client_of("fin"))
    assert "Not known yet" in text
    assert "Nothing billed within a year" in text
    assert "Nobody is late" in text
    assert "All work is billed" in client_of("otto").get("/dashboard/unbilled/").content.decode()


def test_unbilled_work_is_priced_apart(world: World, client_of: ClientOf) -> None:
    world.time(7200)
    world.time(3600, approved=False)
    client = client_of("fin")
    assert 'hx-get="/dashboard/unbilled/?entity=HALDEN"' in shown(client)
    part = client.get("/dashboard/unbilled/?entity=HALDEN", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part
    assert "2 entries of 1 agreement" in part
    assert "<html" in client.get("/dashboard/unbilled/?entity=HALDEN").content.decode()


def test_it_costs_the_same_queries_whatever_it_sums(world: World, client_of: ClientOf,
                                                    count_queries: Callable[[], Any]) -> None:
    client = client_of("fin")
    with count_queries() as empty:
        shown(client)
    for account in ("ACME", "ZED"):
        issued(world, account, "50.00", on=date(2026, 9, 1))
    with count_queries() as full:
        shown(client)
    assert len(full) == len(empty)


def test_the_dashboard_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                      axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG, sort_name=LONG.casefold())
    for on, total in ((date(2026, 9, 1), "887654321012.00"), (date(2026, 10, 1), "20.00"),
                      (date(2026, 11, 2), "987654321012.07")):
        issued(world, "ACME", total, on=on, days=20)
    world.time(7200)
    page = signed_in("fin")
    page.goto("/dashboard/")
    expect(page.get_by_text("ready for a bill run")).to_be_visible()
    axe(page)
    for summary in page.locator("summary").all():
        summary.click()
    axe(page)
    page.get_by_role("button", name="How it is counted").click()
    expect(page.get_by_text("Days lost to late payment")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Overdue").first.click()
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
