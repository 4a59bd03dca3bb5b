"""A file's rows sorted by outcome: one computation for the preview and the import.

Outcomes partition the file, in this order: rejected (cannot be read, or names someone unknown), out of period
(kept as work all the same; a run for its own period bills it), without client, non-billable, billable.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.kernel import frames
from duly.billing.work.models import OUTCOMES
from duly.billing.work.names import TABLES, Names, known_names, mapping_lines
from duly.billing.work.rows import EntryRow, ExpenseRow, Imported, RejectedRow
from duly.engine.currencies import CODES, exponent

Period = tuple[date, date]

ROWS: Final[frames.Schema] = {
    "row_number": pl.Int64, "person": pl.String, "email": pl.String, "client": pl.String, "project": pl.String,
    "task": pl.String, "description": pl.String, "billable": pl.Boolean, "worked_on": pl.Date,
    "started_at": pl.String, "quantity": pl.Int64, "cost": pl.String, "cost_currency": pl.String,
    "source_key": pl.String, "own_amount": pl.String, "own_currency": pl.String, "raw": pl.String, "notes": pl.String,
}
PEOPLE: Final[frames.Schema] = {
    "person": pl.String, "email": pl.String, "person_id": pl.Int64, "person_name": pl.String, "role": pl.String,
    "person_ignored": pl.Boolean, "ask_person": pl.String,
}
PLACES: Final[frames.Schema] = {
    "client": pl.String, "project": pl.String, "project_id": pl.Int64, "project_name": pl.String,
    "agreement_id": pl.Int64, "account_id": pl.Int64, "client_ignored": pl.Boolean, "project_ignored": pl.Boolean,
    "ask_client": pl.String, "ask_project": pl.String,
}

TASK_LENGTH = 100
LARGEST = 10**15
"""An amount of this many units or more is a slip, and no column would hold it."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """`rows`: every row of the file with `outcome`, `reason`, `kept` (is to be work), `known_id` (is work already),
    and for kept ones person, project, agreement and account; ordered by row number."""

    rows: pl.DataFrame

    def accounts(self) -> list[int]:
        """The accounts whose work the file holds."""
        return self.rows.filter("kept")["account_id"].unique().to_list()

    def new(self) -> pl.DataFrame:
        """The rows that become work: kept, and not known already."""
        return self.rows.filter(pl.col("kept") & pl.col("known_id").is_null())

    def asked(self) -> dict[str, list[str]]:
        """The names that are not known, by kind, in order."""
        unknown = self.rows.filter("asks")
        return {kind: unknown[f"ask_{kind}"].drop_nulls().unique().sort().to_list() for kind in TABLES}

    def reasons(self, outcomes: Sequence[str]) -> list[tuple[int, str]]:
        """Row number and text of the rows of these outcomes that have something to say."""
        found = self.rows.filter(pl.col("outcome").is_in(list(outcomes)) & (pl.col("reason") != ""))
        return list(found.select("row_number", "reason").iter_rows())


def sort_time(rows: Sequence[EntryRow], rejected: Sequence[RejectedRow], period: Period | None) -> Sorted:
    """Time entries by outcome; `period` is [from, to)."""
    return _sort([(
        row.row_number, row.person, row.email, row.client, row.project, row.task, row.description, row.billable,
        row.worked_on, row.started_at.isoformat() if row.started_at else None, row.seconds, None, "",
        row.source_key, _text(row.own_amount), row.own_currency, _json(row.raw), " ".join(row.notes),
    ) for row in rows], rejected, period)


def sort_expenses(rows: Sequence[ExpenseRow], rejected: Sequence[RejectedRow], period: Period | None) -> Sorted:
    """Expenses by outcome; `period` is [from, to)."""
    return _sort([(
        row.row_number, row.person, "", row.client, row.project, row.category, row.description, row.billable,
        row.spent_on, None, 1, _text(row.cost), row.currency,
        row.source_key, None, "", _json(row.raw), "",
    ) for row in rows], rejected, period)


def _sort(values: list[tuple[Any, ...]], rejected: Sequence[RejectedRow], period: Period | None) -> Sorted:
    frame = pl.DataFrame(values, schema=ROWS, orient="row")
    names = known_names()
    people = _looked_up(frame, ("person", "email"), PEOPLE, lambda *key: _person(names, *key))
    places = _looked_up(frame, ("client", "project"), PLACES, lambda *key: _place(names, *key))
    named = frame.join(people, on=["person", "email"]).join(places, on=["client", "project"])
    read = _with_outcome(named, period)
    known = read.join(_known(read.filter("kept")["source_key"]), on="source_key", how="left").with_columns(_twice())
    unread = pl.DataFrame(
        [(row.row_number, "rejected", row.reason, _json(row.raw)) for row in rejected], orient="row",
        schema={"row_number": pl.Int64, "outcome": pl.String, "reason": pl.String, "raw": pl.String},
    ).with_columns(pl.lit(False).alias("kept"), pl.lit(False).alias("asks"))
    whole = pl.concat([known, unread], how="diagonal")
    return Sorted(whole.sort("row_number"))


def _looked_up(
    frame: pl.DataFrame, on: Sequence[str], schema: frames.Schema, look_up: Callable[..., tuple[Any, ...]]
) -> pl.DataFrame:
    """What each distinct combination of names stands for, as a frame to join."""
    distinct = frame.select(on).unique().iter_rows()
    return pl.DataFrame([(*key, *look_up(*key)) for key in distinct], schema=schema, orient="row")


def _person(names: Names, name: str, email: str) -> tuple[Any, ...]:
    found = names.person(name, email)
    worker = found.worker
    return (*((worker.id, worker.name, worker.role) if worker else (None, None, None)),
            found.ignored, found.asked or None)


def _place(names: Names, client: str, project: str) -> tuple[Any, ...]:
    found = names.place(client, project)
    at = found.assignment
    return (*((at.project_id, at.name, at.agreement_id, at.account_id) if at else (None,) * 4),
            found.client_ignored, found.ignored, found.asked_client or None, found.asked or None)


def _with_outcome(named: pl.DataFrame, period: Period | None) -> pl.DataFrame:
    """Names are asked for where money hangs on them: of billable rows that have a client."""
    named_client = (pl.col("client").str.strip_chars() != "") & ~pl.col("client_ignored")
    has_client = pl.col("project_id").is_not_null() | named_client
    ignored = pl.col("person_ignored") | pl.col("project_ignored")
    found = pl.col("person_id").is_not_null() & pl.col("project_id").is_not_null()
    within = pl.lit(True) if period is None else pl.col("worked_on").is_between(*period, closed="left")
    asked = named.with_columns(
        (pl.col("billable") & has_client & ~ignored & ~found).alias("asks"), _unfit().alias("unfit")
    )
    outcome = (
        pl.when(pl.col("asks") | pl.col("unfit").is_not_null()).then(pl.lit("rejected"))
        .when(~within).then(pl.lit("out_of_period"))
        .when(~has_client).then(pl.lit("without_client"))
        .when(~pl.col("billable") | ignored).then(pl.lit("non_billable"))
        .otherwise(pl.lit("billable"))
    )
    return asked.with_columns(outcome.alias("outcome"), _reason().alias("reason")).with_columns(
        (found & (pl.col("outcome") != "rejected")).alias("kept")
    )


def _unfit() -> pl.Expr:
    """What keeps a row from being recorded as it stands; null when nothing does."""
    given = pl.col("cost", "own_amount")
    amounts = given.is_not_null() & ~(given.cast(pl.Decimal(38, 8), strict=False).abs() < LARGEST).fill_null(False)
    return (
        pl.when(pl.col("task").str.len_chars() > TASK_LENGTH)
        .then(pl.lit(f"Its task has more than {TASK_LENGTH} characters. Shorten it."))
        .when(pl.any_horizontal(amounts)).then(pl.lit("Its amount is none, or too large to be one. Correct it."))
        .when(pl.col("cost").is_not_null() & ~pl.col("cost_currency").is_in(CODES))
        .then(pl.lit("Its currency is none that ISO 4217 has. Correct it."))
        .when(pl.col("quantity") <= 0).then(pl.lit("Its duration is not more than zero. Correct it."))
    )


def _reason() -> pl.Expr:
    """Why a row is kept out; of a row that is kept, its notes."""
    unknown = pl.concat_str(
        [pl.format(f"{kind} “{{}}”", f"ask_{kind}") for kind in TABLES], separator=", ", ignore_nulls=True
    )
    ignored = pl.any_horizontal("person_ignored", "client_ignored", "project_ignored")
    return (
        pl.when(pl.col("unfit").is_not_null()).then("unfit")
        .when("asks").then(pl.format("Not known: {}. Add it under [mapping] in the set-up file.", unknown))
        .when(ignored).then(pl.lit("The mapping says that it is not for billing."))
        .otherwise("notes")
    )


def _twice() -> pl.Expr:
    """Of work that is known, a word where the file now says otherwise than it was recorded."""
    changed = pl.col("known_billable") != pl.col("billable")
    was = pl.when("known_billable").then(pl.lit("billable")).otherwise(pl.lit("not billable"))
    text = pl.format("It is recorded already, as {}, and stays so.", was)
    return pl.when(changed).then(text).otherwise("reason").alias("reason")


def _known(source_keys: pl.Series) -> pl.DataFrame:
    """The work there is already, by source key."""
    query = "select source_key, id, billable from work_item where source_key = any(%s)"
    schema = {"source_key": pl.String, "known_id": pl.Int64, "known_billable": pl.Boolean}
    return frames.read(query, [source_keys.to_list()], schema)


def answer(found: Sorted, *, batch: int, created: int, already: bool = False) -> Imported:
    """The counts, seconds and amounts of each outcome, and what a person should read."""
    rows = found.rows.with_columns(pl.col("cost").cast(frames.MONEY))
    parts = {outcome: rows.filter(pl.col("outcome") == outcome) for outcome in OUTCOMES}
    asked = found.asked()
    return Imported(
        batch=batch,
        already=already,
        rows=rows.height,
        created=created,
        outcomes={outcome: part.height for outcome, part in parts.items()},
        known={outcome: part["known_id"].drop_nulls().len() for outcome, part in parts.items()},
        seconds={outcome: _seconds(part) for outcome, part in parts.items()},
        amounts={outcome: _amounts(part) for outcome, part in parts.items()},
        rejected=[f"Row {number}: {reason}" for number, reason in found.reasons(["rejected"])],
        notes=[f"Row {number}: {reason}" for number, reason in found.reasons(OUTCOMES[:-1])],
        mapping=mapping_lines(asked),
        asked=asked,
    )


def _seconds(part: pl.DataFrame) -> int:
    return int(part.filter(pl.col("cost").is_null())["quantity"].sum())


def _amounts(part: pl.DataFrame) -> dict[str, str]:
    """Costs by currency, as text."""
    sums = part.drop_nulls("cost").group_by("cost_currency").agg(pl.col("cost").sum()).sort("cost_currency")
    return {currency: f"{cost:.{exponent(currency)}f}" for currency, cost in sums.iter_rows()}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _json(cells: Sequence[str]) -> str:
    return json.dumps(list(cells), ensure_ascii=False)
