"""Taxes of drafts: rates that change within what is billed, and what is taxed as what it answers."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.accounts.actions.tax_rules import add_treatment, add_withholding
from duly.billing.invoicing import actions, queries, taxing
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.editing import Edited, version_of
from duly.billing.kernel.errors import Refused
from duly.billing.payments.actions import receive
from duly.engine.pricing import replay
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def change_of_rate(rate: str, on: date, country: str = "DE") -> None:
    m.TaxRate.objects.create(country=country, tax_class="standard", rate=Decimal(rate), valid_from=on, source="test")


def german_subscription(world: World) -> m.Charge:
    """A seat of Acme's own, from January, 310 a month."""
    return subscription(world, "ACME-SUB", "310")


def subscription(world: World, number: str, price: str, *, account: str = "ACME", start: date = date(2026, 1, 1),
                 terms: dict[str, Any] | None = None, **charge: Any) -> m.Charge:
    with transaction.atomic():
        agreement = m.Agreement.objects.create(number=number, name="Seats", entity=world.entity(), currency="EUR",
                                               account=world.account(account), starts_on=start)
        version = m.AgreementVersion.objects.create(agreement=agreement, valid_from=start, review="none",
                                                    consolidate=True, **terms or {})
        made = m.Charge.objects.create(agreement=agreement, code="seat", kind="recurring")
        m.ChargeTerms.objects.create(version=version, charge=made, name="Seat", price=Decimal(price), unit="seat",
                                     **{"quantity": Decimal(1), "interval": "month", "timing": "arrears", **charge})
    return made


def shown(draft: m.Invoice, kind: str) -> list[tuple[str, ...]]:
    return [(f"{line.service_from:%m-%d}", f"{line.service_to:%m-%d}", f"{line.amount:.2f}", f"{line.tax_rate:.2f}",
             f"{line.tax:.2f}") for line in draft.lines.filter(kind=kind).order_by("position")]


def test_a_fee_that_crosses_a_change_of_rate_is_split_by_days(world: World) -> None:
    charge = german_subscription(world)
    change_of_rate("0.16", date(2026, 10, 11))
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert shown(draft, "recurring")[-3:] == [
        ("09-01", "09-30", "310.00", "0.19", "58.90"), ("10-01", "10-10", "100.00", "0.19", "19.00"),
        ("10-11", "10-31", "210.00", "0.16", "33.60")]
    spans = m.ChargeSpan.objects.filter(charge=charge).order_by("span_from").values_list(
        "span_from", "span_to", "line__service_from")
    assert list(spans)[-2:] == [(date(2026, 10, 1), date(2026, 10, 11), date(2026, 10, 1)),
                                (date(2026, 10, 11), date(2026, 11, 1), date(2026, 10, 11))]
    assert all(replay(line.explanation) == line.amount for line in draft.lines.all())
    assert [(tax.rate, tax.base, tax.tax) for tax in draft.tax_lines.order_by("rate")] == [
        (Decimal("0.16"), Decimal(210), Decimal("33.6")), (Decimal("0.19"), Decimal(2890), Decimal("549.1"))]
    assert issue(world, draft).numbers
    assert [one for one in bill(world) if one.account.number == "ACME"] == []


def test_work_on_both_sides_of_a_change_keeps_its_own_evidence(world: World) -> None:
    change_of_rate("0.16", date(2026, 10, 11))
    before, after = world.time(3600, on=date(2026, 10, 10)), world.time(7200, on=date(2026, 10, 11))
    world.expense("100", worked_on=date(2026, 10, 12))
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert shown(draft, "time") == [("10-10", "10-10", "95.00", "0.19", "18.05"),
                                    ("10-11", "10-11", "190.00", "0.16", "30.40")]
    assert shown(draft, "expense") == [("10-12", "10-12", "105.00", "0.16", "16.80")]
    allocated = m.WorkAllocation.objects.filter(line__kind="time").order_by("line__position")
    assert [(one.work_item_id, one.amount, one.line.amount) for one in allocated] == [
        (before.pk, Decimal(95), Decimal(95)), (after.pk, Decimal(190), Decimal(190))]
    assert issue(world, draft).numbers


