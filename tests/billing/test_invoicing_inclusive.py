"""Prices that include tax, over several months: what was billed before counts with its tax, as it was agreed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import agree
from duly.billing.agreements.actions.change import pause
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.invoicing import actions
from tests.billing.models_world import metric, month
from tests.billing.usage import ingest
from tests.world import NOW, World

JULY, AUGUST, SEPTEMBER, OCTOBER = (month(number) for number in (7, 8, 9, 10))
BEGINNING = (JULY[0], date(2026, 7, 11))
FEE = ChargeInput("fee", "recurring", "Fee", price=D(119), interval="month")
CALLS = ChargeInput("calls", "usage", "Calls", price=D(1), interval="month", metric="calls")
PREPAID = ChargeInput("prepaid", "credit", "Prepaid", price=D(100), due_on=JULY[0], covers=("calls",))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def agreed(world: World, *charges: ChargeInput, **terms: Any) -> None:
    """An agreement with Acme, whose prices include German tax of 19 %."""
    version = VersionInput(JULY[0], charges, review="none", prices_include_tax=True, **terms)
    agree(actor=world.actor("fin"), at=NOW, on=world.today, number="GROSS", name="Gross", entity="HALDEN",
          account="ACME", currency="EUR", terms=version)


def used(world: World, on: date, quantity: str) -> None:
    ingest(world, {"agreement": "GROSS", "metric": "calls", "event_id": f"{on} {quantity}", "quantity": D(quantity),
                   "at": NOW.replace(month=on.month, day=on.day)})


def billed(world: World, period: tuple[date, date]) -> list[tuple[str, str, str]]:
    """Kind, gross and net of each line that a run of the period bills and issues."""
    actor = world.actor("ben")
    run = actions.launch(actor=actor, at=NOW, on=period[1], entity="HALDEN", period_from=period[0],
                         period_to=period[1], accounts=[world.account("ACME").pk])
    for partition in run.partitions:
        actions.draft_partition(actor=actor, at=NOW, partition=partition)
    drafts = m.Invoice.objects.filter(run_partition__run_id=run.run)
    issued = actions.issue(actor=actor, at=NOW, on=period[1], drafts=list(drafts.values_list("pk", flat=True)))
    assert not issued.skipped, issued.skipped
    lines = m.InvoiceLine.objects.filter(invoice__in=drafts).order_by("invoice_id", "position")
    return [(line.kind, f"{line.gross:.2f}", f"{line.amount:.2f}") for line in lines]


def test_unused_days_are_credited_with_their_tax(world: World) -> None:
    agreed(world, replace(FEE, timing="advance"))
    assert billed(world, JULY) == [("recurring", "119.00", "100.00")]
    pause(actor=world.actor("fin"), at=NOW, on=world.today, agreement="GROSS", paused_from=date(2026, 7, 16),
          paused_to=AUGUST[0])
    # 119 × 16 ÷ 31
    assert billed(world, AUGUST) == [("recurring", "119.00", "100.00"), ("unused", "-61.42", "-51.61")]


def test_a_deposit_is_taken_off_with_its_tax(world: World) -> None:
    m.NumberSeries.objects.create(entity=world.entity(), kind="deposit", pattern="D{year}-{number:05}")
    agreed(world, FEE, ChargeInput("deposit", "deposit", "Deposit", price=D(238), due_on=JULY[0]))
    assert billed(world, BEGINNING) == [("one_off", "238.00", "200.00")]
    assert billed(world, JULY) == [("recurring", "119.00", "100.00"), ("deposit", "-119.00", "-100.00")]
    assert billed(world, AUGUST) == [("recurring", "119.00", "100.00"), ("deposit", "-119.00", "-100.00")]
    assert billed(world, SEPTEMBER) == [("recurring", "119.00", "100.00")]


def test_prepaid_credit_is_drawn_to_its_last_cent(world: World) -> None:
    metric()
    agreed(world, PREPAID, CALLS)
    assert billed(world, BEGINNING) == [("one_off", "100.00", "84.03")]
    drawn = []
    for period in (JULY, AUGUST, SEPTEMBER, OCTOBER):
        used(world, period[0].replace(day=5), "33.33")
        drawn += [line for line in billed(world, period) if line[0] == "credit"]
    # 33.33 ÷ 1.19 is 28.01; three of them are all of the net, so that the third leaves a cent to the fourth
    assert drawn == [("credit", "-33.33", "-28.01"), ("credit", "-33.33", "-28.01"), ("credit", "-33.33", "-28.00"),
                     ("credit", "-0.01", "-0.01")]


def test_bills_in_between_are_taken_off_with_their_tax(world: World) -> None:
    metric()
    agreed(world, CALLS, progressive_every=D(119))
    used(world, date(2026, 7, 5), "130")
    assert billed(world, BEGINNING) == [("progressive_bill", "130.00", "109.24")]
    assert billed(world, (JULY[0], date(2026, 7, 12))) == []
    assert billed(world, JULY) == [("usage", "130.00", "109.24"), ("progressive", "-130.00", "-109.24")]


def test_caps_and_commitments_count_what_was_billed_with_its_tax(world: World) -> None:
    commitment = ChargeInput("commit", "commitment", "Committed", price=D(357), interval="quarter", covers=("fee",))
    agreed(world, FEE, commitment, cap=D(300), cap_behaviour="stop")
    assert [billed(world, period) for period in (JULY, AUGUST, SEPTEMBER)] == [
        [("recurring", "119.00", "100.00")], [("recurring", "119.00", "100.00")],
        [("recurring", "62.00", "52.10"), ("true_up", "57.00", "47.90")]]
