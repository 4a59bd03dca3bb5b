"""Files of work on their way in: what `formats` read, in the terms of the work domain; the same for every door."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from duly.billing.kernel.authority import Actor
from duly.billing.work import actions, queries
from duly.billing.work.rows import EntryRow, ExpenseRow, Imported, RejectedRow
from duly.billing.work.sorting import Period
from duly.formats import RowError
from duly.formats.csv_text import read_table
from duly.formats.expenses import read_expenses
from duly.formats.timesheets import TimesheetRow, read_timesheet

EXPENSES: Final = "expenses"
"""The layout of our own expense files."""

TITLES: Final = {
    "billable": "billable", "non_billable": "non-billable", "without_client": "without client",
    "out_of_period": "out of period", "rejected": "rejected",
}


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that was read; `rows` are time entries or expenses, `rejected` the rows that cannot be read."""

    name: str
    content: bytes
    layout: str
    headers: tuple[str, ...]
    rows: tuple[EntryRow, ...] | tuple[ExpenseRow, ...]
    rejected: tuple[RejectedRow, ...]


def timesheet_file(
    name: str,
    content: bytes,
    *,
    layout: str | None = None,
    decimal_comma: bool = False,
    date_order: str | None = None,
    time_zone: str | None = None,
) -> WorkFile:
    """A timesheet as `import_timesheet` takes it. Raises `FormatError` when the file as a whole cannot be read."""
    sheet = read_timesheet(content, layout=layout, decimal_comma=decimal_comma, date_order=date_order,
                           time_zone=time_zone)
    rows = tuple(_entry(row) for row in sheet.rows)
    return WorkFile(name, content, sheet.layout, sheet.headers, rows, _rejected(sheet.errors, content))


def expenses_file(
    name: str, content: bytes, *, decimal_comma: bool = False, date_order: str | None = None
) -> WorkFile:
    """Expenses as `import_expenses` takes them. Raises `FormatError` when the file as a whole cannot be read."""
    sheet = read_expenses(content, decimal_comma=decimal_comma, date_order=date_order)
    rows = tuple(
        ExpenseRow(
            row_number=row.row_number, person=row.person, client=row.client or "", project=row.project or "",
            category=row.category, description=row.description, billable=row.billable, spent_on=row.spent_on,
            cost=row.amount, currency=row.currency, source_key=row.source_key, raw=row.raw,
        ) for row in sheet.rows
    )
    return WorkFile(name, content, EXPENSES, sheet.headers, rows, _rejected(sheet.errors, content))


def take_in(
    file: WorkFile,
    *,
    actor: Actor,
    at: datetime,
    period: Period | None,
    keep_good: bool = False,
    preview: bool = False,
    key: str | None = None,
) -> Imported:
    """Import the file, or say with `preview` how it would come out; raises what the verb raises."""
    rows: dict[str, Any] = {"actor": actor, "at": at, "rows": file.rows, "rejected": file.rejected, "period": period}
    if preview:
        look = queries.preview_expenses if file.layout == EXPENSES else queries.preview_timesheet
        return look(**rows)
    verb: Callable[..., Imported] = (
        actions.import_expenses if file.layout == EXPENSES else actions.import_timesheet
    )
    return verb(file_name=file.name, content=file.content, layout=file.layout, headers=file.headers,
                keep_good=keep_good, key=key, **rows)


def _entry(row: TimesheetRow) -> EntryRow:
    return EntryRow(
        row_number=row.row_number, person=row.person_name, email=row.person_email or "", client=row.client or "",
        project=row.project or "", task=row.task or "", description=row.description, billable=row.billable,
        worked_on=row.started_on, started_at=row.started_at, seconds=row.seconds, source_key=row.source_key,
        own_amount=row.amount, own_currency=row.amount_currency or "", raw=row.raw, notes=row.notes,
    )


def _rejected(errors: Iterable[RowError], content: bytes) -> tuple[RejectedRow, ...]:
    """The rows with errors, each with all of its reasons and its own cells."""
    reasons: dict[int, list[str]] = {}
    for error in errors:
        text = f"{error.field} “{error.value}”: {error.message} {error.remedy}"
        reasons.setdefault(error.row_number, []).append(text)
    if not reasons:
        return ()
    cells = {record.row_number: record.cells for record in read_table(content).records}
    return tuple(RejectedRow(number, " ".join(texts), cells[number]) for number, texts in reasons.items())
