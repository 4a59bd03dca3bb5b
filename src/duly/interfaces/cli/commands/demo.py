"""The demo company, lived through and served; and the example firm of the tutorial, a month of it in one command."""

import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from duly.billing.accounts.queries import actor
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.queries import listed
from duly.billing.payments.actions import Received, receive
from duly.billing.payments.documents import receipts
from duly.formats.setup_file.model import User
from duly.interfaces.cli import imports
from duly.interfaces.cli.commands.delivering import drawn
from duly.interfaces.cli.commands.month import Milestone, Month, month_data, month_shown, run_month
from duly.interfaces.cli.commands.serving import run as serve
from duly.interfaces.cli.demo.load import LEAD, load, loaded
from duly.interfaces.cli.demo.plan import BEGINS, TODAY, Plan, months, read_plan
from duly.interfaces.cli.demo.sign_ins import PASSWORD
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command
from duly.interfaces.cli.show import amount

KASTANIE: Final = Path(__file__).resolve().parents[5] / "examples" / "kastanie"
OCTOBER: Final = (date(2026, 10, 1), date(2026, 11, 1))
ISSUED_ON: Final = date(2026, 11, 2)
PAID_ON: Final = date(2026, 11, 12)
ACCEPTED: Final = Milestone("ROUS-26", "lot-1", date(2026, 10, 23), "Mail de Mme Rousseau du 23 octobre")


@command("demo", example="duly demo")
@click.option("--firm", type=click.Choice(["lindenhall", "kastanie"]), default="lindenhall", show_default=True,
              help="The demo company, or the small firm of the tutorial and its one month.")
@click.option("--no-serve", is_flag=True, help="Draw last month's documents instead of serving the pages, and leave.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/demo"), show_default=True,
              help="Where the PDFs go.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
def demo(door: Door, firm: str, no_serve: bool, out: Path, port: int) -> Answer:
    """Load a services firm with eighteen months of history, serve its pages, and say who may sign in.

    It has a data folder of its own and may be run again: what is loaded stays, and a load that was stopped goes on.
    """
    if firm == "kastanie":
        return _kastanie(door, out)
    plan = read_plan()
    if not loaded():
        click.echo("Loading the demo company, once: eighteen months of work, invoices and payments …", err=True)
        with door.progress("Months", len(list(months(BEGINS, TODAY)))) as lived:
            load(plan, lived)
    if no_serve:
        return _last_documents(door, plan, out)
    os.environ["DULY_TODAY"] = TODAY.isoformat()
    code = serve(door, "127.0.0.1", port, ["", *_sign_ins(plan), ""])
    return Answer({"exit_code": code}, [], FINDINGS if code else DONE)


def _sign_ins(plan: Plan) -> list[str]:
    """Who may sign in, what they do, and the password that all of them have."""
    width = max(len(user.login) for user in plan.set_up.users)
    people = [f"  {user.login:<{width}}  {_duty(user)}" for user in plan.set_up.users]
    return [f"At Lindenhall it is {TODAY}. The password of everyone is {PASSWORD}", *people]


def _duty(user: User) -> str:
    roles = ", ".join(role.replace("_", " ") for role, _ in user.roles)
    return f"{roles} ({user.name})"


def _last_documents(door: Door, plan: Plan, out: Path) -> Answer:
    """Draw the documents of the demo's last month."""
    issued = listed(actor=actor(LEAD), on=TODAY, states=("issued",)).filter(pl.col("issued_on") >= TODAY.replace(day=1))
    files = drawn(replace(door, on=TODAY, user=LEAD), list(issued.select("number", "id").iter_rows()), documents,
                  out).data["files"]
    sums = issued.group_by("currency").agg(pl.col("total").sum()).sort("currency")
    said = ", ".join(amount(total, code) for code, total in sums.iter_rows())
    data = {"today": TODAY, "sign_ins": [user.login for user in plan.set_up.users], "password": PASSWORD,
            "issued": issued.to_dicts(), "files": files}
    return Answer(data, [*_sign_ins(plan), "", f"{len(files)} documents of this month in {out.resolve()}: {said}."])


def _kastanie(door: Door, out: Path) -> Answer:
    """The tutorial's month: import timesheets, issue invoices, draw them, take in a payment."""
    if not KASTANIE.is_dir():
        raise BadInput(f"The example firm is not in {KASTANIE}.", "Run the demo from a checkout of Duly.")
    door = replace(door, on=ISSUED_ON)
    work = [imports.timesheet_file(name, (KASTANIE / name).read_bytes()) for name in ("toggl.csv", "harvest.csv")]
    work += [imports.expenses_file("expenses.csv", (KASTANIE / "expenses.csv").read_bytes())]
    month = run_month(door, KASTANIE / "set-up.toml", work, OCTOBER, out, milestones=[ACCEPTED])
    paid = _pay_first(replace(door, on=PAID_ON, user=month.user), month)
    receipt = drawn(door, [(paid.number, paid.receipt)], receipts, out).data["files"]
    data = {**month_data(month), "receipt": paid, "files": [*month.files, *receipt]}
    said = f"Receipt {paid.number}: {amount(paid.amount, paid.currency)} pay {paid.allocated[0]['invoice']}."
    where = f"The PDFs are in {out.resolve()}:"
    names = [f"  {path.name}" for path in [*month.files, *receipt]]
    return Answer(data, [*month_shown(month, out), said, "", where, *names], month.code)


def _pay_first(door: Door, month: Month) -> Received:
    """Take in what the month's first invoice asks for; again, it answers the same receipt."""
    first: dict[str, Any] = month.invoices.sort("number").row(0, named=True)
    return replace(door, key=f"demo:{first['number']}").act(
        receive, door.actor(), on=door.on, entity=first["entity"], account=first["account"],
        amount=Decimal(first["total"]), currency=first["currency"], received_on=door.on, method="bank_transfer",
        reference=first["number"], allocate=[(first["number"], None)],
    )
