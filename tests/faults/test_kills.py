"""A process is killed by SIGKILL at a random moment: nothing is half done, and running again finishes it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.invoicing import actions as invoicing
from duly.billing.kernel import frames
from tests.conftest import _clone
from tests.faults import acts
from tests.faults.killing import KILLS, killed, moments, undisturbed
from tests.faults.runs import contents, faults, launch, partitions, parts

HIT = KILLS // 4
"""So many of the kills at least must come in the middle, or the test has shown nothing."""


@pytest.fixture
def before(firm: str) -> Iterator[None]:
    """The firm before its bill run, in a database of the test's own."""
    with _clone(firm, f"{firm}_killed"):
        yield


@pytest.fixture
def with_drafts(drafted: str) -> Iterator[None]:
    """The firm with its drafts, in a database of the test's own."""
    with _clone(drafted, f"{drafted}_killed"):
        yield


@pytest.fixture(scope="session")
def right(drafted: str) -> dict[int, Any]:
    """What an undisturbed run leaves, by part: the partitions' digests, and the drafts'."""
    with _clone(drafted, f"{drafted}_right"):
        return {part[0]: (partitions(part), contents(part)) for part in parts()}


def drafts_of(accounts: list[int]) -> list[int]:
    return [row[0] for row in frames.rows("select id from invoice where account_id = any(%s) order by id", [accounts])]


def test_a_bill_run(right: dict[int, Any], before: None) -> None:
    hits = 0
    time = undisturbed(acts.draft, launch(parts()[0]).partitions)
    for part, moment in zip(parts()[1:], moments("bill run", time), strict=False):
        run = launch(part)
        hits += killed(moment, acts.draft, run.partitions)
        assert all((state, noted) == ("done" if made else "waiting", made) and made in (0, acts.CHUNK)
                   for state, noted, made, _ in partitions(part))
        acts.draft(invoicing.resume(actor=actor("bench"), at=acts.AT, on=acts.ON, run=run.run))
        assert (partitions(part), contents(part)) == right[part[0]]
    assert hits >= HIT
    assert faults() == []


def test_issue(right: dict[int, Any], with_drafts: None) -> None:
    hits = 0
    time = undisturbed(acts.issue, drafts_of(parts()[0]))
    for part, moment in zip(parts()[1:], moments("issue", time), strict=False):
        hits += killed(moment, acts.issue, drafts_of(part))
        assert faults() == []
        acts.issue(drafts_of(part))
        assert contents(part) == right[part[0]][1]
    assert hits >= HIT
    sequences = m.Invoice.objects.filter(state="issued").order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, sum(map(len, parts())) + 1))
    assert faults() == []


def test_the_import_of_a_file(before: None) -> None:
    hits, there = 0, m.WorkItem.objects.count()
    time = undisturbed(acts.read_in, 0)
    for number, moment in enumerate(moments("import", time), start=1):
        whole = there + number * acts.ROWS
        hits += killed(moment, acts.read_in, number)
        assert (m.WorkItem.objects.count(), m.ImportBatch.objects.count()) in (
            (whole, number), (whole + acts.ROWS, number + 1))
        again = acts.read_in(number)
        assert again.created == again.rows == acts.ROWS
        assert (m.WorkItem.objects.count(), m.ImportBatch.objects.count()) == (whole + acts.ROWS, number + 1)
    assert hits >= HIT
    assert m.ImportRow.objects.count() == (KILLS + 1) * acts.ROWS
    assert faults() == []


def test_the_receipt_and_allocation_of_money(with_drafts: None) -> None:
    hits = 0
    invoices = list(acts.issue(drafts_of(parts()[0])[:2])[0].numbers.values())
    time = undisturbed(acts.pay, 0, invoices)
    for line, moment in enumerate(moments("payment", time), start=1):
        hits += killed(moment, acts.pay, line, invoices)
        assert faults() == []
        done = acts.pay(line, invoices)
        assert acts.pay(line, invoices) == done
        assert (done.number, done.on_account) == (f"Q2026-{line + 1:05}", "0.00")
        assert (m.Receipt.objects.count(), m.CashAllocation.objects.count()) == (line + 1, 2 * (line + 1))
    assert hits >= HIT
    left = m.OpenItem.objects.filter(label__in=invoices).order_by("id")
    assert [item.amount - item.balance for item in left] == [Decimal(5) * (KILLS + 1)] * 2
    assert faults() == []


def test_a_worker_in_its_jobs(right: dict[int, Any], before: None) -> None:
    hits = 0
    launch(parts()[0], in_background=True)
    time = undisturbed(acts.run_jobs)
    for part, moment in zip(parts()[1:], moments("worker", time), strict=False):
        launch(part, in_background=True)
        hits += killed(moment, acts.run_jobs)
        acts.run_jobs()
        assert (partitions(part), contents(part)) == right[part[0]]
        jobs = frames.rows("select distinct status::text from procrastinate_jobs where task_name like '%%partition'")
        assert jobs == [("succeeded",)]
    assert hits >= HIT
    assert faults() == []
