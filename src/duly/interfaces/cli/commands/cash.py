"""Money in: receive it, say what it pays, take that back, and show an account's statement."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import click

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.payments import actions, queries
from duly.billing.payments.models import METHODS
from duly.interfaces.cli.commands.options import Amount, Payment
from duly.interfaces.cli.frame import Answer, Date, Door, command
from duly.interfaces.cli.show import amount as money
from duly.interfaces.cli.show import table

ENTITY = click.option("--entity", required=True, metavar="CODE", help="The legal entity whose books these are.")


@command("receive", takes=("as", "on", "key"),
         example="duly receive 1190.50 EUR --entity KASTANIE --account 1001 --for KS2026-0001 --as lena")
@click.argument("amount", type=Amount())
@click.argument("currency")
@ENTITY
@click.option("--account", required=True, metavar="NUMBER", help="Who paid.")
@click.option("--for", "payments", multiple=True, type=Payment(), help="What it pays; may be given several times.")
@click.option("--oldest", is_flag=True, help="Let it pay what the account has owed longest.")
@click.option("--received-on", type=Date(), help="When the money came in. The business date otherwise.")
@click.option("--method", type=click.Choice(METHODS), default="bank_transfer", show_default=True)
@click.option("--reference", default="", help="What the payer wrote.")
@click.option("--bank-account", metavar="IBAN", help="Which of the entity's bank accounts it came in on.")
def receive(door: Door, amount: Decimal, currency: str, entity: str, account: str,
            payments: Sequence[tuple[str, Decimal | None]], oldest: bool, received_on: date | None, method: str,
            reference: str, bank_account: str | None) -> Answer:
    """Record money received. What it does not pay stays on account."""
    if oldest and payments:
        raise click.UsageError("--for names what is paid and --oldest leaves it to the due dates; use one of them.")
    done = door.act(
        actions.receive, door.actor(), on=door.on, entity=entity, account=account, amount=amount,
        currency=currency.upper(), received_on=received_on or door.on, method=method, reference=reference,
        bank_account=bank_account, allocate="oldest" if oldest else list(payments) or None,
    )
    said = f"Receipt {done.number}: {money(done.amount, done.currency)} from {account}."
    return Answer(done, [said, *_paid(done.allocated, done.currency), _left(done.on_account, done.currency)])


@command("allocate", takes=("as", "on", "key"),
         example="duly allocate KQ2026-0001 KS2026-0002=500 --entity KASTANIE --as lena")
@click.argument("receipt")
@click.argument("payments", nargs=-1, required=True, type=Payment(), metavar="INVOICE[=AMOUNT]...")
@ENTITY
def allocate(door: Door, receipt: str, payments: Sequence[tuple[str, Decimal | None]], entity: str) -> Answer:
    """Let money on account pay invoices."""
    done = door.act(actions.allocate, door.actor(), on=door.on, entity=entity, receipt=receipt, to=list(payments))
    return Answer(done, [*_paid(done.allocated, done.currency), _left(done.on_account, done.currency)])


@command("unallocate", takes=("as", "on", "key"), example='duly unallocate 7 --reason "Wrong invoice" --as lena')
@click.argument("allocation", type=int)
@click.option("--reason", required=True, help="Why it is undone; it is kept.")
def unallocate(door: Door, allocation: int, reason: str) -> Answer:
    """Undo an allocation: the invoice is owed again, the money is on account again. Nothing is deleted."""
    done = door.act(actions.unallocate, door.actor(), on=door.on, allocation=allocation, reason=reason)
    said = f"{money(done.amount, done.currency)} of receipt {done.receipt} no longer pays {done.invoice}."
    return Answer(done, [said])


@command("statement", takes=("as", "on"), example="duly statement 1001 --entity KASTANIE --since 2026-01-01 --as lena")
@click.argument("account")
@ENTITY
@click.option("--since", type=Date(), help="The first day. The first of January otherwise.")
def statement(door: Door, account: str, entity: str, since: date | None) -> Answer:
    """Show what an account owed, paid and owes, up to the business date."""
    begin = since or door.on.replace(month=1, day=1)
    rows = queries.statement(door.actor(), entity_of(entity).pk, account, begin, door.on).to_dicts()
    shown = table(("Booked", "What", "Number", ">Amount", ">Balance"), (
        (row["booked_on"], row["kind"].replace("_", " "), row["number"], money(row["amount"]),
         money(row["balance"], row["currency"])) for row in rows
    ))
    return Answer({"account": account, "from": begin, "until": door.on, "rows": rows}, [shown])


def _paid(allocated: Sequence[dict[str, Any]], currency: str) -> list[str]:
    return [f"  {money(part['amount'], currency)} pay {part['invoice']} (allocation {part['allocation']})"
            for part in allocated]


def _left(left: str, currency: str) -> str:
    return f"  {money(left, currency)} on account" if Decimal(left) else "  nothing on account"
