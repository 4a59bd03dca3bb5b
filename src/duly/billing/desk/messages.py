"""The outbox as people read it: every mail with its delivery state and what the mail server last answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book, unseen
from duly.billing.desk.letters import written
from duly.billing.desk.queries import Recipient, sendable
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused

MESSAGES: Final = {
    "id": pl.Int64, "state": pl.String, "document": pl.String, "account": pl.String, "recipients": pl.String,
    "subject": pl.String, "queued_at": pl.String, "tries": pl.Int64, "answer": pl.String,
}


def messages(*, actor: Actor, on: date, states: Sequence[str] | None = None,
             ids: Sequence[int] | None = None) -> pl.DataFrame:
    """The messages to accounts in the actor's book, oldest first; columns as `MESSAGES`. Filters narrow, None does not.

    Raises `Forbidden` without the right to read.
    """
    refuse_outside_book(actor, "read", [], on)
    query = f"""select m.id, m.state, coalesce(i.number, r.number), a.number,
            (select string_agg(p ->> 'email', ', ') from jsonb_array_elements(m.recipients) p), m.subject, m.queued_at,
            (select count(*) from delivery_attempt t where t.message_id = m.id),
            (select split_part(t.answer, E'\n', 1) from delivery_attempt t where t.message_id = m.id
              order by t.id desc limit 1)
        from message m join account a on a.id = m.account_id
        left join invoice i on i.id = m.invoice_id left join receipt r on r.id = m.receipt_id
       where (%(everywhere)s or {IN_BOOK})
         and (%(states)s::text[] is null or m.state = any(%(states)s))
         and (%(ids)s::bigint[] is null or m.id = any(%(ids)s))
       order by m.id"""
    values = {
        "everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on,
        "states": list(states) if states is not None else None, "ids": list(ids) if ids is not None else None,
    }
    return frames.read(query, values, MESSAGES)


@dataclass(frozen=True, slots=True)
class Coming:
    """The mail that queueing a document now would write; without `recipients` there is nobody to write to."""

    account: str
    account_name: str
    sender: Recipient
    recipients: tuple[Recipient, ...]
    subject: str
    body: str


def coming(*, actor: Actor, on: date, invoices: Sequence[int] = (), receipts: Sequence[int] = ()) -> list[Coming]:
    """What `queue_message` would send for these documents, invoices first; nothing is queued.

    Raises `Refused` for a draft, `NotFound` for a document outside the book of who may send.
    """
    found = sendable(actor, on, invoices, receipts)
    if drafts := [one.id for one in found if one.number is None]:
        raise Refused(f"Document {drafts[0]} is a draft.", "Issue it first.")
    return [Coming(one.account, one.account_name, Recipient(one.seller, one.seller_email), one.recipients,
                   *written(one.about)) for one in found]


@dataclass(frozen=True, slots=True)
class Try:
    """One try to hand a message over: what came of it in plain words, and in the mail server's own."""

    at: datetime
    outcome: str
    answer: str
    own_words: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it was written: `table` (invoice or receipt), `document` and `number` say what is attached."""

    id: int
    state: str
    sender: Recipient
    recipients: tuple[Recipient, ...]
    subject: str
    body: str
    message_id: str
    table: str
    document: int
    number: str
    account: str
    account_name: str
    queued_at: datetime
    queued_by: str
    tries: tuple[Try, ...]


def mail(*, actor: Actor, on: date, message: int) -> Mail:
    """A message with its tries, oldest first, in two queries; raises `NotFound` alike for one outside the book."""
    query = f"""
      select m.id, m.state, e.name, e.email, m.recipients::text, m.subject, m.body, m.message_id,
             case when m.invoice_id is null then 'receipt' else 'invoice' end, coalesce(m.invoice_id, m.receipt_id),
             coalesce(i.number, r.number), a.number, a.name, m.queued_at, coalesce(u.name, m.queued_by)
        from message m join account a on a.id = m.account_id join legal_entity e on e.id = m.entity_id
        left join invoice i on i.id = m.invoice_id left join receipt r on r.id = m.receipt_id
        left join app_user u on u.login = m.queued_by
       where m.id = %(message)s and (%(everywhere)s or {IN_BOOK})"""
    found = frames.rows(query, {"message": message, "everywhere": actor.may_everywhere("read"),
                                "user": actor.user_id if "read" in actor.in_book else None, "on": on})
    if not found:
        raise unseen(actor, "read", f"message {message}")
    id_, state, name, email, people, *written = found[0]
    recipients = tuple(Recipient(one["name"], one["email"]) for one in json.loads(people))
    tries = frames.rows("""
      select at, outcome, split_part(answer, E'\n', 1), substr(answer, nullif(strpos(answer, E'\n'), 0) + 1)
        from delivery_attempt where message_id = %s order by id""", [message])
    facts = (id_, state, Recipient(name, email), recipients, *written, tuple(Try(*row) for row in tries))
    return Mail(*facts)
