"""Deciding about events that came again otherwise: another event after all, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import record_many, subjects, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.usage.actions.ingest import take_in
from duly.billing.usage.models import DECISIONS
from duly.engine.pricing.events import EVENT

COLUMNS: Final = {name: kind for name, kind in EVENT.items() if name != "received_at"}


@dataclass(frozen=True, slots=True)
class Decided:
    """How many findings were decided, and how many events count because of it."""

    findings: int
    counted: int


@verb("usage.decide", right="work")
def decide(*, actor: Actor, at: datetime, findings: Sequence[int], decision: str, reason: str) -> Decided:
    """Decide findings, once and for all: `count` each as another event of its own, or `ignore` it.

    An event that counts by decision has its finding's number behind its id, “17” say as “e1#17”; it comes late where
    its period was billed. Raises `Refused` without a reason, for another decision, and for findings that are decided;
    `NotFound` for one that is not there or outside the actor's book.
    """
    wanted = sorted(set(findings))
    accounts = dict(frames.rows("""select f.id, g.account_id from usage_finding f join agreement g
        on g.id = f.agreement_id where f.id = any(%s)""", [wanted]))
    refuse_outside_book(actor, "work", [accounts.get(one) for one in wanted], at.date(),
                        f"finding {wanted[0]}" if len(wanted) == 1 else "")
    if decision not in DECISIONS:
        raise Refused(f"“{decision}” is no decision.", "Choose count or ignore.")
    if not reason.strip():
        raise Refused("A decision needs its reason.", "Say in a few words why.")
    decided = [number for (number,) in frames.rows(
        "select finding_id from usage_decision where finding_id = any(%s) order by 1", [wanted])]
    if decided:
        raise Refused("A decision stays.", problems=[
            Problem(f"finding {one}", "It is decided already.", "Leave it out.") for one in decided])
    counted = _count(wanted, at) if decision == "count" else 0
    frames.execute("""insert into usage_decision (finding_id, decision, reason, decided_by_id, decided_at)
        select unnest(%s::bigint[]), %s, %s, %s, %s""", [wanted, decision, reason.strip(), actor.user_id, at])
    record_many("usage_finding", subjects(wanted, decision=decision, reason=reason.strip()))
    return Decided(len(wanted), counted)


def _count(findings: Sequence[int], at: datetime) -> int:
    """Take the findings in as events of their own; their ids are nobody's, since a finding is decided once."""
    query = """select agreement_id, metric, source, left(event_id, 180) || '#' || id, at, quantity, properties
                 from usage_finding where id = any(%(findings)s)"""
    events = frames.read(query, {"findings": list(findings)}, {
        name: pl.String if name in ("at", "quantity") else kind for name, kind in COLUMNS.items()})
    new, _ = take_in(events.with_columns(pl.lit(True).alias("first")), at)
    if new != len(findings):
        raise Refused("An event of one of these names counts already.", "Ignore the finding.")
    return new
