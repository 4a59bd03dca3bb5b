"""Two accounts with the same things in the same states: one inside a person's book, one outside; and a third, nowhere.

Everything is made by the verbs and committed, as in life; who made it is Fin, so that Mara is free to review it.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from duly import billing
from duly.billing import models as m
from duly.billing.accounts.actions import customers
from duly.billing.accounts.actions.tokens import add_token
from duly.billing.agreements.actions import agree as agreements
from duly.billing.agreements.actions import change
from duly.billing.agreements.actions.metrics import put_metric
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.audit.actions import VERBS, Verb
from duly.billing.desk.actions import queue_message
from duly.billing.invoicing import actions as invoicing
from duly.billing.invoicing.editing import version_of
from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, Actor
from duly.billing.payments import actions as payments
from duly.billing.usage.actions import ingest
from duly.billing.work import actions as work
from tests.billing.usage import events
from tests.world import NOW, OCTOBER, TODAY, World

START = date(2026, 1, 1)
FEES = {"free": "none", "odd": "none", "submitted": "peer", "at_client": "peer_and_client", "unpaid": "none",
        "paid": "none"}
"""What becomes of each fee's draft → the review that its agreement demands. The odd one is over nothing,
the free one has a second fee that is written down."""


@dataclass(frozen=True, slots=True)
class Side:
    """One account and what it has: names of what has names, ids of the rest."""

    account: str
    account_id: int
    client: str
    agreement: str
    project: str
    contact: int
    unapproved: int
    approved: int
    expense: int
    free: int
    odd: int
    submitted: int
    at_client: int
    unpaid: int
    unpaid_number: str
    receipt: str
    allocation: int
    message: int
    partition: int
    run: int
    stopped: int
    finding: int
    token: int


NOWHERE = Side(*("NOWHERE" if field.type is str else 999_999_999 for field in fields(Side)))
"""Names and ids of nothing."""


def side(world: World, number: str) -> Side:
    """Give the account of this number everything that a `Side` has."""
    fin: dict[str, Any] = {"actor": Actor("fin", m.User.objects.get(login="fin").id, RIGHTS), "at": NOW}
    account = world.account(number)
    contact = customers.put_contact(**fin, on=TODAY, account=number, name="Dana Doe", email=f"dana@{number}.example")
    _agree(fin, number)
    drafts = _drafts(world, fin, account)
    invoicing.write_down(**fin, on=TODAY, draft=drafts["free"], version=version_of(drafts["free"]), line=2,
                         to=Decimal(90), reason="Goodwill")
    numbers = invoicing.issue(**fin, on=TODAY, drafts=[drafts["unpaid"], drafts["paid"]]).numbers
    invoicing.submit(**fin, on=TODAY, drafts=[drafts["submitted"], drafts["at_client"]])
    invoicing.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[drafts["at_client"]])
    receipt = payments.receive(
        **fin, on=TODAY, entity="HALDEN", account=number, amount=Decimal(50), currency="EUR", received_on=TODAY,
        method="bank_transfer", allocate=[(numbers[str(drafts["paid"])], Decimal(20))],
    )
    [message] = queue_message(**fin, on=TODAY, invoices=[drafts["paid"]]).messages
    ready, unapproved = (
        work.add_time(**fin, on=date(2026, 10, 5), person="ada", project=f"{number}-P", seconds=3600).work_item
        for _ in range(2)
    )
    work.approve(**fin, on=TODAY, items=[ready])
    expense = work.add_expense(**fin, on=date(2026, 10, 5), person="ada", project=f"{number}-P", category="Taxi",
                               cost=Decimal(9), currency="EUR").work_item
    runs = [_launch(world, fin, account) for _ in range(2)]
    invoicing.stop(**fin, on=TODAY, run=runs[1].run)
    return Side(
        account=number, account_id=account.pk, client=account.name, agreement=f"{number}-WORK",
        project=f"{number}-P", contact=contact.id, unapproved=unapproved, approved=ready,
        expense=expense, free=drafts["free"], odd=drafts["odd"],
        submitted=drafts["submitted"], at_client=drafts["at_client"], unpaid=drafts["unpaid"],
        unpaid_number=numbers[str(drafts["unpaid"])], receipt=receipt.number,
        allocation=receipt.allocated[0]["allocation"], message=message, partition=runs[0].partitions[0],
        run=runs[0].run, stopped=runs[1].run, finding=_finding(fin, number),
        token=add_token(**fin, name=number, user="ben").id,
    )


def _agree(fin: dict[str, Any], number: str) -> None:
    parties = {"on": TODAY, "entity": "HALDEN", "account": number, "currency": "EUR"}
    for name, review in FEES.items():
        price = Decimal(0 if name == "odd" else 100)
        fees = (ChargeInput("fee", "one_off", "Set-up fee", price=price, due_on=date(2026, 10, 15)),
                ChargeInput("more", "one_off", "More fees", price=price, due_on=date(2026, 10, 16)))
        agreements.agree(**fin, **parties, number=f"{number}-{name}", name=name,
                         terms=VersionInput(START, fees if name == "free" else fees[:1], review=review))
    charges = (ChargeInput("hours", "time", "Consulting", rate_card="STD"),
               ChargeInput("go-live", "milestone", "Go-live", price=Decimal(400)),
               ChargeInput("care", "recurring", "Care", price=Decimal(30), interval="month", timing="arrears"))
    agreements.agree(**fin, **parties, number=f"{number}-WORK", name="Work", projects={f"{number}-P": "Work"},
                     terms=VersionInput(START, charges, review="none"))
    change.pause(**fin, on=TODAY, agreement=f"{number}-WORK", paused_from=date(2026, 11, 20))


def _launch(world: World, fin: dict[str, Any], account: m.Account) -> invoicing.run.Launched:
    return invoicing.launch(**fin, on=TODAY, entity="HALDEN", period_from=OCTOBER[0], period_to=OCTOBER[1],
                            accounts=[account.pk])


def _drafts(world: World, fin: dict[str, Any], account: m.Account) -> dict[str, int]:
    """The drafts of the fees, by what becomes of them."""
    [partition] = _launch(world, fin, account).partitions
    invoicing.draft_partition(**fin, partition=partition)
    names = [f"{account.number}-{name}" for name in FEES]
    found = frames.rows("""select g.name, l.invoice_id from invoice_line l join agreement g on g.id = l.agreement_id
                            where g.number = any(%s)""", [names])
    return dict(found)


def _finding(fin: dict[str, Any], number: str) -> int:
    """A usage event that came again with another quantity."""
    for code in ("calls", "unused"):
        put_metric(**fin, code=code, name=code, aggregation="sum")
    for quantity in (1, 2):
        ingest(**fin, events=events({"agreement": f"{number}-WORK", "event_id": number, "quantity": quantity}))
    return m.UsageFinding.objects.get(event_id=number).pk


def every_verb() -> Mapping[str, Verb]:
    """All verbs of the product by name, wherever they are defined."""
    for module in pkgutil.walk_packages(billing.__path__, "duly.billing."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    return {name: verb for name, verb in VERBS.items() if not name.startswith("test.")}
