"""Living through the demo's months by the real verbs, each in its time.

Every step is a command of its own. What a killed load did is kept; begun again, it passes over the months that are
closed and repeats the last one by the same idempotency keys, so that nothing is done twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import polars as pl

from duly.billing.accounts.actions.entities import set_lock_date
from duly.billing.accounts.queries import accounts_in_book, actor
from duly.billing.agreements.actions.change import change_charge
from duly.billing.audit.queries import done
from duly.billing.audit.seals import seal
from duly.billing.desk.actions import Undelivered, deliver, queue_message
from duly.billing.desk.queries import Letter
from duly.billing.invoicing import actions as invoicing
from duly.billing.invoicing import queries as invoices
from duly.billing.kernel.authority import Actor
from duly.billing.ledger.releasing import release_all
from duly.billing.payments.actions import allocate, receive_many
from duly.billing.payments.receiving import Incoming
from duly.billing.usage.actions import ingest
from duly.billing.work import actions as work
from duly.interfaces.cli import imports, set_up
from duly.interfaces.cli.demo import metered, sheets
from duly.interfaces.cli.demo.payers import Owed, Transfer, transfers
from duly.interfaces.cli.demo.plan import TODAY, Period, Plan, months, workdays
from duly.interfaces.cli.demo.sign_ins import give_passwords

BILLERS: Final = {"HAMBURG": "paul", "BOSTON": "grace"}
REVIEWERS: Final = ("noor", "tobias")
ADMINISTRATOR, LEAD, IMPORTER = "ines", "helene", "paul"
MANAGERS: Final = ("amara", "diego", "lukas", "maeve", "sam")

MID_MONTH: Final = date(2026, 11, 16)
"""The day of the run that is still under way on the demo's last day."""
ON_LEAVE: Final = {"maeve": date(2026, 11, 9)}
"""Who left work of the last month unapproved, from which day on."""
RETURNED: Final = 17
"""Of so many drafts a reviewer sends one back."""
BOUNCES: Final = "@altemole."
"""Mail to this customer bounces in the last month."""

KEY: Final = "demo:"
Write = dict[str, Any]
Said = TypeVar("Said")


@dataclass(frozen=True)
class Demo:
    """The firm while it lives. `until` is the day on which the story stops."""

    plan: Plan
    actors: dict[str, Actor]
    until: date

    def who(self, login: str, on: date, hour: int) -> Write:
        """The arguments that say who acts, and when."""
        return {"actor": self.actors[login], "at": moment(on, hour)}


def moment(on: date, hour: int) -> datetime:
    return datetime.combine(on, time(hour), UTC)


def loaded() -> bool:
    """Whether the whole story is in the books."""
    return done(KEY + _closed(TODAY.replace(day=1), [*BILLERS][-1]))


def load(plan: Plan, lived: Callable[[int], None], until: date = TODAY) -> None:
    """Live from the first month to `until`; `lived(1)` is called after each month. Safe to begin again."""
    for month in months(plan.begins, until):
        if not done(KEY + _closed(month[0], [*BILLERS][-1])):
            set_up.apply(plan.set_up_of(month), actor_login=ADMINISTRATOR, at=moment(month[0], 7))
            demo = Demo(plan, {user.login: actor(user.login) for user in plan.set_up.users}, until)
            _month(demo, month)
        lived(1)


def _month(demo: Demo, month: Period) -> None:
    """A month: what the one before earned is billed, money comes in, people work, the month before is closed."""
    first, last = month[0], min(month[1] - timedelta(days=1), demo.until)
    if first == demo.plan.begins:
        give_passwords(demo.actors[ADMINISTRATOR], [user.login for user in demo.plan.set_up.users], moment(first, 8))
    else:
        _bill_month(demo, ((first - timedelta(days=1)).replace(day=1), first), workdays(first, last))
    for entity, came in _weeks(one for one in transfers(demo.plan, _issued(demo, last)) if first <= one.on <= last):
        _receive(demo, entity, came)
    for one in demo.plan.acceptances:
        if first <= one.on <= last:
            _once(work.accept_milestone, f"{one.agreement}:{one.charge}:{one.on}", **demo.who(LEAD, one.on, 15),
                  on=one.on, agreement=one.agreement, charge=one.charge, share=one.share, evidence=one.evidence)
    for agreement, charge, wanted_on, quantity, on in demo.plan.story["changes"]["list"]:
        if demo.plan.has(agreement) and first <= on <= last:
            _once(change_charge, f"{agreement}:{charge}:{wanted_on}", **demo.who(LEAD, on, 11), on=on,
                  agreement=agreement, charge=charge, wanted_on=wanted_on, quantity=Decimal(quantity), at_once=True)
    if last == TODAY:
        _mid_month(demo, first)
    else:
        _work(demo, first, last, last)
    _close(demo, first, last)


