"""What can be paid, what is paid, and an account's statement. Everything is read from the open items."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound

REACHED: Final = f"(%(everywhere)s or {IN_BOOK})"
"""SQL: may the actor use the right on account `a`? Its parameters come from `reach`."""


def reach(actor: Actor, right: str, on: date) -> dict[str, Any]:
    """The parameters of `REACHED`. What is out of reach answers like what is not there (law 11)."""
    user = actor.user_id if right in actor.in_book else None
    return {"everywhere": actor.may_everywhere(right), "user": user, "on": on}


@dataclass(frozen=True, slots=True)
class Payable:
    """An issued document that money can go to, with what it still owes; `withheld` of it goes to the tax office."""

    item_id: int
    number: str
    currency: str
    open: Decimal
    due_on: date
    booked_on: date
    entity_id: int
    account_id: int
    withheld: Decimal


@dataclass(frozen=True, slots=True)
class OnAccount:
    """A receipt and what of it is not yet allocated."""

    receipt_id: int
    number: str
    item_id: int
    account_id: int
    currency: str
    exponent: int
    left: Decimal
    booked_on: date


@dataclass(frozen=True, slots=True)
class Allocation:
    """An allocation that may be undone: whose, from which receipt to which invoice, and the items it moved."""

    entity_id: int
    receipt_id: int
    receipt: str
    invoice: str
    source_id: int
    target_id: int
    amount: Decimal
    currency: str
    exponent: int
    source_base: Decimal
    target_base: Decimal
    booked_on: date


def payers(actor: Actor, numbers: Collection[str], on: date) -> dict[str, int]:
    """The ids of those accounts of these numbers that the actor may receive money from."""
    query = f"select a.number, a.id from account a where a.number = any(%(numbers)s) and {REACHED}"
    return dict(frames.rows(query, {"numbers": [*numbers], **reach(actor, "cash", on)}))


def receipt_on_account(actor: Actor, entity_id: int, number: str, on: date, right: str = "cash") -> OnAccount:
    """The receipt of that number, as it stands; raises `NotFound`, also where the actor has not that right."""
    query = f"""select r.id, r.number, r.open_item_id, r.account_id, r.currency,
                       currency_exponent(r.currency), -o.balance, r.booked_on
                  from receipt r join open_item o on o.id = r.open_item_id join account a on a.id = r.account_id
                 where r.entity_id = %(entity)s and r.number = %(number)s and {REACHED}"""
    found = frames.rows(query, {"entity": entity_id, "number": number, **reach(actor, right, on)})
    if not found:
        raise NotFound(f"There is no receipt “{number}” in your book.", "Check the receipt's number.")
    return OnAccount(*found[0])


def allocation_made(actor: Actor, allocation: int, on: date) -> Allocation:
    """The allocation of that id; raises `NotFound`, also for a row that itself undoes one."""
    query = f"""select r.entity_id, r.id, r.number, i.number, c.source_id, c.target_id, c.amount, r.currency,
                       currency_exponent(r.currency), c.source_base, c.target_base, c.booked_on
                  from cash_allocation c join receipt r on r.open_item_id = c.source_id
                  join invoice i on i.open_item_id = c.target_id
                 where c.id = %(allocation)s and c.answers_id is null
                   and (select bool_and(coalesce({REACHED}, false)) from account a
                         where a.id in (r.account_id, i.account_id))"""
    found = frames.rows(query, {"allocation": allocation, **reach(actor, "cash", on)})
    if not found:
        raise NotFound(f"There is no allocation {allocation} in your book.", "A receipt names its allocations.")
    return Allocation(*found[0])


def answered(allocation: int) -> bool:
    """Whether the allocation is undone already."""
    return bool(frames.rows("select 1 from cash_allocation where answers_id = %s", [allocation]))


def payables(actor: Actor, on: date, numbers: Collection[tuple[int, str]],
             owing: Collection[int] = ()) -> list[Payable]:
    """Issued documents by entity and number, and what the `owing` accounts owe, as far as the actor reaches."""
    query = f"""
      select o.id, i.number, o.currency, o.balance, o.due_on, o.booked_on, o.entity_id, o.account_id, i.withheld
        from open_item o join invoice i on i.open_item_id = o.id join account a on a.id = o.account_id
       where o.id = any(array(select d.open_item_id from invoice d
                                join unnest(%(entities)s::bigint[], %(numbers)s::text[]) as n (entity_id, number)
                                  on (n.entity_id, n.number) = (d.entity_id, d.number))
                     || array(select w.id from open_item w where w.account_id = any(%(owing)s) and w.balance > 0
                                 and w.balance <> 0 and w.control = 'receivable')) and {REACHED}"""
    values = {"entities": [entity for entity, _ in numbers], "numbers": [number for _, number in numbers],
              "owing": [*owing], **reach(actor, "cash", on)}
    return [Payable(*row) for row in frames.rows(query, values)]


@dataclass(frozen=True, slots=True)
class Settlement:
    """How far an issued document is settled on a day. `state` is open, part_paid, paid or credited."""

    invoice_id: int
    number: str
    state: str
    currency: str
    total: Decimal
    paid: Decimal
    credited: Decimal
    open: Decimal
    due_on: date
    days_late: int

    @property
    def overdue(self) -> bool:
        return self.days_late > 0


def settlements(invoices: Sequence[int], on: date) -> dict[int, Settlement]:
    """Settlement of issued documents at the end of a day, by invoice id; drafts and proformas have none.

    Settlement is no state of the invoice: it is added up from the movements of its open item, by what made them.
    """
    query = """
      select i.id, i.number, o.currency, o.amount, o.due_on,
             coalesce(-sum(m.amount) filter (where e.kind = 'allocation'), 0) as paid,
             coalesce(-sum(m.amount) filter (where e.kind = 'credit_note' and m.amount * o.amount < 0), 0) as credited
        from invoice i join open_item o on o.id = i.open_item_id
        join open_item_movement m on m.open_item_id = o.id and m.booked_on <= %(on)s
        join entry e on e.id = m.entry_id
       where i.id = any(%(invoices)s)
       group by i.id, o.id"""
    found = frames.rows(query, {"invoices": list(invoices), "on": on})
    return {row[0]: _settlement(on, *row) for row in found}


def _settlement(on: date, invoice_id: int, number: str, currency: str, total: Decimal, due_on: date, paid: Decimal,
                credited: Decimal) -> Settlement:
    left = total - paid - credited
    if left == 0:
        state = "credited" if credited and not paid else "paid"
    else:
        state = "part_paid" if paid or credited else "open"
    days_late = max((on - due_on).days, 0) if left > 0 else 0
    return Settlement(invoice_id, number, state, currency, total, paid, credited, left, due_on, days_late)


STATEMENT: Final[frames.Schema] = {
    "booked_on": pl.Date, "kind": pl.String, "number": pl.String, "currency": pl.String,
    "amount": frames.MONEY, "balance": frames.MONEY,
}


def statement(actor: Actor, entity_id: int, account: str, since: date, until: date) -> pl.DataFrame:
    """The account's statement, both days included: an `opening` row per currency, then what happened, oldest first.

    booked_on, kind (opening, invoice, credit_note, receipt, allocation), number, currency, amount (signed: what
    the account owes more or less), balance after it. An allocation shows only where it moves money between
    accounts; within one it changes nothing. Raises `NotFound`.
    """
    found = frames.rows(f"select a.id from account a where a.number = %(number)s and {REACHED}",
                        {"number": account, **reach(actor, "read", until)})
    if not found:
        raise NotFound(f"There is no account “{account}” in your book.", "Check the account's number.")
    query = """
      with moved as (
        select e.id, e.booked_on, e.kind, min(o.label) as number, o.currency, sum(m.amount) as amount
          from open_item o join open_item_movement m on m.open_item_id = o.id join entry e on e.id = m.entry_id
         where o.entity_id = %(entity)s and o.account_id = %(account)s and e.booked_on <= %(until)s
         group by e.id, o.currency having sum(m.amount) <> 0
      ), listed as (
        select null::bigint as id, %(since)s::date as booked_on, 'opening' as kind, '' as number, currency,
               coalesce(sum(amount) filter (where booked_on < %(since)s), 0) as amount
          from moved group by currency
        union all select * from moved where booked_on >= %(since)s
      )
      select booked_on, kind, number, currency, amount,
             sum(amount) over (partition by currency order by booked_on, id nulls first)
        from listed order by currency, booked_on, id nulls first"""
    values = {"entity": entity_id, "account": found[0][0], "since": since, "until": until}
    return frames.read(query, values, STATEMENT)
