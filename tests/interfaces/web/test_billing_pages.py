"""Bill runs, drafts and reviews as pages: previewed, started, watched, listed."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.interfaces.kit import printing
from duly.interfaces.web.billing import starting
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import LONG, text
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]
SCOPE = {"entity": "HALDEN", "first": "2026-10-01", "last": "2026-10-31", "accounts": ""}


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def drafts(world: World) -> dict[str, int]:
    return {draft.account.number: draft.id for draft in bill(world)}


def launched(client: Client, key: str = "k", **scope: str) -> Any:
    return client.post("/runs/new/", {**SCOPE, **scope, "key": key})


def draft_all(world: World) -> None:
    """What a worker would do."""
    for part in m.BillRunPartition.objects.filter(state="waiting"):
        actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=part.pk)


def test_a_run_is_previewed_and_nothing_is_stored(world: World, client_of: ClientOf) -> None:
    page = text(client_of("ben").get("/runs/new/", SCOPE))
    assert "2 drafts for Halden Software GmbH, Oct 2026" in page
    assert "€9,000" in page
    assert "Start the run" in page
    assert m.BillRun.objects.count() == 0


@pytest.mark.parametrize(("scope", "said"), [
    ({"last": "2026-09-01"}, "The last day is before the first one."),
    ({"accounts": "ACME, Bigg Company"}, "no account “Bigg Company” in your book. Near: Big Company SARL (BIG)."),
    ({"first": "tomorrow"}, "Enter a valid date"), ({"entity": "X"}, "Select a valid choice"),
])
def test_a_slip_is_said_beside_its_field(world: World, client_of: ClientOf, scope: dict[str, str], said: str) -> None:
    answer = client_of("ben").get("/runs/new/", {**SCOPE, **scope})
    assert answer.status_code == 422
    assert said in text(answer)
    assert launched(client_of("ben"), **scope).status_code == 422
    assert m.BillRun.objects.count() == 0


def test_a_run_begun_beside_an_account_is_of_that_account(world: World, client_of: ClientOf) -> None:
    answer = client_of("ben").get("/runs/new/", {"for": "HALDEN", "accounts": "ACME"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="ACME"' in page
    assert '<option value="HALDEN" selected>' in page


def test_the_oldest_month_with_something_to_bill_is_proposed(world: World, client_of: ClientOf) -> None:
    client = client_of("ben")
    page = text(client.get("/runs/new/"))
    assert 'value="2026-01-01"' in page
    assert "January 2026 still has 1 due charge to bill: it is the oldest month that has." in page
    bill(world)
    page = text(client.get("/runs/new/"))
    assert 'value="2026-10-01"' in page
    assert "Nothing of a month that is over is left to bill for Halden Software GmbH." in page
    world.time(3600 * 12, on=date(2026, 10, 3))
    world.expense("10.00")
    assert "October 2026 has 12:00 hours of work and 1 expense or milestone to bill." in text(client.get("/runs/new/"))
    world.time(3600 * 12, on=date(2026, 9, 3))
    dates = text(client.get("/runs/new/", {"entity": "HALDEN"}, headers={"HX-Request": "true"}))
    assert dates.strip().startswith('<div id="dates">')
    assert 'value="2026-09-30"' in dates
    page = text(client.get("/runs/new/", SCOPE))
    assert "September 2026 still has 12:00 hours of work to bill. This run takes it along" in page
    assert "entity=HALDEN&amp;first=2026-09-01&amp;last=2026-09-30" in page
    assert "still has" not in text(client.get("/runs/new/", {**SCOPE, "first": "2026-09-01"}))


def test_a_preview_whose_address_names_no_accounts_starts_for_all(world: World, client_of: ClientOf) -> None:
    client = client_of("ben")
    asked = "entity=HALDEN&first=2026-10-01&last=2026-10-31"
    assert '<input type="hidden" name="accounts" value="">' in client.get(f"/runs/new/?{asked}").content.decode()


def test_drafts_that_wait_and_work_left_out_stand_beside_a_preview(drafts: dict[str, int], world: World,
                                                                   client_of: ClientOf) -> None:
    world.time(7200, approved=False)
    page = text(client_of("ben").get("/runs/new/", SCOPE))
    assert "Nothing new to bill" in page
    assert "Drafted already, not issued: 2" in page
    assert f'<a class="strong" href="/invoices/{drafts["ZED"]}/">Zed AG</a>' in page
    assert "<b>Acme GmbH</b> (ACME), 1 entry with 2:00 hours waits for approval" in page
    assert "Drafted already" not in text(client_of("ben").get("/runs/new/", {**SCOPE, "accounts": "ACME"}))


def test_accounts_are_chosen_by_number_or_name(world: World, client_of: ClientOf) -> None:
    page = client_of("ben").get("/runs/new/", {**SCOPE, "accounts": "zed ag, BIG"}).content.decode()
    assert "2 drafts for Halden Software GmbH" in page
    assert 'data-known="{&quot;ZED&quot;: &quot;Zed AG&quot;, &quot;BIG&quot;: &quot;Big Company SARL&quot;}"' in page
    page = client_of("ben").get("/runs/new/", {**SCOPE, "accounts": "BIG, nobody <b>"}).content.decode()
    assert 'data-rest="nobody &lt;b&gt;"' in page
    assert 'value="BIG, nobody &lt;b&gt;"' in page
    assert launched(client_of("ben"), accounts="Zed AG").url == f"/runs/{m.BillRun.objects.get().pk}/"
    assert m.BillRunPartition.objects.get().accounts == [world.account("ZED").pk]


def test_a_firm_without_entities_is_told_what_to_add(world: World, client_of: ClientOf,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "entities", lambda _: [])
    page = text(client_of("ben").get("/runs/new/"))
    assert "No legal entity bills yet" in page
    assert "Preview" not in page


def test_an_empty_period_and_one_billed_before_say_so(world: World, client_of: ClientOf) -> None:
    early = {**SCOPE, "first": "2025-01-01", "last": "2025-01-31"}
    assert "Nothing to bill" in text(client_of("ben").get("/runs/new/", early))
    bill(world)
    page = text(client_of("ben").get("/runs/new/", SCOPE))
    assert "This period was billed before" in page


def test_a_run_is_started_once_watched_stopped_and_resumed(world: World, client_of: ClientOf) -> None:
    client = client_of("ben")
    first, again = launched(client), launched(client)
    run = m.BillRun.objects.get()
    assert first.url == again.url == f"/runs/{run.pk}/"
    assert 'hx-trigger="every 2s"' in text(client.get(first.url))
    assert "0 of 1 part of 3 accounts done" in text(client.get(f"{first.url}progress/", headers={"HX-Request": "true"}))
    client.post(f"{first.url}stop/")
    page = text(client.get(first.url))
    assert "Resume takes up where it stopped" in page
    assert "every 2s" not in page
    client.post(f"{first.url}resume/")
    draft_all(world)
    watched = client.get(f"{first.url}progress/", headers={"HX-Request": "true"})
    assert watched["HX-Refresh"] == "true"
    page = text(client.get(first.url))
    assert "Zed AG" in page
    assert "Submit 2 drafts" in page


def test_a_failed_part_says_why_and_is_resumed(world: World, client_of: ClientOf) -> None:
    client = client_of("ben")
    address = launched(client).url
    part = m.BillRunPartition.objects.get()
    actions.fail_partition(actor=world.actor("ben"), at=NOW, partition=part.pk, error="No rate for GBP")
    page = text(client.get(address))
    assert "No rate for GBP" in page
    assert "Resume" in page
    assert "Needs you" in text(client.get("/runs/"))


@pytest.mark.parametrize(("login", "address", "code"), [
    ("rita", "/runs/new/", 403), ("audra", "/runs/", 200), ("mara", "/runs/{run}/", 404),
    ("audra", "/runs/{run}/", 200), ("mara", "/runs/{run}/progress/", 404), ("ben", "/runs/999/", 404),
])
def test_runs_are_seen_by_right_and_book(
    drafts: dict[str, int], client_of: ClientOf, login: str, address: str, code: int
) -> None:
    run = m.BillRun.objects.get().pk
    assert client_of(login).get(address.format(run=run)).status_code == code
    if code == 404:
        assert client_of(login).post(f"/runs/{run if login == 'mara' else 999}/stop/").status_code == 404


def test_drafts_stand_in_tabs_with_what_was_found(drafts: dict[str, int], client_of: ClientOf) -> None:
    m.Finding.objects.create(invoice_id=drafts["ZED"], check_name="x", severity="blocks", path="total", text="No.")
    page = text(client_of("ben").get("/drafts/"))
    assert "Drafts <b>2</b>" in page
    assert "1 to mend" in page
    assert "Nothing comparable" in page
    assert "Zed AG" not in text(client_of("ben").get("/drafts/?blocked=no"))
    assert "Zed AG" not in text(client_of("mara").get("/drafts/"))
    assert 'value="issue"' not in text(client_of("mara").get("/drafts/"))


def test_a_list_costs_the_same_queries_whatever_it_holds(
    drafts: dict[str, int], client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    client = client_of("ben")
    run = m.BillRun.objects.get().pk
    for address in ("/drafts/?", f"/runs/{run}/?", "/runs/?"):
        with count_queries() as full:
            client.get(address)
        with count_queries() as narrow:
            client.get(f"{address}text=zed")
        assert len(full) == len(narrow) <= 30, address


def test_reviews_wait_with_the_oldest_first(drafts: dict[str, int], client_of: ClientOf) -> None:
    assert "Nothing waits for review" in text(client_of("rita").get("/reviews/"))
    actions.submit(actor=World().actor("ben"), at=NOW, on=TODAY, drafts=[drafts["BIG"]])
    page = text(client_of("rita").get("/reviews/"))
    assert "Big Company" in page
    assert "Review the oldest" in page
    assert "Yours: another reviews it" in text(client_of("ben").get("/reviews/"))
    assert "Big Company" not in text(client_of("otto").get("/reviews/"))


def test_an_empty_firm_is_told_what_to_do(world: World, client_of: ClientOf) -> None:
    empty = {"/runs/": "No bill run yet", "/drafts/": "No draft waits", "/reviews/": "Nothing waits"}
    for address, said in empty.items():
        assert said in text(client_of("ben").get(address))


@pytest.mark.parametrize(("begins", "ends", "said"), [
    (date(2026, 10, 1), date(2026, 10, 31), "Oct 2026"), (date(2024, 2, 1), date(2024, 2, 29), "Feb 2024"),
    (date(2026, 12, 1), date(2026, 12, 31), "Dec 2026"), (date(2026, 10, 2), date(2026, 10, 14), "2–14 Oct 2026"),
    (date(2026, 10, 11), date(2026, 11, 10), "11 Oct – 10 Nov 2026"),
    (date(2026, 10, 5), date(2026, 10, 5), "5 Oct 2026"),
    (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
])
def test_a_period_is_said_shortly(begins: date, ends: date, said: str) -> None:
    assert printing.period(begins, ends) == said


def test_accounts_are_found_by_keyboard(database: str, world: World, signed_in: Callable[[str], Page],
                                        each_look: Any, axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ZED").update(name=LONG, sort_name=LONG.casefold())
    page = signed_in("ben")
    page.goto("/runs/new/?first=2026-10-01&last=2026-10-31&entity=HALDEN&accounts=BIG,Nope")
    finder = page.get_by_role("combobox", name="Only these accounts")
    expect(finder).to_have_value("Nope")
    expect(page.get_by_text("There is no account “Nope” in your book.")).to_be_visible()
    finder.fill("angewandte")
    option = page.get_by_role("option", name=LONG)
    expect(option).to_have_attribute("aria-selected", "true")
    axe(page)
    finder.press("Enter")
    expect(page.get_by_role("button", name=f"Remove {LONG}")).to_be_visible()
    page.get_by_role("button", name="Remove Big Company SARL").click()
    finder.fill("acm")
    expect(page.get_by_role("option", name="Acme GmbH")).to_be_visible()
    finder.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    finder.fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("1 draft for Halden Software GmbH")).to_be_visible()
    axe(page)
    finder.press("Backspace")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 drafts for Halden Software GmbH")).to_be_visible()


def test_a_month_is_billed_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page],
                                          each_look: Any, axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ZED").update(name=LONG, sort_name=LONG.casefold())
    world.expense("912345678901.07")
    page = signed_in("ben")
    page.goto("/runs/")
    axe(page)
    page.get_by_role("link", name="Start a run").click()
    page.get_by_label("First day").fill("2026-10-01")
    page.get_by_label("Last day").fill("2026-10-31")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("3 drafts for Halden Software GmbH")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("You may leave this page")).to_be_visible()
    axe(page)
    draft_all(world)
    expect(page.get_by_role("button", name="Submit 3 drafts")).to_be_visible()
    axe(page)
    page.goto("/drafts/")
    for box in page.locator("input[name=rows]").all():
        box.check()
    axe(page)
    page.locator(".bulk").get_by_role("button", name="Issue").click()
    expect(page.get_by_role("button", name="Issue 3 drafts")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Issue 3 drafts").click()
    expect(page.get_by_text("Left as they were, and why")).to_be_visible()
    axe(page)
    assert m.Invoice.objects.filter(state="issued").count() == 2
