"""One act on many drafts: in parts, taken up where it stopped, never done twice, with what was left and why."""

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions import batch
from duly.billing.invoicing.draft_lists import drafts_beside_last, every_draft_beside_last, made_or_changed
from duly.billing.invoicing.editing import version_of
from duly.billing.invoicing.previewing import previewed
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.kernel.listing import Query
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, OCTOBER, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


@pytest.fixture
def billed(world: World, database: str) -> dict[str, int]:
    """October's drafts: Acme's and Zed's need no review, Big Company's does."""
    world.time(7200)
    return {draft.account.number: draft.id for draft in bill(world)}


def plan(world: World, act: str, drafts: list[int], by: str = "ben", key: str = "k") -> str:
    actions.plan_batch(actor=world.actor(by), at=NOW, on=TODAY, act=act, drafts=drafts, key=key)
    return key


def step(world: World, key: str = "k", by: str = "ben") -> batch.Batch:
    return actions.go_on(actor=world.actor(by), at=NOW, on=TODAY, key=key)


def test_a_batch_goes_on_part_by_part_and_says_what_was_left(
    world: World, billed: dict[str, int], monkeypatch: Any
) -> None:
    monkeypatch.setattr(batch, "PART", 2)
    key = plan(world, "issue", list(billed.values()))
    assert actions.batch_of(actor=world.actor("ben"), key=key).next == 0
    first = step(world)
    assert (first.next, len(first.done) + len(first.skipped)) == (2, 2)
    last = step(world)
    assert last.next is None
    assert set(last.done) == {billed["ACME"], billed["ZED"]}
    assert last.skipped == {billed["BIG"]: "Its agreement demands a review: submit it first."}
    assert step(world) == last
    assert m.Invoice.objects.filter(state="issued").count() == 2


def test_planned_twice_it_is_one_batch(world: World, billed: dict[str, int]) -> None:
    plan(world, "issue", [billed["ACME"]])
    step(world)
    plan(world, "issue", [billed["ACME"]])
    assert actions.batch_of(actor=world.actor("ben"), key="k").next is None
    with pytest.raises(Refused, match="used for another command"):
        plan(world, "discard", [billed["ACME"]])


def test_two_who_go_on_at_once_do_the_part_once(world: World, billed: dict[str, int]) -> None:
    plan(world, "issue", [billed["ACME"], billed["ZED"]])
    came: list[Any] = []

    def go() -> None:
        came.append(step(world))
        connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(came) == 2
    assert came[0] == came[1]
    assert sorted(came[0].done.values()) == ["R2026-00001", "R2026-00002"]
    assert m.Event.objects.filter(verb="invoicing.issue").count() == 2


def test_many_are_submitted_but_for_those_that_are_blocked(world: World, billed: dict[str, int]) -> None:
    m.Finding.objects.create(invoice_id=billed["ZED"], check_name="x", severity="blocks", path="total", text="No.")
    plan(world, "submit", list(billed.values()))
    done = step(world)
    assert done.done == {billed["ACME"]: "ready", billed["BIG"]: "in_review"}
    assert done.skipped == {billed["ZED"]: "No."}
    again = actions.submit_many(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[billed["ACME"]])
    assert again.skipped == [[str(billed["ACME"]), "It is ready already."]]


def test_many_are_discarded_but_for_those_that_are_issued(world: World, billed: dict[str, int]) -> None:
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[billed["ZED"]])
    plan(world, "discard", [billed["ACME"], billed["ZED"]])
    done = step(world)
    assert (done.done, done.skipped) == ({billed["ACME"]: "discarded"}, {billed["ZED"]: "It is issued already."})
    assert not m.WorkAllocation.objects.filter(line__invoice_id=billed["ACME"]).exists()


def test_a_batch_is_its_planners_and_within_rights(world: World, billed: dict[str, int]) -> None:
    with pytest.raises(Forbidden):
        plan(world, "issue", [billed["ACME"]], by="mara")
    key = plan(world, "submit", [billed["ACME"]], by="mara")
    with pytest.raises(NotFound):
        step(world, key, "ben")
    with pytest.raises(NotFound):
        plan(world, "submit", [billed["ZED"]], by="mara", key="z")
    for act, drafts in (("burn", [1]), ("issue", [])):
        with pytest.raises(Refused):
            plan(world, act, drafts, key="x")


