"""A receipt as a document: what was received and what it paid, as it was booked."""

from datetime import timedelta
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound
from duly.billing.payments import actions
from duly.billing.payments.documents import receipts
from duly.engine.document import Receipt, Settlement, TaxRegistration
from tests.billing.cash import issued, receive
from tests.world import NOW, TODAY, World


def test_a_receipt_names_its_parties_the_money_and_what_it_paid(world: World) -> None:
    first, second = issued(world, "ACME", "100"), issued(world, "ACME", "250")
    received = receive(world, "180", allocate=[(first.number, None), (second.number, Decimal(50))])
    [document] = receipts([received.receipt])
    assert (document.kind, document.number, document.issued_on, document.language) == (
        "receipt", "Q2026-00001", TODAY, "de",
    )
    assert (document.seller.name, document.buyer.name, document.buyer.account_number) == (
        "Halden Software GmbH", "Acme GmbH", "ACME",
    )
    assert document.seller.registrations == (TaxRegistration("VAT", "DE136695976", "DE"),)
    assert document.receipt == Receipt(TODAY, "bank_transfer", Decimal(180), "R2026-00001", (
        Settlement(str(first.number), Decimal(100), TODAY, Decimal(100), Decimal(0)),
        Settlement(str(second.number), Decimal(50), TODAY, Decimal(250), Decimal(200)),
    ))
    assert document.receipt.on_account == 30


def test_a_receipt_is_the_same_whatever_happens_later(world: World) -> None:
    invoice = issued(world, "ACME", "100")
    received = receive(world, "70", allocate=[(invoice.number, Decimal(40))])
    before = receipts([received.receipt])
    later = TODAY + timedelta(days=1)
    ben = world.actor("ben")
    actions.allocate(actor=ben, at=NOW, on=later, entity="HALDEN", receipt=received.number,
                     to=[(str(invoice.number), None)])
    actions.unallocate(actor=ben, at=NOW, on=later, allocation=received.allocated[0]["allocation"], reason="Mistake")
    frames.execute("update account set name = 'Acme SE', language = 'en' where number = 'ACME'")
    assert receipts([received.receipt]) == before


def test_receipts_come_in_the_order_asked_for(world: World) -> None:
    first, second = receive(world, "1"), receive(world, "2", account="ZED")
    assert [document.number for document in receipts([second.receipt, first.receipt])] == [second.number, first.number]
    with pytest.raises(NotFound, match="There is no receipt 0"):
        receipts([first.receipt, 0])


def test_a_receipt_carries_the_firms_colour_and_logo(world: World) -> None:
    logo = m.StoredFile.objects.create(sha256="0" * 64, name="logo.svg", media_type="image/svg+xml", content=b"<svg/>")
    frames.execute("update legal_entity set logo_id = %s, colour = '#123456'", [logo.pk])
    [document] = receipts([receive(world, "1").receipt])
    assert (document.colour, document.logo and document.logo.content) == ("#123456", b"<svg/>")
