"""What a timesheet says, in the same words whichever tool wrote it."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from duly.formats import RowError


@dataclass(frozen=True, slots=True)
class TimesheetRow:
    """One time entry. Texts are None (description: empty) where the file says nothing.

    `seconds` is the file's own duration; `notes` say where the clock disagrees or something was rounded.
    `amount` and `rate` are the tool's own, for comparison only: money is priced by the agreement.
    """

    row_number: int  # the line of the file, from 1, on which the record starts
    person_name: str
    person_email: str | None
    client: str | None
    project: str | None
    task: str | None
    description: str
    billable: bool
    started_on: date
    started_at: time | None
    ended_on: date | None
    ended_at: time | None
    seconds: int
    tags: tuple[str, ...]
    amount: Decimal | None
    amount_currency: str | None
    rate: Decimal | None
    raw: tuple[str, ...]  # the record's cells as they stand in the file, under Timesheet.headers
    notes: tuple[str, ...]
    source_key: str  # the same entry in another export has the same key; see csv_text.source_keys


@dataclass(frozen=True, slots=True)
class Timesheet:
    """A file that was read: every record is one of `rows` or has at least one of `errors`."""

    layout: str
    headers: tuple[str, ...]
    rows: tuple[TimesheetRow, ...]
    errors: tuple[RowError, ...]

    @property
    def rejected(self) -> int:
        """How many records have errors."""
        return len({error.row_number for error in self.errors})
