"""Bill runs: what they draft, twice without doubling, and what stays for the next."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.run import preview
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound, Refused
from duly.engine.pricing import replay
from tests.world import NOW, OCTOBER, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def bill(world: World, login: str = "ben", **scope: Any) -> list[m.Invoice]:
    """Run October's billing and answer its drafts."""
    actor = world.actor(login)
    run = actions.launch(actor=actor, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], **scope)
    for partition in run.partitions:
        actions.draft_partition(actor=actor, at=NOW, partition=partition)
    return list(m.Invoice.objects.filter(run_partition__run_id=run.run).order_by("id"))


def test_a_run_drafts_what_was_done_and_agreed(world: World) -> None:
    world.time(3600 * 2)
    world.time(1801, person="grace")
    world.expense("119.90")
    drafts = {draft.account.number: draft for draft in bill(world)}
    assert set(drafts) == {"ACME", "BIG", "ZED"}
    acme = drafts["ACME"]
    lines = [(line.kind, line.description, line.quantity, line.amount) for line in acme.lines.order_by("position")]
    assert lines == [
        ("time", "Consulting – Ada Lovelace", Decimal(7200), Decimal(190)),
        ("time", "Consulting – Grace Hopper", Decimal(1801), Decimal("55.03")),
        ("expense", "Travel – Train to Berlin", Decimal(1), Decimal("125.90")),
    ]
    assert (acme.net, acme.tax, acme.total) == (Decimal("370.93"), Decimal("70.48"), Decimal("441.41"))
    assert (acme.state, acme.number, acme.review) == ("draft", None, "none")


def test_a_fee_is_billed_once_and_a_subscription_by_its_period(world: World) -> None:
    drafts = {draft.account.number: draft for draft in bill(world)}
    assert [line.amount for line in drafts["BIG"].lines.all()] == [Decimal(1500)]
    assert [(line.service_from, line.amount) for line in drafts["ZED"].lines.order_by("position")] == [
        (date(2026, month, 1), Decimal(750)) for month in range(1, 11)
    ]


def test_taxes_follow_the_parties(world: World) -> None:
    world.time(3600)
    taxes = {draft.account.number: draft.tax_lines.get() for draft in bill(world)}
    assert {number: (tax.category, tax.rate, tax.reason) for number, tax in taxes.items()} == {
        "ACME": ("S", Decimal("0.19"), ""),
        "BIG": ("AE", Decimal(0), "reverse_charge"),
        "ZED": ("O", Decimal(0), "outside_scope"),
    }


def test_every_line_says_how_it_came_about(world: World) -> None:
    world.time(1801)
    world.expense("33.33")
    for draft in bill(world):
        for line in draft.lines.all():
            assert replay(line.explanation) == line.amount


def test_billing_twice_doubles_nothing(world: World) -> None:
    world.time(3600)
    assert len(bill(world)) == 3
    assert bill(world) == []


def test_a_partition_drafted_again_answers_the_same(world: World) -> None:
    world.time(3600)
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])
    first = actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
    again = actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
    assert (again.already, again.digest, again.drafts) == (True, first.digest, first.drafts)


def test_work_without_a_price_that_is_on_no_draft_is_named(world: World) -> None:
    world.expense("10", currency="CHF")
    world.expense("20", currency="CHF")
    world.expense("30", currency="USD", worked_on=date(2026, 10, 9))
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])
    assert actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0]).unpriced == [
        "Acme GmbH, 1 entry: no exchange rate from USD to EUR on 9 Oct 2026; add one.",
        "Acme GmbH, 2 entries: no exchange rate from CHF to EUR on 7 Oct 2026; add one."]


def test_work_without_a_price_beside_a_draft_is_a_finding_of_it(world: World) -> None:
    world.time(3600)
    world.expense("10", currency="CHF")
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])
    assert actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0]).unpriced == []
    assert m.Finding.objects.get(check_name="work_without_price").invoice.account.number == "ACME"


def test_only_approved_work_is_billed(world: World) -> None:
    world.time(3600, approved=False)
    assert "ACME" not in {draft.account.number for draft in bill(world)}


def test_discarded_work_is_free_again(world: World) -> None:
    world.time(3600)
    first = bill(world)
    discarded = actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.id for draft in first])
    assert discarded == 3
    again = bill(world)
    assert [draft.total for draft in again] == [draft.total for draft in first]


def test_an_account_manager_bills_the_own_book_only(world: World) -> None:
    world.time(3600)
    assert {draft.account.number for draft in bill(world, "mara")} == {"ACME", "BIG"}
    with pytest.raises(NotFound):
        bill(world, "mara", accounts=[world.account("ZED").id, world.account("ACME").id])


def test_work_without_a_rate_blocks_and_is_named(world: World) -> None:
    m.Person.objects.create(code="kay", name="Kay McNulty")
    world.time(3600)
    world.time(3600, person="kay")
    acme = next(draft for draft in bill(world) if draft.account.number == "ACME")
    finding = acme.findings.get(check_name="work_without_price")
    assert finding.severity == "blocks"
    assert "Kay McNulty" in finding.text


def test_a_preview_computes_the_same_and_stores_nothing(world: World) -> None:
    world.time(3600 * 3)
    seen = preview(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                   period_to=OCTOBER[1])
    assert m.Invoice.objects.count() == 0
    drafts = bill(world)
    assert sorted(seen.headers["total"]) == sorted(draft.total for draft in drafts)


def test_a_stopped_run_drafts_nothing_until_it_is_resumed(world: World) -> None:
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], partition_accounts=1)
    actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
    assert actions.stop(actor=ben, at=NOW, on=TODAY, run=run.run) == len(run.partitions) - 1
    with pytest.raises(Refused, match="was stopped"):
        actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[1])
    left = actions.resume(actor=ben, at=NOW, on=TODAY, run=run.run)
    for partition in left:
        actions.draft_partition(actor=ben, at=NOW, partition=partition)
    assert m.BillRun.objects.get(pk=run.run).state == "done"


def test_a_failed_partition_says_why_and_is_taken_up_again(world: World) -> None:
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])
    assert actions.fail_partition(actor=ben, at=NOW, partition=run.partitions[0], error="No rate for GBP")
    assert m.BillRunPartition.objects.get().error == "No rate for GBP"
    assert actions.resume(actor=ben, at=NOW, on=TODAY, run=run.run) == run.partitions
    actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
    assert m.BillRunPartition.objects.get().error == ""
    assert not actions.fail_partition(actor=ben, at=NOW, partition=run.partitions[0], error="late")


def test_of_partitions_that_end_at_once_one_ends_the_run(world: World) -> None:
    world.time(3600)
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0], period_to=OCTOBER[1],
                         partition_accounts=1)

    def beside(partition: int) -> int:
        try:
            return actions.draft_partition(actor=ben, at=NOW, partition=partition).drafts
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
            second = other.submit(beside, run.partitions[1])
            waiting = """select count(*) from pg_stat_activity
                          where datname = current_database() and wait_event_type = 'Lock'"""
            while not frames.rows(waiting)[0][0]:
                frames.rows("select pg_stat_clear_snapshot()")
        assert second.result() == 1
    for partition in run.partitions[2:]:
        actions.draft_partition(actor=ben, at=NOW, partition=partition)
    assert m.BillRun.objects.get(pk=run.run).state == "done"
