"""How far a document has come, stage by stage, and what was sent of it."""

from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.desk.actions import deliver, queue_message
from duly.billing.invoicing import actions
from duly.billing.payments.actions import receive
from duly.billing.reporting.invoice_page import InvoicePage, invoice_page
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def page(world: World, draft: int) -> InvoicePage:
    return invoice_page(actor=world.actor("ben"), on=TODAY, document=draft)


def stages(world: World, draft: int) -> dict[str, str]:
    return {stage.name: stage.state for stage in page(world, draft).stages}


def do(world: World, verb: Any, by: str, draft: int, **more: Any) -> None:
    verb(actor=world.actor(by), at=NOW, on=TODAY, drafts=[draft], **more)


def test_a_document_goes_from_draft_to_paid(world: World) -> None:
    draft = next(one.id for one in bill(world) if one.account.number == "BIG")
    begun = {"draft": "done", "checks": "done", "review": "now", "client": "skipped", "issued": "later",
             "delivered": "later", "paid": "later"}
    assert stages(world, draft) == begun
    do(world, actions.submit, "ben", draft)
    do(world, actions.return_draft, "rita", draft, reason="Why?")
    assert stages(world, draft) == begun
    do(world, actions.submit, "ben", draft)
    do(world, actions.approve, "rita", draft)
    assert stages(world, draft) == {**begun, "review": "done", "issued": "now"}
    do(world, actions.issue, "ben", draft)
    ben: dict[str, Any] = {"actor": world.actor("ben"), "at": NOW, "on": TODAY}
    [message] = queue_message(**ben, invoices=[draft]).messages
    assert [one.attempts for one in page(world, draft).messages] == [0]
    deliver(**ben, message=message, hand_over=lambda letter: "250 OK")
    found = page(world, draft)
    assert [(one.state, one.attempts, one.answer) for one in found.messages] == [("sent", 1, "250 OK")]
    assert [(one.name, one.at) for one in found.stages if one.state == "now"] == [("paid", None)]
    receive(**ben, entity="HALDEN", account="BIG", amount=Decimal(1500), currency="EUR", received_on=TODAY,
            method="bank_transfer", allocate=[(m.Invoice.objects.get(pk=draft).number, Decimal(1500))])
    assert [(one.name, one.state, one.at) for one in page(world, draft).stages][-3:] == [
        ("issued", "done", TODAY), ("delivered", "done", NOW), ("paid", "done", TODAY)]


def test_a_blocked_draft_stands_at_its_checks(world: World) -> None:
    world.time(13 * 3600)
    world.time(12 * 3600)
    draft = next(one.id for one in bill(world) if one.account.number == "ACME")
    [now] = [one for one in page(world, draft).stages if one.state == "now"]
    assert (now.name, now.blocked) == ("checks", True)


def test_what_was_discarded_goes_nowhere(world: World) -> None:
    draft = next(one.id for one in bill(world) if one.account.number == "ZED")
    do(world, actions.discard, "ben", draft)
    assert "now" not in stages(world, draft).values()