def test_what_is_not_taxed_here_is_not_split(world: World) -> None:
    change_of_rate("0.16", date(2026, 10, 11))
    zed = next(one for one in bill(world) if one.account.number == "ZED")
    assert [line.service_to for line in zed.lines.order_by("position")][-1] == date(2026, 10, 31)
    assert zed.lines.count() == 10


def issue(world: World, draft: m.Invoice) -> actions.Issued:
    return actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.pk])


@pytest.mark.parametrize(("category", "rate", "reason", "tax"), [
    ("S", "0.16", "", "-16.00"), ("AE", "0", "reverse_charge", "0.00"), (None, None, "", "-19.00"),
])
def test_a_line_is_taxed_as_what_it_answers(world: World, category: Any, rate: Any, reason: str, tax: str) -> None:
    entity, account = world.entity(), world.account("ACME")
    document = pl.DataFrame({"document_key": [1], "account_id": [account.pk], "entity_id": [entity.pk]})
    lines = pl.DataFrame({
        "document_key": [1], "tax_class": ["standard"], "service_to": [TODAY], "amount": [Decimal(-100)],
        "exponent": [2], "fixed_category": [category], "fixed_rate": [rate and Decimal(rate)]},
        schema_overrides={"amount": pl.Decimal(38, 4), "fixed_rate": pl.Decimal(38, 6), "fixed_category": pl.String})
    found, groups = taxing.taxed(lines, queries.with_parties(document))
    assert [(row["category"], row["reason"], f"{row['tax']:.2f}") for row in groups.to_dicts()] == [
        (category or "S", reason, tax)]
    assert found["tax_country"].to_list() == ["DE"]


def test_prices_that_include_tax_never_change(world: World) -> None:
    october = date(2026, 10, 1)
    for number, price in (("ONE", "9.99"), ("TWO", "0.99"), ("THREE", "100.10")):
        subscription(world, number, price, start=october, terms={"prices_include_tax": True})
    subscription(world, "NET", "50", start=october)
    drafts = [one for one in bill(world) if one.account.number == "ACME"]
    assert [one.prices_include_tax for one in drafts] == [False, True]
    draft = drafts[1]
    lines = draft.lines.order_by("position")
    assert sorted(f"{line.gross:.2f}" for line in lines) == ["0.99", "100.10", "9.99"]
    assert f"{draft.total:.2f} {draft.tax:.2f} {draft.net:.2f}" == "111.08 17.74 93.34"
    assert all(line.gross == line.amount + line.tax == replay(line.explanation) for line in lines)
    assert sum(line.amount for line in lines) == draft.net == draft.tax_lines.get().base
    assert all(line.gross is None for line in drafts[0].lines.all())
    assert issue(world, draft).numbers


def test_a_line_with_tax_in_its_price_is_written_down_in_its_price(world: World) -> None:
    subscription(world, "ONE", "119", start=date(2026, 10, 1), terms={"prices_include_tax": True})
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    edited = actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk,
                                version=version_of(draft.pk), line=1, to=Decimal("59.50"), reason="Goodwill")
    assert (edited.net, edited.tax, edited.total) == ("50.00", "9.50", "59.50")
    assert draft.lines.get().gross == Decimal("59.50")
    again = actions.reword(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=edited.version, line=1,
                           description="Half a seat")
    assert again.total == "59.50"
    assert issue(world, draft).numbers


def decide(world: World, draft: m.Invoice, category: str | None, reason: str = "Certificate 4711",
           **more: Any) -> Edited:
    return actions.override_tax(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk,
                                version=version_of(draft.pk), category=category, reason=reason, **more)


def test_the_tax_of_a_line_is_decided_by_hand_and_stays(world: World) -> None:
    world.time(3600)
    world.expense("100")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    first = decide(world, draft, "E", line=2)
    assert (first.tax, first.notes) == ("18.05", 1)
    assert draft.tax_lines.get(category="E").reason == "Certificate 4711"
    later = actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=first.version,
                               line=2, to=Decimal(50), reason="Goodwill")
    assert (later.net, later.tax) == ("145.00", "18.05")
    assert issue(world, draft).numbers
    [printed] = documents([draft.pk])
    assert [tax.reason for tax in printed.tax_lines] == ["", "Certificate 4711"]


