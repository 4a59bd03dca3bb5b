"""The lists of documents that pages show, and what waits in the navigation."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import frames, listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

SETTLED: Final = """case when o.balance = 0 then 'paid' when o.due_on < %(on)s::date then 'overdue'
                         when o.balance <> o.amount then 'part_paid' else 'open' end"""
"""SQL: how an issued document stands on a day, read from its open item (never from the document)."""

ISSUED: Final = Source(
    columns={
        "id": "i.id", "number": "i.number", "kind": "i.kind", "entity": "e.code", "account": "a.number",
        "account_name": "a.name", "currency": "i.currency", "net": "i.net", "tax": "i.tax", "total": "i.total",
        "balance": "coalesce(o.balance, 0)", "settled": f"coalesce({SETTLED}, 'none')", "issued_on": "i.issued_on",
        "due_on": "i.due_on", "service_from": "i.service_from", "service_to": "i.service_to",
    },
    tables="""invoice i join account a on a.id = i.account_id join legal_entity e on e.id = i.entity_id
              left join open_item o on o.id = i.open_item_id""",
    id="i.id", where="i.state = 'issued'", book=IN_BOOK,
    sorts={
        "issued": Sort("i.issued_on", "date"), "due": Sort("i.due_on", "date"), "total": Sort("i.total", "numeric"),
        "account": Sort("a.sort_name", "text"),
    },
    filters={
        # What was typed is the beginning of a document's number, or stands anywhere in its customer's name.
        "text": """starts_with(i.number, %(value)s) or i.account_id = any(array(
                     select id from account where position(%(folded)s in sort_name) > 0
                                               or starts_with(number, %(value)s)))""",
        # An open item has its document's account and due date. Both are said twice, for the planner: a book's open
        # items are found by account, and a walk along the issue dates skips what is not due without asking its item.
        "settled": """case %(value)s when 'paid' then o.balance = 0
                      when 'open' then o.balance <> 0 and (%(everywhere)s or o.account_id = a.id)
                      when 'overdue' then o.balance <> 0 and (%(everywhere)s or o.account_id = a.id)
                                          and o.due_on < %(on)s::date and i.due_on < %(on)s::date end""",
        "account": "i.account_id = (select id from account where number = %(value)s)",
        "entity": "i.entity_id = (select id from legal_entity where code = %(value)s)",
        "book": f"(%(value)s = 'mine') = {IN_BOOK}",
        "kind": "i.kind = %(value)s",
        # Nothing is due before it is issued: said here, so that a walk along the other date knows where to begin.
        "issued_from": "i.issued_on >= %(value)s and i.due_on >= %(value)s", "issued_to": "i.issued_on <= %(value)s",
        "due_from": "i.due_on >= %(value)s", "due_to": "i.due_on <= %(value)s and i.issued_on <= %(value)s",
    },
)


def invoices(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of issued documents in the actor's book; columns, filters and sorts as `ISSUED`."""
    return listing.page(ISSUED, query, actor=actor, on=on)


def every_invoice(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(ISSUED, query, actor=actor, on=on)


def waiting(*, actor: Actor, on: date) -> dict[str, int]:
    """How many documents of the actor's book stand in each state before issue."""
    book = "true" if actor.may_everywhere("read") else IN_BOOK
    return dict(frames.rows(f"""select i.state, count(*) from invoice i join account a on a.id = i.account_id
        where i.state not in ('issued', 'discarded') and {book} group by 1""", {"user": actor.user_id, "on": on}))
