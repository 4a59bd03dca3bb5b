"""The page of a draft or invoice: what it shows to whom, and a draft's way in the browser."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.accounts.actions.payable_steps import put_payable_step
from duly.billing.invoicing import actions
from duly.interfaces.kit.printing import plain
from duly.interfaces.web.invoices.showing import anchor
from tests.billing import raw
from tests.billing import test_expense_limits as limits
from tests.billing import test_invoicing_vouchers as vouchers
from tests.billing.cash import issued
from tests.billing.models_world import agreed, billed, month
from tests.billing.test_invoicing_multipliers import WEEKEND, worked
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import LONG, act, state, text
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def drafts(world: World) -> dict[str, int]:
    """October's drafts: Zed's ten months of support, Big Company's fee, which a peer reviews."""
    return {draft.account.number: draft.id for draft in bill(world)}


def test_a_draft_shows_its_lines_stages_totals_and_pages(drafts: dict[str, int], client_of: ClientOf) -> None:
    page = text(client_of("ben").get(f"/invoices/{drafts['ZED']}/"))
    for said in (f"Draft {drafts['ZED']}", "Zed AG", "Support plan", "3 seats × €250.00", "Terms since 1 Jan 2026",
                 "1–31 Oct 2026" if "1–31 Oct 2026" in page else "Oct 2026", "€7,500", "30 days after issue",
                 "Drafted by a bill run"):
        assert said in page, said
    assert "Against last time" in page
    assert page.count('<details class="line') == 10


def test_an_entry_on_two_lines_has_a_place_on_each(world: World, database: str, client_of: ClientOf) -> None:
    agreed(world, WEEKEND, starts_on=date(2026, 10, 1), grouping="rate")
    item = worked(world, 10)
    [draft] = billed(world, month(10), issue=False)
    page = client_of("ben").get(f"/invoices/{draft.pk}/").content.decode()
    places = re.findall(r' id="([^"]+)"', page)
    assert {f"work-1-{item.pk}", f"work-2-{item.pk}"} <= set(places)
    assert sorted(set(places)) == sorted(places)
    assert re.findall(r"<small>(\d:\d\d h[^<]*)", page) == ["8:00 h × €95.00", "2:00 h × €142.50 · overtime ×\u00a01.5"]


def test_a_limited_expense_and_a_rounded_payment_say_so(world: World, database: str, client_of: ClientOf) -> None:
    put_payable_step(actor=world.actor("anna"), at=NOW, entity="HALDEN", currency="EUR", step=Decimal("0.05"))
    agreed(world, limits.TRAVEL, starts_on=date(2026, 10, 1))
    limits.spent(world, "180", "hotel", 1)
    limits.spent(world, "9.5", "Taxi", 2)
    [draft] = billed(world, month(10), issue=False)
    page = client_of("ben").get(f"/invoices/{draft.pk}/").content.decode()
    assert re.findall(r"<small>(1 item[^<]*)", page) == [
        "1 item × €150.00 · at most 150.00 for hotel", "1 item × €9.98"]
    assert "Rounding <small>of what is to pay, as" in page


def test_its_totals_name_the_voucher_that_pays_it(world: World, database: str, client_of: ClientOf) -> None:
    sale = vouchers.sold(world)
    [draft] = vouchers.drafted(world, vouchers.OCTOBER)
    page = re.sub(r"<[^>]+>|\s", "", text(client_of("ben").get(f"/invoices/{draft.pk}/")))
    assert f"Total€59.50Vouchersoldby{sale.number}of2Oct2026−€59.50Topay€0.00" in page
    assert "Noearlierinvoicetothisaccount" in page  # the sale of a voucher is nothing to compare with
    assert "<small>voucher</small>" in text(client_of("ben").get(f"/invoices/{sale.pk}/"))


