"""Drafts beside the last invoice: what is new, gone and changed, for one, for a run, and before there is a draft."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import agree
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.run import preview
from duly.billing.invoicing.compare import compared, documents_compared, preview_compared, run_compared
from duly.billing.invoicing.editing import version_of
from duly.billing.kernel.errors import NotFound
from tests.billing import test_invoicing_vouchers as vouchers
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World

NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def draft_of(drafts: list[m.Invoice], number: str = "ACME") -> int:
    return next(draft.id for draft in drafts if draft.account.number == number)


def october(world: World) -> int:
    """Acme's October, issued: 2 h of Ada, a train of 125.90."""
    world.time(7200)
    world.expense("119.90")
    draft = draft_of(bill(world))
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft])
    return draft


def run(world: World, period: tuple[date, date] = NOVEMBER) -> int:
    ben = world.actor("ben")
    launched = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=period[0],
                              period_to=period[1])
    for partition in launched.partitions:
        actions.draft_partition(actor=ben, at=NOW, partition=partition)
    return launched.run


def acme(world: World, **changes: Any) -> Any:
    draft = m.Invoice.objects.get(account__number="ACME", state="draft")
    return compared(actor=world.actor("ben"), on=TODAY, document=draft.id, **changes)


def test_each_charge_stands_beside_what_it_was(world: World) -> None:
    before = october(world)
    world.time(10800, on=date(2026, 11, 3))
    run(world)
    found = acme(world)
    assert (found.previous_id, found.previous_number, found.previous_issued_on) == (before, "R2026-00001", TODAY)
    assert (found.before, found.now, found.difference, found.percent) == (
        Decimal("315.90"), Decimal(285), Decimal("-30.90"), Decimal("-9.8"))
    assert [(one.name, one.change, one.before, one.now, one.difference) for one in found.charges] == [
        ("Consulting", "changed", Decimal(190), Decimal(285), Decimal(95)),
        ("Travel", "gone", Decimal("125.90"), Decimal(0), Decimal("-125.90"))]
    assert (found.charges[0].quantity_before, found.charges[0].quantity) == (7200, 10800)


def test_the_first_one_has_nothing_beside_it(world: World) -> None:
    october(world)
    found = compared(actor=world.actor("ben"), on=TODAY, document=m.Invoice.objects.get(account__number="ACME").id)
    assert (found.previous_id, found.before, found.percent) == (None, 0, None)
    assert {one.change for one in found.charges} == {"new"}


def test_a_quarter_is_not_compared_with_a_month(world: World) -> None:
    october(world)
    world.time(10800, on=date(2026, 11, 3))
    run(world, (date(2026, 10, 1), date(2027, 1, 1)))
    assert acme(world).previous_id is None


def test_a_months_fee_in_a_run_of_half_a_month_is_compared_with_the_month_before(world: World) -> None:
    fee = ChargeInput("fee", "recurring", "Fee", price=Decimal(9), interval="month", timing="advance")
    agree(actor=world.actor("fin"), at=NOW, on=TODAY, number="ACME-2", name="Other", entity="HALDEN", account="ACME",
          currency="EUR", terms=VersionInput(date(2026, 10, 1), (fee,), review="none"))
    last = draft_of(bill(world))
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[last])
    half = (date(2026, 11, 1), date(2026, 11, 16))
    computed = preview(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=half[0], period_to=half[1])
    foreseen = preview_compared(computed, days=15).filter(account_id=world.account("ACME").id)
    run(world, half)
    assert foreseen["previous_id"].to_list() == [acme(world).previous_id] == [last]


def test_another_agreements_invoice_is_not_compared(world: World) -> None:
    october(world)
    fee = ChargeInput("fee", "one_off", "Fee", price=Decimal(9), due_on=date(2026, 11, 5))
    agree(actor=world.actor("fin"), at=NOW, on=TODAY, number="ACME-2", name="Other", entity="HALDEN", account="ACME",
          currency="EUR", terms=VersionInput(date(2026, 1, 1), (fee,), review="none"))
    run(world)
    assert acme(world).previous_id is None


def test_the_sale_of_a_voucher_has_no_last_time(world: World) -> None:
    later = replace(vouchers.VOUCHER, due_on=NOVEMBER[0])
    vouchers.agreed(world, later, vouchers.SEATS)
    [before] = vouchers.billed(world, vouchers.OCTOBER)
    computed = preview(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=NOVEMBER[0],
                       period_to=NOVEMBER[1], accounts=[world.account("ACME").pk])
    foreseen = preview_compared(computed, days=30)
    drafts = [draft.pk for draft in vouchers.drafted(world, NOVEMBER)]
    made = documents_compared(drafts, actor=world.actor("ben"), on=TODAY)
    for found in (foreseen, made):
        assert found.sort("net").select("net", "previous_id").rows() == [(50, before.pk), (100, None)]


def test_a_whole_run_beside_the_last_one(world: World) -> None:
    before = october(world)
    world.time(7200, on=date(2026, 11, 3))
    number = run(world)
    found = run_compared(actor=world.actor("ben"), on=TODAY, run=number)
    [row] = found.filter(account_id=world.account("ACME").id).iter_rows(named=True)
    assert (row["previous_id"], row["difference"], row["percent"]) == (before, Decimal("-125.90"), Decimal("-39.9"))
    assert (row["new"], row["gone"], row["changed"], row["same"]) == (0, 1, 0, 1)
    assert documents_compared(found["document_key"].to_list(), actor=world.actor("ben"), on=TODAY).equals(found)
    assert run_compared(actor=world.actor("mara"), on=TODAY, run=number)["account_id"].to_list() == [
        world.account("ACME").id]


def test_a_preview_differs_as_the_drafts_will(world: World) -> None:
    october(world)
    world.time(3600, on=date(2026, 11, 3))
    computed = preview(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=NOVEMBER[0],
                       period_to=NOVEMBER[1])
    foreseen = preview_compared(computed, days=30).drop("document_key")
    made = run_compared(actor=world.actor("ben"), on=TODAY, run=run(world)).drop("document_key")
    assert foreseen.sort("account_id").equals(made.sort("account_id"))
    assert foreseen.height == 2


def test_what_was_edited_is_compared_as_it_stands(world: World) -> None:
    october(world)
    world.time(7200, on=date(2026, 11, 3))
    run(world)
    draft = acme(world).document
    actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft, version=version_of(draft), line=1,
                       to=Decimal(100), reason="Goodwill")
    assert acme(world).charges[0].now == Decimal(100)


def test_nobody_compares_outside_the_book(world: World) -> None:
    draft = october(world)
    with pytest.raises(NotFound):
        compared(actor=world.actor("otto"), on=TODAY, document=draft)
