"""The public timesheets in the folder that DULY_CORPORA names: the same 120 entries from four tools."""

import os
from pathlib import Path

import pytest

from duly.formats.timesheets import Timesheet, read_timesheet

FOLDER = os.environ.get("DULY_CORPORA")
FILES = {
    "toggl": "toggl_detailed.csv",
    "clockify": "clockify_detailed.csv",
    "harvest": "harvest_time_report.csv",
    "kimai": "kimai_export.csv",
}
pytestmark = pytest.mark.skipif(not FOLDER, reason="DULY_CORPORA names no folder with the public corpora")


def read(layout: str) -> Timesheet:
    return read_timesheet((Path(FOLDER or "") / "timesheets" / FILES[layout]).read_bytes())


# Toggl and Clockify write seconds, Harvest hundredths of an hour, Kimai whole minutes (cut off).
@pytest.mark.parametrize(
    ("layout", "billable_seconds", "currency"),
    [
        ("toggl", 265042, "EUR"),
        ("clockify", 265042, "USD"),
        ("harvest", 265068, "EUR"),
        ("kimai", 264540, "EUR"),
    ],
)
def test_what_each_file_holds(layout: str, billable_seconds: int, currency: str) -> None:
    sheet = read(layout)
    billable = [row for row in sheet.rows if row.billable]
    assert (sheet.layout, sheet.errors, len(sheet.rows), len(billable)) == (layout, (), 120, 83)
    assert sum(row.client is None for row in sheet.rows) == 24
    assert not any(row.client is None for row in billable)
    assert {(row.started_on.year, row.started_on.month) for row in sheet.rows} == {(2026, 10)}
    assert sum(row.seconds for row in billable) == billable_seconds
    assert {row.amount_currency for row in billable} == {currency}
    assert len({row.source_key for row in sheet.rows}) == 120


@pytest.mark.parametrize("layout", ["clockify", "harvest", "kimai"])
def test_all_say_the_same_of_each_entry(layout: str) -> None:
    for ours, toggl in zip(read(layout).rows, read("toggl").rows, strict=True):
        for said in ("person_name", "client", "project", "task", "description", "billable", "started_on"):
            assert getattr(ours, said) == getattr(toggl, said)
        assert abs(ours.seconds - toggl.seconds) < 60
        assert ours.amount == toggl.amount or not ours.billable


@pytest.mark.parametrize("layout", ["toggl", "clockify", "kimai"])
def test_one_entry_crosses_midnight_and_the_month(layout: str) -> None:
    crossing = [row for row in read(layout).rows if row.ended_on != row.started_on]
    assert [str(row.ended_on) for row in crossing] == ["2026-11-01"]