def _close(demo: Demo, first: date, last: date) -> None:
    """What the month before earned of fees billed in advance becomes revenue; then its books are closed."""
    before = first - timedelta(days=1)
    for entity in BILLERS:
        release_all(**demo.who(LEAD, last, 17), on=last, entity=entity, through=before,
                    key=f"{KEY}{first:%Y-%m}:{entity}:released")
        _once(set_lock_date, _closed(first, entity), **demo.who(LEAD, last, 18), entity=entity, lock_date=before)
    seal(**demo.who(LEAD, last, 19))


def _closed(first: date, entity: str) -> str:
    """The idempotency key of the closing with which a month ends."""
    return f"{first:%Y-%m}:{entity}:closed"


def _once(verb: Callable[..., Said], key: str, **arguments: Any) -> Said:
    """Run a verb under an idempotency key of the demo's: done already, it answers what it answered."""
    return verb(key=KEY + key, **arguments)


def _bill_month(demo: Demo, period: Period, days: Sequence[date]) -> None:
    """The run of a month from approval to mail, on the first working days of the next."""
    drafted, reviewed, issued = days[:3]
    _approve(demo, period, drafted)
    reviewer = REVIEWERS[period[0].month % len(REVIEWERS)]
    for entity, biller in BILLERS.items():
        run = _run(demo, entity, biller, period, drafted)
        _submit(demo, biller, _unblocked(_states(demo, run)["draft"]), drafted)
        for place, draft in enumerate(_states(demo, run)["in_review"]):
            if place % RETURNED == period[0].month:
                _send_back(demo, draft, reviewer, biller, reviewed)
        if reviewing := _states(demo, run)["in_review"]:
            invoicing.approve(**demo.who(reviewer, reviewed, 15), on=reviewed, drafts=reviewing)
        if ready := _states(demo, run)["ready"]:
            invoicing.issue(**demo.who(biller, issued, 10), on=issued, drafts=ready)
        _mail(demo, biller, _states(demo, run)["issued"], issued)


def _approve(demo: Demo, period: Period, on: date) -> None:
    """Each account manager approves the work of their book; one who is on leave left some of it."""
    for login in MANAGERS:
        mine = [account.number for account in demo.plan.set_up.accounts
                if account.manager == login and demo.plan.comes[account.number] < period[1]]
        until = min(period[1], ON_LEAVE.get(login, period[1])) if period[1] == MID_MONTH else period[1]
        work.approve(**demo.who(login, on, 9), on=on, accounts=mine, period=(period[0], until))


def _run(demo: Demo, entity: str, biller: str, period: Period, on: date, accounts: Sequence[int] | None = None) -> int:
    """Launch a run for these accounts, or all, and draft it."""
    launched = _once(invoicing.launch, f"{on}:{entity}:run", **demo.who(biller, on, 11), on=on, entity=entity,
                     period_from=period[0], period_to=period[1], accounts=accounts)
    for partition in launched.partitions:
        invoicing.draft_partition(**demo.who(biller, on, 11), partition=partition)
    return launched.run


def _states(demo: Demo, run: int) -> dict[str, list[int]]:
    """The run's documents by state, in the order of their ids."""
    found = invoices.listed(actor=demo.actors[LEAD], on=demo.until, run=run)
    states: dict[str, list[int]] = defaultdict(list)
    for document, state in found.select("id", "state").iter_rows():
        states[state].append(document)
    return states


def _submit(demo: Demo, biller: str, drafts: Sequence[int], on: date) -> None:
    if drafts:
        invoicing.submit(**demo.who(biller, on, 14), on=on, drafts=drafts)


def _unblocked(drafts: Sequence[int], severities: Sequence[str] = ("blocks",)) -> list[int]:
    """The drafts without findings of these severities that hold."""
    found = invoices.findings(drafts).filter(pl.col("severity").is_in(severities) & ~pl.col("waived"))
    return sorted(set(drafts) - set(found["invoice_id"]))


def _send_back(demo: Demo, draft: int, reviewer: str, biller: str, on: date) -> None:
    """A reviewer asks, the biller finds out and submits the draft again."""
    reasons = demo.plan.story["returns"]["reasons"]
    _once(invoicing.return_draft, f"{draft}:returned", **demo.who(reviewer, on, 10), on=on, drafts=[draft],
          reason=reasons[on.month % len(reasons)])
    _once(invoicing.submit, f"{draft}:again", **demo.who(biller, on, 13), on=on, drafts=[draft])


def _mail(demo: Demo, biller: str, documents: Sequence[int], on: date) -> None:
    """Queue the invoices' mail and record how it went. Nothing leaves this computer, and the log says so."""
    queued = _once(queue_message, f"{on}:{biller}:mail", **demo.who(biller, on, 11), on=on, invoices=documents)
    for message in queued.messages:
        deliver(**demo.who(biller, on, 12), on=on, message=message, hand_over=_postbox(on))


