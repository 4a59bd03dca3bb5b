"""The demo: a small firm's October, from its timesheets to issued documents and a receipt."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from duly.billing.payments.actions import Received, receive
from duly.billing.payments.documents import receipts
from duly.interfaces.cli import imports
from duly.interfaces.cli.commands.delivering import drawn
from duly.interfaces.cli.commands.month import Milestone, Month, month_data, month_shown, run_month
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import Answer, Door, command
from duly.interfaces.cli.show import amount

FIRM: Final = Path(__file__).resolve().parents[5] / "examples" / "kastanie"
OCTOBER: Final = (date(2026, 10, 1), date(2026, 11, 1))
ISSUED_ON: Final = date(2026, 11, 2)
PAID_ON: Final = date(2026, 11, 12)
ACCEPTED: Final = Milestone("ROUS-26", "lot-1", date(2026, 10, 23), "Mail de Mme Rousseau du 23 octobre")


@command("demo", example="duly demo --no-serve")
@click.option("--no-serve", is_flag=True, help="Leave when all is done. (There are no pages to serve yet.)")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/demo"), show_default=True,
              help="Where the PDFs go.")
def demo(door: Door, no_serve: bool, out: Path) -> Answer:
    """Bill a small firm's October: import its timesheets, issue its invoices, draw them, take in a payment.

    It has a data folder of its own and may be run again; nothing is done twice.
    """
    if not FIRM.is_dir():
        raise BadInput(f"The example firm is not in {FIRM}.", "Run the demo from a checkout of Duly.")
    door = replace(door, on=ISSUED_ON)
    work = [imports.timesheet_file(name, (FIRM / name).read_bytes()) for name in ("toggl.csv", "harvest.csv")]
    work += [imports.expenses_file("expenses.csv", (FIRM / "expenses.csv").read_bytes())]
    month = run_month(door, FIRM / "set-up.toml", work, OCTOBER, out, milestones=[ACCEPTED])
    paid = _pay_first(replace(door, on=PAID_ON, user=month.user), month)
    receipt = drawn(door, [(paid.number, paid.receipt)], receipts, out).data["files"]
    data = {**month_data(month), "receipt": paid, "files": [*month.files, *receipt]}
    said = f"Receipt {paid.number}: {amount(paid.amount, paid.currency)} pay {paid.allocated[0]['invoice']}."
    where = f"The PDFs are in {out.resolve()}:"
    names = [f"  {path.name}" for path in [*month.files, *receipt]]
    pages = [] if no_serve else ["There are no pages to serve yet; --no-serve says that you know."]
    return Answer(data, [*month_shown(month, out), said, "", where, *names, *pages], month.code)


def _pay_first(door: Door, month: Month) -> Received:
    """Take in what the month's first invoice asks for; again, it answers the same receipt."""
    first: dict[str, Any] = month.invoices.sort("number").row(0, named=True)
    return replace(door, key=f"demo:{first['number']}").act(
        receive, door.actor(), on=door.on, entity=first["entity"], account=first["account"],
        amount=Decimal(first["total"]), currency=first["currency"], received_on=door.on, method="bank_transfer",
        reference=first["number"], allocate=[(first["number"], None)],
    )
