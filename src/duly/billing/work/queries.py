"""Work as frames for the engine, and how a file would come in."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from duly.billing.accounts.queries import BILLED_TO, refuse_outside_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.work.rows import EntryRow, ExpenseRow, Imported, RejectedRow
from duly.billing.work.sorting import Period, Sorted, answer, sort_expenses, sort_time

UNBILLED: Final[frames.Schema] = {
    "work_id": pl.Int64,
    "kind": pl.String,
    "agreement_id": pl.Int64,
    "charge_id": pl.Int64,
    "project_id": pl.Int64,
    "project": pl.String,
    "person_id": pl.Int64,
    "person": pl.String,
    "role": pl.String,
    "task": pl.String,
    "worked_on": pl.Date,
    "started_at": pl.String,
    "quantity": frames.QUANTITY,
    "amount": frames.MONEY,
    "cost_currency": pl.String,
    "description": pl.String,
}
"""The columns of `unbilled_frame`. `quantity` is what is left; `charge_id` is set for milestones only."""

MARKS: Final[frames.Schema] = {"whole": frames.QUANTITY, "approved": pl.Boolean, "billable": pl.Boolean}


def unbilled_frame(
    entity_id: int, bill_to_accounts: Sequence[int], period_to: date, snapshot: str | None = None
) -> pl.DataFrame:
    """Approved, billable work before `period_to` (exclusive) that is not wholly billed, one row per work item.

    Of the agreements that `entity_id` has with the accounts billed to `bill_to_accounts` (an account without
    a bill-to is billed itself). With `snapshot`, text of a `pg_snapshot`, only what was approved within it.
    Columns: see `UNBILLED`; `quantity` is seconds for time, 1 for expenses and milestones; `amount` is an
    expense's cost in `cost_currency` or a milestone's amount. Ordered by work_id.
    """
    where = f"""w.billable and w.approved_in is not null and remaining.quantity > 0 and w.worked_on < %(period_to)s
           and w.agreement_id in (select g.id from agreement g where g.entity_id = %(entity)s
                                     and g.account_id in ({BILLED_TO}))
           and (%(snapshot)s::text is null or pg_visible_in_snapshot(w.approved_in, %(snapshot)s::text::pg_snapshot))"""
    values = {"entity": entity_id, "accounts": list(bill_to_accounts), "period_to": period_to, "snapshot": snapshot}
    return work_frame(where, values).drop("whole", "approved", "billable")


def work_frame(where: str, values: Mapping[str, Any]) -> pl.DataFrame:
    """Work items `w` by an SQL condition: the columns of `UNBILLED`, the `whole` quantity, `approved` and `billable`.

    `remaining.quantity` is what is left: billed is the sum of live allocations, which lie downstream.
    """
    query = f"""
        select w.id, w.kind, w.agreement_id, w.charge_id, w.project_id, nullif(w.project_name, ''), w.person_id,
               nullif(w.person_name, ''), nullif(w.role, ''), nullif(w.task, ''), w.worked_on, w.started_at,
               remaining.quantity, w.cost, nullif(w.cost_currency, ''), w.description,
               w.quantity, w.approved_in is not null, w.billable
          from work_item w
          cross join lateral (select w.quantity - coalesce(sum(b.quantity), 0) as quantity
                                from work_allocation b where b.work_item_id = w.id and not b.released) remaining
         where {where} order by w.id"""
    return frames.read(query, values, {**UNBILLED, **MARKS})


def preview_timesheet(
    *, actor: Actor, at: datetime, rows: Sequence[EntryRow], rejected: Sequence[RejectedRow], period: Period | None
) -> Imported:
    """How `import_timesheet` would take these rows in with `keep_good`, and what names it asks for; writes nothing.

    Raises `Forbidden` without the right to import, `NotFound` for an account outside the actor's book.
    """
    return _preview(actor, at, sort_time(rows, rejected, period))


def preview_expenses(
    *, actor: Actor, at: datetime, rows: Sequence[ExpenseRow], rejected: Sequence[RejectedRow], period: Period | None
) -> Imported:
    """How `import_expenses` would take these rows in; as `preview_timesheet`."""
    return _preview(actor, at, sort_expenses(rows, rejected, period))


def _preview(actor: Actor, at: datetime, found: Sorted) -> Imported:
    refuse_outside_book(actor, "work", found.accounts(), at.date())
    return answer(found, batch=0, created=found.new().height)
