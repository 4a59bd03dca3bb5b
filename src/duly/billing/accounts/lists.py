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
        "text": """position(%(folded)s in a.sort_name) > 0
                   or position(lower(%(value)s) in lower(a.number)) > 0""",
        "manager": "a.manager_id = (select id from app_user where login = %(value)s)",
        "country": "a.country = %(value)s",
        "kind": "a.kind = %(value)s",
        "book": f"(%(value)s = 'mine') = {IN_BOOK}",
        # as “>= 0” it is not taken for a second condition that few items meet
        "owes": f"exists (select {OWED} and o.balance >= 0 and (%(value)s = 'open' or o.due_on < %(on)s))",
    },
)
"""`open` and `overdue` are in the account's own currency, `days_to_pay` of the last twelve months."""


def _by_sum(name: str, which: str) -> Source:
    """The same sorted by a sum of open items, added up for everyone at once, not account by account.

    Only the sort needs the sums: where rows are merely counted, PostgreSQL leaves them out.
    """
    owed = f"""left join (
        select o.account_id, o.currency, sum(o.balance) as balance from open_item o
         where o.balance <> 0 and o.control = 'receivable' and {which}
           and (%(everywhere)s or o.account_id = any(array(select a.id from account a where {IN_BOOK})))
         group by 1, 2) owed on (owed.account_id, owed.currency) = (a.id, a.currency)"""
    return replace(ACCOUNTS, tables=f"{ACCOUNTS.tables} {owed}",
                   sorts={name: Sort("coalesce(owed.balance, 0)", "numeric")})


BY_SUM: Final = {"open": _by_sum("open", "true"), "overdue": _by_sum("overdue", "o.due_on < %(on)s")}
SORTS: Final = {**ACCOUNTS.sorts, **{name: source.sorts[name] for name, source in BY_SUM.items()}}


def accounts(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the customers in the actor's book; columns and filters as `ACCOUNTS`, sorts as `SORTS`."""
    return listing.page(_source(query), query, actor=actor, on=on)


def every_account(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(_source(query), query, actor=actor, on=on)


def _source(query: Query) -> Source:
    return BY_SUM.get(query.sort.removeprefix("-"), ACCOUNTS)