def test_pages_are_drawn_once_per_content_and_kept_by_browsers(drafts: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    address = re.search(r'img src="([^"]+)"', text(client.get(f"/invoices/{drafts['ZED']}/")))
    assert address
    picture = client.get(address[1])
    assert picture["Content-Type"] == "image/svg+xml"
    assert "immutable" in picture["Cache-Control"]
    assert picture.content.lstrip().startswith(b"<svg")
    assert client.get(address[1].replace("/pages/1/", "/pages/99/")).status_code == 404
    act(client, drafts["ZED"], "reword", line=1, description="Else")
    assert address[1] not in text(client.get(f"/invoices/{drafts['ZED']}/"))


def test_the_file_is_a_pdf_named_by_its_number(drafts: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    answer = client.get(f"/invoices/{drafts['ZED']}/file/")
    assert answer.content.startswith(b"%PDF")
    assert f'filename="draft-{drafts["ZED"]}.pdf"' in answer["Content-Disposition"]
    act(client, drafts["ZED"], "issue")
    assert "R2026-00001.pdf" in client.get(f"/invoices/{drafts['ZED']}/file/")["Content-Disposition"]


@pytest.mark.parametrize(("days", "said"), [(30, "31 days late"), (60, "1 day late"), (61, "Due 2 Nov 2026")])
def test_an_open_invoice_says_until_when_or_how_late(world: World, client_of: ClientOf, days: int, said: str) -> None:
    """Of 2 September, looked at on 2 November."""
    invoice = issued(world, "ACME", "100.00", on=date(2026, 9, 2), days=days)
    assert said in text(client_of("ben").get(f"/invoices/{invoice.pk}/"))


def test_an_open_invoice_leads_to_its_payment(drafts: dict[str, int], client_of: ClientOf) -> None:
    address = f"/invoices/{drafts['ZED']}/"
    assert "/payments/new/?" not in text(client_of("ben").get(address))
    act(client_of("ben"), drafts["ZED"], "issue")
    link = re.search(r'href="(/payments/new/\?[^"]+)"', text(client_of("ben").get(address)))
    assert link
    form = text(client_of("ben").get(link[1].replace("&amp;", "&")))
    assert "R2026-00001" in form
    assert "/payments/new/?" not in text(client_of("rita").get(address))


@pytest.mark.parametrize("address", ["", "file/", "pages/1/x.svg", "write-down/", "issue/"])
def test_what_is_outside_the_book_is_not_there(drafts: dict[str, int], client_of: ClientOf, address: str) -> None:
    answers = {client_of("mara").get(f"/invoices/{one}/{address}").status_code for one in (drafts["ZED"], 10**9)}
    assert answers <= {404, 403}
    assert client_of("mara").get(f"/invoices/{drafts['ZED']}/").status_code == 404
    assert client_of("ben").get(f"/invoices/{drafts['ZED']}/nothing/").status_code == 404


@pytest.mark.parametrize(("login", "offered"), [
    ("ben", {"submit", "issue", "discard", "check", "write-down", "reword", "terms", "reorder"}),
    ("otto", {"submit", "discard", "check", "write-down", "terms"}), ("rita", set()), ("audra", set()),
])
def test_only_what_the_reader_may_do_is_offered(
    drafts: dict[str, int], client_of: ClientOf, login: str, offered: set[str]
) -> None:
    page = text(client_of(login).get(f"/invoices/{drafts['ZED']}/"))
    found = set(re.findall(rf'/invoices/{drafts["ZED"]}/([a-z-]+)/[?"]', page)) - {"file"}
    assert offered <= found if offered else found == set()
    assert ("issue" in found) == (login == "ben")


@pytest.mark.parametrize("name", ["issue", "approve", "waive"])
def test_who_may_not_is_refused(drafts: dict[str, int], client_of: ClientOf, name: str) -> None:
    assert act(client_of("audra"), drafts["ZED"], name, reason="x").status_code == 403
    assert state(drafts["ZED"]) == "draft"


def test_the_page_costs_the_same_queries_whatever_it_holds(
    drafts: dict[str, int], client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    client = client_of("ben")
    for one in drafts.values():
        client.get(f"/invoices/{one}/")  # its pages are drawn
    with count_queries() as ten:
        client.get(f"/invoices/{drafts['ZED']}/")
    with count_queries() as one_line:
        client.get(f"/invoices/{drafts['BIG']}/")
    assert len(ten) == len(one_line) <= 36


def test_a_finding_leads_to_its_place_and_is_waived(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    m.Account.objects.filter(number="ZED").update(requires_purchase_order=True)
    act(client, zed, "check")
    page = text(client.get(f"/invoices/{zed}/"))
    assert 'href="#parties"' in page
    assert "Something blocks" in page
    assert f"/invoices/{zed}/issue/" not in page
    address = re.search(rf'href="(/invoices/{zed}/waive/\?[^"]+)"', page)
    assert address
    form = text(client.get(address[1].replace("&amp;", "&")))
    assert 'value="purchase_order_missing"' in form
    waived = act(client, zed, "waive", key="w", check_name="purchase_order_missing", path="purchase_order",
                 reason="It follows")
    assert waived.status_code == 302
    assert "It follows" in text(client.get(f"/invoices/{zed}/"))


@pytest.mark.parametrize(("path", "place"), [
    ("lines[12].unit_price", "line-12"), ("lines[1].work[55]", "work-1-55"), ("lines[1].work", "line-1"),
    ("purchase_order", "parties"), ("buyer.tax_id", "parties"), ("total", "totals"), ("work.Ada.2026-10-05", "lines"),
])
def test_every_path_has_a_place(path: str, place: str) -> None:
    assert anchor(path) == place


def test_numbers_lose_only_their_zeros() -> None:
    assert [plain(Decimal(value)) for value in ("3.0000", "1500", "0.5", "1234.50")] == ["3", "1,500", "0.5", "1,234.5"]


def test_a_draft_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG, sort_name=LONG.casefold(), requires_purchase_order=True)
    world.time(7200, description="x" * 80)
    world.expense("912345678901.07")
    draft = next(one.id for one in bill(world) if one.account.number == "ACME")
    actions.check(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft])
    page = signed_in("ben")
    page.goto(f"/invoices/{draft}/")
    expect(page.get_by_text("Something blocks")).to_be_visible()
    axe(page)
    page.locator("details.line summary").first.click()
    axe(page)
    page.locator("details.line").first.get_by_role("link", name="Write down").click()
    dialog = page.locator("dialog#change")
    dialog.get_by_label("Bill only").fill("5000")
    dialog.get_by_label("Reason").fill("A slip")
    axe(page)
    dialog.get_by_role("button", name="Write down").click()
    expect(dialog.get_by_text("leaves less than").first).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("A slip")
    dialog.get_by_label("Bill only").fill("100")
    dialog.get_by_role("button", name="Write down").click()
    expect(page.locator("details.line").first.get_by_text("changed")).to_be_visible()
    page.get_by_role("link", name="Change order and terms").click()
    dialog.get_by_label("Purchase order").fill("4711")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Issue", exact=True).click()
    dialog.get_by_role("button", name="Issue").click()
    expect(page.get_by_role("heading", name="R2026-00001")).to_be_visible()
    axe(page)
    page.go_back()
    page.go_forward()
    assert m.NumberCounter.objects.get().last_number == 1


TIERS = [
    {"step": "included", "quantity": "152500.5", "included": "1000"},
    {"step": "tier", "add": "1000", "times": "0.02", "above": "0", "up_to": "1000"},
    {"step": "flat", "add": "1", "times": "2", "above": "0", "up_to": "1000"},
    {"step": "tier", "add": "150500.5", "times": "0.0025", "above": "1000", "up_to": None}, {"step": "sum"},
    {"step": "days", "times": "16"}, {"step": "period_days", "over": "31"},
    {"step": "rounded", "exponent": 2, "amount": "205.55"},
    {"step": "discount", "add": "-20.56", "name": "Partner", "of": "411.1", "rate": "0.1", "taken": "41.11"},
    {"step": "sum"}, {"step": "round", "exponent": 2, "amount": "184.99"},
]


def in_tiers(draft: int) -> None:
    """The draft's first line as one of use, half a month of it, with a discount."""
    with connection.cursor() as cursor:
        raw.act(raw.Sql(cursor), "ben")
    m.InvoiceLine.objects.filter(invoice_id=draft, position=1).update(explanation=TIERS, kind="usage")


def test_a_line_in_tiers_shows_its_table(drafts: dict[str, int], client_of: ClientOf) -> None:
    in_tiers(drafts["ZED"])
    page = re.sub(r"<[^>]+>", " ", text(client_of("ben").get(f"/invoices/{drafts['ZED']}/")))
    page = " ".join(page.replace("\u00a0", " ").split())
    assert page.count("How this came about") == 10
    for said in ("Included: 1,000 of 152,500.5",
                 "Up to 1,000 1,000 seats × 0.02 Terms since 1 Jan 2026 1,000 seats 0.02 20.00",
                 "Flat price, up to 1,000 1 × 2.00 1 2.00 2.00", "150,500.5 seats 0.0025 376.25125", "Σ 398.25125",
                 "16 of 31 days × 16/31", "Σ rounded 205.55",
                 "Discount 10% Partner its share of 41.11 on 411.10 −20.56", "Amount 184.99"):
        assert said in page, said


def test_a_line_in_tiers_fits_every_look(database: str, drafts: dict[str, int], signed_in: Callable[[str], Page],
                                         each_look: Any, axe: Callable[[Page], None]) -> None:
    in_tiers(drafts["ZED"])
    page = signed_in("ben")
    page.goto(f"/invoices/{drafts['ZED']}/")
    page.locator("details.line summary").first.click()
    expect(page.get_by_role("table", name="How this came about").first).to_be_visible()
    axe(page)
