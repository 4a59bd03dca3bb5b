"""One work item or milestone as its page shows it, and what a person may choose from when they record work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Query
from duly.billing.work.lists import LIVE, STATE, milestones
from duly.billing.work.receipts import Kept, receipts

CHOICES: Final = 500
"""How many people or projects are offered; where there are more, their codes are typed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A work item whole. `state` as the list of entries has it; `document` is the draft or invoice that holds it."""

    id: int
    kind: str
    worked_on: date
    started_at: time | None
    person: str
    project: str
    project_name: str
    role: str
    task: str
    description: str
    seconds: int | None
    cost: Decimal | None
    currency: str
    share: Decimal | None
    billable: bool
    agreement: str
    agreement_name: str
    account: str
    account_name: str
    state: str
    document: int | None
    number: str
    approved_by: str
    approved_at: datetime | None
    file: str
    batch: int | None

    @property
    def changeable(self) -> bool:
        return self.kind != "milestone" and self.state in ("waiting", "approved", "not_billable")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One acceptance of a milestone: its share of one, its amount and what shows it."""

    id: int
    on: date
    share: Decimal
    amount: Decimal
    evidence: str
    by: str


ENTRY: Final = f"""
    select w.id, w.kind, w.worked_on, w.started_at, w.person_name, coalesce(p.code, ''), w.project_name, w.role, w.task,
           w.description, case when w.kind = 'time' then w.quantity::bigint end, w.cost, w.cost_currency, w.share,
           w.billable, g.number, g.name, a.number, a.name, {STATE}, d.id, coalesce(d.number, ''),
           coalesce(u.name, ''), w.approved_at, coalesce(f.name, ''), b.id
      from work_item w join agreement g on g.id = w.agreement_id join account a on a.id = g.account_id
      left join project p on p.id = w.project_id left join app_user u on u.id = w.approved_by_id
      left join lateral (select batch_id from import_row where work_item_id = w.id order by id limit 1) r on true
      left join import_batch b on b.id = r.batch_id left join stored_file f on f.id = b.file_id {LIVE}
     where w.id = %(item)s and (%(everywhere)s or {IN_BOOK})"""


def entry(*, actor: Actor, on: date, item: int) -> tuple[Entry, list[Kept]]:
    """The work item and its receipts; raises `NotFound` alike for one outside the book and one that is not there."""
    found = frames.rows(ENTRY, {**_reach(actor, "read", on), "item": item})
    if not found or not actor.may("read"):
        raise unseen(actor, "read", f"work item {item}")
    made = Entry(*found[0])
    return made, receipts(actor=actor, on=on, items=[item]) if made.kind == "expense" else []


def milestone(*, actor: Actor, on: date, charge: int) -> tuple[dict[str, Any], list[Acceptance]]:
    """A milestone as `lists.milestones` has it, and its acceptances, the first one first. Raises `NotFound`."""
    found = milestones(actor=actor, on=on, query=Query({"id": charge}, "due", limit=1)).rows
    if not found or not actor.may("read"):
        raise unseen(actor, "read", f"milestone {charge}")
    rows = frames.rows("""select w.id, w.worked_on, coalesce(w.share, 1), w.cost, w.description, coalesce(u.name, '')
        from work_item w left join app_user u on u.id = w.approved_by_id
        join charge c on c.id = w.charge_id and c.agreement_id = w.agreement_id
        where c.id = %s and w.kind = 'milestone' order by w.id""", [charge])
    return found[0], [Acceptance(*row) for row in rows]


def people() -> Sequence[tuple[str, str]]:
    """Code and name of everyone whose work is billed, by name; one more than `CHOICES` at most."""
    return frames.rows("select code, name from person order by lower(name), code limit %s", [CHOICES + 1])


def projects(*, actor: Actor, on: date) -> Sequence[tuple[str, str, str]]:
    """Account, code and name of the projects on which the actor may record work; one more than `CHOICES` at most."""
    return frames.rows(f"""select a.name, p.code, p.name from project p join agreement g on g.id = p.agreement_id
        join account a on a.id = g.account_id where %(everywhere)s or {IN_BOOK}
        order by a.sort_name, lower(p.name), p.code limit %(limit)s""",
                       {**_reach(actor, "work", on), "limit": CHOICES + 1})


def clients(*, actor: Actor, on: date) -> Sequence[tuple[str, str]]:
    """Number and name of the accounts to which the actor may map names; one more than `CHOICES` at most."""
    return frames.rows(f"""select a.number, a.name from account a where %(everywhere)s or {IN_BOOK}
        order by a.sort_name, a.id limit %(limit)s""", {**_reach(actor, "accounts", on), "limit": CHOICES + 1})


def own_code(actor: Actor) -> str:
    """The code of the actor as someone whose work is billed; empty when they are not."""
    found = frames.rows("select code from person where user_id = %s", [actor.user_id])
    return str(found[0][0]) if found else ""


def _reach(actor: Actor, right: str, on: date) -> dict[str, object]:
    return {"everywhere": actor.may_everywhere(right), "user": actor.user_id, "on": on}
