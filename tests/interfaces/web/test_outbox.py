"""The outbox: every mail as it was written, what the mail server said, and sending again what failed."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.desk.actions import Undelivered, deliver, queue_message
from duly.billing.kernel import frames
from tests.billing.cash import issued
from tests.world import NOW, TODAY, World

ClientOf = Callable[..., Client]
BOUNCED = "The mail server takes no mail for ap@acme.example."
OWN_WORDS = "550 5.1.1 <ap@acme.example>: no such user"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def mails(world: World) -> dict[str, int]:
    """A mail of each state: Acme's failed, Big Company's is sent, Zed's waits."""
    return _mails(world)


def _mails(world: World) -> dict[str, int]:
    made = {}
    for account, state in (("ACME", "failed"), ("BIG", "sent"), ("ZED", "queued")):
        actor = world.actor("ben")
        [message] = queue_message(actor=actor, at=NOW, on=TODAY, invoices=[issued(world, account, "100").pk]).messages
        if state != "queued":
            deliver(actor=actor, at=NOW, on=TODAY, message=message, hand_over=_server(state))
        made[state] = message
    return made


def _server(state: str) -> Callable[[Any], str]:
    def hand_over(_: Any) -> str:
        if state == "failed":
            raise Undelivered(f"{BOUNCED}\n{OWN_WORDS}", final=True)
        return "250 OK"

    return hand_over


def said(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode())))


def rows(client: Client, address: str) -> int:
    return client.get(address).content.decode().count('data-title="State"')


def test_the_list_by_state(mails: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    page = said(client.get("/outbox/"))
    assert "Waiting 1" in page
    assert "Failed 1" in page
    assert BOUNCED in page
    assert OWN_WORDS not in page
    assert rows(client, "/outbox/") == 3
    assert [rows(client, f"/outbox/?state={state}") for state in ("failed", "sent", "queued")] == [1, 1, 1]
    assert [rows(client, f"/outbox/?{narrow}") for narrow in ("book=mine", "account=BIG")] == [0, 1]
    assert rows(client_of("otto"), "/outbox/") == rows(client_of("otto"), "/outbox/?book=mine") == 1
    assert "Failed 0" in said(client_of("otto").get("/outbox/"))


def test_a_mail_is_shown_as_it_was_written(mails: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    message = m.Message.objects.get(pk=mails["failed"])
    page = said(client.get(f"/outbox/{message.pk}/"))
    for words in (message.subject, "billing@halden.example", "ap@acme.example", "Guten Tag", message.message_id,
                  BOUNCED, OWN_WORDS, "R2026-00001.pdf", "Send again"):
        assert words in page
    drawn = client.get(f"/outbox/{message.pk}/attachment.pdf")
    assert drawn.content.startswith(b"%PDF")
    sent = said(client.get(f"/outbox/{mails['sent']}/"))
    assert "250 OK" in sent
    assert "Send again" not in sent
    assert "waits for its first try" in said(client.get(f"/outbox/{mails['queued']}/"))


def test_who_sees_what(mails: dict[str, int], client_of: ClientOf) -> None:
    for login, status in (("mara", 200), ("otto", 404)):
        assert client_of(login).get(f"/outbox/{mails['failed']}/").status_code == status
        assert client_of(login).get(f"/outbox/{mails['failed']}/attachment.pdf").status_code == status
    assert client_of("otto").post("/outbox/again/", {"rows": mails["failed"]}).status_code == 404
    assert client_of("rita").post("/outbox/again/", {"rows": mails["failed"]}).status_code == 403
    assert "Send again" not in said(client_of("rita").get(f"/outbox/{mails['failed']}/"))


def test_what_failed_is_sent_again_and_nothing_else(mails: dict[str, int], client_of: ClientOf) -> None:
    client = client_of("ben")
    client.post("/outbox/again/", {"rows": [*mails.values(), "x"]})
    assert "1 mail waits to be sent again. 2 had not failed." in said(client.get("/outbox/"))
    states = dict(m.Message.objects.values_list("pk", "state"))
    assert states == {mails["failed"]: "queued", mails["sent"]: "sent", mails["queued"]: "queued"}
    for rows in (mails["failed"], "9" * 5_000):
        client.post("/outbox/again/", {"rows": rows})
        assert "nothing is sent again" in said(client.get("/outbox/"))


def test_a_corrected_address_makes_a_new_mail(world: World, mails: dict[str, int], client_of: ClientOf) -> None:
    frames.execute("update contact set email = 'new@acme.example' where email = 'ap@acme.example'")
    client = client_of("ben")
    answer = client.post("/outbox/again/", {"rows": mails["failed"]})
    made = m.Message.objects.latest("pk")
    assert answer.headers["Location"] == f"/outbox/{made.pk}/"
    assert made.recipients[0]["email"] == "new@acme.example"
    assert m.Message.objects.get(pk=mails["failed"]).state == "failed"


def test_without_a_contact_nothing_is_sent_and_it_says_so(mails: dict[str, int], client_of: ClientOf) -> None:
    frames.execute("update contact set roles = '[]' where email = 'ap@acme.example'")
    answer = client_of("ben").post("/outbox/again/", {"rows": mails["failed"]})
    assert answer.status_code == 422
    assert "has no contact with the role billing" in said(answer)


def test_a_page_costs_the_same_queries_whatever_it_holds(
    mails: dict[str, int], client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    client, counted = client_of("ben"), []
    for address in ("/outbox/", "/outbox/?text=zed", f"/outbox/{mails['failed']}/", f"/outbox/{mails['queued']}/"):
        with count_queries() as asked:
            assert client.get(address).status_code == 200
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 13
    assert counted[2] == counted[3] <= 11


def test_an_empty_outbox_says_what_comes_here(world: World, client_of: ClientOf) -> None:
    assert "No mail was sent yet" in said(client_of("ben").get("/outbox/"))


def test_the_outbox_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                   axe: Callable[[Page], None]) -> None:
    _mails(world)
    page = signed_in("ben")
    page.goto("/outbox/")
    axe(page)
    page.get_by_role("link", name=re.compile("Failed")).click()
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    page.locator(".rows tbody a.strong").click()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("1 mail waits to be sent again")).to_be_visible()
