"""Bill runs: preview one, launch it, let several processes draft it, let a stopped one go on."""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import click
import polars as pl
from rich.console import RenderableType

from duly.billing.accounts.queries import accounts_in_book
from duly.billing.invoicing import actions, queries
from duly.billing.invoicing.actions.run import PARTITION_ACCOUNTS
from duly.billing.invoicing.actions.run import preview as preview_run
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.interfaces.cli.commands.drafts import draft_table
from duly.interfaces.cli.commands.options import PeriodOf
from duly.interfaces.cli.commands.selection import names_of
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command
from duly.interfaces.cli.show import amount, table


@dataclass(frozen=True, slots=True)
class Run:
    """What a bill run came to: its drafts as `listed` has them, and the partitions still to draft with the reason.

    `unpriced` says which of the work that was just looked at is on no draft, and why.
    """

    run: int
    drafts: pl.DataFrame
    left: list[int]
    troubles: list[str]
    unpriced: list[str]


@command("bill", takes=("as", "on", "key"), example="duly bill --entity KASTANIE --period 2026-10 --as lena")
@click.option("--entity", metavar="CODE", help="The legal entity that bills.")
@click.option("--period", type=PeriodOf(), help="Such as 2026-10 or 2026-Q4; all up to its end.")
@click.option("--account", "accounts", multiple=True, metavar="NUMBER", help="Only this bill-to account; repeatable.")
@click.option("--preview", is_flag=True, help="Compute the drafts and store nothing.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes at once.")
@click.option("--partition", type=click.IntRange(1), default=PARTITION_ACCOUNTS, show_default=True,
              help="Accounts that are drafted together, in one commit.")
@click.option("--background", is_flag=True, help="Leave the drafting to `duly worker`.")
@click.option("--resume", type=int, metavar="RUN", help="Let a stopped or killed run go on.")
@click.option("--stop", type=int, metavar="RUN", help="Stop a run after the partitions under way.")
def bill(door: Door, entity: str | None, period: tuple[date, date] | None, accounts: Sequence[str], preview: bool,
         workers: int, partition: int, background: bool, resume: int | None, stop: int | None) -> Answer:
    """Turn unbilled work and due charges into drafts. Safe to run again: nothing is billed twice."""
    if resume is not None and stop is not None:
        raise click.UsageError("Give --resume or --stop, not both.")
    actor = door.actor()
    if stop is not None:
        return _stopped(stop, door.act(actions.stop, actor, on=door.on, run=stop))
    if resume is not None:
        left = actions.resume(actor=actor, at=door.at, on=door.on, run=resume, in_background=background)
        return _said(resume, left) if background else shown(drafted(door, actor, resume, left, workers))
    if entity is None or period is None:
        raise click.UsageError("A run needs --entity and --period; --resume RUN lets one go on.")
    named = accounts_in_book(actor, "bill", accounts, door.on).values()
    ids = [account.pk for account in named] if accounts else None
    scope: dict[str, Any] = {"entity": entity, "period_from": period[0], "period_to": period[1]}
    if preview:
        return _previewed(preview_run(actor=actor, on=door.on, accounts=ids, **scope))
    run = door.act(actions.launch, actor, on=door.on, accounts=ids, partition_accounts=partition,
                   in_background=background, **scope)
    if background:
        return _said(run.run, run.partitions)
    return shown(drafted(door, actor, run.run, run.partitions, workers))


def drafted(door: Door, actor: Actor, run: int, partitions: Sequence[int], workers: int = 1) -> Run:
    """Draft the partitions of a run, with `workers - 1` further processes; what the run came to.

    Processes take whichever partition no other holds, so that one killed is made up for by the others.
    """
    troubles: dict[int, str] = {}
    unpriced: list[str] = []
    with ExitStack() as stack:
        helpers = [stack.enter_context(_helper(run, door, actor)) for _ in range(min(workers, len(partitions)) - 1)]
        move_on = stack.enter_context(door.progress("Drafting", len(partitions)))
        for partition in partitions:
            try:
                unpriced += actions.draft_partition(actor=actor, at=door.at, partition=partition).unpriced
            except Refused as refusal:  # held by a helper, or not to be drafted: what is left says which
                troubles[partition] = str(refusal)
            move_on(1)
        came = [came_of(helper) for helper in helpers]
    unpriced += [text for one in came for text in one.unpriced]
    left = queries.partitions_left(run)
    drafts = queries.listed(actor=actor, on=door.on, run=run)
    reasons = [troubles[partition] for partition in left if partition in troubles]
    return Run(run, drafts, left, [*reasons, *(one.failure for one in came if one.failure)], sorted(unpriced))


