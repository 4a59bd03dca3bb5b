"""Exchange rates: of the European Central Bank, and of a file of one's own."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from duly.billing.kernel.errors import Refused
from duly.billing.reference.actions import add_exchange_rates
from duly.billing.reporting.scope import sellers
from duly.engine.currencies import CODES
from duly.interfaces.cli.commands.options import EXISTING
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, App, Date, Door, command
from duly.interfaces.cli.show import table
from duly.interfaces.kit.rates import Rates, from_ecb, from_file


@click.group("rates", cls=App)
def rates() -> None:
    """Take in exchange rates, which invoices, payments and expenses in other currencies need."""


@command("import-ecb", takes=("as", "on", "key"), example="duly rates import-ecb --from 2026-01-01 --as anna")
@click.option("--from", "first", type=Date(), help="The first day. The first of January of the year before otherwise.")
@click.option("--currencies", metavar="CODES", help="From these, such as USD,CHF. All that the bank quotes otherwise.")
@click.option("--into", metavar="CODES", help="Into these. The base currencies of the legal entities otherwise.")
def import_ecb(door: Door, first: date | None, currencies: str | None, into: str | None) -> Answer:
    """Import the euro reference rates of the European Central Bank that come with Duly, up to the business date.

    A pair that the bank does not quote is crossed through the euro, and its source says so. The same again changes
    nothing; a day that already has another rate refuses all.
    """
    begin = first or date(door.on.year - 1, 1, 1)
    quotes = _codes("--into", into) or sorted({each.currency for each in sellers()})
    if not quotes:
        raise BadInput("There is no legal entity yet, so no base currency.", "Name one with --into EUR.")
    return _added(door, from_ecb(begin, door.on, quotes, _codes("--currencies", currencies)))


@command("import", takes=("as", "on", "key"), example="duly rates import rates.csv --as anna")
@click.argument("file", type=EXISTING)
@click.option("--preview", is_flag=True, help="Say how the rows would come out, and store nothing.")
def import_file(door: Door, file: Path, preview: bool) -> Answer:
    """Import exchange rates from a CSV with the columns date, base, quote and rate, and perhaps source.

    All of its rows or none: a row that cannot be read, or whose day already has another rate, refuses the file. The
    same rows again change nothing.
    """
    read = from_file(file.name, file.read_bytes())
    if preview:
        found = read.preview()
        shown = [table(("Where", "What"), ((one.path, f"{one.text} {one.remedy}") for one in found.problems))]
        said = f"{found.added} new, {found.unchanged} there already, {len(found.problems)} in the way."
        return Answer(found, [*(shown if found.problems else []), said], FINDINGS if found.problems else DONE)
    if read.unreadable:
        raise Refused("Not all rows can be read; no rate was added.", "Correct those that are named.",
                      problems=read.unreadable)
    return _added(door, read)


for made in (import_ecb, import_file):
    rates.add_command(made)


def _added(door: Door, read: Rates) -> Answer:
    done = door.act(add_exchange_rates, door.actor(), rates=read.rates, places=read.places)
    return Answer(done, [f"{done.added:,} rates added, {done.unchanged:,} were there already."])


def _codes(option: str, text: str | None) -> Sequence[str] | None:
    if text is None:
        return None
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    if unknown := [code for code in codes if code not in CODES]:
        raise click.UsageError(f"{option}: “{unknown[0]}” is no ISO 4217 currency; use codes such as USD,CHF.")
    return codes
