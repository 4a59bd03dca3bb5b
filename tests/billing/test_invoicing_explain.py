"""One document to its bottom: lines, evidence, rates, checks, reviews, events, money, and what was left out."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import version_of
from duly.billing.invoicing.explain import Explained, explained
from duly.billing.invoicing.left_out import left_out
from duly.billing.kernel.errors import NotFound
from duly.billing.work.actions import set_billable
from duly.engine.pricing import replay
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def read(world: World, draft: int, by: str = "ben") -> Explained:
    return explained(actor=world.actor(by), on=TODAY, document=draft)


def draft_of(world: World, number: str = "ACME") -> int:
    return next(draft.id for draft in bill(world) if draft.account.number == number)


def edit(world: World, verb: Any, draft: int, by: str = "ben", **more: Any) -> None:
    verb(actor=world.actor(by), at=NOW, on=TODAY, draft=draft, version=version_of(draft), **more)


def test_a_line_opens_to_its_rate_and_its_work(world: World) -> None:
    world.time(7200, description="Logo")
    world.expense("119.90")
    found = read(world, draft_of(world))
    hours, train = found.lines
    assert (hours.agreement, hours.charge, hours.amount, hours.spans) == ("ACME-TM", "Consulting", Decimal(190), ())
    assert replay(hours.explanation) == hours.amount
    assert hours.rate is not None
    assert (hours.rate.card, hours.rate.person, hours.rate.price, hours.rate.valid_from) == (
        "STD", "Ada Lovelace", Decimal(95), date(2026, 1, 1))
    [work] = hours.evidence
    assert (work.person, work.description, work.quantity, work.amount, work.approved_by) == (
        "Ada Lovelace", "Logo", 7200, Decimal(190), "Mara")
    assert (train.rate, train.evidence[0].cost, train.evidence[0].receipts) == (None, Decimal("119.90"), 0)
    assert [(tax.category, tax.base) for tax in found.taxes] == [("S", Decimal("315.90"))]


def test_a_charge_opens_to_its_days(world: World) -> None:
    line = read(world, draft_of(world, "ZED")).lines[0]
    assert line.spans == ((date(2026, 1, 1), date(2026, 2, 1)),)


def test_the_way_through_review_is_told(world: World) -> None:
    draft = draft_of(world, "BIG")
    edit(world, actions.reword, draft, by="fin", line=1, description="Start")
    on_draft: dict[str, Any] = {"at": NOW, "on": TODAY, "drafts": [draft]}
    actions.submit(actor=world.actor("ben"), **on_draft)
    actions.return_draft(actor=world.actor("rita"), **on_draft, reason="Too vague")
    edit(world, actions.reword, draft, line=1, description="Set-up of the platform")
    actions.submit(actor=world.actor("ben"), **on_draft)
    found = read(world, draft)
    assert [(one.step, one.current, one.verdict, one.decided_by, one.reason) for one in found.steps] == [
        ("peer", False, "returned", "Rita", "Too vague"), ("peer", True, None, None, None)]
    assert found.editors == ("Ben", "Fin")
    assert [event.verb for event in found.events] == [
        "invoicing.draft_partition", "invoicing.reword", "invoicing.submit", "invoicing.return", "invoicing.reword",
        "invoicing.submit"]
    assert (found.head.state, found.head.version, found.head.created_by) == ("in_review", version_of(draft), "Ben")


def test_a_waived_finding_says_by_whom_and_why(world: World) -> None:
    world.time(3600)
    draft = draft_of(world)
    edit(world, actions.write_down, draft, line=1, to=Decimal(0), reason="A gift")
    actions.waive(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft, check_name="total_zero", reason="Asked for")
    [finding] = read(world, draft).findings
    assert (finding.check, finding.severity, finding.waived_by, finding.waived_because) == (
        "total_zero", "warns", "Ben", "Asked for")


def test_an_issued_document_shows_what_it_owes(world: World) -> None:
    world.time(3600)
    draft = draft_of(world)
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft])
    found = read(world, draft)
    assert (found.head.number, found.head.balance, found.head.buyer["name"]) == (
        "R2026-00001", Decimal("113.05"), "Acme GmbH")
    assert [(one.kind, one.amount) for one in found.movements] == [("invoice", Decimal("113.05"))]


def test_what_is_left_out_stays_listed_with_its_reason(world: World) -> None:
    kept, later = world.time(7200), world.time(3600, on=date(2026, 10, 20), description="Tests")
    gift = world.time(60, on=date(2026, 10, 6), description="Favour")
    world.expense("119.90")
    set_billable(actor=world.actor("mara"), at=NOW, on=TODAY, items=[gift.pk], billable=False, reason="Goodwill")
    draft = draft_of(world)
    edit(world, actions.defer, draft, line=1, items=[later.pk], reason="Not accepted yet")
    edit(world, actions.write_down, draft, line=1, to=Decimal(100), reason="Learning curve")
    found = left_out(actor=world.actor("mara"), on=TODAY, draft=draft)
    assert [(one.why, one.work_id, one.amount, one.by, one.reason, one.now_on) for one in found] == [
        ("deferred", later.pk, None, "Ben", "Not accepted yet", None),
        ("written_down", None, Decimal(90), "Ben", "Learning curve", None),
        ("not_billable", gift.pk, None, "Mara", "Goodwill", None)]
    assert found[0].text == "Website relaunch – Development – Tests"
    assert read(world, draft).left_out == found
    [again] = bill(world)
    assert left_out(actor=world.actor("mara"), on=TODAY, draft=draft)[0].now_on == again.id
    assert kept.pk not in {one.work_id for one in found}


def test_days_of_a_charge_that_were_deferred_are_listed_by_its_name(world: World) -> None:
    draft = draft_of(world, "ZED")
    edit(world, actions.defer, draft, line=1, reason="Disputed")
    [one] = left_out(actor=world.actor("otto"), on=TODAY, draft=draft)
    assert (one.why, one.work_id, one.text, one.reason) == ("deferred", None, "Support plan", "Disputed")


def test_its_queries_do_not_grow_with_it(world: World) -> None:
    world.time(7200)
    small = draft_of(world)
    for day in range(1, 20):
        world.time(3600, on=date(2026, 10, day), person="grace")
        world.expense(f"{day}")
    large = next(draft.id for draft in bill(world))
    counts = []
    for draft in (small, large):
        with CaptureQueriesContext(connection) as queries:
            read(world, draft)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
    assert m.InvoiceLine.objects.filter(invoice_id=large).count() == 20


@pytest.mark.parametrize("read_it", [lambda **k: explained(document=k.pop("draft"), **k), left_out])
def test_nobody_reads_outside_the_book(world: World, read_it: Any) -> None:
    world.time(60)
    with pytest.raises(NotFound):
        read_it(actor=world.actor("otto"), on=TODAY, draft=draft_of(world))
