"""Prepaid credit, deposits and progressive invoices: what was paid for before, and what it now pays.

Credit that was sold with tax (a single-purpose voucher, Directive 2006/112/EC Art. 30b) is netted before tax, in its
own category and rate, as deposits and progressive invoices are. Credit sold without tax (a multi-purpose voucher, in
the same article) is a means of payment: what is to pay after tax draws it. Exact amounts of one currency, no rounding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

ZERO: Final = Decimal(0)
PAYABLE: Final = "payable"
"""What a voucher draws on: what a document has to pay after its tax."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Credit: `amount` of it, from `granted_on` until before `expires_on` (None: for ever).

    The lowest `priority` is drawn first. `charges` are those that it pays (None: all). `tax_category` and `tax_rate`
    are those that it was sold with, both None where it was sold without tax.
    """

    key: str
    amount: Decimal
    granted_on: date
    expires_on: date | None = None
    priority: int = 0
    charges: frozenset[str] | None = None
    tax_category: str | None = None
    tax_rate: Decimal | None = None

    @property
    def taxed(self) -> bool:
        return self.tax_category is not None


@dataclass(frozen=True, slots=True)
class Demand:
    """What credit can pay: a line's net for taxed credit, otherwise what a document has to pay."""

    key: str
    on: date
    amount: Decimal
    charge: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """What a grant paid of a demand."""

    grant: str
    demand: str
    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Expiry:
    """What was left of a grant on the day it expired (breakage)."""

    grant: str
    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn and what has expired, in the order of time; what each grant has `left`; what each demand still
    lacks (`unmet`). Of every grant draws, expiry and rest sum to its amount."""

    draws: tuple[Draw, ...]
    expired: tuple[Expiry, ...]
    left: Mapping[str, Decimal]
    unmet: Mapping[str, Decimal]


def draw(grants: Sequence[Grant], demands: Sequence[Demand], *, until: date) -> Drawn:
    """Draw credit in the order of time: the lowest priority first, then what expires first, then the oldest grant.

    Demands of one day and grants alike in all of that keep the order given. What is left of a grant expires when its
    day has come by `until`. Raises `ValueError` for grants taxed and not in one call, amounts below zero, and keys
    that are there twice.
    """
    _refuse(grants, demands)
    left = {grant.key: grant.amount for grant in grants}
    unmet = {demand.key: demand.amount for demand in demands}
    in_order = _in_order(grants)
    draws = []
    for demand in sorted(demands, key=lambda demand: demand.on):
        for grant in in_order:
            if _pays(grant, demand) and (amount := min(left[grant.key], unmet[demand.key])):
                draws.append(Draw(grant.key, demand.key, demand.on, amount))
                left[grant.key] -= amount
                unmet[demand.key] -= amount
    return _drawn(in_order, draws, left, unmet, until)


def pay(vouchers: Sequence[Grant], parts: Sequence[Demand], payable: Decimal, *, on: date) -> Drawn:
    """What credit sold without tax pays of a document on a day, in the order of `draw`: a draw of `PAYABLE` for each.

    `parts` are what the document's charges come to with their tax, less what is taken off them; a voucher pays those
    that it covers, all of them together never more than `payable`, which is total less what is withheld. Raises
    `ValueError` for credit sold with tax, amounts below zero, and keys that are there twice.
    """
    open_parts = [part for part in parts if part.amount > ZERO]
    _refuse(vouchers, open_parts)
    if any(voucher.taxed for voucher in vouchers):
        raise ValueError("credit sold with tax is drawn before tax, not after it")
    left = {voucher.key: voucher.amount for voucher in vouchers}
    unmet, room, draws = {part.key: part.amount for part in open_parts}, max(payable, ZERO), []
    in_order = _in_order(vouchers)
    for voucher in in_order:
        before = room
        for part in open_parts:
            if _pays(voucher, part):
                amount = min(left[voucher.key], unmet[part.key], room)
                left[voucher.key], unmet[part.key], room = (
                    left[voucher.key] - amount, unmet[part.key] - amount, room - amount)
        if room < before:
            draws.append(Draw(voucher.key, PAYABLE, on, before - room))
    return _drawn(in_order, draws, left, {PAYABLE: room}, on)


def _in_order(grants: Sequence[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: (grant.priority, grant.expires_on or date.max, grant.granted_on))


def _drawn(grants: Sequence[Grant], draws: Sequence[Draw], left: Mapping[str, Decimal], unmet: Mapping[str, Decimal],
           until: date) -> Drawn:
    """With what has expired of the grants by `until`."""
    gone = [Expiry(grant.key, grant.expires_on, left[grant.key]) for grant in grants
            if grant.expires_on and grant.expires_on <= until and left[grant.key]]
    expired = tuple(sorted(gone, key=lambda expiry: expiry.on))
    return Drawn(tuple(draws), expired, {**left, **{expiry.grant: ZERO for expiry in expired}}, unmet)


def _pays(grant: Grant, demand: Demand) -> bool:
    alive = grant.granted_on <= demand.on and (grant.expires_on is None or demand.on < grant.expires_on)
    return alive and (grant.charges is None or demand.charge in grant.charges)


def _refuse(grants: Sequence[Grant], demands: Sequence[Demand]) -> None:
    if len({grant.taxed for grant in grants}) > 1:
        raise ValueError("credit sold with tax is drawn before tax, credit sold without after it: not in one call")
    for named in (grants, demands):
        if len({one.key for one in named}) < len(named):
            raise ValueError("grants and demands have a key each")
        if wrong := next((one.key for one in named if one.amount < ZERO), None):
            raise ValueError(f"{wrong} is below zero")


@dataclass(frozen=True, slots=True)
class Advance:
    """A document that billed in advance: a `deposit` or a `progressive` invoice, or taxed `credit`; `net` is what is
    not netted of it yet, in its own tax category and rate."""

    key: str
    kind: str
    on: date
    net: Decimal
    tax_category: str
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class Netting:
    """A line of a document that takes off what was billed before: its `amount` is below zero."""

    key: str
    kind: str
    amount: Decimal
    tax_category: str
    tax_rate: Decimal
    explanation: tuple[Mapping[str, Any], ...]


def net_off(total: Decimal, advances: Sequence[Advance], *, exponent: int, final: bool = False) -> tuple[Netting, ...]:
    """Take advances off a document's net `total`, the oldest first: not below zero, but all of them when it is the
    `final` one, so that what was billed too much is given back.

    Each keeps the category and rate that it was billed with; the document's tax is then that of its groups (EN 16931
    BR-CO-17). What does not fit stays open. Raises `ValueError` for an advance below zero.
    """
    if wrong := next((advance.key for advance in advances if advance.net < ZERO), None):
        raise ValueError(f"{wrong} is below zero")
    room, nettings = max(total, ZERO), []
    for advance in sorted(advances, key=lambda advance: advance.on):
        if amount := advance.net if final else min(advance.net, room):
            room -= amount
            nettings.append(_netting(advance, amount, exponent))
    return tuple(nettings)


def net_credit(drawn: Drawn, grants: Sequence[Grant], *, exponent: int) -> tuple[Netting, ...]:
    """What taxed credit pays of a document, as lines of it: one for each grant that was drawn, in the order drawn."""
    sums: dict[str, Decimal] = {}
    for one in drawn.draws:
        sums[one.grant] = sums.get(one.grant, ZERO) + one.amount
    named = {grant.key: grant for grant in grants}
    return tuple(
        _netting(Advance(key, "credit", grant.granted_on, amount, grant.tax_category, grant.tax_rate), amount, exponent)
        for key, amount in sums.items()
        if (grant := named[key]).tax_category is not None and grant.tax_rate is not None)


def _netting(advance: Advance, amount: Decimal, exponent: int) -> Netting:
    off = {"step": advance.kind, "add": f"{-amount:f}", "document": advance.key, "on": advance.on.isoformat(),
           "open": f"{advance.net:f}"}
    closing = {"step": "round", "exponent": exponent, "amount": f"{-amount:f}"}
    return Netting(advance.key, advance.kind, -amount, advance.tax_category, advance.tax_rate,
                   (off, {"step": "sum"}, closing))
