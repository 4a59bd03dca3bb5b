"""Work recorded by hand, milestones accepted, and the approval that makes work fit to be billed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.work.actions import accept_milestone, add_expense, add_time, approve
from tests.world import NOW, TODAY, World

ON = date(2026, 10, 5)


def hour(world: World, by: str = "mara", **changes: Any) -> int:
    values: dict[str, Any] = {"person": "ada", "project": "ACME-WEB", "on": ON, "seconds": 3600, **changes}
    return add_time(actor=world.actor(by), at=NOW, **values).work_item


def accept(world: World, share: str = "1", *, by: str = "mara", **changes: Any) -> tuple[str, str]:
    values: dict[str, Any] = {"agreement": "BIG-MS", "charge": "go-live", "on": ON, "evidence": "Mail of 5 October",
                              **changes}
    done = accept_milestone(actor=world.actor(by), at=NOW, share=Decimal(share), **values)
    return done.amount, done.accepted


def test_time_added_by_hand_waits_for_approval(world: World) -> None:
    item = m.WorkItem.objects.get(pk=hour(world, task="Design", description="Logo"))
    assert (item.kind, item.quantity, item.person_name, item.role, item.project_name, item.task, item.approved_at) == (
        "time", 3600, "Ada Lovelace", "Developer", "Website relaunch", "Design", None)
    assert m.Event.objects.get(subject_type="work_item", subject_id=item.pk).actor == "mara"


def test_an_expense_added_by_hand_waits_for_approval(world: World) -> None:
    added = add_expense(actor=world.actor("mara"), at=NOW, person="ada", project="ACME-WEB", on=ON,
                        category="travel", cost=Decimal("40.50"), currency="CHF")
    item = m.WorkItem.objects.get(pk=added.work_item)
    assert (item.kind, item.cost, item.cost_currency, item.task, item.approved_at) == (
        "expense", Decimal("40.50"), "CHF", "travel", None)


@pytest.mark.parametrize("changes", [
    {"seconds": 0}, {"seconds": -60}, {"seconds": 31 * 86400 + 1}, {"task": "x" * 101},
    {"person": "nobody"}, {"project": "nowhere"}, {"project": "BIG-MIG", "by": "otto"},
])
def test_time_that_cannot_be_is_refused(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        hour(world, **changes)
    assert not m.WorkItem.objects.exists()


@pytest.mark.parametrize(
    ("cost", "currency"), [("0", "EUR"), ("-5", "EUR"), ("1.005", "EUR"), ("1.5", "JPY"), ("1", "XQX")]
)
def test_a_cost_that_nobody_paid_is_refused(world: World, cost: str, currency: str) -> None:
    with pytest.raises(Refused):
        add_expense(actor=world.actor("mara"), at=NOW, person="ada", project="ACME-WEB", on=ON, category="travel",
                    cost=Decimal(cost), currency=currency)


def test_what_is_not_there_and_what_is_not_mine_answer_alike(world: World) -> None:
    texts = set()
    for project in ("ACME-WEB", "NOWHERE"):
        with pytest.raises(NotFound) as refused:
            hour(world, by="otto", project=project)
        texts.add(refused.value.text.replace(project, "…"))
    assert len(texts) == 1


@pytest.mark.parametrize(("shares", "amounts", "accepted"), [
    # of a milestone of 12,000.00 euros
    (["1"], ["12000.00"], ["1"]),
    (["0.25", "0.75"], ["3000.00", "9000.00"], ["0.25", "1"]),
    (["0.333333", "0.333333", "0.333334"], ["4000.00", "3999.99", "4000.01"], ["0.333333", "0.666666", "1"]),
])
def test_shares_of_a_milestone_add_up_to_its_price(
    world: World, shares: list[str], amounts: list[str], accepted: list[str]
) -> None:
    assert [accept(world, share) for share in shares] == list(zip(amounts, accepted, strict=True))
    assert sum(m.WorkItem.objects.values_list("cost", flat=True)) == 12000
    assert m.WorkItem.objects.filter(approved_in__isnull=False, quantity=1).count() == len(shares)
    with pytest.raises(Refused, match="0 of the milestone is left"):
        accept(world, "0.000001")


@pytest.mark.parametrize("changes", [
    {"share": "0"}, {"share": "-0.5"}, {"share": "1.000001"}, {"share": "0.0000001"}, {"evidence": " "},
    {"charge": "set-up"}, {"charge": "nothing"}, {"agreement": "nothing"}, {"on": date(2025, 12, 31)},
    {"by": "otto"}, {"by": "rita"},
])
def test_an_acceptance_that_cannot_be_is_refused(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        accept(world, **changes)
    assert not m.WorkItem.objects.exists()


def test_approving_makes_work_fit_to_bill_once(world: World) -> None:
    items = [hour(world), hour(world, seconds=1800)]
    done = [approve(actor=world.actor("mara"), at=NOW, on=TODAY, items=items) for _ in range(2)]
    assert [(one.items, one.seconds, one.before) for one in done] == [(2, 5400, 0), (0, 0, 2)]
    item = m.WorkItem.objects.get(pk=items[0])
    assert (item.approved_by.login if item.approved_by else None, item.approved_at) == ("mara", NOW)
    event = m.Event.objects.get(verb="work.approve")
    assert (event.subject_type, event.data) == (
        "agreement", {"items": 2, "seconds": 5400, "first": "2026-10-05", "last": "2026-10-05"})


def test_an_account_is_approved_by_period(world: World) -> None:
    october, november = hour(world, on=date(2026, 10, 31)), hour(world, on=date(2026, 11, 1))
    done = approve(actor=world.actor("mara"), at=NOW, on=TODAY, accounts=["ACME"],
                   period=(date(2026, 10, 1), date(2026, 11, 1)))
    assert done.items == 1
    approved = m.WorkItem.objects.filter(approved_in__isnull=False).values_list("pk", flat=True)
    assert list(approved) == [october]
    assert approve(actor=world.actor("mara"), at=NOW, on=TODAY, accounts=["ACME"]).items == 1
    assert m.WorkItem.objects.get(pk=november).approved_at == NOW


def test_approval_keeps_to_the_book(world: World) -> None:
    item = hour(world)
    for named in ({"items": [item]}, {"accounts": ["ACME"]}):
        with pytest.raises(NotFound):
            approve(actor=world.actor("otto"), at=NOW, on=TODAY, **named)  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            approve(actor=world.actor("rita"), at=NOW, on=TODAY, **named)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        approve(actor=world.actor("mara"), at=NOW, on=TODAY, items=[item, item + 1])
    with pytest.raises(Refused):
        approve(actor=world.actor("mara"), at=NOW, on=TODAY)
    assert m.WorkItem.objects.get(pk=item).approved_at is None
