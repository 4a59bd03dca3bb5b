"""Booking receipts, one or a thousand by the same path: look at all, lock what they pay, write each table once."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, Literal, TypeVar

from duly.billing.accounts import queries as accounts
from duly.billing.accounts.models import BankAccount
from duly.billing.audit.actions import record_each
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.payments import moving, posting, queries, spreading
from duly.billing.payments.models import METHODS
from duly.billing.payments.moving import Move
from duly.billing.payments.posting import Cash
from duly.billing.payments.queries import Payable
from duly.billing.payments.spreading import Wanted, text
from duly.engine.allocation import Part, oldest_first
from duly.engine.wording import day

AT_ONCE: Final = 1_000
"""How many receipts are booked together: their locks are held until the last is written."""

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Money that came in: `entity` by code, `account` by number, `bank_account` by the entity's IBAN.

    `allocate` says what it pays: invoices of the entity, "oldest", or nothing yet.
    """

    entity: str
    account: str
    amount: Decimal
    currency: str
    booked_on: date
    received_on: date
    method: str
    reference: str = ""
    bank_account: str | None = None
    allocate: Wanted | Literal["oldest"] | None = None


def book(actor: Actor, on: date, incoming: Sequence[Incoming], path: str = "") -> list[dict[str, Any]]:
    """Book receipts and what they pay; for each, in order, what `Received` has. Called inside a verb.

    `path` names a receipt in problems by its place. Those of an entity are booked by date, so each sees what those
    before it left open.
    """
    cash = _looked_at(actor, on, incoming, path)
    order = sorted(range(len(cash)), key=lambda at: (cash[at].entity.pk, cash[at].booked_on))
    paid = _spread(actor, on, incoming, cash, order, path)
    booked = dict(zip(order, posting.book_receipts([cash[at] for at in order]), strict=True))
    moves = [(at, item.number, Move(cash[at].entity, cash[at].booked_on, booked[at].number, booked[at].item_id,
                                    item.item_id, amount, item.currency))
             for at in order for item, amount in paid[at]]
    allocated: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (at, invoice, move), made in zip(moves, moving.move([move for *_, move in moves]), strict=True):
        allocated[at].append({"allocation": made, "invoice": invoice, "amount": text(move.amount, cash[at].exponent)})
    record_each("receipt", [(booked[at].id, _said(incoming[at], cash[at], booked[at].number, allocated[at]),
                             {"reference": cash[at].reference} if cash[at].reference else {}) for at in order])
    return [{"receipt": booked[at].id, "number": booked[at].number, "currency": one.currency,
             "amount": text(one.amount, one.exponent), "allocated": allocated[at],
             "on_account": text(one.amount - sum((amount for _, amount in paid[at]), Decimal(0)), one.exponent)}
            for at, one in enumerate(cash)]


def _said(one: Incoming, cash: Cash, number: str, allocated: list[dict[str, Any]]) -> dict[str, Any]:
    """What the event of a receipt tells."""
    return {"number": number, "account": one.account, "currency": one.currency,
            "amount": text(one.amount, cash.exponent), "method": one.method, "received_on": one.received_on,
            "booked_on": one.booked_on, "allocated": allocated}


def _each(incoming: Sequence[Incoming], order: Sequence[int], path: str, work: Callable[[int, Incoming], Done],
          ) -> dict[int, Done]:
    """The work of each in that order, by its place; what is refused is collected under the receipts' paths."""
    done, problems, kind = {}, [], Refused
    for at in order:
        try:
            done[at] = work(at, incoming[at])
        except Refused as refused:
            if not path:
                raise
            place, kind = path.format(at), NotFound if isinstance(refused, NotFound) else kind
            problems += ([Problem(f"{place}.{each.path}", each.text, each.remedy) for each in refused.problems]
                         or [Problem(place, refused.text, refused.remedy)])
    if problems:
        raise kind("Not all of these receipts can be booked; none was.", "Correct those that are named.",
                   problems=problems)
    return done


