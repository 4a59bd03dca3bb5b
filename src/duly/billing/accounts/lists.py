"""The list of customers, each with what it owes and how it pays.

What they owe and how they pay is recorded downstream: the list reads those tables, and imports nothing of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

OWED: Final = "from open_item o where o.account_id = a.id and o.balance <> 0 and o.control = 'receivable'"
OPEN: Final = f"select coalesce(sum(o.balance), 0) {OWED} and o.currency = a.currency"
PAID: Final = """select round(sum(k.settled_days) / nullif(sum(k.settled), 0), 1) from account_month k
                  where k.account_id = a.id and k.month > %(on)s::date - interval '1 year' and k.month <= %(on)s"""

ACCOUNTS: Final = Source(
    columns={
        "id": "a.id", "number": "a.number", "name": "a.name", "city": "a.city", "country": "a.country",
        "kind": "a.kind", "manager": "coalesce(u.name, '')", "currency": "a.currency",
        "open": f"({OPEN})", "overdue": f"({OPEN} and o.due_on < %(on)s)",
        # owed in other currencies than the account's own, which the sums leave out
        "more": f"exists (select {OWED} and o.currency <> a.currency)",
        "last_invoice": "(select max(i.issued_on) from invoice i where i.account_id = a.id)",
        "days_to_pay": f"({PAID})",
    },
    tables="account a left join app_user u on u.id = a.manager_id",
    id="a.id", book=IN_BOOK,
    sorts={"name": Sort("a.sort_name", "text"), "number": Sort("a.number", "text")},
    filters={
        "text": """position(lower(%(value)s) in a.sort_name) > 0
                   or position(lower(%(value)s) in lower(a.number)) > 0""",
        "manager": "a.manager_id = (select id from app_user where login = %(value)s)",
        "country": "a.country = %(value)s",
        "kind": "a.kind = %(value)s",
        "book": f"(%(value)s = 'mine') = {IN_BOOK}",
        "owes": f"exists (select {OWED} and o.balance > 0 and (%(value)s = 'open' or o.due_on < %(on)s))",
    },
)
"""`open` and `overdue` are in the account's own currency, `days_to_pay` of the last twelve months."""

BY_BALANCE: Final = replace(
    ACCOUNTS,
    columns={**ACCOUNTS.columns, "open": "coalesce(owed.open, 0)", "overdue": "coalesce(owed.overdue, 0)"},
    tables=f"""{ACCOUNTS.tables} left join (
        select o.account_id, o.currency, sum(o.balance) as open,
               sum(o.balance) filter (where o.due_on < %(on)s) as overdue
          from open_item o where o.balance <> 0 and o.control = 'receivable' group by 1, 2) owed
        on (owed.account_id, owed.currency) = (a.id, a.currency)""",
    filters={**ACCOUNTS.filters, "owes": "case %(value)s when 'open' then owed.open > 0 else owed.overdue > 0 end"},
    sorts={"open": Sort("coalesce(owed.open, 0)", "numeric"), "overdue": Sort("coalesce(owed.overdue, 0)", "numeric")},
)
"""The same, with what everyone owes added up first: what sorting by it needs."""

SORTS: Final = {**ACCOUNTS.sorts, **BY_BALANCE.sorts}


def accounts(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the customers in the actor's book; columns and filters as `ACCOUNTS`, sorts as `SORTS`."""
    return listing.page(_source(query), query, actor=actor, on=on)


def every_account(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(_source(query), query, actor=actor, on=on)


def _source(query: Query) -> Source:
    return BY_BALANCE if query.sort.removeprefix("-") in BY_BALANCE.sorts else ACCOUNTS
