"""The outbox as a list: every mail as it was sent, with what the mail server last answered."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import frames, listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

MESSAGES: Final = Source(
    columns={
        "id": "m.id", "state": "m.state", "document": "coalesce(i.number, r.number, '')", "account": "a.number",
        "account_name": "a.name", "subject": "m.subject", "queued_at": "m.queued_at", "queued_by": "m.queued_by",
        "recipients": "(select string_agg(p ->> 'email', ', ') from jsonb_array_elements(m.recipients) p)",
        "problem": """case when m.state = 'sent' then '' else coalesce((
                       select split_part(t.answer, E'\n', 1) from delivery_attempt t where t.message_id = m.id
                       order by t.id desc limit 1), '') end""",
        "tries": "(select count(*) from delivery_attempt t where t.message_id = m.id)",
        "answer": """coalesce((select t.answer from delivery_attempt t where t.message_id = m.id
                                order by t.id desc limit 1), '')""",
    },
    tables="""message m join account a on a.id = m.account_id left join invoice i on i.id = m.invoice_id
              left join receipt r on r.id = m.receipt_id""",
    id="m.id", book=IN_BOOK,
    sorts={"queued": Sort("m.id", "bigint")},
    filters={
        "text": """i.number = upper(%(value)s) or r.number = upper(%(value)s) or m.account_id = any(array(
                     select id from account where position(%(folded)s in sort_name) > 0
                                               or starts_with(number, %(value)s)))""",
        # the second half is what the index of unsent mail is for
        "state": "m.state = %(value)s and (%(value)s = 'sent' or m.state <> 'sent')",
        "book": f"(%(value)s = 'mine') = coalesce({IN_BOOK}, false)",
        "account": "m.account_id = (select id from account where number = %(value)s)",
        "entity": "m.entity_id = (select id from legal_entity where code = %(value)s)",
    },
)


def messages(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the mails to accounts in the actor's book; columns, filters and sorts as `MESSAGES`."""
    return listing.page(MESSAGES, query, actor=actor, on=on)


def unsent(*, actor: Actor, on: date) -> dict[str, int]:
    """How many mails wait, and how many have failed, to accounts in the actor's book: by state, where there are any."""
    query = f"""select m.state, count(*) from message m join account a on a.id = m.account_id
                 where m.state <> 'sent' and (%(everywhere)s or {IN_BOOK}) group by 1"""
    values = {"everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on}
    return dict(frames.rows(query, values))


def every_message(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(MESSAGES, query, actor=actor, on=on)
