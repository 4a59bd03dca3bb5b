"""Work before it is billed: corrected, withdrawn, not for billing; receipts; and nothing of it once it is billed."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.work import actions
from duly.billing.work.actions.receipts import LARGEST
from duly.billing.work.receipts import receipt, receipts
from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.test_invoicing_run import bill
from tests.billing.violations import Attempt, violation
from tests.world import NOW, TODAY, World

PDF, PNG, JPEG = b"%PDF-1.7 taxi", b"\x89PNG\r\n\x1a\n taxi", b"\xff\xd8\xff\xe0 taxi"


def do(world: World, verb: Callable[..., Any], by: str = "mara", **arguments: Any) -> Any:
    return verb(actor=world.actor(by), at=NOW, on=TODAY, **arguments)


def now(item: m.WorkItem) -> m.WorkItem:
    return m.WorkItem.objects.get(pk=item.pk)


def event(item: m.WorkItem) -> Any:
    return m.Event.objects.filter(subject_type="work_item", subject_id=item.pk).latest("id")


def test_a_time_entry_is_corrected_and_waits_for_approval_again(world: World) -> None:
    entry = world.time(3600)
    done = do(world, actions.edit_entry, item=entry.pk, seconds=1800, worked_on=date(2026, 10, 6), task="Development")
    assert (done.changes, done.approval_taken_back) == (["quantity", "worked_on"], True)
    assert (now(entry).quantity, now(entry).worked_on, now(entry).approved_at) == (1800, date(2026, 10, 6), None)
    assert event(entry).data == {
        "before": {"quantity": "3600.000000", "worked_on": "2026-10-05"},
        "after": {"quantity": 1800, "worked_on": "2026-10-06"}, "approval_taken_back": True}


def test_the_same_again_changes_nothing(world: World) -> None:
    entry = world.time(3600)
    done = do(world, actions.edit_entry, item=entry.pk, seconds=3600, description="Work")
    assert (done.changes, done.approval_taken_back) == ([], False)
    assert now(entry).approved_at == NOW


def test_what_people_wrote_is_kept_where_it_can_be_erased(world: World) -> None:
    entry = world.time(3600, description="Call with Zoë")
    do(world, actions.edit_entry, item=entry.pk, description="Call")
    assert "Zoë" not in str(event(entry).data)
    assert set(m.PersonalValue.objects.filter(event_id=event(entry).id).values_list("path", "value")) == {
        ("before.description", "Call with Zoë"), ("after.description", "Call")}


def test_an_entry_moves_to_another_project_and_its_agreement(world: World) -> None:
    entry = world.time(3600)
    do(world, actions.edit_entry, item=entry.pk, project="BIG-MIG")
    assert (now(entry).agreement.number, now(entry).project_name) == ("BIG-MS", "Migration")
    m.Project.objects.create(code="ZED-P", name="Zed", agreement=world.agreement("ZED-SUB"))
    with pytest.raises(NotFound, match="project “ZED-P”"):
        do(world, actions.edit_entry, item=entry.pk, project="ZED-P")


def test_an_expense_is_corrected(world: World) -> None:
    item = world.expense("40", approved=False)
    do(world, actions.edit_entry, item=item.pk, cost=Decimal("41.50"), currency="CHF", task="Train")
    assert (now(item).cost, now(item).cost_currency, now(item).task) == (Decimal("41.50"), "CHF", "Train")


@pytest.mark.parametrize(("kind", "changes", "said"), [
    ("time", {"seconds": 0}, "no time entry"), ("time", {"cost": Decimal(1)}, "no cost"),
    ("time", {"task": "x" * 101}, "100 characters"), ("expense", {"seconds": 60}, "no seconds"),
    ("expense", {"cost": Decimal("1.005")}, "no amount"), ("expense", {"currency": "XXQ"}, "no amount"),
])
def test_what_cannot_be_is_refused(world: World, kind: str, changes: dict[str, Any], said: str) -> None:
    item = world.time(3600) if kind == "time" else world.expense("40")
    with pytest.raises(Refused, match=said):
        do(world, actions.edit_entry, item=item.pk, **changes)
    assert now(item).approved_at == NOW


def test_withdrawn_work_counts_for_nothing_and_stays_out(world: World) -> None:
    entry = world.time(3600)
    assert do(world, actions.withdraw, items=[entry.pk], reason=" Recorded twice ") == 1
    assert (now(entry).withdrawn, now(entry).billable, now(entry).approved_at) == (True, False, None)
    assert event(entry).data == {"reason": "Recorded twice"}
    for verb, arguments in ((actions.edit_entry, {"item": entry.pk, "seconds": 1}),
                            (actions.set_billable, {"items": [entry.pk], "billable": True, "reason": "Again"}),
                            (actions.withdraw, {"items": [entry.pk], "reason": "Again"})):
        with pytest.raises(Refused, match="was withdrawn"):
            do(world, verb, **arguments)
    with pytest.raises(NotFound):
        do(world, actions.approve, items=[entry.pk])
    assert do(world, actions.approve, accounts=["ACME"]).items == 0


def test_a_milestone_is_neither_edited_nor_withdrawn(world: World) -> None:
    done = do(world, actions.accept_milestone, agreement="BIG-MS", charge="go-live", evidence="Mail").work_item
    with pytest.raises(Refused, match="not edited"):
        do(world, actions.edit_entry, item=done, description="Other")
    with pytest.raises(Refused, match="not withdrawn"):
        do(world, actions.withdraw, items=[done], reason="Wrong")


def test_work_is_not_for_billing_and_is_after_all(world: World) -> None:
    items = [world.time(3600).pk, world.time(60).pk]
    assert do(world, actions.set_billable, items=items, billable=False, reason="Goodwill") == 2
    assert do(world, actions.set_billable, items=[*items, world.time(1).pk], billable=True, reason="Agreed") == 2
    assert m.WorkItem.objects.filter(billable=True).count() == 3


def test_approval_is_taken_back(world: World) -> None:
    approved, waiting = world.time(3600), world.time(60, approved=False)
    assert do(world, actions.unapprove, items=[approved.pk, waiting.pk], reason="Too early") == 1
    assert now(approved).approved_by_id is None


@pytest.mark.parametrize("verb", [actions.withdraw, actions.unapprove])
def test_these_need_a_reason(world: World, verb: Callable[..., Any]) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        do(world, verb, items=[world.time(3600).pk], reason=" ")


def test_billed_work_never_changes(world: World, database: str) -> None:
    item = world.expense("40")
    bill(world)
    for verb, arguments in ((actions.edit_entry, {"item": item.pk, "cost": Decimal(1)}),
                            (actions.withdraw, {"items": [item.pk], "reason": "Wrong"}),
                            (actions.set_billable, {"items": [item.pk], "billable": False, "reason": "Wrong"}),
                            (actions.unapprove, {"items": [item.pk], "reason": "Wrong"})):
        with pytest.raises(Refused, match="is on a draft or invoice and cannot change") as refusal:
            do(world, verb, **arguments)
        assert refusal.value.law == 5
    assert do(world, actions.attach_receipt, item=item.pk, name="t.pdf", content=PDF).media_type == "application/pdf"


@pytest.mark.parametrize(("content", "kind"), [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")])
def test_a_receipt_is_what_its_bytes_say(world: World, content: bytes, kind: str) -> None:
    item = world.expense("40")
    done = do(world, actions.attach_receipt, item=item.pk, name="C:\\mail\\taxi\x07.exe", content=content)
    assert do(world, actions.attach_receipt, item=item.pk, name="again.png", content=content) == done
    [kept] = receipts(actor=world.actor("mara"), on=TODAY, items=[item.pk])
    assert (kept.item, kept.name, kept.media_type, kept.bytes) == (item.pk, "taxi.exe", kind, len(content))
    assert receipt(actor=world.actor("mara"), on=TODAY, receipt=done.receipt).content == content
    with pytest.raises(NotFound):
        receipt(actor=world.actor("otto"), on=TODAY, receipt=done.receipt)
    assert receipts(actor=world.actor("otto"), on=TODAY, items=[item.pk]) == []


@pytest.mark.parametrize(("content", "said"), [
    (b"", "neither"), (b"<svg/>", "neither"), (b"MZ", "neither"), (PDF + bytes(LARGEST), "11 MB"),
])
def test_other_files_are_no_receipts(world: World, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        do(world, actions.attach_receipt, item=world.expense("40").pk, name="taxi.pdf", content=content)
    assert not m.StoredFile.objects.exists()


def test_only_expenses_have_receipts(world: World) -> None:
    with pytest.raises(Refused, match="is no expense"):
        do(world, actions.attach_receipt, item=world.time(60).pk, name="taxi.pdf", content=PDF)


@violation("DU005", without="drop trigger work_item_stays_as_billed on work_item")
def test_billed_work_is_withdrawn(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    item = raw.time(sql)
    raw.draft(sql, work=[item])
    with attempt(sql):
        sql("update work_item set withdrawn = true, billable = false, approved_by_id = null, approved_at = null,"
            " approved_in = null where id = %s", item)


@violation("work_item_withdrawn", without="alter table work_item drop constraint work_item_withdrawn")
def test_withdrawn_work_is_approved(sql: Sql, attempt: Attempt) -> None:
    item = raw.time(sql, approved=False)
    sql("update work_item set withdrawn = true, billable = false where id = %s", item)
    with attempt(sql):
        sql("update work_item set approved_by_id = %s, approved_at = now(), approved_in = pg_current_xact_id()"
            " where id = %s", raw.user(sql, "mara"), item)
