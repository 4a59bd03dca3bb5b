"""What durations, clocks, dates and numbers mean: for one row, and for the file as a whole."""

from datetime import date
from decimal import Decimal

import pytest

from duly.formats import FormatError
from duly.formats.timesheets import read_timesheet
from tests.formats.exports import clockify, harvest, kimai, toggl


@pytest.mark.parametrize(
    ("layout", "text", "seconds"),
    [
        ("kimai", "02:03", 7380),
        ("kimai", "02:03:02", 7382),
        ("kimai", "2.05", 7380),
        ("kimai", "1", 3600),
        ("harvest", "2.05", 7380),
        ("harvest", "2,05", 7380),
        ("harvest", "0.01", 36),
        ("harvest", "2:03", 7380),
        ("harvest", "744.00", 31 * 24 * 3600),
    ],
)
def test_durations_as_tools_write_them(layout: str, text: str, seconds: int) -> None:
    data = kimai(text) if layout == "kimai" else harvest(text)
    assert [row.seconds for row in read_timesheet(data).rows] == [seconds]


@pytest.mark.parametrize(
    ("hours", "seconds", "note"),
    [
        ("0.3333", 1200, "0.3333 hours are 1199.88 seconds; rounded to 1200"),
        ("0.00125", 5, "0.00125 hours are 4.5 seconds; rounded to 5"),
        ("0.0025", 9, None),
    ],
)
def test_decimal_hours_that_miss_a_second_are_rounded_and_noted(
    hours: str, seconds: int, note: str | None
) -> None:
    row = read_timesheet(harvest(hours)).rows[0]
    assert (row.seconds, row.notes) == (seconds, (note,) if note else ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00:00:00", "not more than zero"),
        ("-01:00:00", "not more than zero"),
        ("-1.5", "not more than zero"),
        ("744:00:01", "longer than 31 days"),
        ("3600", "longer than 31 days"),
        ("1:75", "not a number"),
        ("soon", "not a number"),
        ("", "empty"),
    ],
)
def test_a_duration_that_means_nothing_rejects_its_row_alone(text: str, message: str) -> None:
    data = toggl(f"Ada,2026-10-01,,,,{text},Yes", "Ada,2026-10-02,,,,01:00:00,Yes")
    sheet = read_timesheet(data)
    assert [row.row_number for row in sheet.rows] == [3]
    (error,) = sheet.errors
    assert (error.row_number, error.field, error.value) == (2, "Duration", text)
    assert message in error.message
    assert error.remedy
    assert str(error).startswith(f"Row 2, Duration '{text}': ")


@pytest.mark.parametrize(
    ("clock", "duration", "zone", "said"),
    [
        ("2026-10-01,09:00:00,2026-10-01,10:00:00", "01:00:00", None, None),
        ("2026-10-01,09:00:00,2026-10-01,10:00:00", "00:45:00", None, "says 1:00:00"),
        ("2026-10-01,09:00,2026-10-01,10:01", "01:00", None, None),  # both lost their seconds
        ("2026-10-01,09:00,2026-10-01,10:02", "01:00", None, "says 1:02:00"),
        ("2026-10-01,10:00:00,2026-10-01,09:00:00", "01:00:00", None, "says −1:00:00"),
        # In Berlin 03:00 became 02:00 on 25 October: 2 h 30 min passed, the tool counted the dial.
        ("2026-10-25,01:30:00,2026-10-25,03:00:00", "01:30:00", None, None),
        ("2026-10-25,01:30:00,2026-10-25,03:00:00", "01:30:00", "Europe/Berlin", "says 2:30:00"),
        ("2026-10-25,01:30:00,2026-10-25,03:00:00", "02:30:00", "Europe/Berlin", None),
        # 02:30 comes twice that night: it is read as the duration says.
        ("2026-10-25,02:30:00,2026-10-25,03:30:00", "01:00:00", "Europe/Berlin", None),
        ("2026-10-25,02:30:00,2026-10-25,03:30:00", "02:00:00", "Europe/Berlin", None),
        ("2026-03-29,01:30:00,2026-03-29,03:30:00", "01:00:00", "Europe/Berlin", None),
    ],
)
def test_where_the_clock_disagrees_the_duration_counts(
    clock: str, duration: str, zone: str | None, said: str | None
) -> None:
    row = read_timesheet(toggl(f"Ada,{clock},{duration},Yes"), time_zone=zone).rows[0]
    hours, minutes, *_ = duration.split(":")
    assert row.seconds == int(hours) * 3600 + int(minutes) * 60
    if said is None:
        assert row.notes == ()
    else:
        assert said in row.notes[0]
        assert "the duration counts" in row.notes[0]


TEN_TO_ELEVEN = "10:00:00,{0},11:00:00,01:00:00"
NIGHT = "23:30:00,{0},00:30:00,01:00:00"


