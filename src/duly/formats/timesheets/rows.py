"""One record of a timesheet → one entry."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import product
from zoneinfo import ZoneInfo

from duly.formats import RowError
from duly.formats.cells import (
    CellError,
    DateOrder,
    Duration,
    read_currency,
    read_date,
    read_decimal,
    read_duration,
    read_time,
    read_yes_no,
)
from duly.formats.csv_text import Record
from duly.formats.record import Fields
from duly.formats.timesheets.model import TimesheetRow

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file is read: what its header row and its cells taken together have decided."""

    columns: Mapping[str, int]
    headers: tuple[str, ...]
    decimal_comma: bool
    order: DateOrder
    zone: ZoneInfo | None
    header_currency: str | None


def read_row(record: Record, reading: Reading) -> tuple[TimesheetRow | None, list[RowError]]:
    """The entry, or None and all that is wrong with the record."""
    cells = Fields(record, reading.columns, reading.headers)
    on_date = partial(read_date, order=reading.order)
    number = partial(read_decimal, decimal_comma=reading.decimal_comma)
    person = _person(cells)
    billable = cells.needed("billable", read_yes_no)
    started_on, started_at = cells.needed("start_date", on_date), cells.optional("start_time", read_time)
    end_date, ended_at = cells.optional("end_date", on_date), cells.optional("end_time", read_time)
    duration = _duration(cells, reading)
    amount, rate = cells.optional("amount", number), cells.optional("rate", number)
    currency = cells.optional("currency", read_currency) or reading.header_currency
    if cells.errors or billable is None or started_on is None or duration is None:
        return None, cells.errors
    is_break = cells.text("kind").casefold() == "break"
    row = TimesheetRow(
        row_number=record.row_number,
        person_name=person,
        person_email=cells.text("email") or None,
        client=cells.text("client") or None,
        project=cells.text("project") or None,
        task=cells.text("task") or None,
        description=cells.text("description"),
        billable=billable and not is_break,
        started_on=started_on,
        started_at=started_at,
        ended_on=end_date or _end_date(started_on, started_at, ended_at, duration.seconds),
        ended_at=ended_at,
        seconds=duration.seconds,
        tags=tuple(tag for part in cells.text("tags").split(",") if (tag := part.strip())),
        amount=amount,
        amount_currency=currency if amount is not None else None,
        rate=rate,
        raw=record.cells,
        notes=(),
        source_key="",
    )
    return _noted(row, duration, cells, reading, is_break and billable), []


def _person(cells: Fields) -> str:
    """The person's name; the address stands in where the file gives no name."""
    parts = (cells.text("first_name"), cells.text("last_name"))
    name = cells.text("person") or " ".join(part for part in parts if part) or cells.text("email")
    if not name:
        cells.refuse("person", CellError("Nobody is named.", "Give the name or the e-mail address."), "")
    return name


def _duration(cells: Fields, reading: Reading) -> Duration | None:
    """The duration, or where it is empty the hours: Clockify writes both, the hours rounded to 0.01."""
    field = "hours" if "hours" in reading.columns and not cells.text("duration") else "duration"
    return cells.needed(field, partial(read_duration, decimal_comma=reading.decimal_comma))


def _end_date(started_on: date, started_at: time | None, ended_at: time | None, seconds: int) -> date | None:
    """The date, for layouts without it, on which the clock shows `ended_at` nearest to `seconds` later."""
    if started_at is None or ended_at is None:
        return None
    clock = _of_day(ended_at) - _of_day(started_at)
    return started_on + timedelta(days=max(0, (seconds - clock + DAY // 2) // DAY))


def _of_day(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def clock_gap(row: TimesheetRow, zone: ZoneInfo | None) -> int | None:
    """Seconds from start to end by the clock, less the duration; None where the file gives no clock.

    With a zone the time that really passed counts; an hour that comes twice is read as suits the duration.
    """
    if row.started_at is None or row.ended_at is None or row.ended_on is None:
        return None
    start = datetime.combine(row.started_on, row.started_at, zone or UTC)
    end = datetime.combine(row.ended_on, row.ended_at, zone or UTC)
    elapsed = (
        end.replace(fold=late).astimezone(UTC) - start.replace(fold=early).astimezone(UTC)
        for early, late in product((0, 1), repeat=2)
    )
    return min((round(span.total_seconds()) - row.seconds for span in elapsed), key=abs)


def _noted(
    row: TimesheetRow, duration: Duration, cells: Fields, reading: Reading, break_marked: bool
) -> TimesheetRow:
    """The row with its notes, for the eyes of whoever approves it."""
    notes = [duration.note] if duration.note else []
    gap = clock_gap(row, reading.zone)
    minutes_only = any(cells.text(field).count(":") == 1 for field in ("start_time", "end_time"))
    if gap is not None and abs(gap) > max(duration.resolution, 60 if minutes_only else 1):
        clock = f"{row.started_at} to {row.ended_at}" + (f" in {reading.zone.key}" if reading.zone else "")
        notes.append(
            f"The clock ({clock}) says {_printed(row.seconds + gap)}, "
            f"the file's duration {_printed(row.seconds)}; the duration counts."
        )
    if break_marked:
        notes.append("The file marks this break as billable; breaks are not billed.")
    return replace(row, notes=tuple(notes)) if notes else row


def _printed(seconds: int) -> str:
    """h:mm:ss"""
    sign, left = "−" if seconds < 0 else "", abs(seconds)
    return f"{sign}{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"
