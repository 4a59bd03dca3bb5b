"""A firm's October, told through its commands: from the set-up file to the verified books."""

import json
from pathlib import Path

import pytest

from duly.interfaces.cli.commands.demo import KASTANIE as FIRM
from tests.interfaces.cli import duly
from tests.interfaces.mailbox import Mailbox, serving

pytestmark = pytest.mark.usefixtures("empty")


def lena(*arguments: object, on: str = "2026-11-02") -> object:
    """What Lena's command answered; it must have succeeded."""
    told = duly(*arguments, user="lena", on=on)
    assert told.code == 0, told.text
    return told.data


def test_from_the_set_up_file_to_the_verified_books(tmp_path: Path) -> None:
    first = lena("set-up", FIRM / "set-up.toml")
    assert first["founded"] == "lena"
    again = lena("set-up", FIRM / "set-up.toml")
    assert (again["added"], again["changed"]) == ({}, {})

    toggl = lena("import", "timesheet", FIRM / "toggl.csv", "--period", "2026-10")
    harvest = lena("import", "timesheet", FIRM / "harvest.csv", "--period", "2026-10")
    lena("import", "expenses", FIRM / "expenses.csv", "--period", "2026-10")
    billable = toggl["import"]["seconds"]["billable"] + harvest["import"]["seconds"]["billable"]
    [before] = lena("unbilled", on="2026-10-31")
    assert sum(row["waiting_seconds"] for row in before["agreements"]) == billable
    lena("approve", "--period", "2026-10")
    [approved] = lena("unbilled", on="2026-10-31")
    assert sum(row["seconds"] for row in approved["agreements"]) == billable
    lena("accept", "ROUS-26", "lot-1", "--evidence", "Mail of Camille Rousseau", on="2026-10-29")

    run = lena("bill", "--entity", "KASTANIE", "--period", "2026-10")
    assert [draft["account"] for draft in run["drafts"]] == ["1001", "1002", "1003", "1004", "1005"]
    assert lena("check", "--run", run["run"])["blocking"] == 0
    issued = lena("issue", "--run", run["run"])
    assert sorted(issued["numbers"].values()) == [f"KS2026-000{number}" for number in range(1, 6)]
    [after] = lena("unbilled", on="2026-10-31")
    assert after["agreements"] == []

    drawn = lena("documents", "--out", tmp_path / "invoices")
    assert all(Path(file).read_bytes().startswith(b"%PDF-") for file in drawn["files"])
    assert len(drawn["files"]) == 5

    mailbox = Mailbox()
    with serving(mailbox):
        sent = lena("send", "--run", run["run"], "--now")
    assert {message["state"] for message in sent["messages"]} == {"sent"}
    assert len(mailbox.mails) == 5
    assert lena("send", "--run", run["run"])["messages"] == []

    [first_invoice, *_] = lena("invoices", "--open")
    paid = lena("receive", first_invoice["total"], "EUR", "--entity", "KASTANIE", "--account", "1001",
                "--for", first_invoice["number"], on="2026-11-12")
    assert paid["on_account"] == "0.00"
    assert len(lena("invoices", "--open", on="2026-11-12")) == 4
    lena("documents", "--entity", "KASTANIE", "--receipt", paid["number"], "--out", tmp_path / "receipts")
    assert (tmp_path / "receipts" / f"{paid['number']}.pdf").exists()

    export = tmp_path / "export"
    lena("audit", "export", "--out", export, on="2026-11-30")
    assert lena("audit", "verify", "--export", export)["findings"] == []
    found = lena("audit", "verify", "--head", export / "manifest.json")["findings"]
    assert [one for one in found if not one["note"]] == []


def test_a_changed_export_is_found_out(tmp_path: Path) -> None:
    lena("set-up", FIRM / "set-up.toml")
    lena("audit", "export", "--out", tmp_path / "export")
    events = tmp_path / "export" / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"lena", b"anna"))
    told = duly("audit", "verify", "--export", tmp_path / "export", user="lena")
    assert told.code == 1
    assert "events.jsonl is not the file that was exported." in told.data["findings"]


def test_an_export_is_never_written_over(tmp_path: Path) -> None:
    lena("set-up", FIRM / "set-up.toml")
    (tmp_path / "note.txt").write_text("mine")
    assert duly("audit", "export", "--out", tmp_path, user="lena").code == 2


def test_a_file_that_is_no_manifest_is_bad_input(tmp_path: Path) -> None:
    lena("set-up", FIRM / "set-up.toml")
    (tmp_path / "any.json").write_text(json.dumps({"head": 7}))
    assert duly("audit", "verify", "--head", tmp_path / "any.json", user="lena").code == 2


def test_the_example_firm_tells_it_in_one_command_and_again_without_doing_it_twice(tmp_path: Path) -> None:
    first = duly("demo", "--firm", "kastanie", "--no-serve", "--out", tmp_path, user=None, on=None)
    again = duly("demo", "--firm", "kastanie", "--no-serve", "--out", tmp_path, user=None, on=None)
    assert (first.code, again.code) == (0, 0)
    assert len(first.data["issued"]) == 5
    assert [one["number"] for one in again.data["issued"]] == [one["number"] for one in first.data["issued"]]
    assert again.data["receipt"] == first.data["receipt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "KQ2026-0001.pdf", *(f"KS2026-000{number}.pdf" for number in range(1, 6)),
    ]