@pytest.mark.parametrize(
    ("dates", "first_day"),
    [
        (["03/04/2026", "13/04/2026"], date(2026, 4, 3)),  # a day above 12
        (["03/04/2026", "04/13/2026"], date(2026, 3, 4)),
        (["03-04-2026", "13-04-2026"], date(2026, 4, 3)),
        (["2026-04-03", "2026-04-13"], date(2026, 4, 3)),
        (["2026/04/03"], date(2026, 4, 3)),
        (["03.04.2026"], date(2026, 4, 3)),  # with points the day stands first
        (["05/05/2026"], date(2026, 5, 5)),  # the same either way
    ],
)
def test_the_dates_of_the_whole_file_decide_their_order(dates: list[str], first_day: date) -> None:
    data = clockify(*(f"{day},{TEN_TO_ELEVEN.format(day)}" for day in dates))
    sheet = read_timesheet(data)
    assert sheet.errors == ()
    assert sheet.rows[0].started_on == first_day


@pytest.mark.parametrize(
    ("start", "end", "started_on"),
    [
        ("03/04/2026", "04/04/2026", date(2026, 4, 3)),
        ("04/03/2026", "04/04/2026", date(2026, 4, 3)),
        ("12/10/2026", "01/11/2026", None),  # fits neither way
    ],
)
def test_an_entry_over_midnight_decides_the_order(start: str, end: str, started_on: date | None) -> None:
    data = clockify(f"02/01/2026,{TEN_TO_ELEVEN.format('02/01/2026')}", f"{start},{NIGHT.format(end)}")
    if started_on is None:
        with pytest.raises(FormatError, match="nothing in it says which"):
            read_timesheet(data)
    else:
        assert read_timesheet(data).rows[1].started_on == started_on


@pytest.mark.parametrize(("order", "started_on"), [("dmy", date(2026, 4, 3)), ("mdy", date(2026, 3, 4))])
def test_an_uncertain_order_is_asked_for_never_guessed(order: str, started_on: date) -> None:
    data = clockify(f"03/04/2026,{TEN_TO_ELEVEN.format('03/04/2026')}")
    with pytest.raises(FormatError, match="Name the date order"):
        read_timesheet(data)
    assert read_timesheet(data, date_order=order).rows[0].started_on == started_on


def test_the_creation_date_of_clockify_counts_for_the_order() -> None:
    header = b"User,Billable,Start Date,Duration (h),Date of creation\n"
    row = read_timesheet(header + b"Ada,Yes,03/04/2026,1:00,24/04/2026\n").rows[0]
    assert row.started_on == date(2026, 4, 3)


def test_dates_that_contradict_each_other_are_refused_and_listed_when_the_order_is_named() -> None:
    data = clockify(*(f"{day},{TEN_TO_ELEVEN.format(day)}" for day in ("13/04/2026", "04/14/2026")))
    with pytest.raises(FormatError, match="some the month"):
        read_timesheet(data)
    sheet = read_timesheet(data, date_order="dmy")
    assert ([row.row_number for row in sheet.rows], {error.row_number for error in sheet.errors}) == (
        [2],
        {3},
    )


@pytest.mark.parametrize(
    ("hours", "amount", "said", "expected"),
    [
        ("2.05", "194.80", False, "194.80"),
        ("2,05", "194,80", False, "194.80"),  # proves itself
        ("2,05", "1.194,80", False, "1194.80"),
        ("2.05", "1,194.80", False, "1194.80"),
        ("2,05", "1 194,80", False, "1194.80"),
        ("2,05", "1'194,80", False, "1194.80"),
        ("2", "1.194", True, "1194"),
        ("2", "1.194", False, "1.194"),
    ],
)
def test_decimal_commas(hours: str, amount: str, said: bool, expected: str) -> None:
    for delimiter in ",;":
        (row,) = read_timesheet(harvest(hours, amount, delimiter=delimiter), decimal_comma=said).rows
        assert row.amount == Decimal(expected)


def test_a_number_in_the_other_style_rejects_its_row() -> None:
    sheet = read_timesheet(harvest("2.05", "194,8"))
    (error,) = sheet.errors
    assert (error.field, error.value) == ("Billable Amount", "194,8")
    assert "decimal comma" in error.remedy


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Amount (EUR)", "EUR"),
        ("amount ( usd )", "USD"),
        ("Amount (€)", "EUR"),
        ("Amount (EURO)", "EUR"),
        ("Amount ($)", None),  # several currencies are written so
        ("Amount ()", None),
        ("Amount", None),
    ],
)
def test_the_currency_in_the_header(header: str, currency: str | None) -> None:
    columns = f"User,Billable,Start date,Duration,{header}"
    row = read_timesheet(toggl("Ada,Yes,2026-10-01,01:00:00,95.00", header=columns)).rows[0]
    assert (row.amount, row.amount_currency) == (Decimal("95.00"), currency)
