"""What stands between drafting and issue: list, check, waive, review, discard."""

import click
import polars as pl
from rich.table import Table

from duly.billing.invoicing import actions, queries
from duly.interfaces.cli.commands.selection import chosen, meant, selects
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, App, Door, command
from duly.interfaces.cli.show import amount, table

OPEN_STATES = ("draft", "in_review", "client_check", "ready")
REVIEWED_STATES = ("in_review", "client_check", "ready")


@command("drafts", takes=("as", "on"), example="duly drafts --entity KASTANIE --as lena")
@selects
def drafts(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """List the drafts in your book: what is not issued yet, with its state and total."""
    found = chosen(door, door.actor(), OPEN_STATES, ids, run, entity)
    return Answer(found.to_dicts(), [draft_table(found)] if found.height else ["There are no drafts."])


@command("check", takes=("as", "on"), example="duly check --run 1 --as lena")
@selects
def check(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Run every named check over drafts and list what it found. Exit code 1 while something blocks."""
    actor = door.actor()
    found = chosen(door, actor, OPEN_STATES, ids, run, entity)
    if found.is_empty():
        return Answer({"drafts": 0, "findings": []}, ["There are no drafts to check."])
    counts = actions.check(actor=actor, at=door.at, on=door.on, drafts=found["id"].to_list())
    findings = queries.findings(found["id"].to_list())
    shown = [table(("Draft", "Severity", "Check", "Path", "Finding"), findings.with_columns(
        pl.when("waived").then(pl.format("{} (waived)", "severity")).otherwise("severity").alias("severity"),
    ).select("invoice_id", "severity", "check_name", "path", "text").rows())] if findings.height else []
    blocking = counts.blocks - counts.waived
    said = f"{counts.drafts} drafts checked: {blocking} block, {counts.warns} warn, {counts.notes} note"
    waived = f"; {counts.waived} waived." if counts.waived else "."
    data = {"drafts": counts.drafts, "blocking": blocking, "findings": findings.to_dicts()}
    return Answer(data, [*shown, said + waived], FINDINGS if blocking else DONE)


@command("waive", takes=("as", "on", "key"),
         example='duly waive 12 purchase_order_missing --reason "Order 4711 follows by mail" --as lena')
@click.argument("draft", type=int)
@click.argument("check_name", metavar="CHECK")
@click.option("--reason", required=True, help="Why the finding does not matter here; it is kept.")
@click.option("--path", help="Only the finding at this path.")
def waive(door: Door, draft: int, check_name: str, reason: str, path: str | None) -> Answer:
    """Set a blocking finding of a draft aside, with a reason. Needs the right “waive”."""
    waived = door.act(actions.waive, door.actor(), on=door.on, draft=draft, check_name=check_name,
                            reason=reason, path=path)
    return Answer({"draft": draft, "waived": waived}, [f"{waived} findings of {check_name} waived on draft {draft}."])


@click.group(cls=App)
def review() -> None:
    """Submit drafts for review, approve or return them, confirm or question them for the client, reopen them."""


@command("submit", takes=("as", "on", "key"), example="duly review submit --run 1 --as lena")
@selects
def submit(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Submit drafts for the review that their agreements demand; those that need none are ready at once."""
    actor = door.actor()
    found = meant(door, actor, ("draft",), ids, run, entity)["id"].to_list()
    waiting = door.act(actions.submit, actor, on=door.on, drafts=found)
    said = f"{len(found)} drafts submitted: {waiting} wait for review, {len(found) - waiting} are ready to issue."
    return Answer({"submitted": len(found), "waiting": waiting}, [said])


@command("approve", takes=("as", "on", "key"), example="duly review approve 12 14 --as jonas")
@selects
def approve(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Approve drafts as a second person. Whoever created, launched or edited a draft cannot approve it."""
    actor = door.actor()
    found = meant(door, actor, ("in_review",), ids, run, entity)["id"].to_list()
    ready = door.act(actions.approve, actor, on=door.on, drafts=found)
    said = f"{len(found)} drafts approved: {ready} are ready to issue, {len(found) - ready} wait for the client."
    return Answer({"approved": len(found), "ready": ready}, [said])


@command("return", takes=("as", "on", "key"), example='duly review return 12 --reason "Rate of March" --as jonas')
@selects
@click.option("--reason", required=True, help="What should change; the author reads it.")
def return_(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None, reason: str) -> Answer:
    """Return drafts to their author with a reason."""
    actor = door.actor()
    found = meant(door, actor, ("in_review",), ids, run, entity)["id"].to_list()
    count = door.act(actions.return_draft, actor, on=door.on, drafts=found, reason=reason)
    return Answer({"returned": count}, [f"{count} drafts returned."])


@command("confirm", takes=("as", "on", "key"), example="duly review confirm 12 --as client")
@selects
def confirm(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Confirm drafts as the client."""
    actor = door.actor()
    found = meant(door, actor, ("client_check",), ids, run, entity)["id"].to_list()
    ready = door.act(actions.confirm, actor, on=door.on, drafts=found)
    return Answer({"confirmed": ready}, [f"{ready} drafts confirmed; they are ready to issue."])


@command("question", takes=("as", "on", "key"),
         example='duly review question 12 --reason "Two trips were one" --as client')
@selects
@click.option("--reason", required=True, help="What should change; the author reads it.")
def question(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None, reason: str) -> Answer:
    """Send drafts back to their author as the client, with a reason. They need their whole review again."""
    actor = door.actor()
    found = meant(door, actor, ("client_check",), ids, run, entity)["id"].to_list()
    count = door.act(actions.question, actor, on=door.on, drafts=found, reason=reason)
    return Answer({"questioned": count}, [f"{count} drafts sent back to their author."])


@command("reopen", takes=("as", "on", "key"), example='duly review reopen 12 --reason "The client moved" --as lena')
@selects
@click.option("--reason", required=True, help="Why they go back; it is kept.")
def reopen(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None, reason: str) -> Answer:
    """Take drafts that are under review or ready back to draft. They need their whole review again."""
    actor = door.actor()
    found = meant(door, actor, REVIEWED_STATES, ids, run, entity)["id"].to_list()
    count = door.act(actions.reopen, actor, on=door.on, drafts=found, reason=reason)
    return Answer({"reopened": count}, [f"{count} drafts reopened; submit them again for review."])


for made in (submit, approve, return_, confirm, question, reopen):
    review.add_command(made)


@command("discard", takes=("as", "on", "key"), example="duly discard 12 --as lena")
@selects
def discard(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Throw drafts away, also those under review or ready. Their work is free again, for the next bill run."""
    actor = door.actor()
    found = meant(door, actor, OPEN_STATES, ids, run, entity)["id"].to_list()
    count = door.act(actions.discard, actor, on=door.on, drafts=found)
    return Answer({"discarded": count}, [f"{count} drafts discarded; their work can be billed again."])


def draft_table(found: pl.DataFrame) -> Table:
    """Drafts as people read them."""
    return table(("Draft", "Account", "Name", "Service", "State", ">Net", ">Tax", ">Total"), (
        (row["id"], row["account"], row["account_name"], f"{row['service_from']} – {row['service_to']}",
         row["state"].replace("_", " "), amount(row["net"]), amount(row["tax"]), amount(row["total"], row["currency"]))
        for row in found.to_dicts()
    ))