def _looked_at(actor: Actor, on: date, incoming: Sequence[Incoming], path: str) -> list[Cash]:
    """Every value of every receipt looked at; whose accounts they are by one query."""
    payers = queries.payers(actor, {one.account for one in incoming}, on)
    entity_of, exponent_of, banks_of = cache(accounts.entity), cache(posting.exponent), cache(_banks)

    def look(_: int, one: Incoming) -> Cash:
        seller = entity_of(one.entity)
        if one.account not in payers:
            raise NotFound(f"There is no account “{one.account}” in your book.", "Check the account's number.")
        exponent = _checked(one, exponent_of(one.currency))
        bank = None if one.bank_account is None else one.bank_account.replace(" ", "").upper()
        known = banks_of(seller.pk) if bank else {}
        if bank is not None and bank not in known:
            raise NotFound(f"{one.entity} has no bank account “{one.bank_account}”.",
                           f"Known: {', '.join(known) or 'none yet'}.")
        return Cash(seller, payers[one.account], one.amount, one.currency, exponent, one.booked_on, one.received_on,
                    one.method, one.reference, known[bank] if bank else None)

    return [*_each(incoming, range(len(incoming)), path, look).values()]


def _checked(one: Incoming, exponent: int | None) -> int:
    """The currency's exponent, after every value was looked at; raises one `Refused` for all."""
    problems = []
    if exponent is None:
        problems.append(Problem("currency", f"“{one.currency}” is no currency.", "Use an ISO 4217 code such as EUR."))
    elif (wrong := spreading.wrong_amount("amount", one.amount, one.currency, exponent)) is not None:
        problems.append(wrong)
    if one.received_on > one.booked_on:
        problems.append(Problem(
            "received_on",
            f"The money came in on {day(one.received_on)}, after the booking date {day(one.booked_on)}.",
            "Book it on the day it came in, or later."))
    if one.method not in METHODS:
        problems.append(Problem("method", f"“{one.method}” is no method of payment.", f"Known: {', '.join(METHODS)}."))
    if one.method == "withholding" and one.bank_account is not None:
        problems.append(Problem("bank_account", "Tax that was withheld reaches no bank account.", "Leave it out."))
    if isinstance(one.allocate, str) and one.allocate != "oldest":
        problems.append(Problem("allocate", f"“{one.allocate}” names no way to allocate.",
                                "Name invoices, “oldest”, or nothing yet."))
    if len(one.reference) > 140:
        problems.append(Problem("reference", f"The reference has {len(one.reference)} characters.", "At most 140 fit."))
    if exponent is None or problems:
        raise Refused(f"{one.entity} cannot book this receipt.", "Correct the values.", problems=problems)
    return exponent


def _banks(entity: int) -> Mapping[str, int]:
    """The bank accounts of an entity by IBAN."""
    return dict(BankAccount.objects.filter(entity_id=entity).order_by("position").values_list("iban", "pk"))


def _spread(actor: Actor, on: date, incoming: Sequence[Incoming], cash: Sequence[Cash], order: Sequence[int],
            path: str) -> dict[int, list[tuple[Payable, Decimal]]]:
    """What each receipt pays, after all that they may pay is locked. What one takes, the next finds gone."""
    asked = [(cash[at].entity.pk, number) for at, one in enumerate(incoming) if isinstance(one.allocate, (list, tuple))
             for number, _ in one.allocate]
    payers = {cash[at].account_id for at, one in enumerate(incoming) if one.allocate == "oldest"}
    posting.lock([one.item_id for one in queries.payables(actor, on, asked, payers)])
    owed = {one.item_id: one for one in queries.payables(actor, on, asked, payers)}
    numbered = {(one.entity_id, one.number): one.item_id for one in owed.values()}

    def spread(at: int, one: Incoming) -> list[tuple[Payable, Decimal]]:
        received = cash[at]
        if one.allocate == "oldest":
            items = {item.number: item for item in owed.values() if _may_pay(received, item)}
            found = oldest_first(one.amount, spreading.items_of(items.values()))
        else:
            wanted = one.allocate or ()
            items = {number: owed[numbered[key]] for number, _ in wanted
                     if (key := (received.entity.pk, number)) in numbered}
            found = spreading.parts(items, wanted, one.amount, one.currency, received.exponent, one.booked_on)
        return [_take(owed, items[part.key], part) for part in found]

    return _each(incoming, order, path, spread)


def _may_pay(cash: Cash, item: Payable) -> bool:
    return (item.entity_id, item.account_id, item.currency) == (cash.entity.pk, cash.account_id, cash.currency) \
        and item.booked_on <= cash.booked_on and item.open > 0


def _take(owed: dict[int, Payable], item: Payable, part: Part) -> tuple[Payable, Decimal]:
    owed[item.item_id] = replace(item, open=item.open - part.amount)
    return item, part.amount
