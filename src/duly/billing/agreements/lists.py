"""The list of agreements, each by its terms of the day."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

STATE: Final = """case when g.ends_on < %(on)s then 'ended' when g.starts_on > %(on)s then 'future'
                       when g.ends_on < %(on)s::date + 60 then 'ending' else 'in_force' end"""

AGREEMENTS: Final = Source(
    columns={
        "id": "g.id", "number": "g.number", "name": "g.name", "account": "a.number", "account_name": "a.name",
        "entity": "e.code", "currency": "g.currency", "starts_on": "g.starts_on", "ends_on": "g.ends_on",
        "state": STATE,
        "changes_on": """(select min(v.valid_from) from agreement_version v
                           where v.agreement_id = g.id and v.valid_from > %(on)s and v.valid_from > g.starts_on)""",
    },
    tables="agreement g join account a on a.id = g.account_id join legal_entity e on e.id = g.entity_id",
    id="g.id", book=IN_BOOK,
    sorts={
        "number": Sort("g.number", "text"), "name": Sort("lower(g.name)", "text"),
        "account": Sort("a.sort_name", "text"), "starts": Sort("g.starts_on", "date"),
        "ends": Sort("coalesce(g.ends_on, date '9999-12-31')", "date"),
    },
    filters={
        "text": """position(lower(%(value)s) in lower(g.number)) > 0 or position(lower(%(value)s) in lower(g.name)) > 0
                   or position(%(folded)s in a.sort_name) > 0""",
        "account": "a.number = %(value)s",
        "entity": "e.code = %(value)s",
        "state": f"{STATE} = %(value)s or (%(value)s = 'in_force' and {STATE} = 'ending')",
        "book": f"(%(value)s = 'mine') = {IN_BOOK}",
    },
)
"""`state` is future, in_force, ending (within 60 days) or ended; agreements are few, so their sorts need no index."""


def agreements(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the agreements with accounts of the actor's book; columns, filters and sorts as `AGREEMENTS`."""
    return listing.page(AGREEMENTS, query, actor=actor, on=on)


def every_agreement(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(AGREEMENTS, query, actor=actor, on=on)