@dataclass(frozen=True, slots=True)
class Came:
    """What a helper process came to: what it names as on no draft, and how it failed, in words, if it did."""

    unpriced: list[str]
    failure: str = ""


def _helper(run: int, door: Door, actor: Actor) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "duly", "bill", "--resume", str(run), "--as", actor.login,
                 "--on", door.on.isoformat(), "--json"]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def came_of(helper: subprocess.Popen[bytes]) -> Came:
    """Wait for a helper; one that was killed, or that could not act, has a failure. Findings are none."""
    said, _ = helper.communicate()
    try:
        answer = json.loads(said)
    except ValueError:
        answer = {}
    if "unpriced" in answer and helper.returncode in (DONE, FINDINGS):
        return Came(list(answer["unpriced"]))
    reason = answer.get("error", {}).get("text", "It gave no answer.")
    return Came([], f"A helper process ended with code {helper.returncode}: {reason}")


def shown(run: Run) -> Answer:
    """A run's drafts and how many findings block them, for people and machines."""
    ids = run.drafts["id"].to_list()
    found = queries.findings(ids) if ids else pl.DataFrame(schema=queries.FOUND)
    blocking = found.filter((pl.col("severity") == "blocks") & ~pl.col("waived"))
    data = {"run": run.run, "drafts": run.drafts.to_dicts(), "findings": found.to_dicts(), "left": run.left,
            "troubles": run.troubles, "unpriced": run.unpriced}
    parts: list[RenderableType] = [draft_table(run.drafts)] if ids else []
    parts += [table(("On no draft",), [[text] for text in run.unpriced])] if run.unpriced else []
    parts += [f"Bill run {run.run}: {_count(run.drafts)}."]
    if run.left:
        parts += [f"{len(run.left)} partitions are left; `duly bill --resume {run.run}` goes on.", *run.troubles]
    elif run.troubles:
        parts += run.troubles
    if found.height:
        parts += [f"{found.height} findings, {blocking.height} of them block; `duly check --run {run.run}` lists them."]
    return Answer(data, parts, FINDINGS if run.left or run.troubles or run.unpriced or blocking.height else DONE)


def _count(drafts: pl.DataFrame) -> str:
    sums = drafts.group_by("currency").agg(pl.col("total").sum()).sort("currency")
    return f"{drafts.height} drafts" + "".join(f", {amount(total, code)}" for code, total in sums.iter_rows())


def _said(run: int, partitions: Sequence[int]) -> Answer:
    said = f"Bill run {run}: {len(partitions)} partitions wait for a worker; `duly drafts --run {run}` shows what came."
    return Answer({"run": run, "partitions": list(partitions)}, [said])


def _stopped(run: int, left: int) -> Answer:
    said = f"Bill run {run} is stopped; {left} partitions are left, and `duly bill --resume {run}` goes on."
    return Answer({"run": run, "left": left}, [said if left else f"Bill run {run} is done: nothing was left to stop."])


def _previewed(drafts: Any) -> Answer:
    lines = drafts.lines.select("document_key", "position", "description", "amount", "tax_category")
    columns = ("document_key", "account_id", "service_from", "service_to", "net", "tax", "total", "currency", "review")
    headers = drafts.headers.select(columns)
    accounts = names_of(headers["account_id"].to_list())
    shown = table(("Account", "Name", "Service", ">Lines", ">Net", ">Tax", ">Total"), (
        (*accounts[row["account_id"]], f"{row['service_from']} – {row['service_to']}",
         lines.filter(pl.col("document_key") == row["document_key"]).height, amount(row["net"]), amount(row["tax"]),
         amount(row["total"], row["currency"]))
        for row in headers.to_dicts()
    ))
    unpriced = [table(("Left out because",), drafts.unpriced.select("text").unique().rows())]
    said = f"A preview: {headers.height} drafts, nothing stored."
    data = {"drafts": [{**row, "account": accounts[row["account_id"]][0]} for row in headers.to_dicts()],
            "lines": lines.to_dicts(), "unpriced": drafts.unpriced["text"].to_list()}
    return Answer(data, [shown, *(unpriced if drafts.unpriced.height else []), said])
