"""The same act on many drafts: planned once, done in parts, taken up again where it stopped, never done twice.

A plan is a command whose key names the batch; each part is a command whose key names the batch and the part. How far a
batch is, and what came of it, is read from the answers of these commands (`batch_of`): whoever loses the connection, or
presses twice, goes on where the database stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from duly.billing.audit import queries as commands
from duly.billing.audit.actions import verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.actions.discard import throw_away
from duly.billing.invoicing.actions.issue import issue
from duly.billing.invoicing.actions.review import decide, put_in_review, unfit_to_approve
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.engine.lifecycle import FINAL

ACTS: Final = {"submit": "bill", "issue": "issue", "discard": "bill"}
"""What billers do to many, and the right that it demands. Reviewers approve."""
PART: Final = 100
LARGEST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """An act on many drafts that was decided on."""

    act: str
    drafts: list[int]


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of the drafts by id (a state), and pairs of draft id and reason for what was left as it was."""

    done: dict[str, str]
    skipped: list[list[str]]


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch is. `done` is by draft id: its number where it was issued, else its state; `next` is the place of
    the part that comes next, None where all is done."""

    key: str
    act: str
    drafts: list[int]
    done: dict[int, str]
    skipped: dict[int, str]
    next: int | None


@verb("invoicing.plan_batch", right="bill")
def plan_batch(*, actor: Actor, at: datetime, on: date, act: str, drafts: Sequence[int]) -> Plan:
    """Decide on an act for many drafts; nothing is done to them yet. `key` names the batch.

    Raises `Refused` for an unknown act, none or too many drafts, `Forbidden` without the right to the act, `NotFound`
    when one is not there or not in the book.
    """
    if act not in ACTS:
        raise Refused(f"“{act}” is nothing that is done to many drafts.", f"Choose one of {', '.join(ACTS)}.")
    if not actor.may(ACTS[act]):
        raise Forbidden(f"{actor.login} may not do this: it needs the right “{ACTS[act]}”.",
                        "Ask an administrator for it.")
    return _planned(actor, act, ACTS[act], drafts, on)


@verb("invoicing.plan_approvals", right="review")
def plan_approvals(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Plan:
    """Decide to approve many drafts as their peer reviewer; nothing is done to them yet. As `plan_batch`."""
    return _planned(actor, "approve", "review", drafts, on)


def _planned(actor: Actor, act: str, right: str, drafts: Sequence[int], on: date) -> Plan:
    chosen = sorted(set(drafts))
    if not 1 <= len(chosen) <= LARGEST:
        raise Refused(f"{len(chosen):,} drafts are chosen.", f"Choose between 1 and {LARGEST:,}.")
    queries.locked_headers(actor, right, chosen, on)
    return Plan(act, chosen)


@verb("invoicing.submit_many", right="bill")
def submit_many(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Acted:
    """Submit those of the drafts that can be, as `submit` does; the others are answered with the reason.

    Raises `NotFound` when one is not there or not in the book: then nothing is submitted.
    """
    headers = queries.locked_headers(actor, "bill", drafts, on)
    reasons = {draft: f"It is {state.replace('_', ' ')} already." for draft, state in
               headers.filter(pl.col("state") != "draft").select("id", "state").iter_rows()}
    blocking = queries.findings(drafts).filter((pl.col("severity") == "blocks") & ~pl.col("waived"))
    reasons = dict(blocking.select("invoice_id", "text").reverse().iter_rows()) | reasons
    return _acted(headers, reasons, lambda fit: put_in_review(fit, actor, at))


@verb("invoicing.approve_many", right="review")
def approve_many(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Acted:
    """Approve those of the drafts that wait for the actor's review, as `approve` does; the others with the reason.

    Raises `NotFound` when one is not there or not in the book: then nothing is approved.
    """
    headers = queries.locked_headers(actor, "review", drafts, on)
    return _acted(headers, unfit_to_approve(actor, drafts),
                  lambda fit: decide(actor, at, on, fit["id"].to_list(), "peer", "approved", ""))


@verb("invoicing.discard_many", right="bill")
def discard_many(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Acted:
    """Discard those of the drafts that are not issued or discarded; the others are answered with the reason.

    Raises `NotFound` when one is not there or not in the book: then nothing is discarded.
    """
    headers = queries.locked_headers(actor, "bill", drafts, on)
    final = headers.filter(pl.col("state").is_in(FINAL)).select("id", "state")
    return _acted(headers, {draft: f"It is {state} already." for draft, state in final.iter_rows()}, throw_away)


def _acted(headers: pl.DataFrame, reasons: dict[int, str], act: Any) -> Acted:
    fit = headers.filter(~pl.col("id").is_in(list(reasons)))
    if not fit.is_empty():
        act(fit)
    now = queries.headers(fit["id"].to_list()).select("id", "state")
    return Acted({str(draft): state for draft, state in now.iter_rows()},
                 [[str(draft), reasons[draft]] for draft in sorted(reasons)])


def batch_of(*, actor: Actor, key: str) -> Batch:
    """How far the actor's batch is; two queries. Raises `NotFound` for one that the actor did not plan."""
    plan = commands.answers(actor.login, [key]).get(key)
    if not isinstance(plan, dict) or plan.keys() != {"act", "drafts"}:
        raise NotFound("There is no such batch of yours.", "The list of drafts shows where each of them stands.")
    parts = [f"{key}:{start}" for start in range(0, len(plan["drafts"]), PART)]
    said = commands.answers(actor.login, parts)
    done: dict[int, str] = {}
    skipped: dict[int, str] = {}
    for part in said.values():
        done |= {int(draft): came for draft, came in part.get("numbers", part.get("done")).items()}
        skipped |= {int(draft): reason for draft, reason in part["skipped"]}
    following = next((place * PART for place, name in enumerate(parts) if name not in said), None)
    return Batch(key, plan["act"], plan["drafts"], done, skipped, following)


def go_on(*, actor: Actor, at: datetime, on: date, key: str) -> Batch:
    """Do the next part of the actor's batch, if one is left, and answer how far it is then.

    Two who do so at once do the part once: the second waits and gets the same answer (law 8).
    """
    found = batch_of(actor=actor, key=key)
    if found.next is None:
        return found
    verbs: dict[str, Any] = {"submit": submit_many, "approve": approve_many, "issue": issue, "discard": discard_many}
    part = found.drafts[found.next : found.next + PART]
    verbs[found.act](actor=actor, at=at, on=on, drafts=part, key=f"{key}:{found.next}")
    return batch_of(actor=actor, key=key)
