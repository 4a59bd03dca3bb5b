"""Money in: receive it, say what it pays, and take that back by an answering row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from duly.billing.accounts import queries as accounts
from duly.billing.accounts.models import BankAccount, LegalEntity
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.payments import posting, queries
from duly.billing.payments.models import METHODS
from duly.billing.payments.posting import Move
from duly.billing.payments.queries import Payable
from duly.engine.allocation import Beyond, Item, Part, named, oldest_first

Wanted = Sequence[tuple[str, Decimal | None]]
"""Invoice numbers with the amount for each; None is as much as is left on both sides."""


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
    seller = accounts.entity(entity)
    payer = queries.payer(actor, account, on)
    exponent = _checked(seller, amount, currency, received_on, on, method, reference)
    bank = _bank_account(seller, bank_account)
    if allocate == "oldest":
        items = _owed(seller, payer, currency, on)
        parts = oldest_first(amount, _items(items))
    else:
        wanted = allocate or ()
        items = _payable(actor, seller, wanted, on)
        parts = _parts(items, wanted, amount, currency, exponent, on)
    receipt = posting.book_receipt(
        entity=seller, account_id=payer, amount=amount, currency=currency, on=on, received_on=received_on,
        method=method, reference=reference, bank_account_id=bank,
    )
    done = _move(seller, receipt.item_id, items, parts, on, receipt.number, exponent)
    left = amount - sum((part.amount for part in parts), Decimal(0))
    record("receipt", receipt.id, personal={"reference": reference} if reference else None, number=receipt.number,
           account=account, currency=currency, amount=_text(amount, exponent), method=method,
           received_on=received_on, booked_on=on, allocated=done)
    return Received(receipt.id, receipt.number, currency, _text(amount, exponent), done, _text(left, exponent))


@verb("payments.allocate", right="cash")
def allocate(*, actor: Actor, at: datetime, on: date, entity: str, receipt: str, to: Wanted) -> Allocated:
    """Move money of a receipt from on account to invoices of the same entity and currency, booked on day `on`.

    Raises `Refused` when an amount is more than its invoice or the receipt still holds (law 9: of two at once
    the second sees what the first left), `NotFound` for a name that is not there or not in the actor's book.
    """
    seller = accounts.entity(entity)
    source = queries.receipt_on_account(actor, seller.pk, receipt, on)
    items = _payable(actor, seller, to, on, source.item_id)
    source = queries.receipt_on_account(actor, seller.pk, receipt, on)
    if on < source.booked_on:
        raise Refused(f"Receipt {receipt} is booked on {source.booked_on}, after {on}.",
                      f"Use {source.booked_on} or a later date.")
    exponent = source.exponent
    parts = _parts(items, to, source.left, source.currency, exponent, on)
    if not parts:
        raise Refused(f"Receipt {receipt} has nothing left to allocate.", "Un-allocate some of it first.", law=9)
    done = _move(seller, source.item_id, items, parts, on, receipt, exponent)
    left = source.left - sum((part.amount for part in parts), Decimal(0))
    record("receipt", source.receipt_id, number=receipt, booked_on=on, allocated=done)
    return Allocated(source.receipt_id, receipt, source.currency, done, _text(left, exponent))


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
        raise Refused(f"Allocation {allocation} is booked on {undone.booked_on}, after {on}.",
                      f"Use {undone.booked_on} or a later date.")
    seller = LegalEntity.objects.get(pk=undone.entity_id)
    move = Move(undone.source_id, undone.target_id, -undone.amount, undone.currency, undone.base_rate)
    [answer] = posting.move(seller, [move], on, undone.receipt, answers=allocation, reason=reason)
    amount = _text(undone.amount, undone.exponent)
    record("receipt", undone.receipt_id, number=undone.receipt, booked_on=on, undone=allocation,
           invoice=undone.invoice, amount=amount, reason=reason)
    return Unallocated(answer, undone.receipt, undone.invoice, undone.currency, amount)


def _checked(entity: LegalEntity, amount: Decimal, currency: str, received_on: date, on: date, method: str,
             reference: str) -> int:
    """The currency's exponent, after every value of a receipt was looked at; raises one `Refused` for all."""
    exponent = posting.exponent(currency)
    problems = []
    if exponent is None:
        problems.append(Problem("currency", f"“{currency}” is no currency.", "Use an ISO 4217 code such as EUR."))
    elif (wrong := _wrong_amount("amount", amount, currency, exponent)) is not None:
        problems.append(wrong)
    if received_on > on:
        problems.append(Problem("received_on", f"The money came in on {received_on}, after the booking date {on}.",
                                "Book it on the day it came in, or later."))
    if method not in METHODS:
        problems.append(Problem("method", f"“{method}” is no method of payment.", f"Known: {', '.join(METHODS)}."))
    if len(reference) > 140:
        problems.append(Problem("reference", f"The reference has {len(reference)} characters.", "At most 140 fit."))
    if exponent is None or problems:
        raise Refused(f"{entity.code} cannot book this receipt.", "Correct the values.", problems=problems)
    return exponent


