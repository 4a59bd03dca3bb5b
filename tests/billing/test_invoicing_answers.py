"""Documents that answer earlier ones: late use, days no longer agreed, deposits and prepaid credit; through issue."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.terms import ChargeInput
from duly.billing.invoicing import actions
from tests.billing.models_world import NUMBER, agreed, amended, amounts, billed, lines, metric, month, stored, used
from tests.world import NOW, World

SEPTEMBER, OCTOBER, NOVEMBER = month(9), month(10), month(11)
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(12), quantity=D(5), interval="month", timing="advance")
CALLS = ChargeInput("calls", "usage", "API calls", interval="month", metric="calls", price=D(2))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def test_events_that_come_late_are_a_line_of_their_own_kind(world: World) -> None:
    metric()
    agreed(world, CALLS, starts_on=SEPTEMBER[0])
    used(world, ("calls", "2026-09-05T10:00:00Z", 10))
    [september] = billed(world, SEPTEMBER)
    assert stored(september) == [("usage", "20")]
    assert amounts(world, OCTOBER) == []
    used(world, ("calls", "2026-09-06T10:00:00Z", 3), ("calls", "2026-10-06T10:00:00Z", 1))
    [october] = billed(world, OCTOBER)
    assert stored(october) == [("usage", "2"), ("late_usage", "6")]
    spans = m.ChargeSpan.objects.filter(line__invoice=october).values_list("kind", "span_from", "cause__invoice")
    assert sorted(spans) == [("late", SEPTEMBER[0], september.pk), ("regular", OCTOBER[0], None)]
    assert amounts(world, NOVEMBER) == []
    used(world, ("calls", "2026-09-07T10:00:00Z", 1))
    assert amounts(world, NOVEMBER) == [("late_usage", "2")]


def test_a_change_in_the_middle_credits_what_is_billed_and_bills_the_new_terms(world: World) -> None:
    agreed(world, SEATS, starts_on=SEPTEMBER[0])
    [september] = billed(world, SEPTEMBER)
    assert stored(september) == [("recurring", "60")]
    amended(world, date(2026, 9, 16), replace(SEATS, quantity=D(8)))
    [october] = billed(world, OCTOBER)
    # 60 × 15/30 back; 96 × 15/30; 96 for October
    assert stored(october) == [("recurring", "48"), ("recurring", "96"), ("unused", "-30")]
    assert billed(world, NOVEMBER)[0].net == D(96)
    kept = m.ChargeSpan.objects.filter(charge__agreement__number=NUMBER, kind="regular", released=False)
    assert sorted(kept.values_list("span_from", "span_to")) == [
        (SEPTEMBER[0], date(2026, 9, 16)), (date(2026, 9, 16), SEPTEMBER[1]), OCTOBER, NOVEMBER]


def test_a_draft_with_a_credit_that_is_thrown_away_frees_it(world: World) -> None:
    agreed(world, SEATS, starts_on=OCTOBER[0])
    billed(world, OCTOBER)
    amended(world, date(2026, 10, 16), replace(SEATS, quantity=D(8)))
    [draft] = billed(world, NOVEMBER, issue=False)
    before = stored(draft)
    actions.discard(actor=world.actor("ben"), at=NOW, on=world.today, drafts=[draft.pk])
    [again] = billed(world, NOVEMBER)
    assert stored(again) == before


def test_an_agreement_that_ends_early_gives_back_what_it_billed(world: World) -> None:
    yearly = replace(SEATS, interval="year", price=D(365), quantity=D(1))
    agreed(world, yearly, starts_on=date(2026, 1, 1))
    billed(world, month(1))
    end_agreement(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, ends_on=date(2026, 9, 30))
    [line] = lines(world, OCTOBER)
    assert (line.kind, line.amount, line.begins, line.ends) == ("unused", D(-92), OCTOBER[0], date(2026, 12, 31))


def test_a_pause_is_credited_or_not_billed(world: World) -> None:
    agreement = agreed(world, SEATS, starts_on=OCTOBER[0])
    billed(world, OCTOBER)
    m.AgreementPause.objects.create(agreement=agreement, paused_from=date(2026, 10, 22), paused_to=date(2026, 11, 11))
    # 10/31 of October back, 20/30 of November billed
    assert amounts(world, NOVEMBER) == [("recurring", "40"), ("unused", "-19.35")]


def _series(world: World) -> None:
    m.NumberSeries.objects.create(entity=world.entity(), kind="deposit", pattern="D{year}-{number:05}")


def test_a_deposit_is_billed_apart_and_netted(world: World) -> None:
    _series(world)
    deposit = ChargeInput("deposit", "deposit", "Deposit", price=D(100), due_on=date(2026, 9, 10))
    agreed(world, replace(SEATS, timing="arrears"), deposit, starts_on=SEPTEMBER[0])
    billed_in_september = {one.kind: one for one in billed(world, SEPTEMBER)}
    assert {kind: stored(one) for kind, one in billed_in_september.items()} == {
        "deposit": [("one_off", "100")], "invoice": [("recurring", "60")]}
    [october] = billed(world, OCTOBER)
    assert stored(october) == [("recurring", "60"), ("deposit", "-60")]
    assert amounts(world, NOVEMBER) == [("recurring", "60"), ("deposit", "-40")]
    assert m.Netting.objects.get().advance.invoice == billed_in_september["deposit"]


def test_prepaid_credit_pays_the_charges_that_it_covers(world: World) -> None:
    prepaid = ChargeInput("prepaid", "credit", "Prepaid calls", price=D(25), due_on=date(2026, 9, 10),
                          covers=("calls",))
    metric()
    agreed(world, CALLS, replace(SEATS, timing="arrears"), prepaid, starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    used(world, ("calls", "2026-10-05T10:00:00Z", 10))
    [october] = billed(world, OCTOBER)
    assert stored(october) == [("recurring", "60"), ("usage", "20"), ("credit", "-20")]
    used(world, ("calls", "2026-11-05T10:00:00Z", 10))
    assert amounts(world, NOVEMBER) == [("recurring", "60"), ("usage", "20"), ("credit", "-5")]


def test_a_commitment_is_trued_up_once(world: World) -> None:
    committed = ChargeInput("commit", "commitment", "Committed use", price=D(50), interval="quarter", covers=("calls",))
    metric()
    agreed(world, CALLS, committed, starts_on=date(2026, 7, 1))
    used(world, ("calls", "2026-08-05T10:00:00Z", 10))
    billed(world, month(8))
    [september] = billed(world, SEPTEMBER)
    assert stored(september) == [("true_up", "30")]
    assert amounts(world, OCTOBER) == []
    # what comes late fills what was billed as missing, and only beyond it costs something
    used(world, ("calls", "2026-08-06T10:00:00Z", 4))
    [october] = billed(world, OCTOBER)
    assert stored(october) == [("true_up", "-8"), ("late_usage", "8")]
    used(world, ("calls", "2026-08-07T10:00:00Z", 15))
    assert amounts(world, NOVEMBER) == [("true_up", "-22"), ("late_usage", "30")]


def test_what_runs_up_is_billed_in_between_and_taken_off_at_the_end(world: World) -> None:
    metric()
    agreed(world, replace(CALLS, interval="quarter"), starts_on=date(2026, 7, 1),
           progressive_thresholds=(D(50),), progressive_every=D(100))
    used(world, ("calls", "2026-07-05T10:00:00Z", 20))
    assert billed(world, month(7)) == []  # 40 is below 50
    used(world, ("calls", "2026-08-05T10:00:00Z", 10))
    [august] = billed(world, month(8))
    assert stored(august) == [("progressive_bill", "60")]
    assert amounts(world, month(8)) == []  # nothing more, the next threshold is 150
    used(world, ("calls", "2026-09-05T10:00:00Z", 70))
    [september] = billed(world, SEPTEMBER)
    assert stored(september) == [("usage", "200"), ("progressive", "-60")]
    assert amounts(world, OCTOBER) == []


def test_a_document_whose_role_no_account_is_mapped_to_is_skipped_alone(world: World, database: str) -> None:
    from tests.billing.violations import owner_does

    owner_does(database, "delete from chart_account where role = 'deferred_revenue'")
    agreed(world, replace(SEATS, interval="year"), starts_on=OCTOBER[0])
    [draft] = billed(world, OCTOBER, issue=False)
    support = m.Invoice.objects.filter(account__number="ZED").exclude(pk=draft.pk).latest("id")
    issued = actions.issue(actor=world.actor("ben"), at=NOW, on=OCTOBER[1], drafts=[draft.pk, support.pk])
    assert list(issued.numbers) == [str(support.pk)]
    assert issued.skipped == [[str(draft.pk), "Its entity maps no account of its chart to deferred revenue: add one."]]


def test_credit_that_expires_is_revenue(world: World) -> None:
    from duly.billing.invoicing.actions.expire import expire_credit

    prepaid = ChargeInput("prepaid", "credit", "Prepaid calls", price=D(25), due_on=date(2026, 9, 10),
                          covers=("calls",), expires_on=date(2026, 11, 1))
    metric()
    agreed(world, CALLS, prepaid, starts_on=SEPTEMBER[0])
    billed(world, SEPTEMBER)
    used(world, ("calls", "2026-10-05T10:00:00Z", 10))
    billed(world, OCTOBER)
    fin = world.actor("fin")
    assert expire_credit(actor=fin, at=NOW, on=date(2026, 10, 31), entity="HALDEN").credits == 0
    expired = expire_credit(actor=fin, at=NOW, on=date(2026, 11, 2), entity="HALDEN")
    assert (expired.credits, expired.currency, expired.amount) == (1, "EUR", "5.00")
    assert expire_credit(actor=fin, at=NOW, on=date(2026, 11, 2), entity="HALDEN").credits == 0
    [moved] = m.Transfer.objects.filter(entry__kind="breakage").values_list("debit__role", "credit__role", "amount")
    assert moved == ("deposits", "revenue", D(5))
    used(world, ("calls", "2026-11-05T10:00:00Z", 10))
    assert amounts(world, NOVEMBER) == [("usage", "20")]


def test_value_that_a_billed_period_left_rolls_over(world: World) -> None:
    metric()
    pool = ChargeInput("pool", "recurring", "Pool", price=D(100), interval="month", grants=D(100), grants_of="value",
                       rollover=1, covers=("calls",))
    agreed(world, replace(CALLS, included=D(0), price=D(1)), pool, starts_on=SEPTEMBER[0])
    used(world, ("calls", "2026-09-10T10:00:00Z", 40), ("calls", "2026-10-15T10:00:00Z", 170))
    billed(world, SEPTEMBER)
    assert amounts(world, OCTOBER) == [("recurring", "100"), ("usage", "10")], "60 of September and 100"


def test_prepaid_credit_counts_as_it_is_used_not_as_it_is_sold(world: World) -> None:
    metric()
    prepaid = ChargeInput("prepaid", "credit", "Prepaid calls", price=D(25), due_on=date(2026, 9, 10),
                          covers=("calls",))
    committed = ChargeInput("commit", "commitment", "Committed use", price=D(10), interval="month")
    agreed(world, CALLS, prepaid, committed, starts_on=SEPTEMBER[0], cap=D(70), cap_behaviour="stop")
    used(world, ("calls", "2026-10-06T10:00:00Z", 30))
    [september] = billed(world, SEPTEMBER)
    assert stored(september) == [("true_up", "10"), ("one_off", "25")]
    assert amounts(world, OCTOBER) == [("usage", "60"), ("credit", "-25")], "10 and 60 of 70"
