"""The account's page, its timeline and unbilled work, and the lists of accounts, receipts and mails."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duly.billing import models as m
from duly.billing.accounts.lists import SORTS, accounts
from duly.billing.accounts.queries import actor
from duly.billing.desk.lists import messages
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.listing import Query
from duly.billing.payments.lists import RECEIPTS, receipts
from duly.billing.reporting.account360 import account360, unbilled_of
from duly.billing.reporting.dashboard import dashboard
from duly.billing.reporting.search import search
from duly.billing.reporting.timeline import timeline
from duly.billing.reporting.today import today
from duly.billing.reporting.unbilled import unbilled_value
from tests.billing.cash import issued, receive
from tests.world import NOW, World

ON = date(2026, 11, 20)


@pytest.fixture
def books(world: World) -> World:
    """Acme: 200 late since 6 October, 100 due 27 November, 250 received of which 150 paid an invoice after 20 days."""
    issued(world, "ACME", "200.00", on=date(2026, 9, 6), days=30)
    issued(world, "ACME", "150.00", on=date(2026, 10, 15), days=10)
    issued(world, "ACME", "100.00", on=date(2026, 11, 2), days=25)
    receive(world, "250.00", on=date(2026, 11, 4), allocate=[("R2026-00002", D(150))])
    m.PurchaseOrder.objects.create(account=world.account("ACME"), number="PO-7", currency="EUR", amount=D(900))
    frames.execute("set constraints all immediate")
    frames.execute("set constraints all deferred")
    return world


def test_the_page_of_an_account(books: World) -> None:
    found = account360(actor=actor("mara"), on=ON, account="ACME")
    assert (found.profile.name, found.profile.manager, found.profile.vat_ids) == ("Acme GmbH", "Mara", ("DE811569869",))
    [balance] = found.balances
    assert (balance.open, balance.overdue, balance.on_account, balance.count, balance.days_late) == (
        D(300), D(200), D(100), 2, 45)
    assert [(item.number, item.open, item.days_late) for item in found.items] == [
        ("R2026-00001", D(200), 45), ("Q2026-00001", D(-100), 0), ("R2026-00003", D(100), 0)]
    [habit] = found.habits
    assert (habit.days_to_pay, habit.days_late) == (D("20.0"), D("10.0"))
    assert [(month.billed, month.collected) for month in habit.months[-3:]] == [
        (D(200), D(0)), (D(150), D(0)), (D(100), D(250))]
    assert [(one.number, one.billed, one.charges) for one in found.agreements] == [
        ("ACME-EUR", D(450), ("Travel",)), ("ACME-TM", D(0), ("Consulting", "Travel"))]
    assert [(one.number, one.used, one.left) for one in found.purchase_orders] == [("PO-7", D(0), D(900))]
    assert [(one.email, one.roles) for one in found.contacts] == [("ap@acme.example", ("billing",))]


def test_an_account_outside_the_book_is_not_there(books: World) -> None:
    for read in (account360, timeline, unbilled_of):
        with pytest.raises(NotFound):
            read(actor=actor("otto"), on=ON, account="ACME")


def test_unbilled_work_is_priced_with_what_waits_apart(world: World) -> None:
    """An hour and a half of Ada's at 95, half of it not approved yet."""
    world.time(3600)
    world.time(1800, approved=False)
    [found] = unbilled_of(actor=actor("mara"), on=ON, account="ACME")
    assert (found.agreement, found.items, found.seconds, found.amount, found.waiting) == (
        "ACME-TM", 2, 5400, D("95.00"), D("47.50"))
    assert unbilled_of(actor=actor("mara"), on=date(2026, 10, 1), account="ACME") == ()


def test_the_timeline_goes_back_page_by_page_and_shows_everything_once(books: World) -> None:
    m.Message.objects.create(entity=books.entity(), account=books.account("ACME"), recipients=[], subject="Invoice",
                             body="", message_id="<1@x>", state="sent", queued_at=NOW, queued_by="ben")
    whole = timeline(actor=actor("mara"), on=ON, account="ACME").entries
    assert [(entry.on.isoformat(), entry.kind, entry.text) for entry in whole if entry.kind != "edit"] == [
        ("2026-11-04", "receipt", "Q2026-00001"), ("2026-11-02", "message", "Invoice"),
        ("2026-11-02", "invoice", "R2026-00003"), ("2026-10-15", "invoice", "R2026-00002"),
        ("2026-09-06", "invoice", "R2026-00001")]
    assert {entry.who for entry in whole if entry.kind == "message"} == {m.User.objects.get(login="ben").name}
    paged, after = [], None
    while True:
        page = timeline(actor=actor("mara"), on=ON, account="ACME", after=after, limit=2)
        paged += page.entries
        if (after := page.after) is None:
            break
    assert tuple(paged) == whole
    assert timeline(actor=actor("mara"), on=ON, account="ACME", after="nonsense").entries == whole


def listed(who: str, sort: str = "name", **filters: str) -> list[tuple]:
    found = accounts(actor=actor(who), on=ON, query=Query(filters=filters, sort=sort))
    return [(row["number"], row["open"], row["overdue"]) for row in found.rows]


