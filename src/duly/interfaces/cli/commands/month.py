"""A whole month in one command: set-up file and work files in, issued documents out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from duly.billing.invoicing import actions, queries
from duly.billing.invoicing.documents import documents
from duly.billing.kernel.authority import ROLE_RIGHTS, Actor
from duly.billing.work.actions import accept_milestone, approve
from duly.billing.work.rows import Imported
from duly.billing.work.value import Difference, own_amount_differences
from duly.formats.cells import DATE_ORDERS
from duly.formats.setup_file import SetUp
from duly.interfaces.cli import imports, set_up
from duly.interfaces.cli.commands.billing import drafted
from duly.interfaces.cli.commands.delivering import drawn
from duly.interfaces.cli.commands.drafts import OPEN_STATES
from duly.interfaces.cli.commands.importing import difference_table
from duly.interfaces.cli.commands.issuing import invoice_table
from duly.interfaces.cli.commands.options import EXISTING, PeriodOf
from duly.interfaces.cli.commands.setting_up import report_table
from duly.interfaces.cli.commands.work import waiting_accounts
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import DONE, FINDINGS, Answer, Door, command
from duly.interfaces.cli.imports import WorkFile
from duly.interfaces.cli.set_up import Report
from duly.interfaces.cli.show import Shown, hours, table

BILLER: Final = frozenset({"work", "approve_work", "bill"})
"""The rights that a month's work needs, beside the sensitive right to issue."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone that the client accepted, and what shows it."""

    agreement: str
    charge: str
    on: date
    evidence: str


@dataclass(frozen=True, slots=True)
class Came:
    """A file of work as it came in, and where its own amounts differ from our agreements."""

    file: WorkFile
    imported: Imported
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Month:
    """What a month came to. Seconds are of time: billable in the files, and those of them on drafts and documents."""

    user: str
    set_up: Report
    came: list[Came]
    billable_seconds: int
    billed_seconds: int
    invoices: pl.DataFrame
    held_back: list[tuple[str, str]]
    files: list[Path]

    @property
    def hours_agree(self) -> bool:
        return self.billable_seconds == self.billed_seconds

    @property
    def code(self) -> int:
        return DONE if self.hours_agree and not self.held_back else FINDINGS


@command(
    "bill-month", takes=("as", "on"),
    example="duly bill-month --set-up my-firm.toml --period 2026-10 --timesheet october.csv --out invoices",
)
@click.option("--set-up", "set_up_file", required=True, type=EXISTING, help="The firm's set-up file.")
@click.option("--period", required=True, type=PeriodOf(), help="The month, such as 2026-10.")
@click.option("--timesheet", "timesheets", multiple=True, type=EXISTING, help="An exported timesheet; repeatable.")
@click.option("--expenses", "expenses", multiple=True, type=EXISTING, help="A CSV of expenses; repeatable.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the PDFs go.")
@click.option("--keep-good", is_flag=True, help="Take in the good rows and keep the others as rejected.")
@click.option("--date-order", type=click.Choice(list(DATE_ORDERS)), help="What 10/11/2026 means.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes at once.")
def bill_month(door: Door, set_up_file: Path, period: tuple[date, date], timesheets: Sequence[Path],
               expenses: Sequence[Path], out: Path, keep_good: bool, date_order: str | None,
               workers: int) -> Answer:
    """Go from an empty data folder to issued PDFs: set up, import, approve, bill, check, issue, draw.

    Where an agreement demands a review it stops there and says so: write review = "none" into the set-up file to
    issue without one. Safe to run again: it goes on where it stopped. Exit code 1 when something was held back.
    """
    work = [imports.timesheet_file(path.name, path.read_bytes(), date_order=date_order) for path in timesheets]
    work += [imports.expenses_file(path.name, path.read_bytes(), date_order=date_order) for path in expenses]
    month = run_month(door, set_up_file, work, period, out, keep_good=keep_good, workers=workers)
    return Answer(month_data(month), month_shown(month, out), month.code)


def run_month(door: Door, set_up_file: Path, work: Sequence[WorkFile], period: tuple[date, date], out: Path, *,
              milestones: Sequence[Milestone] = (), keep_good: bool = False, workers: int = 1) -> Month:
    """Every step of a month, each committed by itself, so that a second call goes on where the first was stopped."""
    described, pictures = set_up.load(set_up_file)
    report = set_up.apply(described, actor_login=_administrator(described), at=door.at, pictures=pictures)
    door = replace(door, user=door.user or biller(described))
    actor = door.actor()
    entities = [entity.code for entity in described.entities]
    came = [_take_in(door, actor, file, period, keep_good) for file in work]
    for one in milestones:
        accept_milestone(actor=actor, at=door.at, on=one.on, agreement=one.agreement, charge=one.charge,
                         evidence=one.evidence, key=f"accept:{one.agreement}:{one.charge}")  # type: ignore[call-arg]
    last_day = period[1] - timedelta(days=1)
    if waiting := waiting_accounts(actor, entities, last_day):
        approve(actor=actor, at=door.at, on=door.on, accounts=waiting, period=period)
    held_back: list[tuple[str, str]] = []
    for code in entities:
        scope: dict[str, Any] = {"entity": code, "period_from": period[0], "period_to": period[1]}
        launched = actions.launch(actor=actor, at=door.at, on=door.on, **scope)
        run = drafted(door, actor, launched.run, launched.partitions, workers)
        held_back += [("work on no draft", reason) for reason in run.unpriced]
    held_back += [part for code in entities for part in _issue(door, actor, code, period)]
    invoices = _invoices(door, actor, entities, period)
    files = drawn(door, list(invoices.select("number", "id").iter_rows()), documents, out).data["files"]
    billable = sum(one.imported.seconds["billable"] for one in came)
    billed = queries.billed_seconds([one.imported.batch for one in came])
    return Month(actor.login, report, came, billable, billed, invoices, held_back, files)


