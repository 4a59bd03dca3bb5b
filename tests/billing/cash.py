"""Issued invoices for the tests of cash and desk, written by SQL: what counts here is what they owe."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from duly.billing import models as m
from duly.billing.invoicing.parties import freeze_buyers, freeze_sellers
from duly.billing.kernel import frames
from duly.billing.payments import actions
from duly.billing.payments.actions import Received
from tests.world import NOW, TODAY, World


@transaction.atomic
def issued(world: World, account: str, total: str, *, on: date = TODAY, days: int = 30, currency: str = "EUR",
           base_rate: str = "1") -> m.Invoice:
    """An issued invoice without tax (exempt) over `total`, due `days` after `on`."""
    frames.rows("select set_config('duly.actor', 'ben', true)")
    seller, buyer = world.entity(), world.account(account)
    amount = Decimal(total)
    terms = _terms(seller, buyer, currency)
    invoice = m.Invoice.objects.create(
        entity=seller, account=buyer, created_by="ben", review="none", currency=currency, language=buyer.language,
        payment_days=days, time_annex=False, service_from=date(2026, 10, 1), service_to=date(2026, 10, 31),
        tax_point=date(2026, 10, 31), net=amount, tax=0, total=amount,
        seller_id=freeze_sellers([seller.pk])["seller_id"][0], buyer_id=freeze_buyers([buyer.pk])["buyer_id"][0],
    )
    m.InvoiceLine.objects.create(
        invoice=invoice, position=1, agreement=terms.version.agreement, charge=terms.charge, terms=terms,
        kind="expense", description="Travel", unit="piece", quantity=1, unit_price=amount, numerator=amount,
        denominator=1, amount=amount, tax_class="exempt", tax_category="E", tax_rate=0, tax=0,
        service_from=date(2026, 10, 1), service_to=date(2026, 10, 31), explanation=[],
    )
    m.TaxLine.objects.create(invoice=invoice, category="E", rate=0, base=amount, tax=0, reason="exempt")
    _issue(invoice, on, on + timedelta(days=days), Decimal(base_rate))
    invoice.refresh_from_db()
    return invoice


def _terms(seller: m.LegalEntity, buyer: m.Account, currency: str) -> m.ChargeTerms:
    """Terms of an agreement in that currency that demands no review."""
    number = f"{buyer.number}-{currency}"
    if found := m.ChargeTerms.objects.filter(version__agreement__number=number).first():
        return found
    agreement = m.Agreement.objects.create(number=number, name="Cash", entity=seller, account=buyer, currency=currency,
                                           starts_on=date(2026, 1, 1))
    version = m.AgreementVersion.objects.create(agreement=agreement, valid_from=date(2026, 1, 1), review="none")
    charge = m.Charge.objects.create(agreement=agreement, code="travel", kind="expense")
    return m.ChargeTerms.objects.create(version=version, charge=charge, name="Travel")


def _issue(invoice: m.Invoice, on: date, due_on: date, base_rate: Decimal) -> None:
    series = m.NumberSeries.objects.get(entity_id=invoice.entity_id, kind="invoice")
    counter, _ = m.NumberCounter.objects.get_or_create(series=series, fiscal_year=on.year)
    sequence = counter.last_number + 1
    number = series.pattern.format(year=on.year, number=sequence)
    frames.execute("update number_counter set last_number = %s, last_issued_on = %s where id = %s",
                   [sequence, max(on, counter.last_issued_on or on), counter.pk])
    item = m.OpenItem(entity_id=invoice.entity_id, account_id=invoice.account_id, control="receivable", label=number,
                      currency=invoice.currency, amount=invoice.total, booked_on=on, due_on=due_on)
    item.pk = frames.rows("""insert into open_item (entity_id, account_id, control, label, currency, amount, booked_on,
        due_on) values (%s, %s, 'receivable', %s, %s, %s, %s, %s) returning id""",
        [item.entity_id, item.account_id, number, item.currency, item.amount, on, due_on])[0][0]
    entry, command = frames.rows("""insert into entry (entity_id, kind, booked_on, source, command_id)
        values (%s, 'invoice', %s, %s, gen_random_uuid()) returning id, command_id""",
        [item.entity_id, on, number])[0]
    frames.execute("""insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
        values (%s, 'invoicing.issue', 'ben', %s, 'invoice', %s, '{}')""", [command, NOW, invoice.pk])
    frames.execute("""insert into transfer (entry_id, debit_id, credit_id, currency, amount, base_amount)
        select %s, d.id, c.id, %s, %s, round(%s * %s, 2) from chart_account d, chart_account c
         where d.role = 'receivable' and c.role = 'revenue' and d.entity_id = %s and c.entity_id = %s""",
        [entry, item.currency, item.amount, item.amount, base_rate, item.entity_id, item.entity_id])
    frames.execute("""insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on)
        values (%s, %s, %s, round(%s * %s, 2), %s)""", [item.pk, entry, item.amount, item.amount, base_rate, on])
    m.Invoice.objects.filter(pk=invoice.pk).update(state="ready")
    m.Invoice.objects.filter(pk=invoice.pk).update(
        state="issued", number=number, sequence=sequence, fiscal_year=on.year, series=series, issued_on=on,
        booked_on=on, due_on=due_on, base_rate=base_rate, open_item_id=item.pk,
    )


def receive(world: World, amount: str, *, by: str = "ben", **changes: Any) -> Received:
    """Receive money from Acme on the world's today, by bank, unless told otherwise."""
    facts: dict[str, Any] = {
        "on": TODAY, "entity": "HALDEN", "account": "ACME", "currency": "EUR", "received_on": TODAY,
        "method": "bank_transfer", "reference": "R2026-00001", **changes,
    }
    return actions.receive(actor=world.actor(by), at=NOW, amount=Decimal(amount), **facts)


def balance(number: str) -> Decimal:
    """What the open item of that label still holds."""
    return m.OpenItem.objects.get(label=number).balance


def controls() -> dict[str, Decimal]:
    """Σ of the control accounts' transfers, in EUR, debit positive."""
    return dict(frames.rows("""select role, sum(debit - credit) from journal_line
        where role in ('receivable', 'on_account', 'bank') and currency = 'EUR' group by role"""))
