"""The page of one receipt: the money, what it pays and paid, and what was sent of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from duly.billing.accounts.queries import unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.payments.queries import REACHED, reach
from duly.billing.reporting.invoice_page import MESSAGES, Sent


@dataclass(frozen=True, slots=True)
class Head:
    """The receipt itself; `left` is what of it pays nothing yet, `bank` the IBAN it came in on or empty."""

    id: int
    number: str
    entity: str
    entity_name: str
    account_id: int
    account: str
    account_name: str
    currency: str
    amount: Decimal
    left: Decimal
    received_on: date
    booked_on: date
    method: str
    reference: str
    bank: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """An amount that went to an invoice; once undone, on which day, why, and by whom.

    `difference` is the exchange difference in the base currency that it booked: a gain above zero.
    """

    id: int
    invoice: int
    number: str
    account: str
    account_name: str
    amount: Decimal
    booked_on: date
    by: str
    difference: Decimal
    base_currency: str
    undone_on: date | None
    reason: str
    undone_by: str


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    head: Head
    paid: tuple[Paid, ...]
    messages: tuple[Sent, ...]


BY: Final = """left join lateral (select coalesce(u.name, v.actor) as by, v.at from event v
                    left join app_user u on u.login = v.actor
                   where v.command_id = {entry}.command_id and v.subject_type = 'receipt' and v.subject_id = r.id
                   limit 1) {name} on true"""
"""SQL: who booked an entry of receipt `r`, and when."""

HEAD: Final = f"""
    select r.id, r.number, e.code, e.name, a.id, a.number, a.name, r.currency, r.amount, -o.balance, r.received_on,
           r.booked_on, r.method, r.reference, coalesce(b.iban, ''), coalesce(booked.by, ''), booked.at
      from receipt r join account a on a.id = r.account_id join legal_entity e on e.id = r.entity_id
      join open_item o on o.id = r.open_item_id left join bank_account b on b.id = r.bank_account_id
      join open_item_movement m on m.open_item_id = o.id join entry n on n.id = m.entry_id and n.kind = 'receipt'
      {BY.format(entry="n", name="booked")}
     where r.id = %(receipt)s and {REACHED}"""

PAID: Final = f"""
    select c.id, i.id, i.number, a.number, a.name, c.amount, c.booked_on, coalesce(made.by, ''),
           c.source_base - c.target_base, e.base_currency, u.booked_on,
           coalesce(u.reason, ''), coalesce(undid.by, '')
      from receipt r join legal_entity e on e.id = r.entity_id
      join cash_allocation c on c.source_id = r.open_item_id and c.answers_id is null
      join invoice i on i.open_item_id = c.target_id join account a on a.id = i.account_id
      join entry n on n.id = c.entry_id {BY.format(entry="n", name="made")}
      left join cash_allocation u on u.answers_id = c.id left join entry un on un.id = u.entry_id
      {BY.format(entry="un", name="undid")}
     where r.id = %(receipt)s order by c.id"""


def receipt_page(*, actor: Actor, on: date, receipt: int) -> ReceiptPage:
    """Everything that the page of a receipt shows, in three queries.

    Raises `NotFound` alike for one that is not there and one outside the actor's book.
    """
    values = {"receipt": receipt, **reach(actor, "read", on)}
    found = frames.rows(HEAD, values)
    if not found:
        raise unseen(actor, "read", f"receipt {receipt}")
    messages = frames.rows(MESSAGES.replace("m.invoice_id", "m.receipt_id"), [receipt])
    return ReceiptPage(Head(*found[0]), tuple(Paid(*row) for row in frames.rows(PAID, values)),
                       tuple(Sent(*row) for row in messages))