def _wrong_amount(path: str, amount: Decimal, currency: str, exponent: int) -> Problem | None:
    if not amount.is_finite() or amount <= 0:
        return Problem(path, f"{amount} is no amount of money received.", "Use an amount above zero.")
    if amount.adjusted() > 15:
        return Problem(path, f"{amount} is larger than any amount can be.", "Use at most 16 digits before the point.")
    if amount != round(amount, exponent):
        return Problem(path, f"{amount} is finer than {currency} allows.", f"Use at most {exponent} decimals.")
    return None


def _bank_account(entity: LegalEntity, iban: str | None) -> int | None:
    if iban is None:
        return None
    plain = iban.replace(" ", "").upper()
    known = dict(BankAccount.objects.filter(entity=entity).order_by("position").values_list("iban", "pk"))
    if plain not in known:
        raise NotFound(f"{entity.code} has no bank account “{iban}”.", f"Known: {', '.join(known) or 'none yet'}.")
    return int(known[plain])


def _owed(entity: LegalEntity, account_id: int, currency: str, on: date) -> dict[str, Payable]:
    """What the account owes, locked."""
    found = queries.payable_by_account(entity.pk, account_id, currency, on)
    posting.lock([item.item_id for item in found.values()])
    return queries.payable_by_account(entity.pk, account_id, currency, on)


def _payable(actor: Actor, entity: LegalEntity, wanted: Wanted, on: date, *others: int) -> dict[str, Payable]:
    """The named invoices, locked together with the `others` among the open items."""
    names = [number for number, _ in wanted]
    found = queries.payable_by_number(actor, entity.pk, names, on)
    posting.lock([*others, *(item.item_id for item in found.values())])
    return queries.payable_by_number(actor, entity.pk, names, on)


def _parts(items: dict[str, Payable], wanted: Wanted, amount: Decimal, currency: str, exponent: int,
           on: date) -> tuple[Part, ...]:
    """How `amount` is spread over the named invoices; raises one `Refused` for all that will not do."""
    problems = []
    for at, (number, part) in enumerate(wanted):
        item, path = items[number], f"allocate[{at}]"
        if number in [name for name, _ in wanted[:at]]:
            problems.append(Problem(path, f"Invoice {number} is named twice.", "Name it once, with the whole amount."))
        elif item.currency != currency:
            problems.append(Problem(path, f"Invoice {number} is in {item.currency}, the money in {currency}.",
                                    "Allocate within one currency."))
        elif item.booked_on > on:
            problems.append(Problem(path, f"Invoice {number} is booked on {item.booked_on}, after {on}.",
                                    f"Use {item.booked_on} or a later date."))
        elif item.open <= 0:
            problems.append(Problem(path, f"Invoice {number} has nothing open.", "Leave it out."))
        elif part is not None and (wrong := _wrong_amount(path, part, currency, exponent)) is not None:
            problems.append(wrong)
    if problems:
        raise Refused("The money cannot go where it was sent.", "Nothing was changed.", problems=problems, law=9)
    try:
        return named(amount, {item.key: item for item in _items(items)}, wanted)
    except Beyond as beyond:
        raise Refused(f"{_text(beyond.wanted, exponent)} {currency} for {beyond.key} is more than the "
                      f"{_text(beyond.left, exponent)} {currency} that {beyond.holder} still has.",
                      "Look at the open amounts again.", law=9) from None


def _items(items: dict[str, Payable]) -> list[Item]:
    return [Item(item.number, item.due_on, item.open) for item in items.values()]


def _move(entity: LegalEntity, source_id: int, items: dict[str, Payable], parts: Sequence[Part], on: date,
          receipt: str, exponent: int) -> list[dict[str, Any]]:
    """Move the parts from the receipt's item to the invoices' items; what was done, a dict for each."""
    moves = [Move(source_id, items[part.key].item_id, part.amount, items[part.key].currency, items[part.key].base_rate)
             for part in parts]
    ids = posting.move(entity, moves, on, receipt)
    return [{"allocation": made, "invoice": part.key, "amount": _text(part.amount, exponent)}
            for made, part in zip(ids, parts, strict=True)]


def _text(amount: Decimal, exponent: int) -> str:
    return f"{amount:.{exponent}f}"
