"""A month in one process that may be killed at any moment, and simply begun again: import, approve, bill, issue, cash.

Every step is one command that is done or not done; begun again, it finds what is done and does the rest.
"""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")

import django

django.setup()

from django.db import connections  # noqa: E402

from duly.billing import models as m  # noqa: E402
from duly.billing.invoicing import actions as invoicing  # noqa: E402
from duly.billing.payments import actions as payments  # noqa: E402
from duly.billing.work.actions import approve, import_timesheet  # noqa: E402
from duly.billing.work.rows import EntryRow  # noqa: E402
from tests.world import NOW, OCTOBER, TODAY, World  # noqa: E402

ENTRIES = 40


def live(settings: dict[str, Any], reached: Any) -> None:
    """The process: connect as told, say that it begins, live the month, say that it ended."""
    for alias in ("default", "owner"):
        connections[alias].settings_dict.update(HOST=settings["HOST"], NAME=settings["NAME"])
    connections["default"].ensure_connection()
    reached.send("begun")
    for step in STEPS:
        step(World())
    connections.close_all()
    reached.send("ended")


def bring_in(world: World) -> None:
    rows = [EntryRow(number, "Ada Lovelace", "ada@example.com", "Acme GmbH", "Website relaunch", "Development",
                     f"Task {number}", True, date(2026, 10, 1 + number % 28), None, 600 + number, f"month:{number}")
            for number in range(1, ENTRIES + 1)]
    import_timesheet(actor=world.actor("fin"), at=NOW, file_name="october.csv", content=b"october", layout="toggl",
                     rows=rows)


def approve_all(world: World) -> None:
    approve(actor=world.actor("fin"), at=NOW, on=TODAY, accounts=["ACME"], period=OCTOBER)


def bill(world: World) -> None:
    run = m.BillRun.objects.first()
    if run is None:
        launched = invoicing.launch(actor=world.actor("fin"), at=NOW, on=TODAY, entity=world.entity(),
                                    period_from=OCTOBER[0], period_to=OCTOBER[1], partition_accounts=1)
        run = m.BillRun.objects.get(pk=launched.run)
    for partition in run.partitions.order_by("ordinal"):
        invoicing.draft_partition(actor=world.actor("fin"), at=NOW, partition=partition.pk)


def review(world: World) -> None:
    waiting = m.Invoice.objects.filter(state="draft", review="peer").values_list("pk", flat=True)
    if drafts := list(waiting):
        invoicing.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=drafts)
    if drafts := list(m.Invoice.objects.filter(state="in_review").values_list("pk", flat=True)):
        invoicing.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=drafts)


def issue(world: World) -> None:
    for draft in m.Invoice.objects.order_by("account__number").values_list("pk", flat=True):
        invoicing.issue(actor=world.actor("fin"), at=NOW, on=TODAY, drafts=[draft], key=f"issue {draft}")


def receive(world: World) -> None:
    for account in ("ACME", "BIG", "ZED"):
        payments.receive(actor=world.actor("fin"), at=NOW, on=TODAY, received_on=TODAY, entity="HALDEN",
                         account=account, amount=Decimal("1000.00"), currency="EUR", method="bank_transfer",
                         allocate="oldest", key=f"receive {account}")


STEPS: tuple[Callable[[World], None], ...] = (bring_in, approve_all, bill, review, issue, receive)
