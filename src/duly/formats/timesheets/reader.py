"""A timesheet file → its entries. Here is what the whole file decides: layout, date order, decimal mark."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from duly.formats.cells import (
    DATE_ORDERS,
    CellError,
    DateOrder,
    read_currency,
    settle_order,
    unsettled_dates,
    uses_decimal_comma,
)
from duly.formats.csv_text import Record, Table, read_table, source_keys
from duly.formats.identities import check_time_zone
from duly.formats.record import texts_of
from duly.formats.timesheets.layouts import Layout, choose_layout, header_currency
from duly.formats.timesheets.model import Timesheet, TimesheetRow
from duly.formats.timesheets.rows import Reading, clock_gap, read_row

_DATE_FIELDS = ("start_date", "end_date", "created_date")
_NUMBER_FIELDS = ("duration", "hours", "amount", "rate")


def read_timesheet(
    data: bytes,
    *,
    layout: str | None = None,
    decimal_comma: bool = False,
    date_order: str | None = None,
    time_zone: str | None = None,
) -> Timesheet:
    """Every record of an exported timesheet: as an entry, or with the errors that keep it out.

    `layout` (a key of LAYOUTS) is recognised by the header row when it is not given. `decimal_comma` says
    that numbers are written 2,05; it need not be said where the numbers themselves prove it. `date_order`
    ('dmy' or 'mdy') says what 10/11/2026 means; it is needed only where neither a day above 12 nor an entry
    over midnight proves it. With `time_zone` (IANA name) clock and duration are compared as time really
    passed, also in the night when the clocks change.

    Raises FormatError when the file as a whole cannot be read: empty, not UTF-8, not CSV, no known layout,
    columns missing, date order uncertain or contradictory.
    """
    table = read_table(data)
    chosen = choose_layout(table.headers, layout)
    reading = _reading(table, chosen, decimal_comma, date_order, time_zone)
    rows, errors = [], []
    for record in table.records:
        row, problems = read_row(record, reading)
        errors.extend(problems)
        if row is not None:
            rows.append(row)
    keys = source_keys(_meaning(chosen.name, row) for row in rows)
    keyed = tuple(replace(row, source_key=key) for row, key in zip(rows, keys, strict=True))
    return Timesheet(chosen.name, table.headers, keyed, tuple(errors))


def _meaning(layout: str, row: TimesheetRow) -> tuple[object, ...]:
    """What makes an entry the same entry in another export; its money, tags and billable mark may change."""
    who = row.person_email.casefold() if row.person_email else row.person_name
    what = (row.client, row.project, row.task, row.description)
    return (layout, who, *what, row.started_on, row.started_at, row.seconds)


def _reading(
    table: Table, layout: Layout, decimal_comma: bool, date_order: str | None, time_zone: str | None
) -> Reading:
    columns = layout.locate(table.headers)
    reading = Reading(
        columns=columns,
        headers=table.headers,
        decimal_comma=decimal_comma or uses_decimal_comma(texts_of(table.records, columns, _NUMBER_FIELDS)),
        order="dmy",
        zone=ZoneInfo(check_time_zone(time_zone)) if time_zone else None,
        header_currency=_header_currency(table.headers, columns),
    )
    dates = texts_of(table.records, columns, _DATE_FIELDS)
    order = settle_order(dates, date_order) or _order_by_clock(table.records, reading)
    return replace(reading, order=order)


def _order_by_clock(records: tuple[Record, ...], reading: Reading) -> DateOrder:
    """The date order in which entries that cross midnight last as long as their durations say.

    Read the wrong way round, such an entry lasts a month or more. Raises FormatError where nothing is proven.
    """
    proven: set[DateOrder] = set()
    for record in records:
        fits = []
        for order in DATE_ORDERS:
            row, _ = read_row(record, replace(reading, order=order, zone=None))
            gap = clock_gap(row, None) if row else None
            if gap is not None and abs(gap) <= 3600:  # an hour either way: the clocks may have changed
                fits.append(order)
        if len(fits) == 1:
            proven.add(fits[0])
    if len(proven) != 1:
        raise unsettled_dates()
    return proven.pop()


def _header_currency(headers: tuple[str, ...], columns: Mapping[str, int]) -> str | None:
    """The currency in a money header's brackets; None when there is none, or no single one, as with $."""
    for field in ("amount", "rate"):
        label = header_currency(headers[columns[field]]) if field in columns else None
        if label:
            try:
                return read_currency(label)
            except CellError:
                return None
    return None
