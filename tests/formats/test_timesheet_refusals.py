"""What is refused and how it is said: a cell keeps its row out, a file that is no timesheet goes whole."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.formats import FormatError
from duly.formats.csv_text import read_table
from duly.formats.timesheets import read_timesheet
from tests.formats.exports import SAMPLES, toggl


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        ("Ada,2026-02-30,,,,01:00:00,Yes", "Start date", "2026-02-30"),
        ("Ada,0026-10-01,,,,01:00:00,Yes", "Start date", "0026-10-01"),
        ("Ada,yesterday,,,,01:00:00,Yes", "Start date", "yesterday"),
        ("Ada,,,,,01:00:00,Yes", "Start date", ""),
        ("Ada,2026-10-01,25:00,,,01:00:00,Yes", "Start time", "25:00"),
        ("Ada,2026-10-01,13:00 PM,,,01:00:00,Yes", "Start time", "13:00 PM"),
        ("Ada,2026-10-01,noon,,,01:00:00,Yes", "Start time", "noon"),
        ("Ada,2026-10-01,,,,01:00:00,perhaps", "Billable", "perhaps"),
        ("Ada,2026-10-01,,,,01:00:00,", "Billable", ""),
        (",2026-10-01,,,,01:00:00,Yes", "User", ""),
        ("Ada,2026-10-01,01:00:00,Yes", "record", "Ada,2026-10-01,01:00:00,Yes"),
        ("Ada,2026-10-01,,,,01:00:00,Yes,more", "record", "Ada,2026-10-01,,,,01:00:00,Yes,more"),
    ],
)
def test_a_bad_cell_rejects_its_row_and_says_which(record: str, field: str, value: str) -> None:
    sheet = read_timesheet(toggl(record, "Ada,2026-10-02,,,,01:00:00,Yes"))
    assert [row.row_number for row in sheet.rows] == [3]
    assert (2, field, value) in [(error.row_number, error.field, error.value) for error in sheet.errors]
    assert all(error.message and error.remedy for error in sheet.errors)
    assert sheet.rejected == 1


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    sheet = read_timesheet(toggl("Ada,32.10.2026,26:00,,,0,maybe"))
    assert [error.field for error in sheet.errors] == ["Billable", "Start date", "Start time", "Duration"]
    assert (sheet.rows, sheet.rejected) == ((), 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty"),
        ("User,Büro".encode("cp1252"), "not UTF-8 text .line 1"),
        (SAMPLES["toggl"].decode().encode("utf-16"), "not UTF-8"),
        (b"User\0,Email\n", "NUL"),
        (b"name,price\nx,1\n", "no timesheet that Duly knows"),
        (b"%PDF-1.7\n", "no timesheet that Duly knows"),
        (b"User,Start date,Duration\n", "lacks the column “billable”"),
        (b"User,User,Start date,Duration,Billable\n", "“User” stands twice"),
        (toggl('Ada,2026-10-01,,,,01:00:00,"Yes'), "line 2 is not well-formed CSV"),
    ],
)
def test_a_file_that_is_no_timesheet_is_refused_with_a_remedy(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read_timesheet(data)
    assert caught.value.remedy


def test_missing_columns_are_named_beside_those_found() -> None:
    with pytest.raises(FormatError) as caught:
        read_timesheet(b"User,Start date,Start time,Tags\n")
    assert "“duration”, “billable”" in caught.value.message
    assert "“User”, “Start date”, “Start time”, “Tags”" in caught.value.message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layout": "excel"}, "no timesheet layout"),
        ({"date_order": "ymd"}, "no date order"),
        ({"time_zone": "Berlin"}, "not a time zone"),
    ],
)
def test_wrong_choices_are_refused(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_timesheet(SAMPLES["toggl"], **wrong)  # type: ignore[arg-type]


def test_a_named_layout_is_held_to() -> None:
    with pytest.raises(FormatError, match="Nearest is Harvest"):
        read_timesheet(SAMPLES["toggl"], layout="harvest")
    assert read_timesheet(SAMPLES["toggl"], layout="toggl").layout == "toggl"


def test_an_export_without_entries_is_an_empty_timesheet() -> None:
    assert read_timesheet(toggl()).rows == ()


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


CELLS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[-+]?[0-9]{1,9}[.,:/][0-9]{1,9}([.,:/][0-9]{1,4})?", fullmatch=True),
    st.sampled_from(["", "2026-10-01", "9999-12-31", "31/12/2026", "03/04/2026", "12:00 AM", "1.50", "1,5"]),
)
CHANGES = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 24), CELLS), max_size=4)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SAMPLES)), CHANGES)
def test_any_cells_under_a_known_header_are_read_or_listed(
    name: str, changes: list[tuple[int, int, str]]
) -> None:
    records = list(csv.reader(io.StringIO(SAMPLES[name].decode("utf-8-sig"), newline="")))
    for line, column, cell in changes:
        records[line][column % len(records[0])] = cell
    text = io.StringIO()
    csv.writer(text).writerows(records)
    read_or_refused(text.getvalue().encode())


def read_or_refused(data: bytes) -> None:
    """Every record is a row or has an error, unless the file is refused; nothing else may happen."""
    try:
        sheet = read_timesheet(data, time_zone="Europe/Berlin")
    except FormatError:
        return
    listed = [row.row_number for row in sheet.rows] + sorted({error.row_number for error in sheet.errors})
    assert len(listed) == len(set(listed)) == len(read_table(data).records)
    assert all(row.seconds > 0 and row.person_name for row in sheet.rows)
    assert len({row.source_key for row in sheet.rows}) == len(sheet.rows)
