"""Change what is agreed: a charge's price or quantity, an end, a pause; and say beforehand what that bills."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import click

from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.actions.change import change_charge, pause, resume
from duly.billing.agreements.terms import TierInput
from duly.billing.invoicing.changing import Line, Previewed, foreseen
from duly.engine.wording import day
from duly.interfaces.cli.commands.options import Amount
from duly.interfaces.cli.frame import Answer, App, Date, Door, command
from duly.interfaces.cli.show import Shown, table
from duly.interfaces.cli.show import amount as money

TAKES: Final = ("as", "on", "key")
ONE_DAY: Final = timedelta(days=1)
PREVIEW = click.option("--preview", is_flag=True,
                       help="Say what the next invoice bills with it and without; store nothing.")


class Tier(click.ParamType):
    """A tier, UPTO=PRICE or UPTO=PRICE+FLAT; nothing before the sign is the last one, which has no end."""

    name = "upto=price[+flat]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TierInput:
        if isinstance(value, TierInput):
            return value
        up_to, given, prices = value.partition("=")
        if not given:
            self.fail(f"“{value}” is no tier; write it like 100=2.50, and the last one like =2.", param, ctx)
        price, _, flat = prices.partition("+")
        read = partial(Amount().convert, param=param, ctx=ctx)
        return TierInput(read(up_to) if up_to else None, read(price or "0"), read(flat or "0"))


@click.group("agreement", cls=App)
def agreement() -> None:
    """Change what is agreed from a day on, end it, pause it and resume it."""


@command("change", takes=TAKES,
         example="duly agreement change NORD-26 seats --from 2026-11-16 --quantity 8 --preview --as anna")
@click.argument("number")
@click.argument("charge")
@click.option("--from", "wanted_on", type=Date(), required=True, help="From which day it costs otherwise.")
@click.option("--price", type=Amount(), help="The new price.")
@click.option("--quantity", type=Amount(), help="The new quantity.")
@click.option("--tier", "tiers", type=Tier(), multiple=True, help="A tier of the new table; repeat it for all of them.")
@click.option("--at-once/--next-period", default=None,
              help="When it counts. Otherwise as agreed, mostly upgrades at once and downgrades with the next period.")
@PREVIEW
def change(door: Door, number: str, charge: str, wanted_on: date, preview: bool, tiers: Sequence[TierInput],
           **values: Any) -> Answer:
    """Let a recurring charge cost another price, or be of another quantity, from a day on."""
    verb = partial(change_charge, agreement=number, charge=charge, wanted_on=wanted_on, tiers=tuple(tiers) or None,
                   **values)
    if preview:
        return _foreseen(door, number, verb, wanted_on)
    made = door.act(verb, door.actor(), on=door.on)
    return Answer(made, [f"{charge} of {number} has new terms from {day(date.fromisoformat(made.valid_from))}."])


@command("end", takes=TAKES, example="duly agreement end NORD-26 --last 2026-11-15 --preview --as anna")
@click.argument("number")
@click.option("--last", "ends_on", type=Date(), help="The last day that is billed.")
@click.option("--open", "runs_on", is_flag=True, help="It has no last day any more.")
@PREVIEW
def end(door: Door, number: str, ends_on: date | None, runs_on: bool, preview: bool) -> Answer:
    """Let an agreement end on a day, or run on."""
    if (ends_on is None) != runs_on:
        raise click.UsageError("Say the last day with --last, or that it runs on with --open.")
    verb = partial(end_agreement, agreement=number, ends_on=ends_on)
    if preview:
        return _foreseen(door, number, verb, ends_on or door.on)
    made = door.act(verb, door.actor(), on=door.on)
    return Answer(made, [f"{number} ends on {day(ends_on)}." if ends_on else f"{number} runs on."])


@command("pause", takes=TAKES,
         example='duly agreement pause NORD-26 --from 2026-12-01 --reason "Between two releases" --as anna')
@click.argument("number")
@click.option("--from", "paused_from", type=Date(), required=True, help="The first day that is not billed.")
@click.option("--to", "paused_to", type=Date(), help="The first day that is billed again. Otherwise resume it.")
@click.option("--charge", help="Only this recurring charge. All of them otherwise.")
@click.option("--reason", default="", help="Why; it is kept.")
@PREVIEW
def pausing(door: Door, number: str, paused_from: date, preview: bool, **values: Any) -> Answer:
    """Do not bill what recurs, for some days or until it is resumed."""
    verb = partial(pause, agreement=number, paused_from=paused_from, **values)
    if preview:
        return _foreseen(door, number, verb, paused_from)
    made = door.act(verb, door.actor(), on=door.on)
    return Answer({"agreement": number, "pause": made}, [f"{number} is paused from {day(paused_from)}."])


@command("resume", takes=TAKES, example="duly agreement resume NORD-26 --from 2027-01-01 --as anna")
@click.argument("number")
@click.option("--from", "resumed_on", type=Date(), required=True, help="The first day that is billed again.")
@click.option("--charge", help="The pause of this charge alone. That of all of them otherwise.")
@PREVIEW
def resuming(door: Door, number: str, resumed_on: date, charge: str | None, preview: bool) -> Answer:
    """Let a pause end."""
    verb = partial(resume, agreement=number, resumed_on=resumed_on, charge=charge)
    if preview:
        return _foreseen(door, number, verb, resumed_on)
    made = door.act(verb, door.actor(), on=door.on)
    return Answer({"agreement": number, "pause": made}, [f"{number} is billed again from {day(resumed_on)}."])


for made in (change, end, pausing, resuming):
    agreement.add_command(made)


def _foreseen(door: Door, number: str, verb: Any, first: date) -> Answer:
    told = foreseen(actor=door.actor(), on=door.on, agreement=number, day=first,
                    change=partial(verb, actor=door.actor(), at=door.at, on=door.on))
    begins = getattr(told.answer, "valid_from", None)
    data = {"agreement": number, "currency": told.currency, "through": told.through - ONE_DAY, "valid_from": begins,
            "net_before": told.net_before, "net": told.net, "difference": told.difference,
            "lines": [asdict(line) for line in told.lines]}
    return Answer(data, [*_shown(told, begins)])


def _shown(told: Previewed, begins: str | None) -> Sequence[Shown]:
    columns = ("", "Line", "From", "To", ">Quantity", ">Amount")
    rows = [(_mark(line), line.description, line.service_from, line.service_to, _plain(line.quantity),
             money(line.amount, told.currency)) for line in told.lines]
    lines = table(columns, rows, title=f"What is billed until {told.through - ONE_DAY}, before tax")
    net = table(("Net", ">Amount"), (("without it", money(told.net_before, told.currency)),
                                     ("with it", money(told.net, told.currency)),
                                     ("difference", money(told.difference, told.currency))))
    first = [f"The new terms hold from {day(date.fromisoformat(begins))}."] if begins else []
    return [lines if rows else "Nothing is billed.", net, *first, "A preview: nothing was stored."]


def _mark(line: Line) -> str:
    return "not then" if line.gone else "new" if line.new else ""


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
