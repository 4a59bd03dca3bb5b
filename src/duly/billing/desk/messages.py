"""The outbox as people read it: every mail with its delivery state and what the mail server last answered."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

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
            (select t.answer from delivery_attempt t where t.message_id = m.id order by t.id desc limit 1)
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
