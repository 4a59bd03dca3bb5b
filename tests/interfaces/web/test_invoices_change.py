"""What is done from a draft's page: refused beside what was typed, twice, late, and by two at once."""

import re
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Page

from duly.billing import models as m
from duly.billing.invoicing.editing import version_of
from tests.billing.cash import receive
from tests.billing.test_invoicing_run import bill
from tests.interfaces.web.acting import act, state, text
from tests.world import TODAY, World

ClientOf = Callable[..., Client]


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def drafts(world: World) -> dict[str, int]:
    """October's drafts: Zed's ten months of support, Big Company's fee, which a peer reviews."""
    return {draft.account.number: draft.id for draft in bill(world)}


def test_a_line_is_written_down_reworded_and_restored(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    assert act(client, zed, "write-down", key="a", line=1, to="500", reason="A gift").url == f"/invoices/{zed}/"
    assert act(client, zed, "write-down", key="b", line=2, percent="10", reason="A tenth").status_code == 302
    act(client, zed, "reword", key="c", line=1, description="Support, January")
    assert [f"{line.amount:.2f}" for line in m.InvoiceLine.objects.filter(invoice_id=zed).order_by("position")[:3]] == [
        "500.00", "675.00", "750.00"]
    page = text(client.get(f"/invoices/{zed}/"))
    assert "Reduced to 500.00 of 750.00" in page
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


def test_lines_are_dragged(database: str, world: World, signed_in: Callable[[str], Page]) -> None:
    zed = next(one.id for one in bill(world) if one.account.number == "ZED")
    page = signed_in("ben")
    page.goto(f"/invoices/{zed}/")
    lines = page.locator("details.line")
    with page.expect_navigation():
        lines.nth(2).locator("summary").drag_to(lines.nth(0).locator("summary"))
    assert m.InvoiceLine.objects.get(invoice_id=zed, position=1).service_from == date(2026, 3, 1)


def test_who_is_written_to_is_said_before_and_the_mail_is_linked_after(
    drafts: dict[str, int], client_of: ClientOf
) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    act(client, zed, "issue")
    for headers in ({}, {"HX-Request": "true"}):
        page = text(client.get(f"/invoices/{zed}/send/", headers=headers))
        assert "ap@zed.example" in page
        assert "billing@halden.example" in page
        assert "Invoice R2026-00001 from Halden Software GmbH" in page
        assert "Please name R2026-00001" in page
    assert m.Message.objects.count() == 0
    act(client, zed, "send", key="m")
    mail = f"/outbox/{m.Message.objects.get().pk}/"
    page = text(client.get(f"/invoices/{zed}/"))
    assert f'<a href="{mail}">See it in the outbox</a>' in page
    assert page.count(mail) == 2  # in what is said, and where its delivery stands


def test_without_anybody_to_write_to_a_contact_is_asked_for(drafts: dict[str, int], client_of: ClientOf) -> None:
    zed = drafts["ZED"]
    act(client_of("ben"), zed, "issue")
    m.Contact.objects.filter(account__number="ZED").update(roles=["executive"])
    page = text(client_of("otto").get(f"/invoices/{zed}/send/"))
    assert "Zed AG has nobody to send it to" in page
    assert ">Send</button>" not in page
    assert 'href="/accounts/ZED/contact/"' in page


def test_what_can_be_done_about_a_wrong_invoice_is_said_as_it_is(drafts: dict[str, int], client_of: ClientOf) -> None:
    client, zed = client_of("ben"), drafts["ZED"]
    assert "Is something wrong with it?" not in text(client.get(f"/invoices/{zed}/"))
    assert "there are no credit notes yet" in text(client.get(f"/invoices/{zed}/issue/"))
    act(client, zed, "issue")
    page = text(client.get(f"/invoices/{zed}/"))
    assert "Duly does not write credit notes yet" in page
    assert "do not send it" in page
    assert "Is something wrong with it?" not in text(client_of("audra").get(f"/invoices/{zed}/"))
    act(client, zed, "send", key="m")
    assert "do not send it" not in text(client.get(f"/invoices/{zed}/"))
