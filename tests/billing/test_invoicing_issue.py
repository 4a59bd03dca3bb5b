"""Issue: what it writes, what it skips and why, and what it never does."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connections

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Issue takes numbers and posts in transactions of its own."""


def draft_for(world: World, number: str) -> m.Invoice:
    return next(draft for draft in bill(world) if draft.account.number == number)


def issue(
    world: World, *drafts: m.Invoice, login: str = "ben", on: date = TODAY, key: str | None = None
) -> actions.Issued:
    return actions.issue(actor=world.actor(login), at=NOW, on=on, drafts=[draft.id for draft in drafts],
                         **({"key": key} if key else {}))


def test_an_issued_invoice_has_number_dates_open_item_and_postings(world: World) -> None:
    world.time(3600 * 10)
    draft = draft_for(world, "ACME")
    assert issue(world, draft).numbers == {str(draft.id): "R2026-00001"}
    draft.refresh_from_db()
    assert (draft.state, draft.issued_on, draft.due_on) == ("issued", TODAY, date(2026, 12, 2))
    item = draft.open_item
    assert item is not None
    assert (item.amount, item.balance, item.label) == (Decimal("1130.50"), Decimal("1130.50"), "R2026-00001")
    posted = frames.rows("select role, debit, credit from journal_line order by transfer_id, debit desc")
    assert posted == [
        ("receivable", Decimal(950), Decimal(0)), ("revenue", Decimal(0), Decimal(950)),
        ("receivable", Decimal("180.50"), Decimal(0)), ("tax", Decimal(0), Decimal("180.50")),
    ]


def test_numbers_follow_each_other_without_gap_and_skip_the_blocked(world: World) -> None:
    world.time(3600)
    drafts = bill(world)
    issued = issue(world, *drafts)
    assert sorted(issued.numbers.values()) == ["R2026-00001", "R2026-00002"]
    big = next(draft for draft in drafts if draft.account.number == "BIG")
    assert issued.skipped == [[str(big.id), "Its agreement demands a review: submit it first."]]


def test_the_same_key_issues_once_and_answers_the_same(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    first = issue(world, draft, key="k1")
    assert issue(world, draft, key="k1") == first
    assert m.Entry.objects.count() == 1
    with pytest.raises(Refused, match="another command"):
        issue(world, draft, key="k1", on=date(2026, 11, 3))


def test_a_second_click_without_a_key_skips_what_is_issued(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    issue(world, draft)
    assert issue(world, draft).skipped == [[str(draft.id), "It is issued already."]]


def test_a_blocking_finding_stops_issue_until_it_is_waived(world: World) -> None:
    world.time(25 * 3600)
    draft = draft_for(world, "ACME")
    [[_, reason]] = issue(world, draft).skipped
    assert "Ada Lovelace" in reason
    actions.waive(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.id, check_name="day_over_24_hours",
                  reason="Two people shared the login that day")
    assert issue(world, draft).numbers


def test_a_waiver_needs_a_reason_and_the_right(world: World) -> None:
    world.time(25 * 3600)
    draft = draft_for(world, "ACME")
    with pytest.raises(Forbidden):
        actions.waive(actor=world.actor("mara"), at=NOW, on=TODAY, draft=draft.id, check_name="day_over_24_hours",
                      reason="x")
    with pytest.raises(Refused, match="reason"):
        actions.waive(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.id, check_name="day_over_24_hours",
                      reason="  ")


def test_an_earlier_date_than_the_last_number_is_refused(world: World) -> None:
    world.time(3600)
    first = draft_for(world, "ACME")
    issue(world, first, on=date(2026, 11, 5))
    world.time(3600, on=date(2026, 10, 6))
    second = draft_for(world, "ACME")
    with pytest.raises(Refused, match="cannot follow"):
        issue(world, second, on=date(2026, 11, 4))


def test_nothing_is_issued_into_a_closed_period(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    m.LegalEntity.objects.update(lock_date=TODAY)
    [[_, reason]] = issue(world, draft).skipped
    assert "closed until" in reason


def test_issue_needs_the_right_by_name(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    with pytest.raises(Forbidden):
        issue(world, draft, login="mara")


def test_a_draft_that_is_not_there_issues_none_of_the_others(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    with pytest.raises(NotFound):
        actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.id, 999_999])
    draft.refresh_from_db()
    assert draft.state == "draft"


def reviewed(world: World) -> m.Invoice:
    draft = draft_for(world, "BIG")
    assert actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.id]) == 1
    return draft


def test_a_reviewed_draft_is_issued(world: World) -> None:
    draft = reviewed(world)
    assert actions.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[draft.id]) == 1
    assert issue(world, draft).numbers == {str(draft.id): "R2026-00001"}