def test_the_list_of_accounts(books: World) -> None:
    issued(books, "ZED", "20.00", on=date(2026, 11, 2))
    issued(books, "ZED", "5.00", on=date(2026, 11, 2), currency="USD", base_rate="0.9")
    acme, big, zed = ("ACME", D(300), D(200)), ("BIG", D(0), D(0)), ("ZED", D(20), D(0))
    assert listed("fin") == [acme, big, zed]
    assert listed("mara") == [acme, big]
    assert listed("fin", "-open") == [acme, zed, big]
    assert listed("fin", "overdue") == [big, zed, acme]
    assert listed("fin", owes="open") == [acme, zed]
    assert listed("fin", "-open", owes="overdue") == [acme]
    assert listed("fin", text="mpan") == [big]
    for order in ("name", "number", "open", "-open", "overdue", "-overdue"):
        assert listed("fin", order, owes="overdue") == [acme], "the same accounts in whatever order"
        assert sorted(listed("mara", order)) == [acme, big]
    assert listed("mara", book="mine") == [acme, big]
    assert listed("mara", manager="otto") == []
    rows = accounts(actor=actor("fin"), on=ON, query=Query(sort="name")).rows
    assert [(row["number"], row["days_to_pay"], row["more"]) for row in rows] == [
        ("ACME", D("20.0"), False), ("BIG", None, False), ("ZED", None, True)]


def test_the_list_of_receipts(books: World) -> None:
    receive(books, "30.00", account="ZED", on=date(2026, 11, 5))

    def found(who: str, sort: str = "-booked", **filters: str) -> list[tuple]:
        rows = receipts(actor=actor(who), on=ON, query=Query(filters=filters, sort=sort)).rows
        return [(row["number"], row["left"], row["settled"]) for row in rows]

    first, second = ("Q2026-00001", D(100), "part_allocated"), ("Q2026-00002", D(30), "on_account")
    assert found("fin") == [second, first]
    assert found("mara") == [first]
    assert found("fin", "-amount", left="yes") == [first, second]
    assert found("fin", left="no") == []
    assert found("fin", text="q2026-00002") == [second]
    assert found("fin", booked_to="2026-11-04") == [first]


def test_the_list_of_mails(books: World) -> None:
    for number, state in enumerate(("sent", "failed")):
        m.Message.objects.create(
            entity=books.entity(), account=books.account("ACME"), invoice=m.Invoice.objects.first(),
            recipients=[{"name": "A", "email": "a@b.example"}], subject=f"Invoice {number}", body="",
            message_id=f"<{number}@x>", state=state, queued_at=NOW, queued_by="ben")

    def found(who: str, **filters: str) -> list[str]:
        rows = messages(actor=actor(who), on=ON, query=Query(filters=filters, sort="-queued")).rows
        return [row["state"] for row in rows]

    assert found("fin") == ["failed", "sent"]
    assert found("fin", state="failed") == ["failed"]
    assert found("otto") == []


def test_reads_take_as_many_queries_for_many_documents_as_for_few(books: World) -> None:
    reads = {
        "dashboard": lambda: dashboard(actor=actor("fin"), on=ON), "today": lambda: today(actor=actor("fin"), on=ON),
        "search": lambda: search(actor=actor("fin"), on=ON, text="R2026"),
        "account": lambda: account360(actor=actor("fin"), on=ON, account="ACME"),
        "timeline": lambda: timeline(actor=actor("fin"), on=ON, account="ACME"),
        **{f"accounts by {sort}": lambda sort=sort: listed("fin", sort) for sort in SORTS},
        **{f"receipts by {sort}": lambda sort=sort: receipts(actor=actor("fin"), on=ON, query=Query(sort=sort))
           for sort in RECEIPTS.sorts},
    }
    few = {name: queries(read) for name, read in reads.items()}
    for number in range(12):
        issued(books, "ACME", "10.00", on=date(2026, 11, 5 + number))
    assert {name: queries(read) for name, read in reads.items()} == few


def queries(read: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        read()  # type: ignore[operator]
    return len(captured)


def test_the_value_of_all_unbilled_work_is_in_the_base_currency(world: World) -> None:
    """An hour of Ada's at 95, half an hour waiting, and an expense of 100 with 5 % on top."""
    world.time(3600)
    world.time(1800, approved=False)
    world.expense("100.00")
    [found] = unbilled_value(actor=actor("fin"), on=ON)
    assert (found.entity, found.currency, found.amount, found.waiting) == ("HALDEN", "EUR", D("200.00"), D("47.50"))
    assert (found.items, found.agreements, found.unpriced, found.oldest) == (3, 1, 0, date(2026, 10, 5))
    assert unbilled_value(actor=actor("fin"), on=ON, mine=True)[0].items == 0
    assert unbilled_value(actor=actor("otto"), on=ON)[0].amount == 0
    assert unbilled_value(actor=actor("mara"), on=ON)[0].amount == D("200.00")
