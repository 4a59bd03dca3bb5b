"""Put a firm into the books from its set-up file."""

from pathlib import Path

import click

from duly.interfaces.cli import set_up
from duly.interfaces.cli.commands.options import EXISTING
from duly.interfaces.cli.frame import Answer, Door, command
from duly.interfaces.cli.set_up import Report
from duly.interfaces.cli.show import Shown, table


@command("set-up", takes=("as",), example="duly set-up my-firm.toml --as lena")
@click.argument("file", type=EXISTING)
def set_up_(door: Door, file: Path) -> Answer:
    """Load a set-up file: entities, users, accounts, rates, agreements. Loading it again changes what changed.

    In an empty data folder its first administrator acts, and is made.
    """
    described, pictures = set_up.load(file)
    report = set_up.apply(described, actor_login=door.user, at=door.at, pictures=pictures)
    return Answer(report, report_table(report))


def report_table(report: Report) -> list[Shown]:
    """What a set-up added, changed and left, by kind of thing."""
    kinds = dict.fromkeys([*report.added, *report.changed, *report.unchanged])
    counts = table(("Kind", ">Added", ">Changed", ">Unchanged"), (
        (kind.replace("_", " "), *(part.get(kind, "") for part in (report.added, report.changed, report.unchanged)))
        for kind in kinds
    ))
    founded = [f"{report.founded} is the first administrator."] if report.founded else []
    return [counts, *founded]
