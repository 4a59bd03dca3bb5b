"""Saying later what a receipt pays, and taking it back by an answering row."""

import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.payments import actions, queries
from duly.billing.payments.actions import Allocated, Unallocated
from tests.billing.cash import balance, controls, issued, receive
from tests.world import NOW, TODAY, World


def allocate(world: World, receipt: str, *to: tuple[str, str | None], days: int = 0, by: str = "ben") -> Allocated:
    parts = [(number, None if amount is None else Decimal(amount)) for number, amount in to]
    return actions.allocate(actor=world.actor(by), at=NOW, on=TODAY + timedelta(days=days), entity="HALDEN",
                            receipt=receipt, to=parts)


def unallocate(world: World, allocation: int, *, reason: str = "Paid another invoice", days: int = 0) -> Unallocated:
    return actions.unallocate(actor=world.actor("ben"), at=NOW, on=TODAY + timedelta(days=days),
                              allocation=allocation, reason=reason)


def test_one_receipt_pays_many_and_one_invoice_is_paid_by_many(world: World) -> None:
    first, second = (str(issued(world, "ACME", total).number) for total in ("100", "200"))
    receipts = [receive(world, amount).number for amount in ("150", "150")]
    assert allocate(world, receipts[0], (first, None), (second, "30")).on_account == "20.00"
    done = allocate(world, receipts[1], (second, None), days=3)
    assert (done.allocated[0]["amount"], done.on_account) == ("150.00", "0.00")
    assert [balance(number) for number in (first, second, *receipts)] == [0, 20, -20, 0]
    assert controls() == {"bank": 300, "receivable": 20, "on_account": -20}


def test_undoing_answers_the_allocation_and_changes_no_row(world: World) -> None:
    number = str(issued(world, "ACME", "100").number)
    received = receive(world, "100", allocate=[(number, None)])
    before = list(m.CashAllocation.objects.values())
    undone = unallocate(world, received.allocated[0]["allocation"], days=2)
    assert (undone.receipt, undone.invoice, undone.amount) == (received.number, number, "100.00")
    assert (balance(number), balance(received.number)) == (100, -100)
    answer = m.CashAllocation.objects.get(pk=undone.allocation)
    assert (answer.amount, answer.reason, answer.answers_id) == (-100, "Paid another invoice", before[0]["id"])
    assert list(m.CashAllocation.objects.exclude(pk=answer.pk).values()) == before
    assert allocate(world, received.number, (number, None), days=2).on_account == "0.00"
    event = m.Event.objects.filter(verb="payments.unallocate").get()
    assert (event.data["invoice"], event.data["reason"]) == (number, "Paid another invoice")


def test_an_allocation_is_undone_once_with_a_reason_and_not_before_it_was_made(world: World) -> None:
    number = str(issued(world, "ACME", "100").number)
    received = receive(world, "100")
    made = allocate(world, received.number, (number, None), days=2).allocated[0]["allocation"]
    for reason in ("", "  "):
        with pytest.raises(Refused, match="for a reason"):
            unallocate(world, made, reason=reason, days=2)
    with pytest.raises(Refused, match="is booked on 4 Nov 2026, after 2 Nov 2026"):
        unallocate(world, made)
    answer = unallocate(world, made, days=2).allocation
    with pytest.raises(Refused, match="undone already"):
        unallocate(world, made, days=2)
    with pytest.raises(NotFound):
        unallocate(world, answer, days=2)


def test_nothing_goes_beyond_the_receipt_or_before_its_day(world: World) -> None:
    first, second = (str(issued(world, "ACME", "100", on=TODAY - timedelta(days=9)).number) for _ in range(2))
    received = receive(world, "120", allocate=[(first, None)])
    with pytest.raises(Refused, match=r"20.01 EUR .* more than the 20.00 EUR that the receipt still has") as refused:
        allocate(world, received.number, (second, "20.01"))
    assert refused.value.law == 9
    with pytest.raises(Refused, match="is booked on 2 Nov 2026, after 1 Nov 2026"):
        allocate(world, received.number, (second, "20"), days=-1)
    allocate(world, received.number, (second, "20"))
    with pytest.raises(Refused, match="nothing left to allocate"):
        allocate(world, received.number, (second, None))


