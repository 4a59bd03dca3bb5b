"""What documents ask for, rounded to a step: drafted, changed, issued, posted and paid."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.accounts.actions.payable_steps import put_payable_step, remove_payable_step
from duly.billing.accounts.actions.tax_rules import add_withholding
from duly.billing.desk.queries import sendable
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.run import preview
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.editing import version_of
from duly.billing.invoicing.explain import explained
from duly.billing.invoicing.payable import OUTDATED
from duly.billing.kernel import frames
from duly.billing.payments.actions import receive
from duly.billing.payments.documents import receipts
from duly.billing.reporting.audits import verify
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, OCTOBER, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def step(world: World, by: str | None, currency: str = "EUR") -> None:
    who: dict[str, Any] = {"actor": world.actor("anna"), "at": NOW, "entity": "HALDEN", "currency": currency}
    if by is None:
        remove_payable_step(**who)
    else:
        put_payable_step(**who, step=Decimal(by))


def draft_of(world: World, account: str = "ACME") -> m.Invoice:
    return next(one for one in bill(world) if one.account.number == account)


def issue(world: World, draft: m.Invoice, on: date = TODAY) -> actions.Issued:
    return actions.issue(actor=world.actor("ben"), at=NOW, on=on, drafts=[draft.pk])


def posted(draft: m.Invoice) -> list[tuple[str, str, Decimal]]:
    return list(m.Transfer.objects.filter(entry__source=draft.number).order_by("id").values_list(
        "debit__role", "credit__role", "amount"))


def test_what_is_to_pay_is_rounded_printed_and_posted(world: World) -> None:
    step(world, "0.10")
    world.time(3600)
    draft = draft_of(world)
    assert (draft.total, draft.rounding) == (Decimal("113.05"), Decimal("0.05"))
    assert issue(world, draft).numbers
    draft.refresh_from_db()
    [printed] = documents([draft.pk])
    assert (printed.total, printed.rounding, printed.payable) == (
        Decimal("113.05"), Decimal("0.05"), Decimal("113.10"))
    assert draft.open_item is not None
    assert (draft.open_item.amount, draft.open_item.balance) == (Decimal("113.10"), Decimal("113.10"))
    assert posted(draft) == [("receivable", "revenue", Decimal(95)), ("receivable", "tax", Decimal("18.05")),
                             ("receivable", "rounding", Decimal("0.05"))]
    told = explained(actor=world.actor("ben"), on=TODAY, document=draft.pk).head
    assert (told.rounding, told.balance) == (Decimal("0.05"), Decimal("113.10"))
    assert [one for one in verify(actor=world.actor("audra")) if not one.note] == []


def test_less_is_asked_for_where_that_is_nearer(world: World) -> None:
    step(world, "1")
    world.time(3600)
    draft = draft_of(world)
    assert draft.rounding == Decimal("-0.05")
    assert issue(world, draft).numbers
    draft.refresh_from_db()
    assert posted(draft)[-1] == ("rounding", "receivable", Decimal("0.05"))


def test_a_change_of_the_draft_rounds_anew(world: World) -> None:
    step(world, "0.10")
    world.time(3600)
    draft = draft_of(world)
    actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=version_of(draft.pk),
                       line=1, to=Decimal("94.97"), reason="Goodwill")
    draft.refresh_from_db()
    assert (draft.total, draft.rounding) == (Decimal("113.01"), Decimal("-0.01"))
    assert issue(world, draft).numbers


def test_what_is_withheld_goes_off_first_and_the_rest_settles_it(world: World) -> None:
    step(world, "0.05")
    add_withholding(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name="Withholding tax",
                    rate=Decimal("0.075"), valid_from=date(2026, 1, 1), reason="Art. 12")
    world.time(3600)
    draft = draft_of(world)
    assert (draft.total, draft.withheld, draft.rounding) == (Decimal("113.05"), Decimal("7.13"), Decimal("-0.02"))
    number = issue(world, draft).numbers[str(draft.pk)]
    assert documents([draft.pk])[0].payable == Decimal("105.90")
    cash = {"actor": world.actor("fin"), "at": NOW, "on": TODAY, "entity": "HALDEN", "account": "ACME",
            "currency": "EUR", "received_on": TODAY}
    paid = receive(**cash, amount=Decimal("105.90"), method="bank_transfer", allocate="oldest")
    [drawn] = receipts([paid.receipt])
    assert drawn.receipt is not None
    assert [(one.total, one.open_after) for one in drawn.receipt.settlements] == [
        (Decimal("113.03"), Decimal("7.13"))]
    receive(**cash, amount=Decimal("7.13"), method="withholding", allocate=[(number, None)])
    draft.refresh_from_db()
    assert draft.open_item is not None
    assert draft.open_item.balance == 0


def test_a_total_that_rounds_to_nothing_is_owed_by_nobody(world: World) -> None:
    step(world, "1000")
    world.time(3600)
    draft = draft_of(world)
    assert draft.rounding == Decimal("-113.05")
    assert issue(world, draft).numbers
    draft.refresh_from_db()
    assert draft.open_item is not None
    assert (draft.open_item.amount, draft.open_item.balance) == (0, 0)
    assert [one for one in verify(actor=world.actor("audra")) if not one.note] == []


@pytest.mark.parametrize(("before", "after"), [(None, "0.10"), ("0.10", None), ("0.10", "1")])
def test_a_draft_that_is_rounded_otherwise_than_now_is_not_issued(
    world: World, before: str | None, after: str | None
) -> None:
    step(world, before)
    world.time(3600)
    draft = draft_of(world)
    step(world, after)
    assert issue(world, draft).skipped == [[str(draft.pk), OUTDATED]]
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.pk])
    assert issue(world, draft_of(world)).numbers


def test_an_issued_document_stays_whatever_the_step_becomes(world: World) -> None:
    step(world, "0.10")
    world.time(3600)
    draft = draft_of(world)
    issue(world, draft)
    before = documents([draft.pk])[0].digest()
    for later in ("1", None):
        step(world, later)
        assert documents([draft.pk])[0].digest() == before
    assert [one for one in verify(actor=world.actor("audra")) if not one.note] == []


def test_the_step_is_the_currencys_own_and_without_one_nothing_differs(world: World) -> None:
    world.time(3600)
    run: dict[str, Any] = {"actor": world.actor("ben"), "on": TODAY, "entity": "HALDEN", "period_from": OCTOBER[0],
                           "period_to": OCTOBER[1]}
    exact = preview(**run)
    step(world, "0.10", "CHF")
    assert preview(**run).digest() == exact.digest()
    step(world, "0.10")
    rounded = preview(**run)
    assert rounded.digest() != exact.digest()
    assert rounded.headers.drop("rounding").equals(exact.headers.drop("rounding"))


def test_a_review_signs_the_rounding(world: World) -> None:
    world.time(3600)
    draft = draft_of(world)
    seen = version_of(draft.pk)
    m.Invoice.objects.filter(pk=draft.pk).update(rounding=Decimal("0.00"))
    assert version_of(draft.pk) == seen
    with transaction.atomic():
        frames.rows("select set_config('duly.actor', 'ben', true)")
        m.Invoice.objects.filter(pk=draft.pk).update(rounding=Decimal("0.05"))
    assert version_of(draft.pk) != seen


def test_without_an_account_for_the_rounding_the_draft_waits_alone(world: World, database: str) -> None:
    from tests.billing.violations import owner_does

    owner_does(database, "delete from chart_account where role = 'rounding'")
    step(world, "0.10")
    world.time(3600)
    drafts = {one.account.number: one for one in bill(world)}
    assert drafts["ZED"].rounding == 0
    done = actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["ACME"].pk, drafts["ZED"].pk])
    assert list(done.numbers) == [str(drafts["ZED"].pk)]
    assert done.skipped == [
        [str(drafts["ACME"].pk), "Its entity maps no account of its chart to rounding: add one."]]


def test_the_letter_names_what_is_asked_for(world: World) -> None:
    step(world, "0.10")
    world.time(3600)
    draft = draft_of(world)
    issue(world, draft)
    [letter] = sendable(world.actor("ben"), TODAY, [draft.pk], [])
    assert letter.total == Decimal("113.10")