def test_nobody_approves_what_they_made(world: World) -> None:
    ben = m.User.objects.get(login="ben")
    m.RoleGrant.objects.create(user=ben, role="reviewer")
    draft = reviewed(world)
    with pytest.raises(Refused, match="cannot approve") as refused:
        actions.approve(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.id])
    assert refused.value.law == 6


def test_a_returned_draft_is_a_draft_again_with_its_reason(world: World) -> None:
    draft = reviewed(world)
    actions.return_draft(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[draft.id], reason="Wrong fee")
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert draft.decisions.get().reason == "Wrong fee"


def test_approved_lines_cannot_be_edited_behind_the_review(world: World) -> None:
    draft = reviewed(world)
    actions.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[draft.id])
    frames.rows("select set_config('duly.actor', 'ben', false)")
    with pytest.raises(DatabaseError, match="changes in the state draft only"):
        draft.lines.update(description="Set-up fee, corrected")


def test_a_buyer_who_moved_after_the_approval_needs_it_again(world: World) -> None:
    draft = reviewed(world)
    actions.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[draft.id])
    m.Account.objects.filter(pk=draft.account_id).update(street="Rue Neuve 9")
    [[_, reason]] = issue(world, draft).skipped
    assert "changed since its review" in reason


def test_changed_taxes_refuse_the_draft(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    m.TaxRate.objects.create(country="DE", tax_class="standard", rate=Decimal("0.2"), valid_from=date(2026, 10, 1),
                             source="test")
    [[_, reason]] = issue(world, draft).skipped
    assert "taxes" in reason


def test_every_document_has_its_events(world: World) -> None:
    world.time(3600)
    draft = draft_for(world, "ACME")
    issue(world, draft)
    assert frames.rows("select verb from event where subject_type = 'invoice' and subject_id = %s order by id",
                       [draft.id]) == [("invoicing.draft_partition",), ("invoicing.issue",)]


def test_work_left_out_for_want_of_a_rate_still_blocks_at_issue(world: World) -> None:
    m.Person.objects.create(code="kay", name="Kay McNulty")
    world.time(3600)
    world.time(3600, person="kay")
    draft = draft_for(world, "ACME")
    [[_, reason]] = issue(world, draft).skipped
    assert "Kay McNulty" in reason


def test_a_draft_whose_payer_changed_does_not_hold_up_the_others(world: World) -> None:
    world.time(3600)
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("BIG"))
    drafts = bill(world)
    acmes = next(draft for draft in drafts if draft.lines.filter(kind="time").exists())
    zeds = next(draft for draft in drafts if draft.account.number == "ZED")
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("ZED"))
    issued = issue(world, acmes, zeds)
    assert list(issued.numbers) == [str(zeds.id)]
    [[skipped, reason]] = issued.skipped
    assert skipped == str(acmes.id)
    assert "Another account pays for this agreement now" in reason


def test_an_entity_without_a_number_series_is_skipped_with_the_remedy(world: World) -> None:
    draft = draft_for(world, "ZED")
    with connections["owner"].cursor() as owner:
        owner.execute("delete from number_series where kind = 'invoice'")
    [[_, reason]] = issue(world, draft).skipped
    assert "add a number series" in reason


def test_more_drafts_than_a_chunk_are_refused_before_anything_is_looked_up(world: World) -> None:
    with pytest.raises(Refused, match=r"^2,501 drafts are too many at once; at most 2,500 fit\."):
        actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=range(1, 2_502))
