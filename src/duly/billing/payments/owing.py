"""What a payer may pay, as a person who records money sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.payments.queries import REACHED, reach


@dataclass(frozen=True, slots=True)
class Payer:
    """An account that money comes from; `on_account` is what of its money pays nothing yet, by currency."""

    id: int
    number: str
    name: str
    currency: str
    on_account: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """An issued document that still owes something, and whose it is; `withheld` of its total the payer keeps back."""

    number: str
    invoice: int
    account: str
    account_name: str
    entity: str
    currency: str
    total: Decimal
    open: Decimal
    booked_on: date
    due_on: date
    days_late: int
    withheld: Decimal


def payer(*, actor: Actor, on: date, account: str) -> Payer:
    """The account of that number, if the actor may receive money from it; raises `NotFound`."""
    query = f"""
      select a.id, a.number, a.name, a.currency,
             array(select o.currency || ' ' || -sum(o.balance) from open_item o where o.account_id = a.id
                      and o.balance <> 0 and o.control = 'on_account' group by o.currency order by o.currency)
        from account a where a.number = %(account)s and {REACHED}"""
    found = frames.rows(query, {"account": account, **reach(actor, "cash", on)})
    if not found:
        raise NotFound(f"There is no account “{account}” in your book.", "Check the account's number.")
    id_, number, name, currency, held = found[0]
    sums = tuple((code, Decimal(amount)) for code, amount in (one.split(" ") for one in held))
    return Payer(id_, number, name, currency, sums)


def owed(*, actor: Actor, on: date, account: int, numbers: Sequence[str] = ()) -> tuple[Owed, ...]:
    """What the account owes, and these documents of any account, oldest due first, as far as the actor may pay them.

    Only what still owes something: a number that is missing in the answer is paid, or not there.
    """
    query = f"""
      select i.number, i.id, a.number, a.name, e.code, o.currency, o.amount, o.balance, o.booked_on, o.due_on,
             greatest(%(on)s - o.due_on, 0), i.withheld
        from open_item o join invoice i on i.open_item_id = o.id join account a on a.id = o.account_id
        join legal_entity e on e.id = o.entity_id
       where o.id = any(array(select w.id from open_item w where w.account_id = %(account)s and w.balance > 0
                                 and w.balance <> 0 and w.control = 'receivable')
                     || array(select d.open_item_id from invoice d where d.number = any(%(numbers)s)))
         and o.balance > 0 and {REACHED}
       order by o.due_on, o.id"""
    values = {"account": account, "numbers": list(numbers), **reach(actor, "cash", on)}
    return tuple(Owed(*row) for row in frames.rows(query, values))