def test_the_tax_of_a_whole_draft_is_decided_and_given_back(world: World) -> None:
    world.time(3600)
    world.expense("100")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert decide(world, draft, "AE").tax == "0.00"
    assert set(draft.lines.values_list("override_category", "tax_category")) == {("AE", "AE")}
    assert decide(world, draft, None).tax == "38.00"
    assert set(draft.lines.values_list("override_category", "override_reason")) == {(None, None)}


@pytest.mark.parametrize(("change", "said"), [
    ({"category": "X"}, "category"), ({"reason": " "}, "reason"), ({"line": 9}, "no line 9"),
])
def test_a_decision_on_tax_that_is_none(world: World, change: dict[str, Any], said: str) -> None:
    world.time(3600)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    with pytest.raises(Refused) as refusal:
        decide(world, draft, **{"category": "E", **change})
    assert said in str(refusal.value) + " ".join(problem.path for problem in refusal.value.problems)


def test_an_account_is_taxed_by_its_own_papers_while_they_hold(world: World) -> None:
    act = {"actor": world.actor("mara"), "at": NOW, "on": TODAY, "account": "ACME"}
    add_treatment(**act, category="E", reason="Exempt", certificate="B-1", valid_from=date(2026, 10, 1))
    add_treatment(**act, category=None, reason="It ended", valid_from=date(2026, 10, 20))
    with pytest.raises(Refused):
        add_treatment(**act, category="O", reason="Other", valid_from=date(2026, 10, 1))
    world.expense("100", worked_on=date(2026, 10, 7))
    world.expense("100", worked_on=date(2026, 10, 21))
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert [(tax.category, tax.reason, tax.base) for tax in draft.tax_lines.order_by("category")] == [
        ("E", "Exempt (B-1)", Decimal(105)), ("S", "", Decimal(105))]
    assert issue(world, draft).numbers


def test_what_the_buyer_withholds_is_not_asked_for(world: World) -> None:
    add_withholding(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name="Withholding tax",
                    rate=Decimal("0.075"), valid_from=date(2026, 1, 1), reason="Art. 12")
    world.time(3600)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert (draft.total, draft.withheld) == (Decimal("113.05"), Decimal("7.13"))
    reduced = actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk,
                                 version=version_of(draft.pk), line=1, to=Decimal(50), reason="Goodwill")
    assert reduced.total == "59.50"
    assert issue(world, draft).numbers
    [printed] = documents([draft.pk])
    assert [(one.name, f"{one.amount:.2f}") for one in printed.withholdings] == [("Withholding tax", "3.75")]
    assert f"{printed.payable:.2f}" == "55.75"
    draft.refresh_from_db()
    assert draft.open_item is not None
    assert draft.open_item.amount == Decimal("59.50")


def test_what_is_paid_and_what_was_withheld_settle_the_invoice(world: World) -> None:
    add_withholding(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name="Withholding tax",
                    rate=Decimal("0.075"), valid_from=date(2026, 1, 1), reason="Art. 12")
    world.time(3600)
    world.expense("100")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    number = issue(world, draft).numbers[str(draft.pk)]
    assert (draft.total, draft.withheld) == (Decimal(238), Decimal(15))
    cash = {"actor": world.actor("fin"), "at": NOW, "on": TODAY, "entity": "HALDEN", "account": "ACME",
            "currency": "EUR", "received_on": TODAY}
    paid = receive(**cash, amount=Decimal(223), method="bank_transfer", allocate="oldest")
    assert [one["amount"] for one in paid.allocated] == ["223.00"]
    with pytest.raises(Refused):
        receive(**cash, amount=Decimal(15), method="withholding", bank_account="DE89370400440532013000")
    receive(**cash, amount=Decimal(15), method="withholding", allocate=[(number, None)])
    draft.refresh_from_db()
    assert draft.open_item is not None
    assert draft.open_item.balance == 0
    posted = m.Transfer.objects.filter(debit__role="withholding_tax").values_list("credit__role", "amount")
    assert list(posted) == [("on_account", Decimal(15))]
