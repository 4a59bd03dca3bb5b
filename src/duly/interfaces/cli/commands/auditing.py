"""Seal the log, verify the books, export them, verify an export."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from duly.billing.audit.seals import Head, seal
from duly.billing.reporting.audits import verify
from duly.billing.reporting.export import export
from duly.formats.audit_export import verify_export
from duly.interfaces.cli.commands.options import EXISTING
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, App, Door, command
from duly.interfaces.cli.show import table


@click.group(cls=App)
def audit() -> None:
    """Seal the log, verify the books, export them for others to verify."""


@command("verify", takes=("as",), database=False, example="duly audit verify --head october/manifest.json --as lena")
@click.option("--head", "heads", multiple=True, type=EXISTING, help="The manifest of an earlier export; repeatable.")
@click.option("--export", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Verify this export instead, without the database.")
def verify_(door: Door, heads: Sequence[Path], folder: Path | None) -> Answer:
    """Run the named audits over the books, or verify an export. Exit code 1 when something was found."""
    if folder is not None:
        wrong = verify_export(folder)
        return Answer({"findings": wrong}, wrong or ["The export holds together."], FINDINGS if wrong else DONE)
    with door.wiring.open_database():
        found = verify(actor=door.actor(), heads=tuple(_head(path) for path in heads))
    wrong = [one.text for one in found if not one.note]
    shown = [table(("Audit", "Found"), ((one.audit, one.text) for one in found))] if found else []
    said = "The books hold together." if not wrong else f"{len(wrong)} findings: the books are not sound."
    return Answer({"findings": found}, [*shown, said], FINDINGS if wrong else DONE)


def _head(path: Path) -> Head:
    """The published head in an export's manifest."""
    try:
        head = json.loads(path.read_bytes())["head"]
        return Head(int(head["number"]), str(head["hash"]))
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{path} is no manifest of an export.", "Name the manifest.json of an earlier export.") from None


@command("export", takes=("as", "on"), example="duly audit export --out audit-2026-10 --as lena")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write.")
def export_(door: Door, out: Path) -> Answer:
    """Seal, and write the log, the ledger and all documents as files that verify without the database."""
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out} is not empty.", "Name a new folder: an export is never written over.")
    out.mkdir(parents=True, exist_ok=True)
    actor = door.actor()
    seal(actor=actor, at=door.at)

    def write(name: str, chunks: Iterable[bytes]) -> None:
        with open(out / name, "wb") as file:
            file.writelines(chunks)

    done = export(actor=actor, at=door.at, on=door.on, place=str(out), write=write)
    return Answer(done, [f"{len(done.files)} files in {out}; the chain's head is {done.number}, {done.hash}."])


@command("seal", takes=("as",), example="duly audit seal --as lena")
def seal_(door: Door) -> Answer:
    """Seal the events that are not sealed yet into the hash chain."""
    done = seal(actor=door.actor(), at=door.at)
    return Answer(done, [f"{done.events} events sealed; the chain's head is {done.number}, {done.hash}."])


for made in (verify_, export_, seal_):
    audit.add_command(made)
