"""Usage: take events in, show what was used, decide about events that came again otherwise."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from duly.billing.kernel.listing import Query
from duly.billing.usage import actions, lists, showing
from duly.billing.usage.actions import Ingested
from duly.billing.usage.sorting import BadRow
from duly.formats.usage_events import scan_events
from duly.interfaces.cli.commands.options import EXISTING, PeriodOf
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, App, Door, command
from duly.interfaces.cli.imports import listed
from duly.interfaces.cli.show import Shown, table
from duly.interfaces.kit import rating
from duly.interfaces.kit.usage import take_in_file

PERIOD = click.option("--period", type=PeriodOf(), required=True, help="Which period, such as 2026-10.")


@click.group(cls=App)
def usage() -> None:
    """Take usage events in, show what was used, decide about events that came again otherwise."""


@command("import", takes=("as",), example="duly usage import october.csv --preview --as lena")
@click.argument("file", type=EXISTING)
@click.option("--preview", is_flag=True, help="Say how the rows would come out, and store nothing.")
@click.option("--keep-good", is_flag=True, help="Take in the good rows and tell the others.")
def import_(door: Door, file: Path, preview: bool, keep_good: bool) -> Answer:
    """Import usage events from CSV or Parquet, of any size. The same event twice counts once."""
    done = take_in_file(file, name=file.name, actor=door.actor(), at=door.at, keep_good=keep_good, preview=preview)
    return Answer(done, [*_came_out(file.name, done, preview)], FINDINGS if done.rejected or done.findings else DONE)


def _came_out(name: str, done: Ingested, preview: bool) -> list[Shown]:
    lines = (("new", done.new), ("sent before, the same", done.again), ("sent before, otherwise", done.findings),
             ("cannot be taken in", done.rejected), ("= the file", done.rows))
    bad = [str(BadRow(**row).problem()) for row in done.bad]
    parts: list[Shown] = [table(("Outcome", ">Rows"), lines, title=name), *listed("Kept out:", bad)]
    if preview:
        parts.append("A preview: nothing was stored.")
    elif done.findings:
        parts.append("What was sent otherwise waits for a decision: duly usage findings.")
    return parts


@command("show", takes=("as", "on"), example="duly usage show --period 2026-10 --agreement NORD-26 --as lena")
@PERIOD
@click.option("--agreement", "agreements", multiple=True, metavar="NUMBER", help="Of this agreement; repeatable.")
@click.option("--metric", "metrics", multiple=True, metavar="CODE", help="Of this metric; repeatable.")
def show(door: Door, period: tuple[date, date], agreements: Sequence[str], metrics: Sequence[str]) -> Answer:
    """Show what was used in a period, by agreement, metric and group."""
    found = showing.shown(actor=door.actor(), on=door.on, periods=[period], agreements=agreements, metrics=metrics)
    return _shown(found, f"Usage from {period[0]} to {period[1]} (exclusive)")


@command("rate", takes=("as",), example="duly usage rate events-*.parquet --period 2026-10 --as lena")
@click.argument("files", type=EXISTING, nargs=-1, required=True)
@PERIOD
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False),
              help="Measure it in buckets, by workers that all see this new folder; then: duly usage rated FOLDER.")
@click.option("--buckets", type=int, default=16, show_default=True, help="How many, with --folder.")
def rate(door: Door, files: Sequence[Path], period: tuple[date, date], folder: Path | None, buckets: int) -> Answer:
    """Say what events in Parquet files make of a period, where they lie: nothing is imported."""
    if folder is None:
        found = showing.of_files(actor=door.actor(), at=door.at, events=scan_events(files), period=period)
        return _shown(found, f"Usage from {period[0]} to {period[1]} (exclusive)")
    plan = rating.plan(folder, files, actor=door.actor(), at=door.at, period=period, buckets=buckets)
    jobs = actions.rate_in_background(actor=door.actor(), at=door.at, folder=str(folder.resolve()),
                                      buckets=plan.buckets)
    return Answer({"folder": folder, "buckets": jobs}, [
        f"Workers measure {jobs} buckets: duly worker. Then: duly usage rated {folder}"])


@command("rated", takes=("as",), example="duly usage rated october --as lena")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--measure", is_flag=True, help="Measure here what no worker has measured yet.")
def rated(door: Door, folder: Path, measure: bool) -> Answer:
    """Show what a rating in buckets came to: the same as if all events had been read at once."""
    door.actor()
    for bucket in rating.missing(folder) if measure else ():
        rating.measure(folder, bucket)
    return _shown(rating.collected(folder), f"Usage of {len(rating.read_plan(folder).files)} files")


def _shown(found: showing.Shown, title: str) -> Answer:
    rows: list[dict[str, Any]] = found.rows
    columns = ("Agreement", "Metric", "Group", ">Quantity", ">Events")
    shown = table(columns, ((row["agreement"], row["metric"], "" if row["group"] == "{}" else row["group"],
                             f"{row['quantity'].normalize():f}", row["events"]) for row in rows),
                  title=title)
    said = [f"{found.findings} events wait for a decision: duly usage findings."] if found.findings else []
    return Answer(found, [shown if rows else "Nothing was used.", *said, f"Digest {found.digest}"])


@command("findings", takes=("as", "on"), example="duly usage findings --as lena")
@click.option("--all", "every", is_flag=True, help="Those that are decided, too.")
def findings(door: Door, every: bool) -> Answer:
    """List events that came again at another time or with other content, and do not count."""
    query = Query({} if every else {"state": "waiting"}, "received")
    found = list(lists.every_finding(actor=door.actor(), on=door.on, query=query))
    return Answer({"findings": found}, [_findings(found) if found else "Nothing waits for a decision."],
                  FINDINGS if any(one["state"] == "waiting" for one in found) else DONE)


def _findings(found: Sequence[dict[str, Any]]) -> Table:
    columns = (">Number", "Agreement", "Metric", "Source", "Event", "At", ">Quantity", "What differs", "State")
    return table(columns, ((one["id"], one["agreement"], one["metric"], one["source"], one["event_id"],
                            one["at"].isoformat(), f"{one['quantity']:f}", one["differs"], one["state"])
                           for one in found))


@command("decide", takes=("as", "key"), example='duly usage decide 17 18 --ignore --reason "Sent twice" --as lena')
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.option("--count", "decision", flag_value="count", help="Count each as an event of its own.")
@click.option("--ignore", "decision", flag_value="ignore", help="Leave it as it is: it does not count.")
@click.option("--reason", required=True, help="Why; it is kept.")
def decide(door: Door, numbers: Sequence[int], decision: str | None, reason: str) -> Answer:
    """Decide findings, once and for all."""
    if decision is None:
        raise click.UsageError("Say --count or --ignore.")
    done = door.act(actions.decide, door.actor(), findings=list(numbers), decision=decision, reason=reason)
    return Answer(done, [f"{done.findings} decided; {done.counted} events count because of it."])


for made in (import_, show, findings, decide, rate, rated):
    usage.add_command(made)
