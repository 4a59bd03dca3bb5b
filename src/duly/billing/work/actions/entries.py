"""What becomes of recorded work before it is billed: corrected, withdrawn, not for billing, not approved after all.

Work that stands on a draft or invoice never changes: the database refuses all of this (law 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.agreements.models import Project
from duly.billing.audit.actions import record, record_many, subjects, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.work.actions.by_hand import refuse_cost, refuse_duration, refuse_task
from duly.billing.work.models import WorkItem

PERSONAL: Final = ("description", "task")
"""What people wrote: it goes beside the event, where it can be erased."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """The columns that differ now, and whether the item waits for approval again because of it."""

    work_item: int
    changes: list[str]
    approval_taken_back: bool


@verb("work.edit_entry", right="work")
def edit_entry(
    *, actor: Actor, at: datetime, on: date, item: int, worked_on: date | None = None, project: str | None = None,
    seconds: int | None = None, cost: Decimal | None = None, currency: str | None = None, task: str | None = None,
    description: str | None = None,
) -> Corrected:
    """Correct a time entry or expense that is not billed; None leaves what stands. It must be approved again.

    `task` is an expense's category. Raises `NotFound` for an item or project outside the book, `Refused` for one that
    is billed, withdrawn or a milestone, seconds of an expense, the cost of time, and values that cannot be.
    """
    entry = _entries(actor, "work", on, [item])[0]
    if entry.kind == "milestone":
        raise Refused("An accepted milestone is not edited.", "What the client accepted stays as it was.")
    given: dict[str, Any] = {"worked_on": worked_on, "quantity": seconds, "cost": cost, "cost_currency": currency,
                             "task": task, "description": description}
    values = {name: value for name, value in given.items() if value is not None} | _place(actor, on, project)
    _refuse_unfit(entry, values)
    before = {name: getattr(entry, name) for name in values}
    changes = sorted(name for name in values if before[name] != values[name])
    if not changes:
        return Corrected(item, [], False)
    approved = entry.approved_at is not None
    unapproved = dict.fromkeys(("approved_by_id", "approved_at", "approved_in"))
    WorkItem.objects.filter(pk=item).update(**{name: values[name] for name in changes}, **unapproved)
    sides = {"before": before, "after": values}
    record("work_item", item, personal={f"{side}.{name}": values[name] for side, values in sides.items()
                                        for name in changes if name in PERSONAL and values[name]},
           **{side: {name: values[name] for name in changes if name not in PERSONAL} for side, values in sides.items()},
           approval_taken_back=approved)
    return Corrected(item, changes, approved)


def _place(actor: Actor, on: date, code: str | None) -> dict[str, Any]:
    """The columns that a project gives to its work; none where none is named."""
    if code is None:
        return {}
    place = Project.objects.select_related("agreement").filter(code=code).first()
    refuse_outside_book(actor, "work", [place.agreement.account_id if place else None], on, f"project “{code}”")
    assert place is not None
    return {"project_id": place.pk, "project_name": place.name, "agreement_id": place.agreement_id}


def _refuse_unfit(entry: WorkItem, values: dict[str, Any]) -> None:
    if entry.kind == "time":
        if values.keys() & {"cost", "cost_currency"}:
            raise Refused("Time has no cost.", "Give its seconds.")
        refuse_duration(values.get("quantity", int(entry.quantity)))
    else:
        if "quantity" in values:
            raise Refused("An expense has no seconds.", "Give its cost.")
        refuse_cost(values.get("cost", entry.cost), values.get("cost_currency", entry.cost_currency))
    refuse_task(values.get("task", ""))


@verb("work.withdraw", right="work")
def withdraw(*, actor: Actor, at: datetime, on: date, items: Sequence[int], reason: str) -> int:
    """Delete time entries and expenses that are not billed: they count for nothing, and no file brings them back.

    The log keeps what they were. Answers how many. Raises `NotFound` outside the book, `Refused` without a reason, for
    billed work and for milestones.
    """
    why = _given(reason)
    if any(entry.kind == "milestone" for entry in _entries(actor, "work", on, items)):
        raise Refused("An accepted milestone is not withdrawn.", "Mark it as not billable, if it is not to be billed.")
    return _write(items, why, "withdrawn = true, billable = false, approved_by_id = null, approved_at = null,"
                              " approved_in = null")


@verb("work.set_billable", right="approve_work")
def set_billable(*, actor: Actor, at: datetime, on: date, items: Sequence[int], billable: bool, reason: str) -> int:
    """Say that work is not for billing, or is after all, and why; answers how many items that changed.

    Raises `NotFound` outside the book, `Refused` without a reason and for billed or withdrawn work.
    """
    why = _given(reason)
    changing = [entry.pk for entry in _entries(actor, "approve_work", on, items) if entry.billable != billable]
    return _write(changing, why, f"billable = {'true' if billable else 'false'}")


@verb("work.unapprove", right="approve_work")
def unapprove(*, actor: Actor, at: datetime, on: date, items: Sequence[int], reason: str) -> int:
    """Take back the approval of work that is not billed; answers how many items had it.

    Raises `NotFound` outside the book, `Refused` without a reason and for billed or withdrawn work.
    """
    why = _given(reason)
    approved = [entry.pk for entry in _entries(actor, "approve_work", on, items) if entry.approved_at is not None]
    return _write(approved, why, "approved_by_id = null, approved_at = null, approved_in = null")


def _entries(actor: Actor, right: str, on: date, items: Sequence[int]) -> list[WorkItem]:
    """These work items, locked in id order until commit; raises `NotFound` alike for one outside the book."""
    wanted = sorted(set(items))
    locked = WorkItem.objects.select_for_update(no_key=True, of=("self",)).select_related("agreement")
    found = list(locked.filter(pk__in=wanted).order_by("pk"))
    missing = [None] if len(found) != len(wanted) else []
    refuse_outside_book(actor, right, [*(entry.agreement.account_id for entry in found), *missing], on)
    if gone := [entry for entry in found if entry.withdrawn]:
        raise Refused(f"Work item {gone[0].pk} was withdrawn.", "Record it anew, if it was right.")
    return found


def _write(items: Sequence[int], reason: str, change: str) -> int:
    frames.execute(f"update work_item set {change} where id = any(%s)", [list(items)])
    record_many("work_item", subjects(items, reason=reason))
    return len(items)


def _given(reason: str) -> str:
    if not reason.strip():
        raise Refused("This needs a reason.", "Say why, for whoever wonders later.")
    return reason.strip()
