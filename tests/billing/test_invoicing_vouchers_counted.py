"""Vouchers: what is withheld, ordered, capped and committed counts what they pay once."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.accounts.actions.payable_steps import put_payable_step
from duly.billing.accounts.actions.tax_rules import add_withholding
from duly.billing.agreements.terms import ChargeInput
from duly.billing.desk.queries import sendable
from duly.billing.invoicing import actions
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.editing import version_of
from duly.billing.reporting.account360 import account360
from duly.billing.reporting.agreement_page import agreement_page
from duly.billing.reporting.today import today
from tests.billing.models_world import stored
from tests.billing.test_invoicing_vouchers import (
    DECEMBER,
    NOVEMBER,
    NUMBER,
    OCTOBER,
    SEATS,
    SEPTEMBER,
    VOUCHER,
    agreed,
    billed,
    drafted,
    paid,
    sold,
    sound,
)
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction."""


def test_what_is_withheld_is_left_and_the_rest_is_rounded(world: World) -> None:
    add_withholding(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name="Tax", rate=D("0.1"),
                    valid_from=date(2026, 10, 1), reason="Art. 12")
    put_payable_step(actor=world.actor("anna"), at=NOW, entity="HALDEN", currency="EUR", step=D("0.20"))
    sold(world, replace(VOUCHER, due_on=OCTOBER[0]), replace(SEATS, price=D("80.01")))
    [october] = billed(world, OCTOBER)
    # 80.01 + 15.20 = 95.21, of which 8.00 is withheld
    assert (october.total, october.withheld, october.prepaid, october.rounding) == (
        D("95.21"), D("8.00"), D("87.21"), D(0))
    [november] = billed(world, NOVEMBER)
    # 95.21 − 8.00 − 12.79 = 74.42, to a step of 0.20
    assert (november.prepaid, november.rounding, paid(november)[2]) == (D("12.79"), D("-0.02"), D("82.40"))
    asked = [one.payable for one in documents([october.pk, november.pk])]
    assert asked == [D(0), D("74.40")]
    assert [one.total for one in sendable(world.actor("ben"), TODAY, [october.pk, november.pk], [])] == asked
    assert sound(world)


def test_nothing_is_withheld_from_a_voucher_itself(world: World) -> None:
    agreed(world, VOUCHER, SEATS, account="ZED", number="V-2", starts_on=SEPTEMBER[0])
    add_withholding(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name="Tax", rate=D("0.1"),
                    valid_from=SEPTEMBER[0], reason="Art. 12")
    add_withholding(actor=world.actor("otto"), at=NOW, on=TODAY, account="ZED", name="Tax", rate=D("0.1"),
                    valid_from=SEPTEMBER[0], reason="Art. 12")
    sale = sold(world)
    assert (sale.withheld, sale.withheld_taxes.count(), paid(sale)[2]) == (D(0), 0, D(100))
    beside = next(one for one in drafted(world, SEPTEMBER, "ZED") if one.lines.filter(charge__code="voucher").exists())
    [kept] = beside.withheld_taxes.all()
    assert (beside.net, kept.base, kept.amount, beside.withheld) == (D(150), D(50), D(5), D(5))
    actions.reorder(actor=world.actor("ben"), at=NOW, on=TODAY, draft=beside.pk, version=version_of(beside.pk),
                    positions=[2, 1])
    beside.refresh_from_db()
    assert (beside.net, beside.withheld) == (D(150), D(5))


def test_what_a_cap_counts_is_billed_once(world: World) -> None:
    sold(world, cap=D(120))
    billed(world, OCTOBER)
    fin = world.actor("fin")
    assert agreement_page(actor=fin, on=DECEMBER[0], agreement=NUMBER).billed == D(50)
    assert next(one.billed for one in account360(actor=fin, on=DECEMBER[0], account="ACME").agreements
                if one.number == NUMBER) == D(50)
    assert not [one for one in today(actor=fin, on=DECEMBER[0]).kinds if one.kind == "cap"]


def test_what_an_order_is_worth_is_billed_once(world: World) -> None:
    acme = world.account("ACME")
    m.PurchaseOrder.objects.create(account=acme, number="PO-1", currency="EUR", amount=D(120))
    sold(world, purchase_order="PO-1")
    findings = m.Finding.objects.filter(check_name="purchase_order_exceeded")
    [october] = billed(world, OCTOBER)
    used = account360(actor=world.actor("fin"), on=DECEMBER[0], account="ACME").purchase_orders
    assert ([*findings], october.prepaid) == ([], D("59.50"))
    assert next(one.used for one in used if one.number == "PO-1") == D(100)
    [november] = drafted(world, NOVEMBER)
    # of 120.00 stand 50.00 and 50.00, and nothing of the voucher
    assert ([*findings], november.prepaid) == ([], D("40.50"))
    drafted(world, DECEMBER)
    assert "with this draft 150.00 EUR would be billed" in findings.get().text


def test_its_sale_fills_no_commitment_and_no_cap(world: World) -> None:
    committed = ChargeInput("least", "commitment", "Committed use", price=D(120), interval="month")
    sold(world, replace(VOUCHER, due_on=OCTOBER[0]), SEATS, committed, cap=D(120), cap_behaviour="block")
    [october] = billed(world, OCTOBER)
    assert stored(october) == [("recurring", "50"), ("true_up", "70")]
    assert paid(october) == (D("142.80"), D(100), D("42.80"))
