"""Issue drafts, and list what was issued."""

import click
import polars as pl
from rich.table import Table

from duly.billing.invoicing import actions, queries
from duly.interfaces.cli.commands.selection import meant, selects
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command
from duly.interfaces.cli.show import amount, table

ISSUABLE = ("draft", "ready")


@command("issue", takes=("as", "on", "key"), example="duly issue --run 1 --on 2026-11-02 --as lena")
@selects
def issue(door: Door, ids: tuple[int, ...], run: int | None, entity: str | None) -> Answer:
    """Give drafts their numbers, freeze and post them. Exit code 1 when some could not be issued."""
    actor = door.actor()
    drafts = meant(door, actor, ISSUABLE, ids, run, entity)["id"].to_list()
    numbers: dict[str, str] = {}
    skipped: list[list[str]] = []
    with door.progress("Issuing", len(drafts)) as move_on:
        chunks = actions.issue_in_chunks(actor=actor, at=door.at, on=door.on, drafts=drafts, key=door.key)
        for issued in chunks:
            numbers |= issued.numbers
            skipped += issued.skipped
            move_on(len(issued.numbers) + len(issued.skipped))
    found = queries.listed(actor=actor, on=door.on, ids=[int(draft) for draft in numbers]) if numbers else None
    shown = [invoice_table(found)] if found is not None else []
    left = [table(("Draft", "Not issued because"), skipped)] if skipped else []
    said = f"{len(numbers)} issued on {door.on}, {len(skipped)} not."
    return Answer({"on": door.on, "numbers": numbers, "skipped": [{"draft": int(draft), "reason": reason}
                   for draft, reason in skipped]}, [*shown, *left, said], FINDINGS if skipped else DONE)


@command("invoices", takes=("as", "on"), example="duly invoices --entity KASTANIE --open --as lena")
@click.option("--entity", metavar="CODE", help="Those of one legal entity.")
@click.option("--open", "only_open", is_flag=True, help="Only those that still owe something.")
def invoices(door: Door, entity: str | None, only_open: bool) -> Answer:
    """List the issued documents in your book, with what each still owes."""
    found = queries.listed(actor=door.actor(), on=door.on, entity=entity, states=("issued",))
    if only_open:
        found = found.filter(pl.col("balance") != 0)
    return Answer(found.to_dicts(), [invoice_table(found)] if found.height else ["There are no invoices."])


def invoice_table(found: pl.DataFrame) -> Table:
    """Issued documents as people read them."""
    return table(("Number", "Account", "Name", "Issued", "Due", ">Net", ">Tax", ">Total", ">Open"), (
        (row["number"], row["account"], row["account_name"], row["issued_on"], row["due_on"], amount(row["net"]),
         amount(row["tax"]), amount(row["total"], row["currency"]), amount(row["balance"]))
        for row in found.to_dicts()
    ))
