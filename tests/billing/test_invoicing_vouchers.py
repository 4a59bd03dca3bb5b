"""Vouchers: credit sold without tax pays what is to pay after tax; from draft to posting."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.agreements.actions.agree import agree
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.desk.letters import About, written
from duly.billing.desk.queries import sendable
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.expire import expire_credit
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.editing import version_of
from duly.billing.invoicing.explain import explained
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.billing.reporting.audits import verify
from tests.billing.models_world import month, stored
from tests.world import NOW, TODAY, World

NUMBER = "V-1"
SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (month(number) for number in range(9, 13))
VOUCHER = ChargeInput("voucher", "credit", "Voucher", price=D(100), due_on=date(2026, 9, 10), untaxed=True)
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(50), interval="month")
FEE = ChargeInput("fee", "recurring", "Fee", price=D(100), interval="month")


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def agreed(world: World, *charges: ChargeInput, account: str = "ACME", number: str = NUMBER,
           starts_on: date = OCTOBER[0], **version: Any) -> None:
    agree(actor=world.actor("fin"), at=NOW, on=world.today, number=number, name="Vouchers", entity="HALDEN",
          account=account, currency="EUR", terms=VersionInput(starts_on, charges, **{"review": "none", **version}))


def drafted(world: World, period: tuple[date, date], account: str = "ACME") -> list[m.Invoice]:
    actor = world.actor("ben")
    run = actions.launch(actor=actor, at=NOW, on=period[1], entity="HALDEN", period_from=period[0], period_to=period[1],
                         accounts=[world.account(account).pk])
    for partition in run.partitions:
        actions.draft_partition(actor=actor, at=NOW, partition=partition)
    return list(m.Invoice.objects.filter(run_partition__run_id=run.run).order_by("id"))


def issued(world: World, drafts: Sequence[m.Invoice], on: date) -> list[m.Invoice]:
    done = actions.issue(actor=world.actor("ben"), at=NOW, on=on, drafts=[one.pk for one in drafts])
    assert not done.skipped, done.skipped
    return [m.Invoice.objects.get(pk=one.pk) for one in drafts]


def billed(world: World, period: tuple[date, date], account: str = "ACME") -> list[m.Invoice]:
    return issued(world, drafted(world, period, account), period[1])


def sold(world: World, *charges: ChargeInput, **version: Any) -> m.Invoice:
    """The invoice that sells a voucher due in October, before anything else is billed."""
    early = replace(VOUCHER, due_on=OCTOBER[0])
    agreed(world, *charges or (early, SEATS), starts_on=OCTOBER[0], **version)
    return next(one for one in billed(world, (SEPTEMBER[0], date(2026, 10, 2))))


def paid(invoice: m.Invoice) -> tuple[D, D, D]:
    """Total, paid by vouchers, and what its open item holds."""
    assert invoice.open_item is not None
    return invoice.total, invoice.prepaid, invoice.open_item.amount


def sound(world: World) -> bool:
    return [one for one in verify(actor=world.actor("audra")) if not one.note] == []


def posted(invoice: m.Invoice) -> list[tuple[str, str, D]]:
    return list(m.Transfer.objects.filter(entry__source=invoice.number).order_by("id").values_list(
        "debit__role", "credit__role", "amount"))


def test_a_voucher_pays_one_invoice_whole_and_a_part_of_the_next(world: World) -> None:
    sale = sold(world)
    [line] = sale.lines.all()
    assert (line.amount, line.tax, line.tax_category, line.fixed_category) == (D(100), D(0), "O", "O")
    assert (sale.kind, sale.total, sale.tax_lines.get().reason) == ("invoice", D(100), "voucher")
    assert posted(sale) == [("receivable", "deposits", D(100))]
    [october] = billed(world, OCTOBER)
    [november] = billed(world, NOVEMBER)
    assert [paid(one) for one in (october, november)] == [
        (D("59.50"), D("59.50"), D(0)), (D("59.50"), D("40.50"), D("19.00"))]
    assert stored(october) == [("recurring", "50")]
    assert posted(october) == [("receivable", "revenue", D(50)), ("receivable", "tax", D("9.50")),
                               ("deposits", "receivable", D("59.50"))]
    rows = m.Netting.objects.order_by("id").values_list("invoice", "advance__invoice", "amount", "line")
    assert [*rows] == [(october.pk, sale.pk, D("59.50"), None), (november.pk, sale.pk, D("40.50"), None)]
    assert [one.prepaid for one in drafted(world, DECEMBER)] == [D(0)]
    assert sound(world)


def test_the_documents_name_the_voucher_that_paid(world: World) -> None:
    sale = sold(world)
    [october] = billed(world, OCTOBER)
    [printed] = documents([october.pk])
    assert [(one.number, one.issued_on, one.amount) for one in printed.prepayments] == [
        (sale.number, sale.issued_on, D("59.50"))]
    assert (printed.prepaid, printed.payable) == (D("59.50"), D(0))
    assert documents([sale.pk])[0].tax_lines[0].reason.startswith("Mehrzweckgutschein")
    told = explained(actor=world.actor("ben"), on=TODAY, document=october.pk)
    assert [(one.sold_by, one.number, one.amount) for one in told.vouchers] == [(sale.pk, sale.number, D("59.50"))]
    assert (told.head.prepaid, told.head.balance) == (D("59.50"), D(0))
    [letter] = sendable(world.actor("ben"), TODAY, [october.pk], [])
    assert letter.total == 0


@pytest.mark.parametrize(("language", "said"), [
    ("en", "There is nothing left to pay."), ("de", "Es ist nichts mehr zu zahlen."),
    ("fr", "Il ne reste rien à régler.")])
def test_the_letter_asks_for_nothing_where_nothing_is_left(language: str, said: str) -> None:
    about = About("invoice", language, "R-1", TODAY, TODAY, D(0), "EUR", 2, "Halden", "", "")
    assert said in written(about)[1]
    assert said not in written(replace(about, total=D(1)))[1]


def test_a_voucher_is_sold_on_a_document_of_its_own(world: World) -> None:
    agreed(world, VOUCHER, SEATS, starts_on=SEPTEMBER[0])
    drafts = drafted(world, SEPTEMBER)
    assert [(one.kind, stored(one), one.tax) for one in drafts] == [
        ("invoice", [("recurring", "50")], D("9.50")), ("invoice", [("one_off", "100")], D(0))]
    assert issued(world, drafts, SEPTEMBER[1])


def test_where_there_is_no_tax_anyway_it_stands_beside_the_other_lines(world: World) -> None:
    agreed(world, VOUCHER, SEATS, account="ZED", starts_on=SEPTEMBER[0])
    with_it = next(one for one in billed(world, SEPTEMBER, "ZED") if one.lines.filter(charge__code="voucher").exists())
    assert (stored(with_it), with_it.prepaid) == ([("recurring", "50"), ("one_off", "100")], D(0))
    assert with_it.tax_lines.get().reason.splitlines() == ["outside_scope", "voucher"]
    later = next(one for one in billed(world, OCTOBER, "ZED") if one.lines.filter(agreement__number=NUMBER).exists())
    assert paid(later) == (D(50), D(50), D(0))


def test_it_pays_only_what_it_covers_with_its_tax(world: World) -> None:
    sold(world, replace(VOUCHER, due_on=OCTOBER[0], covers=("seats",)), SEATS, FEE)
    [october] = billed(world, OCTOBER)
    assert paid(october) == (D("178.50"), D("59.50"), D("119.00"))


def test_the_lower_turn_goes_first_then_what_expires_first(world: World) -> None:
    early = replace(VOUCHER, due_on=OCTOBER[0], price=D(30), priority=1)
    sold(world, replace(early, code="late", name="Late"),
         replace(early, code="soon", name="Soon", expires_on=date(2027, 1, 1)),
         replace(early, code="first", name="First", price=D(10), priority=0),
         replace(early, code="last", name="Last", priority=2), SEATS)
    [october] = billed(world, OCTOBER)
    taken = m.Netting.objects.filter(invoice=october).values_list("advance__description", "amount")
    assert sorted(taken) == [("First", D(10)), ("Late", D("19.50")), ("Soon", D(30))]


def test_one_that_has_expired_pays_nothing_and_is_revenue(world: World) -> None:
    sold(world, replace(VOUCHER, due_on=OCTOBER[0], expires_on=date(2026, 11, 30)), SEATS)
    [october] = billed(world, OCTOBER)
    assert october.prepaid == D("59.50")
    fin = world.actor("fin")
    assert expire_credit(actor=fin, at=NOW, on=date(2026, 11, 29), entity="HALDEN").credits == 0
    expired = expire_credit(actor=fin, at=NOW, on=date(2026, 12, 1), entity="HALDEN")
    assert (expired.credits, expired.amount) == (1, "40.50")
    [november] = billed(world, NOVEMBER)
    assert paid(november) == (D("59.50"), D(0), D("59.50"))
    assert sound(world)


def test_a_change_of_the_draft_pays_anew(world: World) -> None:
    sold(world)
    [draft] = drafted(world, OCTOBER)
    before = version_of(draft.pk)
    edited = actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=before, line=1,
                                to=D(40), reason="Goodwill")
    draft.refresh_from_db()
    assert (draft.total, draft.prepaid) == (D("47.60"), D("47.60"))
    assert [*m.Netting.objects.values_list("amount")] == [(D("47.60"),)]
    assert edited.version != before
    actions.restore(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=edited.version, line=1)
    draft.refresh_from_db()
    assert (draft.prepaid, version_of(draft.pk)) == (D("59.50"), before)
    assert issued(world, [draft], NOVEMBER[0])


def test_a_discarded_draft_gives_it_back(world: World) -> None:
    sold(world)
    [draft] = drafted(world, OCTOBER)
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.pk])
    assert not m.Netting.objects.exists()
    [again] = billed(world, OCTOBER)
    assert again.prepaid == D("59.50")


def test_it_pays_documents_of_its_own_agreement_only(world: World) -> None:
    agreed(world, SEATS, number="V-2", consolidate=True)
    sold(world, replace(VOUCHER, due_on=OCTOBER[0], price=D(200)), FEE, consolidate=True)
    [october] = billed(world, OCTOBER)
    assert paid(october) == (D("178.50"), D("119.00"), D("59.50"))


def test_a_deposit_is_paid_by_it_as_well_once_in_all(world: World) -> None:
    m.NumberSeries.objects.create(entity=world.entity(), kind="deposit", pattern="D{year}-{number:05}")
    deposit = ChargeInput("deposit", "deposit", "Deposit", price=D(100), due_on=date(2026, 10, 20))
    sold(world, replace(VOUCHER, due_on=OCTOBER[0]), SEATS, deposit)
    assert [(one.kind, *paid(one)) for one in billed(world, OCTOBER)] == [
        ("invoice", D("59.50"), D("59.50"), D(0)), ("deposit", D("119.00"), D("40.50"), D("78.50"))]
    assert sound(world)


def test_only_credit_is_sold_without_tax(world: World) -> None:
    with pytest.raises(Refused) as refused:
        agreed(world, replace(FEE, untaxed=True))
    assert [(one.path, one.text) for one in refused.value.problems] == [
        ("charges[0].untaxed", "A recurring charge takes none.")]


def test_prices_with_tax_are_paid_as_they_are(world: World) -> None:
    sold(world, replace(VOUCHER, due_on=OCTOBER[0]), replace(SEATS, price=D("59.50")), prices_include_tax=True)
    [october] = billed(world, OCTOBER)
    assert (october.net, paid(october)) == (D(50), (D("59.50"), D("59.50"), D(0)))


def test_a_review_signs_what_is_paid_and_nothing_where_nothing_is(world: World) -> None:
    agreed(world, SEATS)
    [draft] = drafted(world, OCTOBER)
    seen = version_of(draft.pk)
    m.Invoice.objects.filter(pk=draft.pk).update(prepaid=D("0.00"))
    assert version_of(draft.pk) == seen
    with transaction.atomic():
        frames.rows("select set_config('duly.actor', 'ben', true)")
        m.Invoice.objects.filter(pk=draft.pk).update(prepaid=D("0.05"))
    assert version_of(draft.pk) != seen
