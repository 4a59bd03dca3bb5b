"""Reading files of work in: wholly or not at all, or the good rows as the person chose; each row once, for ever."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.actions import store_file
from duly.billing.work.names import mapping_lines
from duly.billing.work.rows import EntryRow, ExpenseRow, Imported, RejectedRow
from duly.billing.work.sorting import Period, Sorted, answer, sort_expenses, sort_time


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """The file that rows came from."""

    kind: str
    name: str
    content: bytes
    layout: str
    headers: tuple[str, ...]


@verb("work.import_timesheet", right="work")
def import_timesheet(
    *,
    actor: Actor,
    at: datetime,
    file_name: str,
    content: bytes,
    layout: str,
    rows: Sequence[EntryRow],
    rejected: Sequence[RejectedRow] = (),
    period: Period | None = None,
    keep_good: bool = False,
    headers: Sequence[str] = (),
) -> Imported:
    """Record the time entries of a file as work to approve, the file and each of its rows as evidence.

    `period` is [from, to): entries outside it are kept as work too, and reported. Billable entries, and
    non-billable ones whose person and project are known, become work; every row is kept with its own cells.
    Rows known by their `source_key` make nothing new; a file with nothing new changes nothing and answers
    what it answered first, with `already`. Imports wait for one another.

    Raises `Refused` when rows cannot be read or names are not known, listing each row and the lines to add
    to the set-up file, unless `keep_good`: then those rows are recorded as rejected. `NotFound` when an
    account of the file is outside the actor's book, `Forbidden` without the right.
    """
    _take_turn()
    source = Source("timesheet", file_name, content, layout, tuple(headers))
    return _import(actor, at, source, sort_time(rows, rejected, period), keep_good)


@verb("work.import_expenses", right="work")
def import_expenses(
    *,
    actor: Actor,
    at: datetime,
    file_name: str,
    content: bytes,
    layout: str,
    rows: Sequence[ExpenseRow],
    rejected: Sequence[RejectedRow] = (),
    period: Period | None = None,
    keep_good: bool = False,
    headers: Sequence[str] = (),
) -> Imported:
    """Record the expenses of a file; promise and errors are those of `import_timesheet`."""
    _take_turn()
    source = Source("expenses", file_name, content, layout, tuple(headers))
    return _import(actor, at, source, sort_expenses(rows, rejected, period), keep_good)


def _take_turn() -> None:
    """One import at a time, so that two overlapping files agree on which rows are known."""
    frames.rows("select pg_advisory_xact_lock(hashtext('work.import'))")


def _import(actor: Actor, at: datetime, source: Source, found: Sorted, keep_good: bool) -> Imported:
    refuse_outside_book(actor, "work", found.accounts(), at.date())
    digest = hashlib.sha256(source.content).hexdigest()
    new = found.new()
    earlier = _earlier(source.kind, digest) if new.is_empty() else None
    if earlier is not None:
        return earlier
    if not keep_good:
        _refuse_rejected(source.name, found)
    items = _record_work(source.kind, new)
    outcome = answer(found, batch=0, created=items.height)
    batch = _record_batch(actor, at, source, outcome)
    _record_rows(batch, found.rows, items)
    counts = {name: getattr(outcome, name) for name in ("rows", "created", "outcomes", "seconds", "amounts")}
    record("import_batch", batch, file=source.name, sha256=digest, layout=source.layout, **counts)
    return dataclasses.replace(outcome, batch=batch)


def _earlier(kind: str, digest: str) -> Imported | None:
    """What the first import of this file answered; None when it was not imported yet."""
    query = """select b.id, b.result from import_batch b join stored_file f on f.id = b.file_id
                where b.kind = %s and f.sha256 = %s order by b.id limit 1"""
    for batch, result in frames.rows(query, [kind, digest]):
        values: dict[str, Any] = json.loads(result) if isinstance(result, str) else result
        return Imported(**{**values, "batch": batch, "already": True})
    return None


def _refuse_rejected(file_name: str, found: Sorted) -> None:
    """Raise with everything that is wrong, at once, and the lines that make the names known."""
    problems = [Problem(f"row {number}", reason) for number, reason in found.reasons(["rejected"])]
    if not problems:
        return
    mapping = mapping_lines(found.asked())
    add = f" Add to the set-up file, with what each name stands for:\n\n{mapping}\n" if mapping else ""
    raise Refused(f"“{file_name}” is not imported: {len(problems)} of its rows cannot be taken in.",
                  f"Mend them and import it again, or keep the good rows.{add}", problems=problems)


def _record_work(kind: str, new: pl.DataFrame) -> pl.DataFrame:
    """Write the new work items; their `source_key` and `id`."""
    items = new.select(
        frames.next_ids("work_item", new.height).alias("id"),
        pl.lit("time" if kind == "timesheet" else "expense").alias("kind"),
        "agreement_id", "project_id", "person_id", "project_name", "person_name", "role", "task", "description",
        "worked_on", "started_at", "quantity", "cost", "cost_currency", "billable", "source_key",
    )
    frames.write("work_item", items)
    return items.select("source_key", "id")


def _record_batch(actor: Actor, at: datetime, source: Source, outcome: Imported) -> int:
    file = store_file(name=source.name[-255:], media_type="text/csv", content=source.content)
    query = """insert into import_batch (kind, layout, file_id, imported_by_id, imported_at, headers, result)
               values (%s, %s, %s, %s, %s, %s, %s) returning id"""
    result = dataclasses.asdict(outcome)
    values = [source.kind, source.layout, file, actor.user_id, at, json.dumps(source.headers), json.dumps(result)]
    return int(frames.rows(query, values)[0][0])


def _record_rows(batch: int, rows: pl.DataFrame, items: pl.DataFrame) -> None:
    linked = rows.join(items, on="source_key", how="left")
    frames.write("import_row", linked.select(
        pl.lit(batch).alias("batch_id"), "row_number", "outcome", "reason", "raw",
        pl.coalesce("id", "known_id").alias("work_item_id"), "own_amount",
        pl.col("own_currency").fill_null("").alias("own_currency"),
    ))
