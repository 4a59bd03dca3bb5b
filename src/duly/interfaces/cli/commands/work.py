"""Work between import and bill: what is unbilled, approve it, accept milestones."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import click
from rich.table import Table

from duly.billing.kernel.authority import Actor
from duly.billing.work import actions, value
from duly.billing.work.value import Unbilled
from duly.interfaces.cli.commands.options import Amount, PeriodOf
from duly.interfaces.cli.commands.selection import entity_codes
from duly.interfaces.cli.frame import Answer, Door, command
from duly.interfaces.cli.show import Shown, amount, hours, table


@command("unbilled", takes=("as", "on"), example="duly unbilled --entity KASTANIE --on 2026-10-31 --as lena")
@click.option("--entity", metavar="CODE", help="Those of one legal entity.")
def unbilled(door: Door, entity: str | None) -> Answer:
    """Show the work up to a day that is not billed, with its value, per account and agreement, before tax."""
    actor = door.actor()
    found = [value.unbilled(actor=actor, entity=code, on=door.on) for code in _entities(entity)]
    shown: list[Shown] = []
    for one in found:
        shown += [_unbilled_table(one)] if one.agreements else [f"Nothing is unbilled at {one.entity} up to {one.on}."]
        shown += one.problems
    return Answer(found, shown)


def _unbilled_table(found: Unbilled) -> Table:
    columns = ("Account", "Name", "Agreement", "Oldest", ">Hours", ">Value", ">To approve", ">Value", ">Unpriced")
    return table(columns, (
        (row.account, row.account_name, row.agreement, row.oldest, hours(row.seconds), amount(row.amount, row.currency),
         row.waiting_items, amount(row.waiting_amount, row.currency), row.unpriced or "")
        for row in found.agreements
    ), title=f"Unbilled at {found.entity} up to {found.on}")


@command("approve", takes=("as", "on", "key"), example="duly approve --period 2026-10 --account 1001 --as lena")
@click.option("--period", type=PeriodOf(), required=True, help="Work of this period, such as 2026-10.")
@click.option("--account", "accounts", multiple=True, metavar="NUMBER", help="Of this account; repeatable.")
@click.option("--entity", metavar="CODE", help="Of the accounts that one legal entity works for.")
def approve(door: Door, period: tuple[date, date], accounts: Sequence[str], entity: str | None) -> Answer:
    """Approve recorded work of a period, so that it can be billed. All of your book unless accounts are named."""
    actor = door.actor()
    numbers = list(accounts) or waiting_accounts(actor, _entities(entity), period[1])
    done = door.act(actions.approve, actor, on=door.on, accounts=numbers, period=period)
    said = f"{done.items} work items approved, {hours(done.seconds)} hours; {done.before} were approved before."
    return Answer(done, [said])


def waiting_accounts(actor: Actor, entities: Sequence[str], until: date) -> list[str]:
    """The accounts in the actor's book with work before `until` that waits for approval."""
    found = (value.unbilled(actor=actor, entity=code, on=until) for code in entities)
    return sorted({row.account for one in found for row in one.agreements if row.waiting_items})


def _entities(entity: str | None) -> list[str]:
    return [entity] if entity else entity_codes()


@command("accept", takes=("as", "on", "key"),
         example='duly accept ROUS-26 lot-1 --on 2026-10-20 --evidence "Mail of 20 October" --as lena')
@click.argument("agreement")
@click.argument("charge")
@click.option("--share", type=Amount(), default="1", show_default=True, help="How much of it, as a fraction.")
@click.option("--evidence", required=True, help="What shows that the client accepted it; it is kept.")
def accept(door: Door, agreement: str, charge: str, share: Decimal, evidence: str) -> Answer:
    """Record that the client accepted a milestone on the business date; it can be billed at once."""
    done = door.act(actions.accept_milestone, door.actor(), on=door.on, agreement=agreement, charge=charge,
                    share=share, evidence=evidence)
    said = f"{agreement} {charge}: {amount(done.amount, done.currency)} accepted, {done.accepted} of it so far."
    return Answer(done, [said])
