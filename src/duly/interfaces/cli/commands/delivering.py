"""Draw documents, send them, run the jobs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
import polars as pl

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.desk.actions import queue_message
from duly.billing.desk.messages import messages as messages_of
from duly.billing.desk.models import MESSAGE_STATES
from duly.billing.invoicing.documents import documents as documents_of
from duly.billing.payments.documents import receipts as receipts_of
from duly.billing.payments.queries import receipt_on_account
from duly.engine.document import Document
from duly.interfaces.cli.commands.drafts import OPEN_STATES
from duly.interfaces.cli.commands.selection import chosen, issued
from duly.interfaces.cli.drawing import draw
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command
from duly.interfaces.cli.show import Shown, table

CHUNK = 200
"""How many documents are read at once."""

NUMBERS = click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
RUN = click.option("--run", type=int, metavar="RUN", help="Those of one bill run.")
ENTITY = click.option("--entity", metavar="CODE", help="Those of one legal entity.")


@command("documents", takes=("as", "on"), example="duly documents --run 1 --out invoices --as lena")
@NUMBERS
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write.")
@RUN
@ENTITY
@click.option("--drafts", is_flag=True, help="Drafts too, marked as such.")
@click.option("--receipt", "receipts", multiple=True, metavar="NUMBER", help="This receipt of --entity; repeatable.")
def documents(door: Door, numbers: Sequence[str], out: Path, run: int | None, entity: str | None, drafts: bool,
              receipts: Sequence[str]) -> Answer:
    """Draw documents as PDF/A, one file each, named by its number. All that you may see unless you name some."""
    actor = door.actor()
    if receipts:
        if entity is None:
            raise click.UsageError("A receipt's number is its entity's: name it by --entity.")
        ids = [receipt_on_account(actor, entity_of(entity).pk, number, door.on).receipt_id for number in receipts]
        return drawn(door, list(zip(receipts, ids, strict=True)), receipts_of, out)
    found = issued(door, actor, numbers, run, entity)
    named = list(found.select("number", "id").iter_rows())
    if drafts:
        ids = chosen(door, actor, OPEN_STATES, (), run, entity)["id"].to_list()
        named += [(f"draft-{id_}", id_) for id_ in ids]
    return drawn(door, named, documents_of, out)


Read = Callable[[Sequence[int]], Sequence[Document]]


def drawn(door: Door, named: Sequence[tuple[str, int]], read: Read, out: Path) -> Answer:
    """Draw the documents of these names and ids into the folder."""
    with door.progress("Drawing", len(named)) as move_on:
        paths = draw(_read(named, read), out, move_on)
    return Answer({"files": paths}, [f"{len(paths)} documents in {out}."])


def _read(named: Sequence[tuple[str, int]], read: Read) -> Iterator[tuple[str, Document]]:
    parts = (named[start : start + CHUNK] for start in range(0, len(named), CHUNK))
    return chain.from_iterable(zip([name for name, _ in part], read([id_ for _, id_ in part]), strict=True)
                               for part in parts)


@command("send", takes=("as", "on", "key"), example="duly send --run 1 --now --as lena")
@NUMBERS
@RUN
@ENTITY
@click.option("--now", is_flag=True, help="Run the jobs too, rather than leave them to a worker.")
def send(door: Door, numbers: Sequence[str], run: int | None, entity: str | None, now: bool) -> Answer:
    """Queue a mail for each invoice to the account's billing contacts, its PDF attached."""
    if not (numbers or run or entity):
        raise click.UsageError("Say which invoices: their numbers, --run RUN or --entity CODE.")
    actor = door.actor()
    ids = issued(door, actor, numbers, run, entity)["id"].to_list()
    queued = door.act(queue_message, actor, on=door.on, invoices=ids)
    said = f"{len(queued.messages)} mails queued; {len(queued.already)} were queued or sent before."
    if not now:
        return Answer(queued, [said, *(["`duly worker --drain` sends them."] if queued.messages else [])])
    door.wiring.work(concurrency=1, wait=False)
    states = messages_of(actor=actor, on=door.on, ids=queued.messages)
    unsent = states.filter(pl.col("state") != "sent")
    told = f"{states.height - unsent.height} sent, {unsent.height} not."
    data = {"messages": states.to_dicts(), "already": queued.already}
    return Answer(data, [said, told, *(message_table(unsent) if unsent.height else [])],
                  FINDINGS if unsent.height else DONE)


@command("messages", takes=("as", "on"), example="duly messages --state failed --as lena")
@click.option("--state", "states", multiple=True, type=click.Choice(MESSAGE_STATES), help="Only these; repeatable.")
def messages(door: Door, states: Sequence[str]) -> Answer:
    """List the mails in the outbox with their delivery state."""
    found = messages_of(actor=door.actor(), on=door.on, states=states or None)
    return Answer(found.to_dicts(), message_table(found) if found.height else ["There are no messages."])


def message_table(found: pl.DataFrame) -> list[Shown]:
    """Messages as people read them."""
    columns = ("Message", "State", "Document", "To", ">Tries", "Last answer")
    rows = found.select("id", "state", "document", "recipients", "tries", "answer").rows()
    return [table(columns, rows)]


@command("worker", example="duly worker --drain")
@click.option("--drain", is_flag=True, help="Leave when no job is ready, rather than wait for more.")
@click.option("--concurrency", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs at once.")
def worker(door: Door, drain: bool, concurrency: int) -> Answer:
    """Run the jobs: mail, seals, bill runs in the background. Ctrl-C or SIGTERM ends it after the job under way."""
    left = door.wiring.work(concurrency=concurrency, wait=not drain)
    said = f"{left.ready} jobs are ready, {left.waiting} wait for their time, {left.failed} failed for good."
    return Answer(left, [said], FINDINGS if left.failed else DONE)
