"""Money in: receive it, say what it pays, and take that back by an answering row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from duly.billing.accounts import queries as accounts
from duly.billing.accounts.models import LegalEntity
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.payments import moving, posting, queries, receiving, spreading
from duly.billing.payments.moving import Move, Undo
from duly.billing.payments.queries import Payable
from duly.billing.payments.receiving import Incoming
from duly.billing.payments.spreading import Wanted, text
from duly.engine.wording import day


@dataclass(frozen=True, slots=True)
class Received:
    """A receipt: what it paid, one dict per allocation (allocation, invoice, amount), and what stays on account."""

    receipt: int
    number: str
    currency: str
    amount: str
    allocated: list[dict[str, Any]]
    on_account: str


@dataclass(frozen=True, slots=True)
class Allocated:
    """What was moved from a receipt to invoices, one dict per allocation, and what is left on account."""

    receipt: int
    number: str
    currency: str
    allocated: list[dict[str, Any]]
    on_account: str


@dataclass(frozen=True, slots=True)
class Unallocated:
    """The answering allocation, and what it took back from which invoice."""

    allocation: int
    receipt: str
    invoice: str
    currency: str
    amount: str


@dataclass(frozen=True, slots=True)
class ReceivedMany:
    """The receipts in the order in which they were given, each as `Received` has it."""

    receipts: list[dict[str, Any]]


@verb("payments.receive", right="cash")
def receive(
    *, actor: Actor, at: datetime, on: date, entity: str, account: str, amount: Decimal, currency: str,
    received_on: date, method: str, reference: str = "", bank_account: str | None = None,
    allocate: Wanted | Literal["oldest"] | None = None,
) -> Received:
    """Book money from an account on day `on`, under the entity's next receipt number, and say what it pays.

    The money is booked on account first, whole; `allocate` then moves it to invoices of the same entity and
    currency: to those named, or ("oldest") to what the account owes, else (None) to none. `bank_account` is the
    entity's IBAN. Raises `Refused` with a problem per wrong value, or when an amount is more than an invoice or
    the receipt holds (law 9), `NotFound` for an account or invoice that is not there or not in the actor's book.
    """
    [received] = receiving.book(actor, on, [Incoming(
        entity, account, amount, currency, on, received_on, method, reference, bank_account, allocate)])
    return Received(**received)


@verb("payments.receive_many", right="cash")
def receive_many(*, actor: Actor, at: datetime, on: date, receipts: Sequence[Incoming]) -> ReceivedMany:
    """Book up to 1,000 receipts together, as `receive` books each on its own day, those of an entity by date.

    All of them or none: raises `Refused`, or `NotFound` outside the actor's book of day `on`, with a problem for
    each wrong value, its path naming the receipt (`receipts[3].amount`).
    """
    if len(receipts) > receiving.AT_ONCE:
        raise Refused(f"These are {len(receipts)} receipts.", f"Give at most {receiving.AT_ONCE} at once.")
    return ReceivedMany(receiving.book(actor, on, receipts, path="receipts[{}]"))


@verb("payments.allocate", right="cash")
def allocate(*, actor: Actor, at: datetime, on: date, entity: str, receipt: str, to: Wanted) -> Allocated:
    """Move money of a receipt from on account to invoices of the same entity and currency, booked on day `on`.

    Raises `Refused` when an amount is more than its invoice or the receipt still holds (law 9: of two at once
    the second sees what the first left), `NotFound` for a name that is not there or not in the actor's book.
    """
    seller = accounts.entity(entity)
    source = queries.receipt_on_account(actor, seller.pk, receipt, on)
    items = _locked(actor, seller, to, on, source.item_id)
    source = queries.receipt_on_account(actor, seller.pk, receipt, on)
    if on < source.booked_on:
        raise Refused(f"Receipt {receipt} is booked on {day(source.booked_on)}, after {day(on)}.",
                      f"Use {day(source.booked_on)} or a later date.")
    parts = spreading.parts(items, to, source.left, source.currency, source.exponent, on)
    if not parts:
        raise Refused(f"Receipt {receipt} has nothing left to allocate.", "Un-allocate some of it first.", law=9)
    made = moving.move([Move(seller, on, receipt, source.item_id, items[part.key].item_id, part.amount,
                             source.currency) for part in parts])
    done = [{"allocation": allocation, "invoice": part.key, "amount": text(part.amount, source.exponent)}
            for allocation, part in zip(made, parts, strict=True)]
    left = source.left - sum((part.amount for part in parts), Decimal(0))
    record("receipt", source.receipt_id, number=receipt, booked_on=on, allocated=done)
    return Allocated(source.receipt_id, receipt, source.currency, done, text(left, source.exponent))


@verb("payments.unallocate", right="cash")
def unallocate(*, actor: Actor, at: datetime, on: date, allocation: int, reason: str) -> Unallocated:
    """Undo an allocation by a row that answers it: the invoice is owed again, the money is on account again.

    Raises `Refused` without a reason, when it is undone already, or before the day it was booked; `NotFound`.
    """
    if not reason.strip():
        raise Refused("An allocation is undone for a reason.", "Say why it is undone.")
    undone = queries.allocation_made(actor, allocation, on)
    posting.lock([undone.source_id, undone.target_id])
    if queries.answered(allocation):
        raise Refused(f"Allocation {allocation} is undone already.", "Nothing needs to be done.", law=3)
    if on < undone.booked_on:
        raise Refused(f"Allocation {allocation} is booked on {day(undone.booked_on)}, after {day(on)}.",
                      f"Use {day(undone.booked_on)} or a later date.")
    seller = LegalEntity.objects.get(pk=undone.entity_id)
    move = Move(seller, on, undone.receipt, undone.source_id, undone.target_id, undone.amount, undone.currency)
    answer = moving.undo(Undo(allocation, move, undone.source_base, undone.target_base, reason))
    amount = text(undone.amount, undone.exponent)
    record("receipt", undone.receipt_id, number=undone.receipt, booked_on=on, undone=allocation,
           invoice=undone.invoice, amount=amount, reason=reason)
    return Unallocated(answer, undone.receipt, undone.invoice, undone.currency, amount)


def _locked(actor: Actor, entity: LegalEntity, wanted: Wanted, on: date, source: int) -> dict[str, Payable]:
    """The named invoices as they stand, locked together with the receipt's own item; those that are there."""
    asked = [(entity.pk, number) for number, _ in wanted]
    posting.lock([source, *(item.item_id for item in queries.payables(actor, on, asked))])
    return {item.number: item for item in queries.payables(actor, on, asked)}
