"""The list of money received, with what of each receipt pays nothing yet."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

RECEIPTS: Final = Source(
    columns={
        "id": "r.id", "number": "r.number", "entity": "e.code", "account": "a.number", "account_name": "a.name",
        "currency": "r.currency", "amount": "r.amount", "left": "-o.balance", "received_on": "r.received_on",
        "booked_on": "r.booked_on", "method": "r.method", "reference": "r.reference",
        "settled": """case when o.balance = 0 then 'allocated' when o.balance = o.amount then 'on_account'
                           else 'part_allocated' end""",
    },
    tables="""receipt r join account a on a.id = r.account_id join legal_entity e on e.id = r.entity_id
              join open_item o on o.id = r.open_item_id""",
    id="r.id", book=IN_BOOK,
    sorts={"booked": Sort("r.booked_on", "date"), "amount": Sort("r.amount", "numeric")},
    filters={
        "text": """starts_with(r.number, upper(%(value)s)) or r.account_id = any(array(
                     select id from account where position(%(folded)s in sort_name) > 0
                                               or starts_with(number, %(value)s)))""",
        # 'yes': the open items say which, and they are few
        "left": """case %(value)s when 'yes' then o.balance <> 0 else o.balance = 0 end and (%(value)s <> 'yes'
                   or r.open_item_id = any(array(select id from open_item
                                                  where balance <> 0 and control = 'on_account')))""",
        "account": "r.account_id = (select id from account where number = %(value)s)",
        "entity": "r.entity_id = (select id from legal_entity where code = %(value)s)",
        "book": f"(%(value)s = 'mine') = {IN_BOOK}",
        "method": "r.method = %(value)s",
        "booked_from": "r.booked_on >= %(value)s", "booked_to": "r.booked_on <= %(value)s",
    },
)


def receipts(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the receipts in the actor's book; columns, filters and sorts as `RECEIPTS`.

    With the filter `left`: 'yes' those that hold money to allocate.
    """
    return listing.page(RECEIPTS, query, actor=actor, on=on)


def every_receipt(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(RECEIPTS, query, actor=actor, on=on)
