"""Peer review and client check, and the ways back from them. The database refuses self-approval (law 6)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import polars as pl

from duly.billing.audit.actions import record_many, subjects, verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.parties import CHANGED, beside_now
from duly.billing.invoicing.state import move
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused


@verb("invoicing.submit", right="bill")
def submit(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> int:
    """Submit drafts for the review that their agreements demand; answers how many wait for it now.

    The copies of seller and buyer are taken anew where these changed; whoever submits has then edited the draft. The
    required steps are written as rows for the content as it stands. Drafts whose agreements demand none are ready
    at once. Raises `Refused` while a blocking finding is open.
    """
    headers = queries.locked_headers(actor, "bill", drafts, on)
    open_findings = queries.findings(drafts).filter((pl.col("severity") == "blocks") & ~pl.col("waived"))
    if not open_findings.is_empty():
        raise Refused(f"Draft {open_findings['invoice_id'][0]} is blocked: {open_findings['text'][0]}",
                      "Mend it, or waive the finding with a reason.")
    return put_in_review(headers, actor, at)


@verb("invoicing.approve", right="review")
def approve(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> int:
    """Approve drafts as their peer reviewer; answers how many are ready to issue now.

    Raises `Refused` for whoever made or edited one of them since its last approval, and when its content is no
    longer what was submitted.
    """
    return decide(actor, at, on, drafts, "peer", "approved", "")


@verb("invoicing.return", right="review")
def return_draft(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int], reason: str) -> int:
    """Return drafts to their author with a reason; answers how many."""
    return decide(actor, at, on, drafts, "peer", "returned", _given(reason))


@verb("invoicing.reopen", right="bill")
def reopen(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int], reason: str) -> int:
    """Take drafts that are under review or ready back to draft, all or none, with a reason; answers how many.

    They need their whole review again. Raises `Refused` without a reason and for a document in any other state.
    """
    why = _given(reason)
    headers = queries.locked_headers(actor, "bill", drafts, on)
    idle = headers.filter(pl.col("state") == "draft")
    if not idle.is_empty():
        raise Refused(f"Draft {idle['id'][0]} is a draft already.", "Leave it out.", law=6)
    move(drafts, "edit", "draft")
    record_many("invoice", subjects(drafts, reason=why))
    return len(drafts)


@verb("invoicing.confirm", right="client_check")
def confirm(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> int:
    """Confirm drafts as the client; answers how many are ready to issue now."""
    return decide(actor, at, on, drafts, "client", "approved", "")


@verb("invoicing.question", right="client_check")
def question(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int], reason: str) -> int:
    """Send drafts back to their author as the client, with a reason; answers how many.

    Their peer approval is void with it: the peer looks at them again, changed or not.
    """
    return decide(actor, at, on, drafts, "client", "returned", _given(reason))


def put_in_review(headers: pl.DataFrame, actor: Actor, at: datetime) -> int:
    """What `submit` does to locked drafts that nothing blocks; answers how many wait for review."""
    _renew_parties(headers)
    demanded = headers.filter(pl.col("review") != "none")["id"].to_list()
    free = headers.filter(pl.col("review") == "none")["id"].to_list()
    frames.execute("""insert into review_step (invoice_id, step, digest, submitted_by_id, submitted_at)
        select i.id, s.step, draft_digest(i.id), %s, %s from invoice i
          join (values ('peer', 1), ('client', 2)) as s (step, place)
            on s.place <= (case i.review when 'peer' then 1 else 2 end)
         where i.id = any(%s) order by i.id, s.place""", [actor.user_id, at, demanded])
    if demanded:
        move(demanded, "submit", "in_review")
    if free:
        move(free, "submit", "ready")
    record_many("invoice", subjects(headers["id"]))
    return len(demanded)


def _renew_parties(headers: pl.DataFrame) -> None:
    """Let the drafts among these name seller and buyer as they are now; only what differs is written."""
    drafts = headers.filter(pl.col("state") == "draft")
    changed = beside_now(drafts).filter(CHANGED)
    frames.execute("""update invoice i set seller_id = p.seller, buyer_id = p.buyer
        from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) as p (id, seller, buyer) where p.id = i.id""",
                   [frames.array(changed[name]) for name in ("id", "seller_id_now", "buyer_id_now")])


UNFIT: Final = """
    select i.id, case
        when i.state in ('client_check', 'ready') then 'It is approved already.'
        when i.state <> 'in_review' then 'It does not wait for review: it is ' || i.state || '.'
        when i.created_by = any(%(acting)s) and said.last is null
          or launcher(i.run_partition_id) = any(%(acting)s) and said.last is null
          or exists (select from draft_edit e where e.invoice_id = i.id and e.editor = any(%(acting)s)
                        and (said.last is null or e.recorded_at > said.last))
          then 'You made or changed it: someone else reviews it.'
        when asked.digest is distinct from draft_digest(i.id)
          then 'It changed since it was submitted: look at it again.'
        end as reason
      from invoice i
      left join lateral (select s.digest from review_step s where s.invoice_id = i.id and s.step = 'peer'
                          order by s.id desc limit 1) asked on true
      cross join lateral (select max(d.recorded_at) as last from decision d where d.invoice_id = i.id
                             and d.verdict = 'approved' and d.digest is distinct from asked.digest) said
     where i.id = any(%(drafts)s)"""


def unfit_to_approve(actor: Actor, drafts: Sequence[int]) -> dict[int, str]:
    """Which of these locked drafts the database would not let the actor approve (law 6), and why."""
    return dict(frames.rows(f"select id, reason from ({UNFIT}) judged where reason is not null order by id", {
        "drafts": list(drafts), "acting": [one for one in (actor.login, actor.on_behalf_of) if one]}))


def _given(reason: str) -> str:
    if not reason.strip():
        raise Refused("A draft goes back with a reason.", "Say what should change.")
    return reason.strip()


def decide(actor: Actor, at: datetime, on: date, drafts: Sequence[int], step: str, verdict: str,
            reason: str) -> int:
    """Write the decision on the step that waits, then move on; the database checks who decides and on what."""
    headers = queries.locked_headers(actor, "review" if step == "peer" else "client_check", drafts, on)
    waiting = {"peer": "in_review", "client": "client_check"}[step]
    idle = headers.filter(pl.col("state") != waiting)
    if not idle.is_empty():
        raise Refused(f"Draft {idle['id'][0]} does not wait for this step; it is {idle['state'][0]}.", law=6)
    frames.execute("""insert into decision
            (review_step_id, invoice_id, verdict, digest, reason, decided_by, on_behalf_of, decided_at, recorded_at)
        select distinct on (s.invoice_id) s.id, s.invoice_id, %s, s.digest, %s, %s, %s, %s, now()
          from review_step s where s.invoice_id = any(%s) and s.step = %s order by s.invoice_id, s.id desc""",
                   [verdict, reason, actor.login, actor.on_behalf_of, at, list(drafts), step])
    ready = _move_on(headers, step, verdict)
    record_many("invoice", subjects(drafts, verdict=verdict, step=step, reason=reason))
    return ready


def _move_on(headers: pl.DataFrame, step: str, verdict: str) -> int:
    drafts = headers["id"].to_list()
    if verdict == "returned":
        move(drafts, "return" if step == "peer" else "question", "draft")
        return len(drafts)
    if step == "client":
        move(drafts, "confirm", "ready")
        return len(drafts)
    to_client = headers.filter(pl.col("review") == "peer_and_client")["id"].to_list()
    ready = headers.filter(pl.col("review") == "peer")["id"].to_list()
    if to_client:
        move(to_client, "approve", "client_check")
    if ready:
        move(ready, "approve", "ready")
    return len(ready)
