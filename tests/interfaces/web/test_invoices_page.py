"""The page of a draft or invoice: what it shows to whom, and what is done from it, twice, late and by two at once."""

import re
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import version_of
from duly.interfaces.web.invoices.explanation import plain
from duly.interfaces.web.invoices.showing import anchor
from tests.billing.cash import receive
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"[:80]


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def drafts(world: World) -> dict[str, int]:
    """October's drafts: Zed's ten months of support, Big Company's fee, which a peer reviews."""
    return {draft.account.number: draft.id for draft in bill(world)}


def act(client: Client, draft: int, name: str, *, key: str = "k", **values: Any) -> Any:
    """Send an act's form as the page does, of the version that stands unless told otherwise."""
    values = {"version": version_of(draft), "key": key, **values}
    return client.post(f"/invoices/{draft}/{name}/", values)


def state(draft: int) -> str:
    return m.Invoice.objects.get(pk=draft).state


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_draft_shows_its_lines_stages_totals_and_pages(drafts: dict[str, int], client_of: ClientOf) -> None:
    page = text(client_of("ben").get(f"/invoices/{drafts['ZED']}/"))
    for said in (f"Draft {drafts['ZED']}", "Zed AG", "Support plan", "3 seat × €250.00", "Terms since 1 Jan 2026",
                 "1–31 Oct 2026" if "1–31 Oct 2026" in page else "Oct 2026", "€7,500", "30 days after issue",
                 "Drafted by a bill run"):
        assert said in page, said
    assert "Against last time" in page
    assert page.count('<details class="line') == 10


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