def _postbox(on: date) -> Callable[[Letter], str]:
    def hand_over(letter: Letter) -> str:
        person = letter.recipients[0].email
        if on.replace(day=1) == TODAY.replace(day=1) and BOUNCES in person:
            raise Undelivered(f"The demo's own postbox does not know {person}.\n550 5.1.1 User unknown", final=True)
        return "accepted by the demo's own postbox; no mail left this computer"

    return hand_over


def _issued(demo: Demo, on: date) -> list[Owed]:
    columns = ("entity", "account", "number", "currency", "total", "issued_on", "due_on")
    found = invoices.listed(actor=demo.actors[LEAD], on=on, states=("issued",))
    kept = invoices.headers(found["id"].to_list()).select("id", "withheld", "prepaid", "rounding")
    asked = found.join(kept, on="id").with_columns(pl.col("total") - pl.col("prepaid") + pl.col("rounding"))
    return [Owed(*row) for row in asked.select(*columns, "withheld").iter_rows()]


def _weeks(came: Iterable[Transfer]) -> Iterator[tuple[str, list[Transfer]]]:
    """The transfers of each week and entity: what a biller books together from the bank's statement."""
    weeks: dict[tuple[tuple[int, int], str], list[Transfer]] = defaultdict(list)
    for one in came:
        weeks[one.on.isocalendar()[:2], one.entity].append(one)
    for (_, entity), some in sorted(weeks.items()):
        yield entity, some


def _receive(demo: Demo, entity: str, came: Sequence[Transfer]) -> None:
    """Book transfers, with what they pay if they say so; a nameless one waits until someone found out."""
    biller, on = BILLERS[entity], came[-1].on
    received = _once(receive_many, f"{on}:{entity}:received", **demo.who(biller, on, 16), on=on, receipts=[
        Incoming(entity, one.account, one.amount, one.currency, one.on, one.on, one.method, one.reference,
                 allocate=None if one.allocated_on else one.pays) for one in came])
    for one, receipt in zip(came, received.receipts, strict=True):
        if one.allocated_on and one.allocated_on <= demo.until:
            _once(allocate, f"{receipt['number']}:allocated", **demo.who(biller, one.allocated_on, 16),
                  on=one.allocated_on, entity=entity, receipt=receipt["number"], to=one.pays)


def _work(demo: Demo, first: date, last: date, on: date) -> None:
    """The timesheets, expenses and usage of the days from `first` to `last` come in."""
    period, name = (first, last + timedelta(days=1)), f"{first}.csv"
    files = [imports.timesheet_file(f"time-{name}", sheets.timesheet(demo.plan, first, last)),
             imports.expenses_file(f"expenses-{name}", sheets.expenses(demo.plan, first, last))]
    for file in files:
        imports.take_in(file, **demo.who(IMPORTER, on, 8), period=period)
    ingest(**demo.who(IMPORTER, on, 8), name=f"usage-{name}", events=metered.used(demo.plan, first, last))
    for came_on, event in metered.slips(demo.plan, first, last):
        ingest(**demo.who(IMPORTER, came_on, 20), name=f"usage-{came_on}.csv", events=event)


def _mid_month(demo: Demo, first: date) -> None:
    """The last month so far: its mid-month run has drafts in every state, its last days wait for approval.

    Only drafts without findings were submitted. Half of these are approved, one was sent back, the rest is in review.
    """
    _work(demo, first, MID_MONTH - timedelta(days=1), MID_MONTH)
    _approve(demo, (first, MID_MONTH), MID_MONTH)
    submitted, decided = MID_MONTH + timedelta(days=1), MID_MONTH + timedelta(days=2)
    numbers = demo.plan.story["mid_month"]["accounts"]
    for entity, biller in BILLERS.items():
        accounts = accounts_in_book(demo.actors[biller], "bill", numbers, MID_MONTH)
        run = _run(demo, entity, biller, (first, MID_MONTH), MID_MONTH, [one.pk for one in accounts.values()])
        _submit(demo, biller, _unblocked(_states(demo, run)["draft"], ("blocks", "warns")), submitted)
        reviewing = _states(demo, run)["in_review"]
        approved, [returned, *_] = reviewing[: len(reviewing) // 2], reviewing[len(reviewing) // 2 :]
        reasons = demo.plan.story["returns"]["reasons"]
        invoicing.approve(**demo.who(REVIEWERS[0], decided, 15), on=decided, drafts=approved)
        invoicing.return_draft(**demo.who(REVIEWERS[1], decided, 16), on=decided, drafts=[returned], reason=reasons[0])
    _work(demo, MID_MONTH, TODAY - timedelta(days=1), TODAY)
