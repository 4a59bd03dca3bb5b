"""Work recorded one at a time: a time entry, an expense."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from duly.billing.accounts.models import Person
from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.agreements.models import Project
from duly.billing.audit.actions import record, running, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.work.models import WorkItem

LONGEST_ENTRY = 31 * 24 * 3600
"""Seconds of a time entry that are still believed; the readers of files hold the same bound."""


@dataclass(frozen=True, slots=True)
class Added:
    """The work item that was recorded; it waits for approval."""

    work_item: int


@verb("work.add_time", right="work")
def add_time(
    *,
    actor: Actor,
    at: datetime,
    person: str,
    project: str,
    on: date,
    seconds: int,
    task: str = "",
    description: str = "",
    started_at: time | None = None,
    billable: bool = True,
) -> Added:
    """Record time of a person (by code) on a project (by code), to be approved.

    Raises `NotFound` for a person or project that is not known or outside the book, `Refused` for a duration
    that is not between a second and 31 days.
    """
    refuse_duration(seconds)
    item = _work(actor, on, person, project, task, description, billable)
    item.kind, item.quantity, item.started_at = "time", Decimal(seconds), started_at
    return _added(item, seconds=seconds)


@verb("work.add_expense", right="work")
def add_expense(
    *,
    actor: Actor,
    at: datetime,
    person: str,
    project: str,
    on: date,
    category: str,
    cost: Decimal,
    currency: str,
    description: str = "",
    billable: bool = True,
) -> Added:
    """Record an expense of a person (by code) on a project (by code), to be approved.

    Raises `NotFound` for a person or project that is not known or outside the book, `Refused` for a cost that
    is not more than zero and whole in the currency's minor unit.
    """
    refuse_cost(cost, currency)
    item = _work(actor, on, person, project, category, description, billable)
    item.kind, item.quantity, item.cost, item.cost_currency = "expense", Decimal(1), cost, currency
    return _added(item, cost=str(cost), currency=currency)


def refuse_duration(seconds: int) -> None:
    if not 1 <= seconds <= LONGEST_ENTRY:
        raise Refused(f"{seconds} seconds are no time entry.", "Give between 1 second and 31 days.")


def refuse_cost(cost: Decimal, currency: str) -> None:
    if not cost.is_finite() or cost <= 0 or not frames.rows("select is_minor_units(%s, %s)", [cost, currency])[0][0]:
        raise Refused(f"{cost} {currency} is no amount that was paid.",
                      "Give more than zero, whole in the minor unit of an ISO 4217 currency.")


def refuse_task(task: str) -> None:
    if len(task) > 100:
        raise Refused("The task has more than 100 characters.", "Say it shorter; details go in the description.")


def _work(actor: Actor, on: date, person: str, project: str, task: str, description: str, billable: bool) -> WorkItem:
    """A work item of a person on a project of the actor's book, with the names as they are now."""
    worker = Person.objects.filter(code=person).first()
    if worker is None:
        raise NotFound(f"There is no person “{person}”.", "Check the code; the set-up file lists them.")
    place = Project.objects.select_related("agreement").filter(code=project).first()
    payer = place.agreement.account_id if place else None
    refuse_outside_book(actor, "work", [payer], on, f"project “{project}”")
    assert place is not None
    refuse_task(task)
    return WorkItem(
        agreement=place.agreement, project=place, project_name=place.name, person=worker, person_name=worker.name,
        role=worker.role, task=task, description=description, worked_on=on, billable=billable,
        source_key=f"hand:{running().id}",
    )


def _added(item: WorkItem, **data: str | int) -> Added:
    item.save(force_insert=True)
    record("work_item", item.pk, None, kind=item.kind, project=item.project_name, on=str(item.worked_on), **data)
    return Added(item.pk)
