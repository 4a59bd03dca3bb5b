"""What the processes do that get killed. They are forked from a server that has this module, so they begin at once."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")

import django

django.setup()

from collections.abc import Callable, Sequence  # noqa: E402
from datetime import UTC, date, datetime  # noqa: E402
from decimal import Decimal  # noqa: E402
from multiprocessing.connection import Connection  # noqa: E402
from typing import Any, Final  # noqa: E402

from django.db import connections  # noqa: E402

from duly.billing.accounts.queries import actor  # noqa: E402
from duly.billing.invoicing import actions as invoicing  # noqa: E402
from duly.billing.invoicing.actions import issue as issuing  # noqa: E402
from duly.billing.payments import actions as payments  # noqa: E402
from duly.billing.work.actions import import_timesheet  # noqa: E402
from duly.billing.work.rows import EntryRow, Imported  # noqa: E402
from duly.interfaces.outbox.worker import work  # noqa: E402

AT: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ON: Final = date(2026, 11, 2)
CHUNK: Final = 3
"""Accounts of a partition and documents of a chunk: so few that a run is many commits."""

ROWS: Final = 300
"""Rows of a file."""


def perform(database: str, host: str, begun: Connection, act: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Where a process begins: connect, say so, act."""
    connections["default"].settings_dict.update(NAME=database, HOST=host)
    connections["default"].ensure_connection()
    begun.send(True)
    act(*arguments)


def draft(partitions: Sequence[int]) -> list[invoicing.run.Drafted]:
    return [invoicing.draft_partition(actor=actor("bench"), at=AT, partition=partition) for partition in partitions]


def issue(drafts: Sequence[int]) -> list[invoicing.Issued]:
    issuing.CHUNK = CHUNK  # type: ignore[misc]
    return list(invoicing.issue_in_chunks(actor=actor("bench"), at=AT, on=ON, drafts=drafts))


def read_in(number: int) -> Imported:
    """Import file `number`: its rows are of one person on one project."""
    rows = [
        EntryRow(
            row_number=row, person="Person 1", email="", client="Account number 1 GmbH", project="Project 1", task="",
            description="Work", billable=True, worked_on=date(2026, 10, 5), started_at=None, seconds=60,
            source_key=f"file {number} row {row}",
        )
        for row in range(2, ROWS + 2)
    ]
    return import_timesheet(actor=actor("bench"), at=AT, file_name=f"{number}.csv", content=str(number).encode(),
                            layout="toggl", rows=rows)


def pay(number: int, invoices: Sequence[str]) -> payments.Allocated:
    """Receive line `number` of a bank statement, then allocate it by hand: two commands, each with its key."""
    who = actor("bench")
    received = payments.receive(
        actor=who, at=AT, on=ON, entity="FIRM", account="A1", amount=Decimal(10), currency="EUR", received_on=ON,
        method="bank_transfer", reference=f"line {number}", key=f"receive {number}",
    )
    return payments.allocate(actor=who, at=AT, on=ON, entity="FIRM", receipt=received.number,
                             to=[(name, Decimal(5)) for name in invoices], key=f"allocate {number}")


def run_jobs() -> None:
    work(wait=False)



