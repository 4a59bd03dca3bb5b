"""From a tool's own export to work: what the readers read and what the verbs take in are the same rows."""

import os
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel.errors import Refused
from duly.billing.work.actions import map_names
from duly.billing.work.rows import EntryRow, Imported, RejectedRow
from duly.interfaces.cli.imports import WorkFile, expenses_file, shown, take_in, timesheet_file
from duly.interfaces.cli.show import console
from tests.world import NOW, OCTOBER, World

TOGGL = """\
User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,Amount (EUR)
Ada Lovelace,ada@example.com,Acme GmbH,Website relaunch,Design,Deploy,Yes,2026-10-01,13:41:00,2026-10-01,14:41:00,01:00:00,dev,95.00
Ada Lovelace,ada@example.com,,Internal,Design,,No,2026-10-02,08:30:00,2026-10-02,09:00:00,00:30:00,,
"""  # noqa: E501
UNREADABLE = TOGGL + (
    "Ada Lovelace,ada@example.com,Acme GmbH,Website relaunch,,,Maybe,2026-10-03,,,,an hour,,\n"
    "Grace Hopper,,Acme GmbH,Website relaunch,,Late,Yes,2026-10-31,23:30:00,2026-11-01,01:45:00,02:00:00,,\n"
)
EXPENSES = """\
date,person,client,project,category,description,amount,currency,billable
2026-10-07,ada@example.com,Acme GmbH,Website relaunch,travel,Train,120.40,EUR,yes
"""


def run(world: World, file: WorkFile, **choices: Any) -> Imported:
    return take_in(file, actor=world.actor("ben"), at=NOW, period=OCTOBER, **choices)


def printed(file: WorkFile, imported: Imported, capsys: pytest.CaptureFixture[str]) -> str:
    for part in shown(file, imported):
        console().print(part)
    return capsys.readouterr().out


def test_a_timesheet_in_the_domains_terms() -> None:
    file = timesheet_file("t.csv", TOGGL.encode())
    first = file.rows[0]
    assert isinstance(first, EntryRow)
    assert (file.layout, file.headers[0], len(file.rows), file.rejected) == ("toggl", "User", 2, ())
    assert (first.person, first.email, first.project, first.seconds, first.started_at, str(first.own_amount)) == (
        "Ada Lovelace", "ada@example.com", "Website relaunch", 3600, time(13, 41), "95.00")
    assert (first.own_currency, first.raw[0], file.rows[1].client) == ("EUR", "Ada Lovelace", "")


def test_a_preview_stores_nothing_and_the_import_does_what_it_said(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    file = timesheet_file("t.csv", TOGGL.encode())
    preview = run(world, file, preview=True)
    assert not m.ImportBatch.objects.exists()
    result = run(world, file)
    assert (preview.outcomes, preview.seconds, preview.created) == (result.outcomes, result.seconds, result.created)
    text = printed(file, result, capsys)
    assert [line.split() for line in text.splitlines()[2:8]] == [
        ["billable", "1", "1:00:00"], ["non-billable", "0", "0:00:00"], ["without", "client", "1", "0:30:00"],
        ["out", "of", "period", "0", "0:00:00"], ["rejected", "0", "0:00:00"], ["=", "the", "file", "2", "1:30:00"],
    ]
    assert "1 new work items" in text
    assert "imported already" in printed(file, run(world, file), capsys)


def test_a_repeated_command_answers_the_same(world: World) -> None:
    file = timesheet_file("t.csv", TOGGL.encode())
    assert run(world, file, key="october") == run(world, file, key="october")
    with pytest.raises(Refused, match="another command"):
        run(world, timesheet_file("t.csv", UNREADABLE.encode()), key="october")


def test_rows_that_cannot_be_read_keep_their_cells_and_reasons(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    file = timesheet_file("t.csv", UNREADABLE.encode())
    (rejected,) = file.rejected
    assert isinstance(rejected, RejectedRow)
    assert (rejected.row_number, rejected.raw[0]) == (4, "Ada Lovelace")
    assert "Billable “Maybe”" in rejected.reason
    assert "Duration “an hour”" in rejected.reason
    with pytest.raises(Refused) as refused:
        run(world, file)
    assert [problem.path for problem in refused.value.problems] == ["row 4"]
    result = run(world, file, keep_good=True)
    assert (result.outcomes["rejected"], result.outcomes["billable"]) == (1, 2)
    assert m.ImportRow.objects.get(outcome="rejected").raw[0] == "Ada Lovelace"
    text = printed(file, result, capsys)
    assert "Kept out:\n  Row 4: Billable “Maybe”" in text
    assert "To be noted:\n  Row 5: The clock" in text


def test_names_to_map_are_printed_as_the_set_up_file_wants_them(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    file = timesheet_file("t.csv", TOGGL.replace("Acme GmbH", "ACME Inc.").encode())
    text = printed(file, run(world, file, preview=True), capsys)
    assert '[mapping.clients]\n"ACME Inc." = ""' in text
    assert '[mapping.projects]\n"ACME Inc. / Website relaunch" = ""' in text


def test_expenses_are_taken_in_too(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    file = expenses_file("e.csv", EXPENSES.encode())
    assert run(world, file, preview=True).amounts["billable"] == {"EUR": "120.40"}
    assert "120.40 EUR" in printed(file, run(world, file), capsys)
    assert m.WorkItem.objects.get().task == "travel"


FOLDER = os.environ.get("DULY_CORPORA")
# Each tool rounds in its own way: seconds, hundredths of an hour, whole minutes.
CORPORA = [
    ("toggl_detailed.csv", 265042), ("clockify_detailed.csv", 265042), ("harvest_time_report.csv", 265068),
    ("kimai_export.csv", 264540),
]


@pytest.mark.skipif(not FOLDER, reason="DULY_CORPORA names no folder with the public corpora")
@pytest.mark.parametrize(("name", "billable_seconds"), CORPORA)
def test_the_public_exports_come_in_whole(world: World, name: str, billable_seconds: int) -> None:
    m.Project.objects.create(code="ACME-SUP", name="Support", agreement=world.agreement("ACME-TM"))
    map_names(actor=world.actor("ben"), at=datetime(2026, 11, 2, tzinfo=UTC), people={},
              clients={"Big Company": "BIG"}, projects={})
    content = (Path(FOLDER or "") / "timesheets" / name).read_bytes()
    result = run(world, timesheet_file(name, content))
    assert result.outcomes == {"billable": 83, "non_billable": 13, "without_client": 24, "out_of_period": 0,
                               "rejected": 0}
    assert (result.seconds["billable"], result.created) == (billable_seconds, 96)
    assert run(world, timesheet_file(name, content)).already
