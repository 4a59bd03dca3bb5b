"""The lists before issue: who sees which drafts, runs and reviews, with what beside them."""

from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.draft_lists import (
    drafts,
    every_draft,
    every_review,
    every_run,
    reviews,
    run_progress,
    runs,
)
from duly.billing.invoicing.editing import version_of
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.listing import Query
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


@pytest.fixture
def billed(world: World, database: str) -> dict[str, int]:
    """October's drafts by account, those of BIG and ZED as they came, Acme's over nothing."""
    world.time(7200)
    found = {draft.account.number: draft.id for draft in bill(world)}
    actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=found["ACME"],
                       version=version_of(found["ACME"]), line=1, to=Decimal(0), reason="A gift")
    return found


def numbers(world: World, by: str = "ben", sort: str = "account", **filters: Any) -> list[str]:
    query = Query(filters=filters, sort=sort)
    listed = drafts(actor=world.actor(by), on=TODAY, query=query).rows
    assert list(every_draft(actor=world.actor(by), on=TODAY, query=query)) == listed
    return [row["account"] for row in listed]


def test_drafts_are_filtered_and_sorted(world: World, billed: dict[str, int]) -> None:
    assert numbers(world) == ["ACME", "BIG", "ZED"]
    assert numbers(world, sort="-total") == ["ZED", "BIG", "ACME"]
    assert numbers(world, text="company") == ["BIG"]
    assert numbers(world, text=str(billed["ZED"])) == ["ZED"]
    assert numbers(world, manager="otto", state="draft", entity="HALDEN", currency="EUR") == ["ZED"]
    assert numbers(world, review="peer") == ["BIG"]
    assert numbers(world, blocked="yes") == []
    assert numbers(world, blocked="no", run=m.BillRun.objects.get().id) == ["ACME", "BIG", "ZED"]
    assert numbers(world, "mara") == ["ACME", "BIG"]


def test_findings_count_until_they_are_waived(world: World, billed: dict[str, int]) -> None:
    def warns() -> int:
        [row] = drafts(actor=world.actor("ben"), on=TODAY, query=Query({"account": "ACME"}, "id")).rows
        return int(row["warns"])

    assert warns() == 1
    actions.waive(actor=world.actor("ben"), at=NOW, on=TODAY, draft=billed["ACME"], check_name="total_zero",
                  reason="Agreed")
    assert warns() == 0


def test_what_is_issued_or_discarded_is_no_draft(world: World, billed: dict[str, int]) -> None:
    ben = world.actor("ben")
    actions.issue(actor=ben, at=NOW, on=TODAY, drafts=[billed["ZED"]])
    actions.discard(actor=ben, at=NOW, on=TODAY, drafts=[billed["ACME"]])
    assert numbers(world) == ["BIG"]


def test_a_run_shows_how_far_it_is_and_what_became_of_it(world: World, billed: dict[str, int]) -> None:
    ben = world.actor("ben")
    actions.issue(actor=ben, at=NOW, on=TODAY, drafts=[billed["ZED"]])
    actions.submit(actor=ben, at=NOW, on=TODAY, drafts=[billed["BIG"]])
    [row] = runs(actor=ben, on=TODAY, query=Query(sort="-launched")).rows
    counted = ("accounts", "partitions", "waiting", "done", "failed", "drafts", "draft", "in_review", "issued")
    assert [row[name] for name in counted] == [3, 1, 0, 1, 0, 3, 1, 1, 1]
    assert (row["entity"], row["state"], row["launched_by"]) == ("HALDEN", "done", "Ben")
    assert list(every_run(actor=ben, on=TODAY, query=Query(sort="period"))) == [row]


def test_why_a_partition_failed_is_told(world: World) -> None:
    ben = world.actor("ben")
    world.time(60)
    launched = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=TODAY.replace(month=10),
                              period_to=TODAY)
    actions.fail_partition(actor=ben, at=NOW, partition=launched.partitions[0], error="No rate")
    found = run_progress(actor=ben, on=TODAY, run=launched.run)
    assert (found["failed"], found["errors"]) == (1, [(1, "No rate")])


def test_a_run_over_other_accounts_is_not_seen(world: World, billed: dict[str, int]) -> None:
    run = m.BillRun.objects.get().id
    assert runs(actor=world.actor("mara"), on=TODAY, query=Query(sort="launched")).rows == []
    with pytest.raises(NotFound):
        run_progress(actor=world.actor("mara"), on=TODAY, run=run)
    m.Account.objects.filter(number="ZED").update(manager=m.User.objects.get(login="mara"))
    assert run_progress(actor=world.actor("mara"), on=TODAY, run=run)["accounts"] == 3


def test_reviews_wait_with_what_changed_since_last_time(world: World, billed: dict[str, int]) -> None:
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[billed["BIG"]])
    query = Query(sort="submitted")
    [row] = reviews(actor=world.actor("rita"), on=TODAY, query=query).rows
    assert (row["account"], row["total"], row["submitted_by"], row["submitted_at"], row["own"]) == (
        "BIG", Decimal(1500), "Ben", NOW, False)
    assert (row["previous_id"], row["before"], row["difference"], row["percent"], row["new"]) == (
        None, 0, Decimal(1500), None, 1)
    assert list(every_review(actor=world.actor("rita"), on=TODAY, query=query)) == [row]


def test_ones_own_drafts_are_marked(world: World, billed: dict[str, int]) -> None:
    edit = {"at": NOW, "on": TODAY, "draft": billed["BIG"], "version": version_of(billed["BIG"])}
    actions.reword(actor=world.actor("fin"), **edit, line=1, description="Start")
    actions.submit(actor=world.actor("mara"), at=NOW, on=TODAY, drafts=[billed["BIG"]])
    own = {by: [row["own"] for row in reviews(actor=world.actor(by), on=TODAY, query=Query(sort="id")).rows]
           for by in ("ben", "fin", "rita", "mara", "otto")}
    assert own == {"ben": [True], "fin": [True], "rita": [False], "mara": [False], "otto": []}
    waiting = reviews(actor=world.actor("rita"), on=TODAY, query=Query({"own": "no"}, "submitted")).rows
    assert [row["id"] for row in waiting] == [billed["BIG"]]
