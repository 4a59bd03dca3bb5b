"""The page of one document: what invoicing knows of it, what was sent of it, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from duly.billing.invoicing.explain import Explained, Step, explained
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.reporting.deferred import Earned, schedule
from duly.engine.lifecycle import FINAL


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that carried the document; `answer` is the mail server's last, in plain words."""

    id: int
    state: str
    subject: str
    queued_at: datetime
    queued_by: str
    attempts: int
    last_at: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the document's life: `done`, `now`, `later`, or `skipped` where its agreement demands none.

    `at` is the day or instant it was done; `blocked` says that open findings stand against it.
    """

    name: str
    state: str
    at: date | datetime | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class InvoicePage:
    document: Explained
    messages: tuple[Sent, ...]
    stages: tuple[Stage, ...]
    earned: tuple[tuple[str, Decimal, tuple[Earned, ...]], ...]


MESSAGES: Final = """select m.id, m.state, m.subject, m.queued_at, coalesce(u.name, m.queued_by),
        (select count(*) from delivery_attempt d where d.message_id = m.id), last.at, split_part(last.answer, E'\n', 1)
    from message m left join app_user u on u.login = m.queued_by
    left join lateral (select d.at, d.answer from delivery_attempt d where d.message_id = m.id
                        order by d.id desc limit 1) last on true
    where m.invoice_id = %s order by m.id"""

NOT_DEMANDED: Final = {"none": ("review", "client"), "peer": ("client",), "peer_and_client": ()}
"""The stages that a review policy leaves out."""

CHECKING: Final = (
    "check", "draft_partition", "write_down", "defer", "reword", "reorder", "restore", "set_terms", "override_tax",
    "issue")
"""Verbs of invoicing that run the checks."""


def invoice_page(*, actor: Actor, on: date, document: int) -> InvoicePage:
    """Everything that the page of a draft or document shows, in a fixed number of queries.

    Raises `NotFound` alike for one that is not there and one outside the actor's book.
    """
    found = explained(actor=actor, on=on, document=document)
    messages = tuple(Sent(*row) for row in frames.rows(MESSAGES, [document]))
    return InvoicePage(found, messages, stages(found, messages), schedule(document))


def stages(found: Explained, messages: Sequence[Sent]) -> tuple[Stage, ...]:
    """draft → checks → review → client → issued → delivered → paid; the first that is not done is `now`."""
    head, approved = found.head, _approvals(found.steps)
    blocked = head.state not in FINAL and any(
        one.severity == "blocks" and one.waived_by is None for one in found.findings)
    checked = [event.at for event in found.events if event.verb.removeprefix("invoicing.") in CHECKING]
    delivered = [one.last_at for one in messages if one.state == "sent"]
    settled = found.movements[-1].booked_on if found.movements and not head.balance else None
    done: dict[str, date | datetime | None] = {
        "draft": found.events[0].at, "checks": None if blocked else checked[-1], "review": approved.get("peer"),
        "client": approved.get("client"), "issued": head.issued_on,
        "delivered": delivered[0] if delivered else None, "paid": settled,
    }
    skipped = NOT_DEMANDED[head.review]
    waiting = [name for name, at in done.items() if at is None and name not in skipped]
    now = waiting[0] if waiting and head.state != "discarded" else None
    return tuple(
        Stage(name, "skipped" if name in skipped else "done" if at else "now" if name == now else "later", at,
              blocked and name == "checks")
        for name, at in done.items())


def _approvals(steps: Sequence[Step]) -> dict[str, datetime | None]:
    """When each step approved the content as it stands; whoever returns it voids what was approved before."""
    live: dict[str, datetime | None] = {}
    for step in steps:
        if step.current and step.verdict == "returned":
            live = {}
        elif step.current and step.verdict == "approved":
            live[step.step] = step.decided_at
    return live
