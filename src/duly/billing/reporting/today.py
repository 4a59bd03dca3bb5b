"""What waits for someone today: each task with its reason in plain words, its amount and age, and the page to go to.

A kind of task is one query over the accounts that the actor may see, in the order of its weight; only kinds that the
actor's rights let them settle are read. To add one, copy a neighbour in `tasks.py`. What a firm does before there is
anything to wait is in `first_steps.py`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.reporting.scope import values
from duly.billing.reporting.tasks import KINDS, UNBILLED, Kind

ROWS: Final = 5
"""Tasks shown of each kind; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `days` is how long it has waited, or until it is due where negative, `since` the day that they
    are counted from; amounts as they are.

    `page` and `subject` name where one step settles it: a page of the staff app, and the id or number it is of.
    `covers` is whose account it is, where the actor covers it; else empty.
    """

    kind: str
    page: str
    subject: str
    title: str
    account: str
    account_name: str
    why: str
    amount: Decimal | None
    currency: str
    since: date
    days: int
    act: str
    covers: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks of a kind: how many, and the heaviest of them. `page` and `filters` open the list of all."""

    kind: str
    name: str
    count: int
    tasks: tuple[Task, ...]
    page: str
    filters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Today:
    """All that waits, the most pressing kind first; `count` is the sum of the counts."""

    kinds: tuple[Waiting, ...]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.kinds)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task shown, in order."""
        return tuple(task for each in self.kinds for task in each.tasks)


COVERED: Final = """select a.number, u.name from account a join app_user u on u.id = a.manager_id
    where a.cover_id = %(user)s and %(on)s::date between a.cover_from and a.cover_until"""


def today(*, actor: Actor, on: date, mine: bool = False, rows: int = ROWS) -> Today:
    """What waits for the actor on a day, over the accounts they may see (`mine`: their own book).

    One query per kind of task that they may settle, at most `len(KINDS)`, and one for whom they cover. Raises
    `Forbidden` without the right to read.
    """
    scope = {**values(actor, on, mine=mine), "login": actor.login, "rows": rows}
    covered = dict(frames.rows(COVERED, scope))
    found = [_waiting(kind, scope, on, covered) for kind in KINDS if actor.may(kind.right)]
    return Today(tuple(each for each in found if each.count))


def unbilled(*, actor: Actor, on: date, mine: bool = False, rows: int = ROWS) -> Waiting:
    """Accounts with approved work of months that are over that stands on no document, the oldest first.

    A task is of an entity and an account that pays, `subject` the entity's code. Work to approve is said
    apart. For pages that ask for it by itself: its cost grows with all work there is. Raises `Forbidden` as `today`.
    """
    scope = {**values(actor, on, mine=mine), "rows": rows}
    return _waiting(UNBILLED, scope, on, dict(frames.rows(COVERED, scope)))


def _waiting(kind: Kind, scope: dict[str, object], on: date, covered: dict[str, str]) -> Waiting:
    found = frames.rows(kind.query(bool(scope["everywhere"])), scope)
    tasks = tuple(Task(kind.key, kind.page, str(subject), title, account, name,
                       kind.why(detail, (on - since).days), amount, currency, since, (on - since).days, kind.act,
                       covered.get(account, ""))
                  for subject, title, account, name, detail, amount, currency, since, _ in found)
    return Waiting(kind.key, kind.name, found[0][-1] if found else 0, tasks, kind.list, dict(kind.filters))
