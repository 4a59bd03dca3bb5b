"""Payments: the list, recording and spreading money, a receipt and what is undone of it, an account's statement."""

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from duly.billing import models as m
from tests.billing.cash import balance, issued, receive
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
NEW = "/payments/new/?account=ACME"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def owed(world: World) -> list[str]:
    """Acme owes 119.00 (due first) and 200.00, Zed 50.00."""
    return [str(issued(world, account, total, days=days).number)
            for account, total, days in (("ACME", "119.00", 14), ("ACME", "200.00", 30), ("ZED", "50.00", 30))]


def form(**changes: str) -> dict[str, str]:
    return {"amount": "119.00", "currency": "EUR", "into": "HALDEN:DE89370400440532013000", "received_on": "2026-11-02",
            "booked_on": "2026-11-02", "method": "bank_transfer", "reference": "", "key": "a-key", **changes}


def typed(answer: Any) -> dict[str, str]:
    """What stands in the fields for amounts, by invoice."""
    found = re.findall(r'name="pay:([^"]+)" value="([^"]*)"', answer.content.decode())
    return dict(found)


def said(answer: Any) -> str:
    """The page's words."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode())))


def test_the_list_shows_what_is_left_and_exports_it(world: World, owed: list[str], client_of: ClientOf) -> None:
    receive(world, "150", allocate=[(owed[0], None)])
    receive(world, "5", account="ZED")
    client = client_of("ben")
    page = said(client.get("/payments/"))
    assert "Partly allocated" in page
    assert "Not allocated" in page
    assert "€31.00" in page
    assert "Q2026-00002" not in said(client.get("/payments/?text=acme"))
    assert b"Q2026-00001" in b"".join(client.get("/payments/?format=csv").streaming_content)  # type: ignore[attr-defined]


def test_the_payer_is_found_by_any_part_of_the_name(world: World, owed: list[str], client_of: ClientOf) -> None:
    client = client_of("ben")
    page = said(client.get("/payments/new/"))
    assert "Acme GmbH" in page
    assert "Big Company" not in page, "first come those who owe something"
    assert client.get("/payments/new/?text=acm").headers["Location"] == NEW
    assert "No such account" in said(client.get("/payments/new/?text=nobody"))
    part = client.get("/payments/new/?text=g", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part


@pytest.mark.parametrize(("amount", "reference", "filled"), [
    pytest.param("200.00", "", ["", "200.00"], id="the same amount"),
    pytest.param("150", "", ["119.00", "31.00"], id="oldest first"),
    pytest.param("150", "your R2026/00002", ["", "150.00"], id="the reference names it"),
    pytest.param("", "", ["", ""], id="no amount yet"),
    pytest.param("a lot", "", ["", ""], id="no amount at all"),
])
def test_the_surest_proposal_is_filled_in(world: World, owed: list[str], client_of: ClientOf, amount: str,
                                          reference: str, filled: list[str]) -> None:
    answer = client_of("ben").post(NEW, form(amount=amount, reference=reference, do="propose"), HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert typed(answer) == dict(zip(owed[:2], filled, strict=True))


def test_what_was_typed_by_hand_stays(world: World, owed: list[str], client_of: ClientOf) -> None:
    client = client_of("ben")
    by_hand = {f"pay:{owed[1]}": "7.50", "way": "hand"}
    for do in ("propose", "count"):
        assert typed(client.post(NEW, form(do=do, **by_hand))) == {owed[0]: "", owed[1]: "7.50"}
    assert typed(client.post(NEW, form(do="propose:oldest", **by_hand))) == {owed[0]: "119.00", owed[1]: ""}
    assert typed(client.post(NEW, form(do="propose:none", **by_hand))) == {owed[0]: "", owed[1]: ""}
    assert not m.Receipt.objects.exists()


def test_a_payment_is_recorded_once(world: World, owed: list[str], client_of: ClientOf) -> None:
    client = client_of("ben")
    body = form(amount="1,150.00", reference="Thanks", **{f"pay:{owed[0]}": "119", f"pay:{owed[1]}": "31.5"})
    first, second = client.post(NEW, body), client.post(NEW, body)
    receipt = m.Receipt.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/payments/{receipt.pk}/"
    assert (receipt.amount, receipt.reference, receipt.bank_account_id is not None) == (1150, "Thanks", True)
    assert [balance(number) for number in owed] == [0, Decimal("168.5"), 50]
    again = client.post(NEW, {**body, "amount": "9"})
    assert again.status_code == 422
    assert "recorded before" in said(again)
    assert m.Receipt.objects.count() == 1
    fresh = re.search(r'name="key" value="([^"]+)"', again.content.decode())
    assert fresh is not None
    assert fresh[1] != "a-key"


WRONG = [
    (form(amount="nine"), "“nine” is no amount"),
    (form(amount="-5"), "-5 is no amount of money received"),
    (form(amount="1.005"), "finer than EUR allows"),
    (form(amount="9" * 30), "larger than any amount can be"),
    (form(currency="XXQ"), "“XXQ” is no currency"),
    (form(received_on="2026-11-03"), "after the booking date"),
    (form(received_on="soon"), "Enter a valid date"),
    (form(booked_on="2027-11-02"), "more than 31 days ahead"),
    (form(method="barter"), "Select a valid choice"),
    (form(into="OTHER:"), "Select a valid choice"),
    (form(reference="x" * 141), "at most 140 characters"),
    (form(**{"pay:R2026-00001": "much"}), "“much” is no amount"),
    (form(**{"pay:R2026-00001": "119.01"}), "more than the 119.00 EUR that the item still has"),
    (form(amount="5", **{"pay:R2026-00001": "6"}), "more than the 5.00 EUR that the receipt still has"),
    (form(**{"pay:R2026-00001": "-1"}), "-1 is no amount of money received"),
    (form(other="R2026-99999"), "no open invoice of this entity and currency"),
]


@pytest.mark.parametrize(("body", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(world: World, owed: list[str], client_of: ClientOf,
                                                         body: dict[str, str], words: str) -> None:
    answer = client_of("ben").post(NEW, body)
    assert answer.status_code == 422
    assert words in said(answer)
    kept = [value for name, value in body.items() if name not in ("into", "method", "key") and value]
    assert [value for value in kept if value not in answer.content.decode()] == []
    assert not m.Receipt.objects.exists()


def test_to_pay_what_another_account_owes_is_said_before_it_is_done(
    world: World, owed: list[str], client_of: ClientOf
) -> None:
    client = client_of("ben")
    added = client.post(NEW, form(do="add", other=f" {owed[2].lower()} ", way="hand"))
    assert set(typed(added)) == set(owed)
    assert "Another account’s" in said(added)
    body = form(amount="50", others=owed[2], **{f"pay:{owed[2]}": "50"})
    asked = client.post(NEW, body)
    assert asked.status_code == 422
    assert "Acme GmbH pays what another account owes, and this is right." in said(asked)
    assert not m.Receipt.objects.exists()
    assert client.post(NEW, {**body, "confirmed": "yes"}).status_code == 302
    assert balance(owed[2]) == 0


def test_what_is_owed_elsewhere_is_told_apart(world: World, owed: list[str], client_of: ClientOf) -> None:
    dollars = str(issued(world, "ACME", "70", currency="USD", base_rate="0.8").number)
    client = client_of("ben")
    answer = client.get(NEW)
    assert set(typed(answer)) == set(owed[:2])
    assert "also owes $70.00 to HALDEN" in said(answer)
    assert set(typed(client.post(NEW, form(currency="usd", do="propose")))) == {dollars}


def test_who_may_record(world: World, owed: list[str], client_of: ClientOf) -> None:
    assert client_of("mara").get(NEW).status_code == 403
    assert client_of("mara").post(NEW, form()).status_code == 403
    assert client_of("ben").get("/payments/new/?account=NOPE").status_code == 404
    assert 'href="/payments/new/"' not in client_of("mara").get("/payments/").content.decode()
    receipt = receive(world, "5", account="ZED").receipt
    for address in (f"/payments/{receipt}/", f"/payments/{receipt}/receipt.pdf", "/payments/statement/ZED/"):
        assert client_of("mara").get(address).status_code == 404
    mara = client_of("mara")
    own = receive(world, "5").receipt
    assert "Allocate" not in said(mara.get(f"/payments/{own}/"))
    assert mara.post(f"/payments/{own}/undo/1/", {"reason": "x"}).status_code == 403


def test_what_is_left_is_allocated_on_the_receipts_page(world: World, owed: list[str], client_of: ClientOf) -> None:
    receipt = receive(world, "200", reference="", on=TODAY).receipt
    client, address = client_of("ben"), f"/payments/{receipt}/"
    assert typed(client.get(address)) == {owed[0]: "", owed[1]: "200.00"}, "the same amount"
    assert client.post(address, {}).status_code == 422
    refused = client.post(address, {f"pay:{owed[0]}": "119.01"})
    assert refused.status_code == 422
    assert typed(refused)[owed[0]] == "119.01"
    assert client.post(address, {f"pay:{owed[0]}": "119"}).headers["Location"] == address
    assert (balance(owed[0]), balance("Q2026-00001")) == (0, -81)
    client.post(address, {f"pay:{owed[1]}": "81"})
    assert "Partly allocated" not in said(client.get(address))
    assert client.post(address, {f"pay:{owed[1]}": "81"}).status_code == 200, "nothing is left: nothing is done"


def test_an_allocation_is_taken_back_with_a_reason(world: World, owed: list[str], client_of: ClientOf) -> None:
    received = receive(world, "119", allocate=[(owed[0], None)])
    client, address = client_of("ben"), f"/payments/{received.receipt}/"
    undo = f"{address}undo/{received.allocated[0]['allocation']}/"
    refused = client.post(undo, {"reason": "  "})
    assert refused.status_code == 422
    assert "undone for a reason" in said(refused)
    assert client.post(undo, {"reason": "Paid the other one"}).headers["Location"] == address
    page = said(client.get(address))
    assert "Taken back on 2 Nov 2026 by Ben: Paid the other one" in page
    assert balance(owed[0]) == 119
    assert "undone already" in said(client.post(undo, {"reason": "Again"}))


def test_a_receipt_is_drawn_and_sent(world: World, owed: list[str], client_of: ClientOf) -> None:
    receipt = receive(world, "5").receipt
    client = client_of("ben")
    drawn = client.get(f"/payments/{receipt}/receipt.pdf")
    assert drawn.content.startswith(b"%PDF")
    assert drawn["Content-Disposition"] == 'inline; filename="Q2026-00001.pdf"'
    asked = said(client.get(f"/payments/{receipt}/send/"))
    assert "ap@acme.example" in asked
    assert "Zahlungsbestätigung Q2026-00001 von Halden Software GmbH" in asked
    assert client.post(f"/payments/{receipt}/send/").status_code == 302
    assert m.Message.objects.get().receipt_id == receipt
    assert "Mail queued" in said(client.get(f"/payments/{receipt}/"))


def test_a_statement_adds_up_and_is_downloaded(world: World, owed: list[str], client_of: ClientOf) -> None:
    receive(world, "19")
    client = client_of("ben")
    page = said(client.get("/payments/statement/ACME/"))
    assert re.search(r"Closing balance in EUR\s*€300\.00", page)
    lines = b"".join(client.get("/payments/statement/ACME/?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert lines.splitlines()[-1] == "2026-11-02,Payment,Q2026-00001,-19.00,EUR,300.00,EUR"
    wrong = client.get("/payments/statement/ACME/?since=soon")
    assert 'value="soon"' in wrong.content.decode()
    assert "Nothing happened" in said(client.get("/payments/statement/BIG/"))


def test_pages_cost_the_same_queries_whatever_they_hold(
    world: World, owed: list[str], client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    client = client_of("ben")
    few = receive(world, "5").receipt
    many = receive(world, "100", allocate=[(owed[0], Decimal(10)), (owed[1], Decimal(10))]).receipt
    counted = []
    for address in (f"/payments/{few}/", f"/payments/{many}/"):
        with count_queries() as asked:
            assert client.get(address).status_code == 200
        counted.append(len(asked))
    for account in ("BIG", "ACME"):
        with count_queries() as asked:
            client.get(f"/payments/new/?account={account}")
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 15
    assert counted[2] == counted[3] <= 15
