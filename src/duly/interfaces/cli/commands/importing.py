"""Files of work: look at one, take it in, list where its own amounts differ from our agreements."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from duly.billing.work.value import Difference, own_amount_differences
from duly.formats.cells import DATE_ORDERS
from duly.formats.timesheets import LAYOUTS
from duly.interfaces.cli import imports
from duly.interfaces.cli.commands.options import EXISTING, PeriodOf
from duly.interfaces.cli.frame import Answer, App, Door, command
from duly.interfaces.cli.imports import WorkFile
from duly.interfaces.cli.show import Shown, amount, hours, table

PERIOD = click.option("--period", type=PeriodOf(), help="The period meant, such as 2026-10; other rows are told apart.")
PREVIEW = click.option("--preview", is_flag=True, help="Say how the rows would come out, and store nothing.")
KEEP_GOOD = click.option("--keep-good", is_flag=True, help="Take in the good rows and keep the others as rejected.")
DATE_ORDER = click.option("--date-order", type=click.Choice(list(DATE_ORDERS)), help="What 10/11/2026 means.")
DECIMAL_COMMA = click.option("--decimal-comma", is_flag=True, help="Numbers are written 2,05.")


@click.group("import", cls=App)
def import_() -> None:
    """Take in files of work: timesheets and expenses."""


@command("timesheet", takes=("as", "on"), example="duly import timesheet october.csv --period 2026-10 --as lena")
@click.argument("file", type=EXISTING)
@PERIOD
@PREVIEW
@KEEP_GOOD
@DATE_ORDER
@DECIMAL_COMMA
@click.option("--layout", type=click.Choice(list(LAYOUTS)), help="Whose export it is; recognised by its header row.")
@click.option("--time-zone", metavar="NAME", help="Where the clock times were, such as Europe/Berlin; for notes only.")
def timesheet(door: Door, file: Path, period: tuple[date, date] | None, preview: bool, keep_good: bool,
              date_order: str | None, decimal_comma: bool, layout: str | None,
              time_zone: str | None) -> Answer:
    """Import an exported timesheet of Toggl Track, Clockify, Harvest or Kimai. The same rows twice change nothing."""
    read = imports.timesheet_file(file.name, file.read_bytes(), layout=layout, decimal_comma=decimal_comma,
                                  date_order=date_order, time_zone=time_zone)
    return _taken_in(door, read, period, keep_good, preview)


@command("expenses", takes=("as", "on"), example="duly import expenses expenses.csv --as lena")
@click.argument("file", type=EXISTING)
@PERIOD
@PREVIEW
@KEEP_GOOD
@DATE_ORDER
@DECIMAL_COMMA
def expenses(door: Door, file: Path, period: tuple[date, date] | None, preview: bool, keep_good: bool,
             date_order: str | None, decimal_comma: bool) -> Answer:
    """Import expenses from a CSV. The same rows twice change nothing."""
    read = imports.expenses_file(file.name, file.read_bytes(), decimal_comma=decimal_comma, date_order=date_order)
    return _taken_in(door, read, period, keep_good, preview)


for made in (timesheet, expenses):
    import_.add_command(made)


def _taken_in(door: Door, file: WorkFile, period: tuple[date, date] | None, keep_good: bool, preview: bool) -> Answer:
    actor = door.actor()
    done = imports.take_in(file, actor=actor, at=door.at, period=period, keep_good=keep_good, preview=preview)
    differences = [] if preview else own_amount_differences(actor=actor, batch=done.batch, on=door.on)
    rejected = done.outcomes["rejected"] > 0
    shown = [*imports.shown(file, done), *difference_table(file.name, differences)]
    return Answer({"file": file.name, "import": done, "differences": differences}, shown, int(rejected))


def difference_table(name: str, differences: Sequence[Difference]) -> list[Shown]:
    """The rows whose own amount is not what our agreements make of them; nothing when all agree."""
    if not differences:
        return []
    columns = (">Row", "Person", "Day", "What", ">Hours", ">In the file", ">By agreement", ">Difference")
    return [table(columns, (
        (one.row_number, one.person, one.worked_on, one.description[:40], hours(one.seconds),
         amount(one.own, one.own_currency), amount(one.ours, one.currency), amount(one.difference))
        for one in differences
    ), title=f"{name}: rows whose own amount differs from the agreement's")]
