"""Close a month: make revenue of what was billed in advance, and see what is still to come."""

from datetime import date, timedelta
from decimal import Decimal

import click

from duly.billing.invoicing.actions.expire import expire_credit
from duly.billing.ledger.releasing import release_all
from duly.billing.reporting.deferred import deferred as read_deferred
from duly.interfaces.cli.commands.options import PeriodOf
from duly.interfaces.cli.frame import Answer, Door, command
from duly.interfaces.cli.show import amount as money
from duly.interfaces.cli.show import table


@command("release", takes=("as", "on", "key"), example="duly release --entity KASTANIE --through 2026-10 --as lena")
@click.option("--entity", required=True, metavar="CODE", help="The legal entity whose books these are.")
@click.option("--through", required=True, type=PeriodOf(), help="The last month to release, such as 2026-10.")
def release(door: Door, entity: str, through: tuple[date, date]) -> Answer:
    """Make revenue of what was deferred and is earned until the end of a month. Safe to run again."""
    last = through[1] - timedelta(days=1)
    done = door.act(release_all, door.actor(), on=door.on, entity=entity, through=last)
    said = f"{money(done.amount, done.currency)} of {done.lines} lines is revenue now, through {last:%B %Y}." \
        if done.lines else f"Nothing is left to release through {last:%B %Y}."
    return Answer({"entity": entity, "through": last, "lines": done.lines, "entries": done.entries,
                   "currency": done.currency, "amount": done.amount}, [said])


@command("expire-credit", takes=("as", "on", "key"), example="duly expire-credit --entity KASTANIE --as lena")
@click.option("--entity", required=True, metavar="CODE", help="The legal entity that sold the credit.")
def expire(door: Door, entity: str) -> Answer:
    """Make revenue of prepaid credit that expired unused. Safe to run again."""
    found = door.act(expire_credit, door.actor(), on=door.on, entity=entity)
    said = f"{money(Decimal(found.amount), found.currency)} of credit on {found.credits} documents expired." \
        if found.credits else "No credit has expired unused."
    return Answer(found, [said])


@command("deferred", takes=("as", "on"), example="duly deferred --entity KASTANIE --as lena")
@click.option("--entity", metavar="CODE", help="That of one legal entity.")
def deferred(door: Door, entity: str | None) -> Answer:
    """Show the revenue that is billed and not earned yet, by the month that brings it, in the base currency."""
    found = read_deferred(actor=door.actor(), on=door.on, entity=entity)
    shown = [table((f"{each.seller.code}, {each.seller.currency}", ">Earned", ">Left after it", ">Documents"), (
        (f"{one.month:%Y-%m}", money(one.amount), money(one.left), one.documents) for one in each.months))
        for each in found]
    return Answer([{"entity": each.seller.code, "currency": each.seller.currency, "total": each.total, "due": each.due,
                    "months": each.months} for each in found], shown or ["No revenue is deferred."])