def test_a_line_is_written_down_reworded_and_restored(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    assert act(client, zed, "write-down", key="a", line=1, to="500", reason="A gift").url == f"/invoices/{zed}/"
    assert act(client, zed, "write-down", key="b", line=2, percent="10", reason="A tenth").status_code == 302
    act(client, zed, "reword", key="c", line=1, description="Support, January")
    assert [f"{line.amount:.2f}" for line in m.InvoiceLine.objects.filter(invoice_id=zed).order_by("position")[:3]] == [
        "500.00", "675.00", "750.00"]
    page = text(client.get(f"/invoices/{zed}/"))
    assert "€500.00 of €750.00" in page
    assert "ben: A gift" in page
    assert "drafted as “Support plan”" in page
    act(client, zed, "restore", key="d", line=1)
    assert m.InvoiceLine.objects.get(invoice_id=zed, position=1).amount == 750


@pytest.mark.parametrize(("name", "values", "said"), [
    ("write-down", {"line": 1, "to": "", "percent": "", "reason": "Kept words"}, "Give either the amount"),
    ("write-down", {"line": 1, "to": "ten", "reason": "Kept words"}, "Enter a number"),
    ("write-down", {"line": 1, "to": "999999999999", "reason": "Kept words"}, "leaves less than"),
    ("write-down", {"line": 1, "percent": "200", "reason": "Kept words"}, "cannot be written down"),
    ("write-down", {"line": 77, "to": "1", "reason": "Kept words"}, "has no line 77"),
    ("reword", {"line": 1, "description": " "}, "This field is required"),
    ("reorder", {"positions": "1,x"}, "no order of lines"), ("reorder", {"positions": "1,1"}, "names each line once"),
    ("terms", {"purchase_order": "Kept words", "payment_days": "400"}, "less than or equal to 365"),
    ("return", {"reason": "Kept words"}, "does not wait for this step"),
    ("reopen", {"reason": "Kept words"}, "is a draft already"),
])
def test_what_is_refused_stands_beside_what_was_typed(
    drafts: dict[str, int], client_of: ClientOf, name: str, values: dict[str, Any], said: str
) -> None:
    answer = act(client_of("fin"), drafts["ZED"], name, **values)
    assert answer.status_code == 422
    assert said in text(answer)
    if "Kept words" in values.values():
        assert "Kept words" in text(answer)


def test_two_people_edit_and_the_second_is_told_and_loses_nothing(
    drafts: dict[str, int], client_of: ClientOf
) -> None:
    zed = drafts["ZED"]
    seen = version_of(zed)
    act(client_of("fin"), zed, "write-down", line=1, to="500", reason="First", version=seen)
    late = act(client_of("ben"), zed, "reword", key="late", line=1, description="My own words", version=seen)
    assert late.status_code == 422
    page = text(late)
    assert "Fin changed draft" in page
    assert "My own words" in page
    assert "€500" in page  # the line as it is now
    retyped = re.search(r'name="version" value="([^"]+)"', page)
    assert retyped
    assert retyped[1] == version_of(zed) != seen
    assert act(client_of("ben"), zed, "reword", key="late", line=1, description="My own words",
               version=retyped[1]).status_code == 302
    line = m.InvoiceLine.objects.get(invoice_id=zed, position=1)
    assert (line.description, line.amount) == ("My own words", 500)


def test_what_was_ticked_is_kept_when_somebody_was_faster(world: World, database: str, client_of: ClientOf) -> None:
    first = world.time(3600)
    world.time(3600, on=date(2026, 10, 6))
    draft = next(one.id for one in bill(world) if one.account.number == "ACME")
    seen = version_of(draft)
    act(client_of("fin"), draft, "reword", line=1, description="Else", version=seen)
    page = text(act(client_of("ben"), draft, "defer", line=1, items=[first.pk], reason="Later", version=seen))
    ticked = re.findall(r'name="items" value="(\d+)"[^>]*checked', page)
    assert ticked == [str(first.pk)]
    answer = act(client_of("ben"), draft, "defer", key="again", line=1, items=[first.pk], reason="Later")
    assert answer.status_code == 302
    page = text(client_of("ben").get(f"/invoices/{draft}/"))
    assert "Deferred" in page
    assert m.WorkAllocation.objects.filter(line__invoice_id=draft).count() == 1


def test_lines_are_moved(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    page = text(client.get(f"/invoices/{zed}/"))
    down = re.search(r'value="(2,1,3[^"]*)" aria-label="Move line 1 down"', page)
    assert down
    assert act(client, zed, "reorder", positions=down[1]).status_code == 302
    first = m.InvoiceLine.objects.get(invoice_id=zed, position=1)
    assert first.service_from == date(2026, 2, 1)


def test_sent_twice_it_is_issued_once(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    form = {"version": version_of(zed), "key": "one"}
    answers = [client.post(f"/invoices/{zed}/issue/", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert m.Event.objects.filter(verb="invoicing.issue").count() == 1
    other = client.post(f"/invoices/{zed}/issue/", {**form, "key": "two"})  # an older page, by the back button
    assert other.status_code == 422
    assert m.NumberCounter.objects.get().last_number == 1


def test_a_double_click_issues_once(world: World, database: str, client_of: ClientOf) -> None:
    zed = next(one.id for one in bill(world) if one.account.number == "ZED")
    form = {"version": version_of(zed), "key": "one"}
    clients, codes, start = [client_of("ben") for _ in range(2)], [], threading.Barrier(2)

    def click(client: Client) -> None:
        start.wait(30)
        codes.append(client.post(f"/invoices/{zed}/issue/", form).status_code)
        connections.close_all()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(codes) == [302, 302]
    assert m.Invoice.objects.filter(state="issued").count() == 1
    assert m.NumberCounter.objects.get().last_number == 1


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


def test_a_review_goes_to_the_next_and_never_to_its_author(drafts: dict[str, int], client_of: ClientOf) -> None:
    big = drafts["BIG"]
    act(client_of("ben"), big, "submit", key="s")
    assert state(big) == "in_review"
    assert "somebody else reviews it" not in text(client_of("rita").get(f"/invoices/{big}/"))
    returned = act(client_of("rita"), big, "return", key="r", reason="Which fee?")
    assert (returned.url, state(big)) == ("/reviews/", "draft")
    act(client_of("fin"), big, "submit", key="s2")
    assert "Which fee?" in text(client_of("ben").get(f"/invoices/{big}/"))
    assert act(client_of("rita"), big, "approve", key="a").url == "/reviews/"
    assert state(big) == "ready"
    assert act(client_of("ben"), big, "reopen", key="o", reason="The client moved").status_code == 302
    assert state(big) == "draft"


def test_a_reviewer_approves_what_they_saw(drafts: dict[str, int], client_of: ClientOf) -> None:
    big = drafts["BIG"]
    seen = version_of(big)
    ben = client_of("ben")
    act(ben, big, "reword", key="w", line=1, description="Another fee")
    act(ben, big, "submit", key="s")
    late = act(client_of("rita"), big, "approve", key="a", version=seen)
    assert late.status_code == 422
    assert state(big) == "in_review"


def test_an_issued_invoice_is_sent_once_and_shows_what_was_paid(
    world: World, drafts: dict[str, int], client_of: ClientOf
) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    act(client, zed, "issue")
    assert "/send/" in text(client.get(f"/invoices/{zed}/"))
    assert act(client, zed, "send", key="m").status_code == 302
    receive(world, "7500", account="ZED", allocate=[("R2026-00001", None)])
    page = text(client.get(f"/invoices/{zed}/"))
    assert "/send/" not in page
    assert "Queued" in page
    assert "Settled" in page
    assert m.Message.objects.count() == 1


def test_a_draft_is_discarded(drafts: dict[str, int], client_of: ClientOf) -> None:
    assert act(client_of("ben"), drafts["ZED"], "discard").url == "/drafts/"
    assert state(drafts["ZED"]) == "discarded"
    assert "Discarded" in text(client_of("ben").get(f"/invoices/{drafts['ZED']}/"))


@pytest.mark.parametrize(("path", "place"), [
    ("lines[12].unit_price", "line-12"), ("lines[1].work[55]", "work-55"), ("lines[1].work", "line-1"),
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


def test_lines_are_dragged(database: str, world: World, signed_in: Callable[[str], Page]) -> None:
    zed = next(one.id for one in bill(world) if one.account.number == "ZED")
    page = signed_in("ben")
    page.goto(f"/invoices/{zed}/")
    lines = page.locator("details.line")
    with page.expect_navigation():
        lines.nth(2).locator("summary").drag_to(lines.nth(0).locator("summary"))
    assert m.InvoiceLine.objects.get(invoice_id=zed, position=1).service_from == date(2026, 3, 1)
