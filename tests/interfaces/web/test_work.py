"""The pages of work: what is unbilled, approval, corrections, records by hand, milestones."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.work.actions.receipts import LARGEST
from duly.interfaces.web.work.forms import Amount, Duration
from tests.billing.test_invoicing_run import bill
from tests.world import World

ClientOf = Callable[..., Client]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"
PDF = b"%PDF-1.7 receipt"
WORK = "/work/"
TIME = {"person": "ada", "project": "ACME-WEB", "on": "2026-10-20", "seconds": "1:30", "task": "Development",
        "description": "Search", "billable": "on", "key": "time-1"}
EXPENSE = {"person": "grace", "project": "ACME-WEB", "on": "2026-10-21", "cost": "89.90", "currency": "eur",
           "category": "travel", "description": "Train", "billable": "on", "key": "expense-1"}


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def said(client: Client, address: str) -> str:
    """The page, and what its messages say."""
    return body(client.get(address))


def test_unbilled_work_is_priced_apart_by_account_with_its_oldest_day(world: World, client_of: ClientOf) -> None:
    world.time(7200, on=date(2026, 10, 5))
    world.time(3600, on=date(2026, 10, 3), approved=False)
    ben = client_of("ben")
    assert "All unbilled work is being priced" in said(ben, "/work/")
    page = said(ben, f"{WORK}?show=sums")
    assert '<h2 id="entity-HALDEN">Halden Software GmbH</h2>' in page
    assert "Acme GmbH" in page
    assert "3 Oct 2026" in page
    assert "€190<small>.00" in page
    assert "€95<small>.00" in page
    assert "Approve 1" in page
    rows = b"".join(ben.get(f"{WORK}?format=csv")).decode().splitlines()
    assert rows[1].startswith("ACME,Acme GmbH,ACME-TM,2026-10-03")


def test_unbilled_work_of_an_empty_firm_and_of_another_book(world: World, client_of: ClientOf) -> None:
    assert "Nothing is unbilled" in said(client_of("ben"), f"{WORK}?show=sums")
    world.time(7200)
    assert "Acme GmbH" not in said(client_of("otto"), f"{WORK}?show=sums")
    assert "Acme GmbH" in said(client_of("mara"), f"{WORK}?show=sums")


def test_other_pages_lead_to_what_waits(world: World, client_of: ClientOf) -> None:
    answer = client_of("ben").get(f"{WORK}?approved=no&account=ACME")
    assert parse_qs(urlsplit(answer["Location"]).query) == {"state": ["waiting"], "account": ["ACME"]}


def test_the_list_tells_how_far_each_entry_is_at_a_constant_cost(
    world: World, client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    ben = client_of("ben")
    world.time(60, approved=False, description="Waits")
    with count_queries() as few:
        said(ben, f"{WORK}entries/")
    for place in range(8):
        world.time(60 + place)
    world.time(60, billable=False, approved=False, description="Favour")
    world.expense("999999999999.99", description=LONG)
    with count_queries() as many:
        page = said(ben, f"{WORK}entries/")
    assert len(many) == len(few)
    assert "€999,999,999,999<small>.99" in page
    for state in ("To approve", "Approved", "Not billable"):
        assert f">{state}</span>" in page
    waiting = said(ben, f"{WORK}entries/?state=waiting")
    assert "Waits" in waiting
    assert "Favour" not in waiting


def test_what_is_chosen_is_approved_and_unapproved_with_a_reason(world: World, client_of: ClientOf) -> None:
    items = [world.time(60, approved=False).pk, world.time(90, approved=False).pk]
    ben, back = client_of("ben"), f"{WORK}entries/?state=waiting"
    answer = ben.post(f"{WORK}entries/approve/", {"rows": items, "back": back})
    assert (answer.status_code, answer["Location"]) == (302, back)
    assert "2 entries are approved" in said(ben, back)
    asked = ben.post(f"{WORK}entries/unapprove/", {"rows": items, "back": back})
    assert "2 entries are meant" in body(asked)
    blank = ben.post(f"{WORK}entries/unapprove/", {"rows": items, "back": back, "reason": " "})
    assert blank.status_code == 422
    assert "This field is required" in body(blank)
    ben.post(f"{WORK}entries/unapprove/", {"rows": items, "back": back, "reason": "Wrong project"})
    assert not m.WorkItem.objects.filter(approved_at__isnull=False).exists()


@pytest.mark.parametrize(("act", "state"), [("not-billable", {"billable": False}), ("withdraw", {"withdrawn": True})])
def test_what_is_chosen_is_left_out_with_a_reason(
    world: World, client_of: ClientOf, act: str, state: dict[str, bool]
) -> None:
    item = world.time(60)
    client_of("ben").post(f"{WORK}entries/{act}/", {"rows": [item.pk], "reason": "Goodwill"})
    assert m.WorkItem.objects.filter(pk=item.pk, **state).exists()


def test_all_that_waits_of_an_account_is_approved_at_once(world: World, client_of: ClientOf) -> None:
    for day in (1, 2):
        world.time(60, on=date(2026, 11, day), approved=False)
    ben = client_of("ben")
    assert "Approve all of Acme GmbH" in said(ben, f"{WORK}entries/?state=waiting&account=ACME")
    ben.post(f"{WORK}entries/approve/", {"account": "ACME"})
    assert m.WorkItem.objects.filter(approved_at__isnull=False).count() == 2


def test_nothing_chosen_and_a_foreign_address_to_go_back_to(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    answer = ben.post(f"{WORK}entries/approve/", {"back": "https://elsewhere.example/"})
    assert answer["Location"] == f"{WORK}entries/"
    assert "Nothing was chosen" in said(ben, f"{WORK}entries/")
    assert ben.post(f"{WORK}entries/conjure/", {"rows": [1]}).status_code == 404


def test_rights_and_books(world: World, client_of: ClientOf) -> None:
    item = world.time(60, approved=False).pk
    assert client_of("otto").get(f"{WORK}entries/{item}/").status_code == 404
    assert client_of("otto").post(f"{WORK}entries/approve/", {"rows": [item]}).status_code == 404
    audra = client_of("audra")
    assert audra.post(f"{WORK}entries/approve/", {"rows": [item]}).status_code == 403
    assert audra.get(f"{WORK}time/").status_code == 403
    page = said(audra, f"{WORK}entries/{item}/")
    assert "Withdraw" not in page
    assert "Correct it" not in page
    listed = said(audra, f"{WORK}entries/")
    assert "formaction" not in listed
    assert 'name="rows"' not in listed


def test_an_entry_is_corrected_and_waits_again(world: World, client_of: ClientOf) -> None:
    item, ben = world.time(3600), client_of("ben")
    change = {"worked_on": "2026-10-06", "project": "ACME-WEB", "seconds": "2.25", "task": "Test", "description": LONG}
    ben.post(f"{WORK}entries/{item.pk}/", change)
    item.refresh_from_db()
    assert (item.quantity, item.description, item.approved_at) == (8100, LONG, None)
    assert "It waits for approval again" in said(ben, f"{WORK}entries/{item.pk}/")
    wrong = ben.post(f"{WORK}entries/{item.pk}/", {**change, "seconds": "soon", "task": "Typed"})
    assert wrong.status_code == 422
    assert "“soon” is no duration" in body(wrong)
    assert 'value="Typed"' in body(wrong)


def test_work_on_a_draft_names_it_and_is_not_corrected(world: World, database: str, client_of: ClientOf) -> None:
    item, ben = world.time(3600), client_of("ben")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    page = said(ben, f"{WORK}entries/{item.pk}/")
    assert "On a draft" in page
    assert f">{draft.pk}</" in page
    assert "Correct it" not in page
    assert ben.post(f"{WORK}entries/{item.pk}/", {"seconds": "1:00"}).status_code == 404
    refused = ben.post(f"{WORK}entries/withdraw/", {"rows": [item.pk], "reason": "Twice"})
    assert refused.status_code == 422
    assert "Twice</textarea>" in body(refused)


def test_time_is_recorded_once_however_often_the_form_is_sent(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    for _ in range(2):
        assert ben.post(f"{WORK}time/", TIME).status_code == 302
    item = m.WorkItem.objects.get()
    assert (item.quantity, item.project.code, item.approved_at) == (5400, "ACME-WEB", None)
    again = ben.post(f"{WORK}time/", {**TIME, "seconds": "3:00"})
    assert again.status_code == 422
    assert "This was sent already" in body(again)
    after = ben.post(f"{WORK}time/", {**TIME, "key": "time-2", "next": "1"})
    assert parse_qs(urlsplit(after["Location"]).query) == {
        "person": ["ada"], "project": ["ACME-WEB"], "on": ["2026-10-20"]}


def test_a_record_that_is_refused_keeps_what_was_typed(world: World, client_of: ClientOf) -> None:
    answer = client_of("ben").post(f"{WORK}time/", {**TIME, "seconds": "800:00", "description": "Long day"})
    assert answer.status_code == 422
    assert "Give between 1 second and 31 days" in body(answer)
    assert "Long day</textarea>" in body(answer)
    other_book = client_of("otto").post(f"{WORK}time/", TIME)
    assert other_book.status_code == 422
    assert "Select a valid choice" in body(other_book)


def test_an_expense_comes_with_its_receipt_or_not_at_all(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    wrong = ben.post(f"{WORK}expense/", {**EXPENSE, "receipt": SimpleUploadedFile("train.pdf", b"<script>")})
    assert wrong.status_code == 422
    assert "neither PDF, PNG nor JPEG" in body(wrong)
    large = ben.post(f"{WORK}expense/", {**EXPENSE, "receipt": SimpleUploadedFile("a.pdf", PDF + bytes(LARGEST))})
    assert "at most 10 MB" in body(large)
    assert not m.WorkItem.objects.exists()
    ben.post(f"{WORK}expense/", {**EXPENSE, "receipt": SimpleUploadedFile("../train “1”.pdf", PDF)})
    item = m.WorkItem.objects.get()
    assert (item.cost, item.cost_currency, item.task) == (Decimal("89.90"), "EUR", "travel")
    receipt = m.WorkReceipt.objects.get(work_item=item)
    answer = ben.get(f"{WORK}receipts/{receipt.pk}/")
    assert (answer.content, answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        PDF, "application/pdf", "nosniff")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert client_of("otto").get(f"{WORK}receipts/{receipt.pk}/").status_code == 404


def test_a_receipt_is_attached_later(world: World, client_of: ClientOf) -> None:
    item, ben = world.expense("12.00"), client_of("ben")
    ben.post(f"{WORK}entries/{item.pk}/receipt/", {"file": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n")})
    assert "a.png" in said(ben, f"{WORK}entries/{item.pk}/")
    refused = ben.post(f"{WORK}entries/{item.pk}/receipt/", {"file": SimpleUploadedFile("a.exe", b"MZ")})
    assert refused.status_code == 422


def test_a_milestone_is_accepted_in_parts(world: World, client_of: ClientOf) -> None:
    charge, mara = m.Charge.objects.get(code="go-live"), client_of("mara")
    assert "Go-live" in said(mara, f"{WORK}milestones/?state=open")
    form = {"on": "2026-11-01", "percent": "25", "evidence": "Mail of 1 November", "key": "m-1"}
    for _ in range(2):
        assert mara.post(f"{WORK}milestones/{charge.pk}/", form).status_code == 302
    page = said(mara, f"{WORK}milestones/{charge.pk}/")
    assert "€3,000<small>.00" in page
    assert "75% is left to accept" in page
    beyond = mara.post(f"{WORK}milestones/{charge.pk}/", {**form, "percent": "80", "key": "m-2"})
    assert beyond.status_code == 422
    assert "0.75 of the milestone is left" in body(beyond)
    assert 'value="80"' in body(beyond)
    mara.post(f"{WORK}milestones/{charge.pk}/", {**form, "percent": "75", "key": "m-3"})
    assert "all of it is accepted" in said(mara, f"{WORK}milestones/{charge.pk}/")
    assert client_of("otto").get(f"{WORK}milestones/{charge.pk}/").status_code == 404


@pytest.mark.parametrize(("text", "seconds"), [
    ("1:30", 5400), ("1.5", 5400), ("1,5", 5400), ("0:00:01", 1), ("8", 28800)])
def test_durations_as_people_write_them(text: str, seconds: int) -> None:
    assert Duration().clean(text) == seconds
    assert Duration().clean(Duration().prepare_value(seconds)) == seconds


@pytest.mark.parametrize(("text", "amount"), [
    ("1,234.50", "1234.50"), ("1234,5", "1234.5"), (" 12 000.00", "12000.00")])
def test_amounts_as_people_write_them(text: str, amount: str) -> None:
    assert Amount().clean(text) == Decimal(amount)


def test_a_day_of_work_from_record_to_approval(
    database: str, world: World, signed_in: Callable[[str], Page], axe: Callable[[Page], None], each_look: Any
) -> None:
    world.time(3600, approved=False, description=LONG)
    page = signed_in("ben")
    page.goto(f"{WORK}time/")
    page.get_by_label("Person").select_option("ada")
    page.get_by_label("Project").select_option("ACME-WEB")
    page.get_by_label("Duration").fill("1:30")
    page.get_by_label("What was done").fill("Search")
    axe(page)
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("link", name="Search", exact=True)).to_be_visible()
    page.get_by_role("checkbox", name="Choose Search").check()
    axe(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("1 entry is approved.")).to_be_visible()
    page.goto("/work/")
    expect(page.get_by_role("link", name="Acme GmbH")).to_be_visible()
    axe(page)
    page.goto(f"{WORK}milestones/")
    axe(page)
    page.get_by_role("link", name="Go-live").click()
    expect(page.get_by_role("heading", name="Go-live")).to_be_visible()
    axe(page)
    item = re.findall(r"\d+", str(m.WorkItem.objects.values_list("id", flat=True).first()))[0]
    page.goto(f"{WORK}entries/{item}/")
    axe(page)
