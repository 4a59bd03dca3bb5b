"""Verbs for customers: accounts, their contacts, tax numbers and purchase orders, their manager and cover."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from duly.billing.accounts.models import CONTACT_ROLES, Account, Contact, PurchaseOrder, TaxRegistration
from duly.billing.accounts.numbers import next_number
from duly.billing.accounts.queries import accounts_in_book, refuse_outside_book, user_id
from duly.billing.audit.actions import verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.kernel.names import fold
from duly.billing.reference.put import Put, put

PERSONAL = ("name", "sort_name", "street", "street_2", "postcode", "city")
"""What names or places a private person who is a customer."""


@verb("accounts.put_account", right="accounts")
def put_account(
    *, actor: Actor, at: datetime, on: date, number: str, name: str, street: str, city: str, country: str,
    currency: str, street_2: str = "", postcode: str = "", region: str = "", kind: str = "business",
    parent: str | None = None, bill_to: str | None = None, language: str = "en", payment_days: int = 30,
    requires_purchase_order: bool = False, new: bool = False,
) -> Put:
    """Add the account of this number, or change it. Who may act in their own book only becomes its manager.

    Raises `NotFound` for a parent or payer that does not exist and for what is outside the actor's book, `Refused`
    where the account would be its own ancestor or the payer has a payer itself, and for a `new` one whose number
    is taken, by whomever.
    """
    frames.rows("select pg_advisory_xact_lock(hashtext('accounts.hierarchy'))")
    named = accounts_in_book(actor, "accounts", [other for other in (parent, bill_to) if other], on)
    known = Account.objects.filter(number=number).first()
    if new and known is not None:
        free = next_number()
        taken = Problem("number", f"{number} is another account’s by now.",
                        f"{free} is free." if free else "Give the new account another number.")
        raise Refused("The number is taken.", problems=[taken])
    refuse_outside_book(actor, "accounts", [known.pk] if known else [], on, f"account “{number}”")
    values: dict[str, Any] = {
        "name": name, "sort_name": fold(name)[:200], "street": street, "street_2": street_2, "postcode": postcode,
        "city": city, "region": region, "country": country, "kind": kind, "currency": currency, "language": language,
        "payment_days": payment_days, "requires_purchase_order": requires_purchase_order,
        "parent_id": named[parent].pk if parent else None, "bill_to_id": named[bill_to].pk if bill_to else None,
    }
    _refuse_circles(known, named.get(parent or ""), named.get(bill_to or ""))
    if known is None and not actor.may_everywhere("accounts"):
        values["manager_id"] = actor.user_id
    return put(Account, {"number": number}, values, personal=PERSONAL if kind == "person" else ())


def _refuse_circles(account: Account | None, parent: Account | None, payer: Account | None) -> None:
    problems = []
    if account is not None and parent is not None and account.pk in _line_up(parent.pk):
        problems.append(Problem("parent", f"{parent.number} is {account.number} itself or below it.",
                                "Name an account above it, or none."))
    if payer is not None and (payer.bill_to_id is not None or payer == account):
        problems.append(Problem("bill_to", f"{payer.number} does not receive its own invoices.",
                                "Name the account that pays in the end."))
    if payer is not None and account is not None and Account.objects.filter(bill_to=account).exists():
        problems.append(Problem("bill_to", f"{account.number} pays for other accounts.",
                                "Let those be billed to the new payer first."))
    if problems:
        raise Refused("The accounts would stand in a circle.", problems=problems)


def _line_up(account_id: int) -> set[int]:
    """The account and all above it."""
    query = """with recursive line as (
                   select id, parent_id from account where id = %s
                   union select a.id, a.parent_id from account a join line on a.id = line.parent_id)
               select id from line"""
    return {row[0] for row in frames.rows(query, [account_id])}


def _in_book(actor: Actor, number: str, on: date) -> Account:
    return accounts_in_book(actor, "accounts", [number], on)[number]


@verb("accounts.assign_manager", right="accounts")
def assign_manager(
    *, actor: Actor, at: datetime, on: date, account: str, manager: str | None, cover: str | None = None,
    cover_from: date | None = None, cover_until: date | None = None,
) -> Put:
    """Put the account in a manager's book, and in a cover's for some days (both included).

    Raises `NotFound` for an unknown user or an account outside the actor's book, `Refused` for a cover without days.
    """
    found = _in_book(actor, account, on)
    if cover and (cover_from is None or cover_until is None or cover_until < cover_from):
        raise Refused(f"The cover of {account} needs its first and last day.", "Give both, the first one first.")
    return put(Account, {"number": found.number}, {
        "manager_id": user_id(manager) if manager else None, "cover_id": user_id(cover) if cover else None,
        "cover_from": cover_from if cover else None, "cover_until": cover_until if cover else None,
    })


@verb("accounts.put_account_tax_registration", right="accounts")
def put_account_tax_registration(*, actor: Actor, at: datetime, on: date, account: str, country: str, number: str,
                                 scheme: str = "vat") -> Put:
    """Set the account's tax number in a country; the door has checked its form. Raises `NotFound`."""
    key = {"entity_id": None, "account_id": _in_book(actor, account, on).pk, "country": country, "scheme": scheme}
    return put(TaxRegistration, key, {"number": number})


@verb("accounts.put_contact", right="accounts")
def put_contact(*, actor: Actor, at: datetime, on: date, account: str, name: str, email: str, phone: str = "",
                roles: Sequence[str] = ()) -> Put:
    """Add the contact of this address at an account, or change it. Raises `Refused` for unknown roles, `NotFound`."""
    found = _in_book(actor, account, on)
    if strange := sorted(set(roles) - set(CONTACT_ROLES)):
        raise Refused(f"“{strange[0]}” is not a role of a contact.", f"Use {', '.join(CONTACT_ROLES)}.")
    values = {"name": name, "phone": phone, "roles": sorted(set(roles))}
    return put(Contact, {"account_id": found.pk, "email": email}, values, personal=("name", "email", "phone"))


@verb("accounts.put_purchase_order", right="accounts")
def put_purchase_order(*, actor: Actor, at: datetime, on: date, account: str, number: str, currency: str,
                       amount: Decimal | None = None, expires_on: date | None = None) -> Put:
    """Add a purchase order of the account, or change what it allows and until when; no amount is no limit.

    Raises `Refused` for an amount finer than the currency's minor unit or below zero, `NotFound`.
    """
    found = _in_book(actor, account, on)
    [(whole,)] = frames.rows("select is_minor_units(%s, %s)", [amount or 0, currency])
    if amount is not None and (not amount.is_finite() or amount < 0 or not whole):
        raise Refused(f"{amount} {currency} is not an amount.", "Give whole minor units, zero or more.")
    return put(PurchaseOrder, {"account_id": found.pk, "number": number},
               {"currency": currency, "amount": amount, "expires_on": expires_on})
