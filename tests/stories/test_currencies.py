"""A fee from draft to paid in currencies of every number of decimals, with its printed document."""

import io
from datetime import date
from decimal import Decimal
from typing import Final

import pytest
from pypdf import PdfReader

from duly.billing import models as m
from duly.billing.invoicing.documents import documents
from duly.billing.reporting.audits import verify
from duly.formats.typeset import render
from tests.billing.cash import receive
from tests.billing.deferring import balance, billed, fee, release
from tests.world import TODAY, World

CASES: Final = (
    # currency, its price, what the line comes to, as it is printed, its rate to EUR, the base amount
    ("JPY", "12345.5", "12346", "12,346", "0.0056921676", "70.28"),
    ("USD", "99.995", "100.00", "100.00", "0.8950948801", "89.51"),
    ("KWD", "10.0005", "10.001", "10.001", "2.9", "29.00"),
    ("CLF", "1.00005", "1.0001", "1.0001", "34.5678", "34.57"),
)


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction."""


@pytest.mark.parametrize(("currency", "price", "amount", "printed", "rate", "base"), CASES)
def test_a_fee_in(world: World, currency: str, price: str, amount: str, printed: str, rate: str, base: str) -> None:
    for day, value in ((date(2026, 1, 1), Decimal(rate)), (date(2026, 11, 3), Decimal(rate) * 2)):
        m.ExchangeRate.objects.create(base=currency, quote="EUR", valid_from=day, rate=value, source="test")
    fee(world, price, currency=currency, tax_class="exempt")
    invoice = billed(world, currency=currency)
    assert (invoice.total, invoice.open_item.amount) == (Decimal(amount), Decimal(amount))  # type: ignore[union-attr]
    [item] = m.OpenItem.objects.filter(pk=invoice.open_item_id)
    assert item.base_balance == Decimal(base)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(render(documents([invoice.pk])[0]))).pages)
    assert printed in text
    receive(world, amount, account="ZED", currency=currency, on=date(2026, 11, 3), received_on=TODAY,
            allocate=[(str(invoice.number), None)])
    item.refresh_from_db()
    assert (item.balance, item.base_balance) == (0, 0)
    release(world, date(2027, 12, 1))
    assert balance("deferred_revenue") == (0, 0)
    assert not [found for found in verify(actor=world.actor("audra")) if not found.note]
