"""Acts on many drafts: chosen, confirmed, and done once even when the connection is lost."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions import batch
from duly.interfaces.web.billing import batches
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import LONG, begun, state, text
from tests.world import NOW, TODAY, World, _agreement, _charge

ClientOf = Callable[..., Client]
SCOPE = {"entity": "HALDEN", "first": "2026-10-01", "last": "2026-10-31", "accounts": ""}


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def drafts(world: World) -> dict[str, int]:
    return {draft.account.number: draft.id for draft in bill(world)}


def test_many_are_issued_with_a_list_of_what_was_left(drafts: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    address = begun(client, "issue", *drafts.values())
    assert "0 of 2" in text(client.get(address))
    assert m.Invoice.objects.filter(state="issued").count() == 0
    assert client.post(f"{address}next/").url == address
    page = text(client.get(address))
    assert "R2026-00001" in page
    assert "Its agreement demands a review: submit it first." in page
    assert "Send 1 invoice" in page
    assert "1 mail queued." in text(client.post(f"{address}send/", follow=True))
    assert "0 mails queued, 1 sent before." in text(client.post(f"{address}send/", follow=True))
    assert m.Message.objects.count() == 1


def test_an_interrupted_batch_goes_on_and_repeats_nothing(
    drafts: dict[str, int], client_of: ClientOf, monkeypatch: Any
) -> None:
    monkeypatch.setattr(batch, "PART", 1)
    client = client_of("ben")
    address = begun(client, "issue", *drafts.values())
    client.post(f"{address}next/")
    assert "1 of 2" in text(client.get(address))
    assert begun(client, "issue", *drafts.values()) == address  # the form sent again, by the back button
    assert "1 of 2" in text(client.get(address))
    for _ in range(3):
        client.post(f"{address}next/", headers={"HX-Request": "true"})
    assert "2 of 2" in text(client.get(address))
    assert m.NumberCounter.objects.get().last_number == 1
    assert m.Event.objects.filter(verb="invoicing.issue").count() == 1


def test_what_was_lost_on_the_way_is_done_once(drafts: dict[str, int], client_of: ClientOf, monkeypatch: Any) -> None:
    client = client_of("ben", raises=False)
    address = begun(client, "submit", *drafts.values())
    acted = actions.go_on

    def lost(**arguments: Any) -> Any:
        acted(**arguments)
        raise ConnectionError("the answer never arrived")

    monkeypatch.setattr(actions, "go_on", lost)
    assert client.post(f"{address}next/").status_code == 500
    monkeypatch.undo()
    monkeypatch.setattr(settings, "TODAY", TODAY)
    assert "2 of 2" in text(client.get(address))
    client.post(f"{address}next/")
    assert m.ReviewStep.objects.count() == 1


def test_all_that_match_are_chosen(drafts: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    asked = text(client.post("/drafts/chosen/", {"act": "discard", "all": "1", "query": "text=zed&sort=-total"}))
    assert "Discard 1 draft?" in asked
    assert "Zed AG" in asked
    assert client.post("/drafts/chosen/", {"act": "discard"}).url == "/drafts/"
    assert client.get("/drafts/chosen/").url == "/drafts/"
    run = m.BillRun.objects.get().pk
    asked = text(client.post("/drafts/chosen/", {"act": "submit", "all": "1", "run": run, "query": "state=draft"}))
    assert "Submit 2 drafts?" in asked


def test_reviewers_approve_all_that_match_the_filter(drafts: dict[str, int], world: World,
                                                     client_of: ClientOf) -> None:
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=list(drafts.values()))
    rita = client_of("rita")
    assert 'name="act" value="approve"' in text(rita.get("/reviews/"))
    assert 'name="act" value="approve"' not in text(client_of("ben").get("/reviews/"))
    assert rita.post("/drafts/chosen/", {"act": "approve", "all": "1", "query": "text=nobody"}).url == "/reviews/"
    asked = text(rita.post("/drafts/chosen/", {"act": "approve", "all": "1", "query": "own=no&text=big"}))
    assert "Approve 1 draft?" in asked
    assert "Big Company SARL" in asked
    address = begun(rita, "approve", *drafts.values())
    rita.post(f"{address}next/")
    page = text(rita.get(address))
    assert "<b>1</b> approved, <b>1</b> left as they were" in page
    assert "It is approved already." in page
    assert "Send" not in page
    assert state(drafts["BIG"]) == "ready"


@pytest.mark.parametrize(("login", "act", "code"), [
    ("rita", "approve", 200), ("rita", "submit", 403), ("ben", "approve", 403), ("ben", "issue", 200),
    ("audra", "approve", 403), ("audra", "submit", 403), ("audra", "burn", 403), ("mara", "issue", 403),
])
def test_each_act_wants_its_right(drafts: dict[str, int], client_of: ClientOf, login: str, act: str, code: int) -> None:
    client, rows = client_of(login), list(drafts.values())
    assert client.post("/drafts/chosen/", {"act": act, "rows": rows}).status_code == code
    planned = client.post("/drafts/batches/", {"act": act, "drafts": ",".join(map(str, rows)), "key": "k"})
    assert planned.status_code == (302 if code == 200 else 403)


@pytest.mark.parametrize(("address", "target"), [
    ("/drafts/", "drafts"), ("/runs/{run}/", "drafts"), ("/reviews/", "reviews"),
])
def test_a_list_that_htmx_filtered_can_be_acted_on(drafts: dict[str, int], world: World, client_of: ClientOf,
                                                   address: str, target: str) -> None:
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["BIG"]])
    answer = client_of("rita" if target == "reviews" else "ben").get(
        f"{address.format(run=m.BillRun.objects.get().pk)}?text=big",
        headers={"HX-Request": "true", "HX-Target": f"list-{target}"})
    assert '<html' not in text(answer)
    assert 'formaction="/drafts/chosen/"' in text(answer)
    assert '<input type="hidden" name="query" value="text=big">' in text(answer)


def test_a_wrong_filter_reaches_no_further(drafts: dict[str, int], client_of: ClientOf) -> None:
    answer = client_of("ben").post("/drafts/chosen/", {"act": "discard", "all": "1", "query": "state=nonsense"})
    assert answer.status_code == 422


def test_long_batches_list_the_first_and_count_all(drafts: dict[str, int], client_of: ClientOf,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "LISTED", 1)
    client = client_of("ben")
    asked = text(client.post("/drafts/chosen/", {"act": "discard", "rows": list(drafts.values())}))
    assert "Discard 2 drafts?" in asked
    assert "The first 1 are listed; the sums are of all 2." in asked
    address = begun(client, "discard", *drafts.values())
    client.post(f"{address}next/")
    assert "And 1 more." in text(client.get(address))


def test_a_draft_belongs_to_the_drafts(drafts: dict[str, int], world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    here = re.compile(r'<a href="([^"]+)"[^>]*aria-current="page"')
    assert here.findall(text(ben.get(f"/invoices/{drafts['ZED']}/")))[:1] == ["/drafts/"]
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["ZED"]])
    assert here.findall(text(ben.get(f"/invoices/{drafts['ZED']}/")))[:1] == ["/invoices/"]


@pytest.mark.parametrize("values", [
    {"act": "issue", "drafts": ""}, {"act": "burn", "drafts": "1"}, {"act": "issue", "drafts": "999"},
    {"act": "issue", "drafts": "9" * 40},
])
def test_what_was_made_up_is_refused(drafts: dict[str, int], client_of: ClientOf, values: dict[str, str]) -> None:
    assert client_of("ben").post("/drafts/batches/", {**values, "key": "k"}).status_code in (404, 422)


def test_a_batch_is_its_planners(drafts: dict[str, int], client_of: ClientOf) -> None:
    address = begun(client_of("ben"), "discard", drafts["ZED"])
    assert client_of("fin").get(address).status_code == 404
    assert client_of("audra").get(address).status_code == 403
    assert client_of("ben").post(f"{address}send/").status_code == 422


def test_a_lost_connection_is_taken_up_again(database: str, world: World, signed_in: Callable[[str], Page],
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PART", 1)
    ids = [draft.id for draft in bill(world) if draft.account.number == "ZED"]
    key = "0123456789"
    actions.plan_batch(actor=world.actor("ben"), at=NOW, on=TODAY, act="issue", drafts=ids, key=key)
    page = signed_in("ben")

    page.route("**/next/", lambda route: None)  # what was sent gets no answer
    with page.expect_request("**/next/"):
        page.goto(f"/drafts/batches/{key}/")
    expect(page.get_by_role("status").get_by_text("0 of 1")).to_be_visible()
    page.unroute("**/next/")
    page.reload()
    expect(page.get_by_role("status").get_by_text("1 of 1")).to_be_visible()
    assert m.NumberCounter.objects.get().last_number == 1


@pytest.mark.parametrize("gone", [lambda route: route.abort(), lambda route: route.fulfill(status=503)],
                         ids=["no server", "a proxy without one"])
def test_a_batch_goes_on_by_itself_when_the_server_is_back(
    database: str, world: World, outage: None, signed_in: Callable[[str], Page], gone: Callable[[Route], None],
) -> None:
    ids = [draft.id for draft in bill(world) if draft.account.number == "ZED"]
    actions.plan_batch(actor=world.actor("ben"), at=NOW, on=TODAY, act="issue", drafts=ids, key="0123456789")
    page = signed_in("ben")
    page.route("**/next/", gone)
    page.goto("/drafts/batches/0123456789/")
    expect(page.get_by_text("The connection was lost; it goes on when it is back.")).to_be_visible()
    page.unroute("**/next/")
    expect(page.get_by_role("status").get_by_text("1 of 1")).to_be_visible()
    expect(page.get_by_text("The connection was lost")).to_have_count(0)
    assert m.NumberCounter.objects.get().last_number == 1


def test_a_batch_that_meets_a_fault_shows_its_page(
    database: str, world: World, outage: None, signed_in: Callable[[str], Page]
) -> None:
    ids = [draft.id for draft in bill(world) if draft.account.number == "ZED"]
    actions.plan_batch(actor=world.actor("ben"), at=NOW, on=TODAY, act="issue", drafts=ids, key="0123456789")
    page = signed_in("ben")
    page.route("**/next/", lambda route: route.fulfill(status=500, body="Fault 12AB"))
    page.goto("/drafts/batches/0123456789/")
    expect(page.get_by_text("Fault 12AB")).to_be_visible()


def test_many_are_acted_on_without_javascript(
    database: str, world: World, no_javascript: None, signed_in: Callable[[str], Page]
) -> None:
    bill(world)
    page = signed_in("ben")
    page.goto("/drafts/")
    page.get_by_label("Choose Zed AG").check()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Discard 1 draft").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("status").get_by_text("1 of 1")).to_be_visible()


def test_sixty_drafts_go_through_in_parts(database: str, world: World, signed_in: Callable[[str], Page],
                                          context: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filtered, chosen beyond the page, submitted while the tab is closed half-way, and gone on with in another."""
    monkeypatch.setattr(batch, "PART", 20)
    _many(world, 60)
    ids = [draft.pk for draft in bill(world) if draft.account.number.startswith("N")]
    m.Finding.objects.create(invoice_id=ids[-1], check_name="x", severity="blocks", path="total", text="Mend it first.")
    page = signed_in("ben")
    page.goto("/drafts/")
    page.get_by_role("searchbox", name="Draft or account").fill("customer no")
    expect(page.get_by_role("status").get_by_text("60 drafts")).to_be_visible()
    expect(page.locator(".bulk")).to_be_hidden()
    page.get_by_label("Choose all on this page").check()
    expect(page.get_by_text("50 chosen")).to_be_visible()
    page.get_by_label("all 60 that match").check()
    expect(page.get_by_text("50 chosen")).to_be_hidden()
    page.locator(".bulk").get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submit 60 drafts?")).to_be_visible()

    page.route("**/next/", lambda route: None)  # only the first part is let through
    page.route("**/next/", lambda route: route.continue_(), times=1)
    page.get_by_role("button", name="Submit 60 drafts").click()
    expect(page.get_by_role("status").get_by_text("20 of 60")).to_be_visible()
    address = page.url
    page.close()
    other = context.new_page()
    other.goto(address)
    expect(other.get_by_role("status").get_by_text("60 of 60")).to_be_visible()
    expect(other.get_by_text("59 submitted, 1 left as they were.")).to_be_visible()
    expect(other.get_by_text("Mend it first.")).to_be_visible()
    assert m.Invoice.objects.filter(pk__in=ids, state="ready").count() == 59
    assert m.Event.objects.filter(verb="invoicing.submit_many", subject_type="invoice").count() == 59


def _many(world: World, count: int) -> None:
    """So many customers, each with one fee that is due in October."""
    for number in range(count):
        name = f"Customer no {number} {LONG}"[:80]
        account = m.Account.objects.create(number=f"N{number}", name=name, sort_name=name.casefold(), street="Ring 1",
                                           postcode="1010", city="Wien", country="AT", language="de", currency="EUR")
        m.Contact.objects.create(account=account, name="Desk", email=f"d{number}@n.example", roles=["billing"])
        m.TaxRegistration.objects.create(account=account, country="AT", number="ATU13585627")
        with transaction.atomic():
            version = _agreement(f"N{number}", "Fee", world.entity(), account, "none")
            price = Decimal("987654321012.34") if number % 9 == 0 else Decimal(number + 1)
            _charge(version, "fee", "one_off", "Fee", price=price, due_on=date(2026, 10, 5))