def test_a_preview_stands_beside_last_time(world: World, billed: dict[str, int]) -> None:
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[billed["ACME"]])
    world.time(10800, on=date(2026, 11, 3))
    m.Person.objects.create(code="new", name="New Nobody", email="n@example.com", role="")
    world.time(60, person="new", on=date(2026, 11, 3))
    found = previewed(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=date(2026, 11, 1),
                      period_to=date(2026, 12, 1))
    acme = next(one for one in found.drafts if one.account == "ACME")
    assert (acme.net, acme.before, acme.difference, acme.percent) == (285, 190, 95, Decimal("50.0"))
    assert [(one.account, one.entries) for one in found.unpriced] == [("ACME", 1)]
    assert found.earlier == ()
    assert previewed(actor=world.actor("ben"), on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                     period_to=OCTOBER[1]).earlier == (m.BillRun.objects.get().pk,)


def test_drafts_are_listed_beside_last_time_and_know_their_makers(world: World, billed: dict[str, int]) -> None:
    query = Query(sort="account")
    rows = drafts_beside_last(actor=world.actor("ben"), on=TODAY, query=query).rows
    assert [(row["account"], row["previous_id"], row["difference"] == row["net"]) for row in rows] == [
        ("ACME", None, True), ("BIG", None, True), ("ZED", None, True)]
    assert list(every_draft_beside_last(actor=world.actor("ben"), on=TODAY, query=query)) == rows
    assert [made_or_changed(actor=world.actor(login), document=billed["ACME"]) for login in ("ben", "fin")] == [
        True, False]
    actions.reword(actor=world.actor("fin"), at=NOW, on=TODAY, draft=billed["ACME"], version=version_of(billed["ACME"]),
                   line=1, description="Else")
    assert made_or_changed(actor=world.actor("fin"), document=billed["ACME"])


def test_reviewers_approve_many_but_not_their_own(world: World, billed: dict[str, int]) -> None:
    ben, rita = world.actor("ben"), world.actor("rita")
    actions.submit(actor=ben, at=NOW, on=TODAY, drafts=[billed["BIG"]])
    own = replace(ben, everywhere=ben.everywhere | {"review"})
    said = actions.approve_many(actor=own, at=NOW, on=TODAY, drafts=[billed["BIG"]])
    assert said.skipped == [[str(billed["BIG"]), "You made or changed it: someone else reviews it."]]
    with pytest.raises(Refused):  # as the database says
        actions.approve(actor=own, at=NOW, on=TODAY, drafts=[billed["BIG"]])
    key = "approvals"
    actions.plan_approvals(actor=rita, at=NOW, on=TODAY, drafts=list(billed.values()), key=key)
    found = step(world, key, "rita")
    assert (found.act, found.done, found.next) == ("approve", {billed["BIG"]: "ready"}, None)
    assert found.skipped == {billed["ACME"]: "It does not wait for review: it is draft.",
                             billed["ZED"]: "It does not wait for review: it is draft."}
    again = actions.approve_many(actor=rita, at=NOW, on=TODAY, drafts=[billed["BIG"]])
    assert again.skipped == [[str(billed["BIG"]), "It is approved already."]]
    assert m.Decision.objects.count() == 1
    with pytest.raises(Forbidden):
        actions.plan_approvals(actor=ben, at=NOW, on=TODAY, drafts=list(billed.values()))


def test_whoever_edited_before_the_last_approval_may_approve_what_came_after(world: World,
                                                                              billed: dict[str, int]) -> None:
    ben, rita, fin = (world.actor(login) for login in ("ben", "rita", "fin"))
    both = replace(ben, everywhere=ben.everywhere | {"review"})
    big = billed["BIG"]
    actions.submit(actor=ben, at=NOW, on=TODAY, drafts=[big])
    actions.approve(actor=rita, at=NOW, on=TODAY, drafts=[big])
    actions.reopen(actor=fin, at=NOW, on=TODAY, drafts=[big], reason="A typing slip")
    actions.reword(actor=fin, at=NOW, on=TODAY, draft=big, version=version_of(big), line=1, description="Set-up")
    actions.submit(actor=fin, at=NOW, on=TODAY, drafts=[big])
    editor = replace(fin, everywhere=fin.everywhere | {"review"})
    assert actions.approve_many(actor=editor, at=NOW, on=TODAY, drafts=[big]).done == {}
    assert actions.approve_many(actor=both, at=NOW, on=TODAY, drafts=[big]).done == {str(big): "ready"}
