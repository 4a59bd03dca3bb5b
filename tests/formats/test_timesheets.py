"""Timesheet exports of four tools, read into the same words; the samples hold the traps of real exports."""

from datetime import date, time
from decimal import Decimal

import pytest

from duly.formats.timesheets import LAYOUTS, read_timesheet
from tests.formats.exports import SAMPLES, toggl


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_known_by_its_header_row(name: str) -> None:
    sheet = read_timesheet(SAMPLES[name])
    assert (sheet.layout, sheet.errors) == (name, ())
    assert len(sheet.rows) == SAMPLES[name].count(b"\n") - 1


def test_toggl_entry_in_full() -> None:
    row = read_timesheet(SAMPLES["toggl"]).rows[3]
    assert (row.row_number, row.person_name, row.person_email) == (5, "Grace Hopper", "grace@example.com")
    assert (row.client, row.project, row.task) == ("Acme GmbH", "Website", "Copy")
    assert (row.description, row.billable, row.tags) == ("Crème brûlée page – copy", True, ())
    assert (row.started_on, row.started_at) == (date(2026, 10, 31), time(23, 30))
    assert (row.ended_on, row.ended_at, row.seconds) == (date(2026, 11, 1), time(0, 30), 3600)
    assert (row.amount, row.amount_currency, row.rate) == (Decimal("110.00"), "EUR", None)
    assert (row.raw[0], row.raw[-1], row.notes) == ("Grace Hopper", "110.00", ())


def test_toggl_quotes_empty_cells_and_hours_past_99() -> None:
    rows = read_timesheet(SAMPLES["toggl"]).rows
    assert (rows[1].client, rows[1].billable, rows[1].description) == (None, False, "")
    assert (rows[1].amount, rows[1].amount_currency, rows[1].tags) == (None, None, ("dev", "urgent"))
    assert rows[2].description == 'Fix login, "remember me"'
    assert (rows[4].seconds, rows[4].task) == (123 * 3600 + 45 * 60 + 6, None)


def test_clockify_twelve_hour_clock_and_us_dates() -> None:
    first, night, long = read_timesheet(SAMPLES["clockify"]).rows
    assert (first.started_on, first.started_at, first.ended_at) == (
        date(2026, 10, 1),
        time(13, 41),
        time(14, 41),
    )
    assert (night.started_on, night.ended_on, night.ended_at) == (
        date(2026, 10, 31),
        date(2026, 11, 1),
        time(0, 30),
    )
    assert (long.started_at, long.ended_at, long.seconds) == (time(0, 5), time(12, 35, 22), 45022)
    assert (first.amount, first.amount_currency, first.rate) == (Decimal("110.00"), "USD", Decimal("110.00"))


def test_harvest_has_no_clock_and_decimal_hours_count_unrounded() -> None:
    row = read_timesheet(SAMPLES["harvest"]).rows[0]
    assert (row.person_name, row.person_email, row.seconds) == ("Ada Lovelace", None, 7380)
    assert (row.started_at, row.ended_on, row.ended_at) == (None, None, None)
    assert (row.amount, row.amount_currency, row.rate) == (Decimal("194.80"), "EUR", Decimal("95.00"))


def test_kimai_midnight_is_found_from_the_clock() -> None:
    first, night = read_timesheet(SAMPLES["kimai"]).rows
    assert (first.seconds, first.person_name, first.task, first.notes) == (
        7380,
        "Ada Lovelace",
        "Development",
        (),
    )
    assert (night.started_on, night.ended_on) == (date(2026, 10, 31), date(2026, 11, 1))
    assert (first.amount, first.amount_currency, first.rate) == (Decimal("194.80"), "EUR", Decimal("95.00"))


@pytest.mark.parametrize(
    "header",
    [
        "User,Start date,Start time,End date,End time,Duration,Billable",
        "Member,Start date,Start time,Stop date,Stop time,Duration,Billable",
        " USER , start  DATE,Start Time,STOP DATE,stop time,duration,Billable?",
    ],
)
def test_toggl_headers_old_and_new(header: str) -> None:
    record = "Ada,2026-10-01,13:41:00,2026-10-02,00:41:00,11:00:00,No"
    row = read_timesheet(toggl(record, header=header)).rows[0]
    assert (row.person_name, row.ended_on, row.ended_at) == ("Ada", date(2026, 10, 2), time(0, 41))
    assert (row.person_email, row.client, row.task, row.amount) == (None, None, None, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep={}\r\n", "\r\n\r\n"])
def test_delimiters_byte_order_marks_and_first_lines(delimiter: str, start: str) -> None:
    text = SAMPLES["kimai"].decode().replace('"dev, urgent"', "dev").replace(",", delimiter)
    sheet = read_timesheet((start.format(delimiter) + text).encode())
    assert (sheet.layout, len(sheet.rows), sheet.errors) == ("kimai", 2, ())


@pytest.mark.parametrize(
    ("clock", "read"), [("9:05", time(9, 5)), ("12:05 am", time(0, 5)), ("1:05\u202fPM", time(13, 5))]
)
def test_clocks(clock: str, read: time) -> None:
    assert read_timesheet(toggl(f"Ada,2026-10-01,{clock},,,01:00:00,Yes")).rows[0].started_at == read


def test_clockify_hours_stand_in_for_the_duration_and_breaks_are_not_billable() -> None:
    header = b"User,Billable,Start Date,Duration (h),Duration (decimal),Type\n"
    records = b"Ada,Yes,2026-10-01,,1.50,Regular\nAda,Yes,2026-10-01,0:30,0.50,Break\n"
    work, pause = read_timesheet(header + records).rows
    assert (work.seconds, work.billable, work.notes) == (5400, True, ())
    assert (pause.seconds, pause.billable) == (1800, False)
    assert "break" in pause.notes[0]


def test_a_record_over_several_lines_counts_from_its_first() -> None:
    header = "User,Billable,Start date,Duration,Description"
    records = ('Ada,Yes,2026-10-01,01:00:00,"one\ntwo"', "", "Ada,Yes,2026-10-02,01:00:00,three", ",,,,")
    rows = read_timesheet(toggl(*records, header=header)).rows
    assert [(row.row_number, row.description) for row in rows] == [(2, "one\ntwo"), (5, "three")]


EARLY = "Ada,2026-10-01,09:00:00,2026-10-01,10:00:00,01:00:00,Yes"
LATE = "Ada,2026-10-02,09:00:00,2026-10-02,10:00:00,01:00:00,Yes"


def keys(*records: str) -> list[str]:
    return [row.source_key for row in read_timesheet(toggl(*records)).rows]


def test_the_same_entry_has_the_same_key_in_any_file() -> None:
    assert keys(EARLY, LATE) == keys(EARLY, LATE)
    assert set(keys(EARLY)) < set(keys(LATE, EARLY))


def test_equal_entries_of_one_file_stay_two_and_are_both_known_again() -> None:
    first, second = keys(EARLY, EARLY)
    assert (first.split("#")[1], second.split("#")[1]) == ("1", "2")
    assert keys(EARLY, LATE, EARLY)[::2] == [first, second]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (",Yes", ",No", True),  # whether it is billable may be corrected without making a new entry
        ("09:00:00", "9:00:00 AM", True),
        ("2026-10-01", "01.10.2026", True),
        ("Ada", "Grace", False),
        ("09:00:00", "09:00:01", False),
        ("01:00:00", "01:00:01", False),
    ],
)
def test_what_makes_an_entry_another(old: str, new: str, same: bool) -> None:
    assert (keys(EARLY) == keys(EARLY.replace(old, new))) is same