def test_who_may_allocate(world: World) -> None:
    number = str(issued(world, "ACME", "100").number)
    received = receive(world, "100")
    with pytest.raises(Forbidden):
        allocate(world, received.number, (number, None), by="mara")
    m.RoleGrant.objects.create(user=m.User.objects.get(login="otto"), role="biller", scope="book")
    for unknown in (received.number, "Q2026-99999"):
        with pytest.raises(NotFound, match=f"There is no receipt “{unknown}” in your book"):
            allocate(world, unknown, (number, None), by="otto")


RIVAL = """
import sys
from datetime import date, datetime, timezone
import django
django.setup()
from django.db import transaction
from duly.billing.kernel.errors import Refused
from duly.billing.payments.actions import allocate
from duly.config import database
from tests.world import World

with database.running():
    actor = World().actor("ben")
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with transaction.atomic():
            done = allocate(actor=actor, at=datetime.now(timezone.utc), on=date(2026, 11, 2), entity="HALDEN",
                            receipt=sys.argv[1], to=[(sys.argv[2], None)])
            print("allocated", done.allocated[0]["amount"], flush=True)
            sys.stdin.readline()
    except Refused as refused:
        print("refused", refused.law, refused, *refused.problems, flush=True)
"""


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_of_two_processes_allocating_the_same_money_the_second_is_refused(database: str, world: World) -> None:
    numbers = [str(issued(world, "ACME", "100").number) for _ in range(2)]
    receipt = receive(world, "100").number
    rivals = [
        subprocess.Popen([sys.executable, "-c", RIVAL, receipt, number], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        for number in numbers
    ]
    try:
        first, second = rivals
        assert [_said(rival) for rival in rivals] == ["ready", "ready"]
        _tell(first)
        assert _said(first) == "allocated 100.00"
        _tell(second)
        waiting = "select count(*) from pg_locks where not granted"
        while frames.rows(waiting) == [(0,)]:
            assert second.poll() is None, "the second did not wait for the first"
        _tell(first)
        assert _said(second).startswith(f"refused 9 Receipt {receipt} has nothing left to allocate.")
    finally:
        for rival in rivals:
            rival.communicate(timeout=30)
    assert [balance(number) for number in (*numbers, receipt)] == [0, 100, 0]


def test_settlement_is_read_from_the_open_item_as_of_a_day(world: World) -> None:
    invoice = issued(world, "ACME", "100", days=10)
    part = receive(world, "40", allocate=[(invoice.number, None)])
    allocate(world, receive(world, "60").number, (str(invoice.number), None), days=20)
    unallocate(world, part.allocated[0]["allocation"], days=30)

    def facts(days: int) -> tuple[str, Decimal, Decimal, int]:
        settled = queries.settlements([invoice.pk], TODAY + timedelta(days=days))[invoice.pk]
        return settled.state, settled.paid, settled.open, settled.days_late

    assert facts(0) == ("part_paid", 40, 60, 0)
    assert facts(10) == ("part_paid", 40, 60, 0)
    assert facts(11) == ("part_paid", 40, 60, 1)
    assert facts(20) == ("paid", 100, 0, 0)
    assert facts(30) == ("part_paid", 60, 40, 20)
    assert queries.settlements([invoice.pk], TODAY - timedelta(days=1)) == {}
    assert queries.settlements([issued(world, "ACME", "5").pk], TODAY).popitem()[1].state == "open"


def test_the_statement_adds_up_day_by_day_and_leaves_out_what_changes_nothing(world: World) -> None:
    number = str(issued(world, "ACME", "100", on=TODAY - timedelta(days=5)).number)
    other = str(issued(world, "BIG", "30", on=TODAY - timedelta(days=4)).number)
    received = receive(world, "90", allocate=[(number, Decimal("50")), (other, None)])
    rows = queries.statement(world.actor("ben"), world.entity().pk, "ACME", TODAY, TODAY).rows()
    assert [(row[1], row[2], row[4], row[5]) for row in rows] == [
        ("opening", "", 100, 100),
        ("receipt", received.number, -90, 10),
        ("allocation", received.number, 30, 40),
    ]
    others = queries.statement(world.actor("mara"), world.entity().pk, "BIG", TODAY - timedelta(days=9), TODAY).rows()
    assert [(row[1], row[2], row[4], row[5]) for row in others] == [
        ("opening", "", 0, 0), ("invoice", other, 30, 30), ("allocation", other, -30, 0),
    ]
    with pytest.raises(NotFound):
        queries.statement(world.actor("otto"), world.entity().pk, "ACME", TODAY, TODAY)