def _administrator(described: SetUp) -> str | None:
    """The file's first administrator, who loads it."""
    administrators = (user.login for user in described.users if user.active and ("administrator", "all") in user.roles)
    return next(administrators, None)


def biller(described: SetUp) -> str:
    """The first user of the file who may do a month's work and issue; raises `BadInput` when there is none."""
    for user in described.users:
        everywhere = frozenset().union(*(ROLE_RIGHTS[role] for role, scope in user.roles if scope == "all"))
        if user.active and "issue" in user.rights and everywhere >= BILLER:
            return user.login
    raise BadInput("Nobody in the set-up file may bill and issue.",
                   'Give one of [[users]] roles = ["biller"] and rights = ["issue"].')


def _take_in(door: Door, actor: Actor, file: WorkFile, period: tuple[date, date], keep_good: bool) -> Came:
    imported = imports.take_in(file, actor=actor, at=door.at, period=period, keep_good=keep_good)
    return Came(file, imported, own_amount_differences(actor=actor, batch=imported.batch, on=door.on))


def _issue(door: Door, actor: Actor, entity: str, period: tuple[date, date]) -> list[tuple[str, str]]:
    """Submit the month's drafts that need a review, issue the others; what is held back, with the reason.

    The month's drafts are those of the bill runs for this entity and period; any other draft is left alone.
    """
    drafts = queries.listed(actor=actor, on=door.on, entity=entity, states=OPEN_STATES)
    drafts = drafts.filter(pl.col("run_id").is_in(queries.runs_of(entity, *period)))
    if drafts.is_empty():
        return []
    ids = drafts["id"].to_list()
    reviews = queries.headers(ids).select("id", "review", "state")
    blocked = queries.findings(ids).filter((pl.col("severity") == "blocks") & ~pl.col("waived"))["invoice_id"]
    demanded = reviews.filter((pl.col("review") != "none") & (pl.col("state") == "draft"))["id"]
    if to_review := sorted(set(demanded) - set(blocked)):
        actions.submit(actor=actor, at=door.at, on=door.on, drafts=to_review)
    skipped = [one for part in actions.issue_in_chunks(actor=actor, at=door.at, on=door.on, drafts=ids)
               for one in part.skipped]
    names = dict(drafts.select("id", "account_name").iter_rows())
    return [(f"draft {draft}, {names[int(draft)]}", reason) for draft, reason in skipped]


def _invoices(door: Door, actor: Actor, entities: Sequence[str], period: tuple[date, date]) -> pl.DataFrame:
    """The issued documents with services in the period."""
    found = queries.listed(actor=actor, on=door.on, states=("issued",))
    within = (pl.col("service_from") < pl.lit(period[1])) & (pl.col("service_to") >= pl.lit(period[0]))
    return found.filter(pl.col("entity").is_in(list(entities)) & within)


def month_data(month: Month) -> dict[str, Any]:
    """A month for machines."""
    return {
        "user": month.user,
        "set_up": month.set_up,
        "imports": [{"file": one.file.name, "layout": one.file.layout, **asdict(one.imported),
                     "differences": one.differences} for one in month.came],
        "hours": {"billable": month.billable_seconds, "billed": month.billed_seconds, "agree": month.hours_agree},
        "issued": month.invoices.to_dicts(),
        "held_back": [{"what": what, "reason": reason} for what, reason in month.held_back],
        "files": month.files,
    }


def month_shown(month: Month, out: Path) -> list[Shown]:
    """A month for people."""
    parts: list[Shown] = report_table(month.set_up)
    for one in month.came:
        parts += ["", *imports.shown(one.file, one.imported), partition(one.file.name, one.imported)]
        parts += difference_table(one.file.name, one.differences)
    sign = "=" if month.hours_agree else "≠"
    billable, billed = hours(month.billable_seconds), hours(month.billed_seconds)
    parts += ["", f"Hours: {billable} billable in the files {sign} {billed} on drafts and invoices."]
    if not month.hours_agree:
        parts += ["The difference is work that is on no draft: see `duly unbilled`."]
    if month.invoices.height:
        parts += ["", invoice_table(month.invoices)]
    if month.held_back:
        parts += ["", table(("Not issued", "Because"), month.held_back)]
    return [*parts, "", f"{len(month.files)} documents in {out}."]


def partition(name: str, imported: Imported) -> str:
    """The rows of a file by outcome, as the sum that they are."""
    sums = " + ".join(f"{imported.outcomes[key]} {title}" for key, title in imports.TITLES.items())
    return f"{name}: {imported.rows} rows = {sums}"
