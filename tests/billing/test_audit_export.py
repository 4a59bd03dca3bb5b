"""The export holds together without the database, and every tampering with its files shows."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest
from django.db import connections, transaction

from duly.billing.audit.seals import Head, seal
from duly.billing.audit.verify import AUDITS, Scope
from duly.billing.kernel.errors import Forbidden
from duly.billing.reporting.export import Exported, export
from duly.formats import audit_export
from duly.formats.audit_export import verify_export
from tests.billing import raw
from tests.billing.raw import Sql
from tests.world import World

Tamper = Callable[[Path], None]


def exported(world: World, folder: Path, *, on: date = raw.ISSUED, by: str = "audra") -> Exported:
    def write(name: str, chunks: Iterable[bytes]) -> None:
        (folder / name).write_bytes(b"".join(chunks))

    return export(actor=world.actor(by), at=world.at, on=on, place="the auditor's safe", write=write)


@pytest.fixture
def folder(database: str, world: World, tmp_path: Path) -> Path:
    """An export of two invoices, one of them partly paid."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        sql = Sql(cursor)
        _, item = raw.issued(sql)
        raw.issue(sql, raw.subscription(sql))
        raw.pay(sql, raw.receipt(sql, "200.00"), item, "19.00")
    seal(actor=world.actor("audra"), at=world.at)
    exported(world, tmp_path)
    return tmp_path


def test_an_export_holds_together(folder: Path) -> None:
    assert verify_export(folder) == []
    with (folder / "open_items.csv").open(encoding="utf-8", newline="") as file:
        balances = {row["account"] + " " + row["control"]: row["balance"] for row in csv.DictReader(file)}
    assert balances == {"ACME receivable": "100.0000", "ZED receivable": "119.0000", "ACME on_account": "-181.0000"}


def test_the_verifier_runs_alone(folder: Path) -> None:
    """Nothing but Python's standard library: no site packages, no environment, not our package either."""
    command = [sys.executable, "-I", "-S", audit_export.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "The export holds together.\n")


def test_the_published_head_is_found_in_the_chain_later(folder: Path, world: World) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    published = Head(manifest["head"]["number"], manifest["head"]["hash"])
    assert seal(actor=world.actor("audra"), at=world.at).events == 1, "the export itself is an event"
    assert list(AUDITS["published_heads"].findings(Scope((published,)))) == []


def test_an_export_of_an_earlier_day_leaves_out_what_came_later(folder: Path, world: World, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    exported(world, earlier, on=date(2026, 11, 1))
    assert (earlier / "invoices.jsonl").read_bytes() == b""
    assert verify_export(earlier) == []


def test_only_who_may_audit_exports(world: World, tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="needs the right “audit”"):
        exported(world, tmp_path, by="mara")
    assert list(tmp_path.iterdir()) == []


def edit(name: str, old: str, new: str) -> Tamper:
    """Change a file and write its new checksum into the manifest, as a careful forger would."""
    def tamper(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest["files"][name]["sha256"] = audit_export._sha256(folder / name)
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return tamper


def cut_tail(folder: Path) -> None:
    for name in ("events.jsonl", "seals.csv"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        edit(name, "".join(lines), "".join(lines[:-1]))(folder)


TAMPERINGS: list[tuple[str, Tamper, str]] = [
    ("a file changed", lambda folder: (folder / "entries.csv").write_text("x") and None, "entries.csv is not the file"),
    ("a file taken away", lambda folder: (folder / "seals.csv").unlink(), "seals.csv is missing"),
    ("an event changed", edit("events.jsonl", '"actor":"ben"', '"actor":"eve"'), "is not what was sealed"),
    ("the tail cut", cut_tail, "does not end at the head"),
    ("an event added", lambda folder: edit("events.jsonl", "\n", '\n{"id":1}\n')(folder), "is missing"),
    ("a transfer raised", edit("transfers.csv", "100.0000,100.0000", "900.0000,900.0000"), "open items differ by 800"),
    ("a transfer turned negative", edit("transfers.csv", "19.0000,19.0000", "-19.0000,-19.0000"), "positive amount"),
    ("a balance lowered", edit("open_items.csv", "119.0000,119.0000", "119.0000,9.0000"), "open items differ by 110"),
    ("a line raised", edit("invoices.jsonl", '"amount": "100.0000"', '"amount": "101.0000"'), "do not add up"),
    ("a number skipped", edit("invoices.jsonl", '"sequence": 2', '"sequence": 3'), "there is a gap"),
    ("a date set late", edit("invoices.jsonl", '"issued_on": "2026-11-02"', '"issued_on": "2026-11-03"'), "dated be"),
    ("no manifest", lambda folder: (folder / "manifest.json").unlink(), "holds no manifest.json"),
]


def test_every_tampering_shows(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    import shutil

    for what, tamper, says in TAMPERINGS:
        copy = tmp_path_factory.mktemp("tampered") / "export"
        shutil.copytree(folder, copy)
        tamper(copy)
        found = verify_export(copy)
        assert any(says in text for text in found), (what, found)
