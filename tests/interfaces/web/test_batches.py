"""Acts on many drafts: chosen, confirmed, and done once even when the connection is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions import batch
from duly.interfaces.web.billing import batches
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import begun, state, text
from tests.world import NOW, TODAY, World

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
    client.post(f"{address}send/")
    client.post(f"{address}send/")
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
