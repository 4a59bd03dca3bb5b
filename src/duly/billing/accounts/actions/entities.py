"""Verbs for the firm's own companies: address, tax registrations, bank accounts, numbers, closing."""

from datetime import date, datetime
from typing import Any

from duly.billing.accounts.models import (
    SERIES_KINDS,
    BankAccount,
    LegalEntity,
    NumberCounter,
    NumberSeries,
    TaxRegistration,
)
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.actions import store_file
from duly.billing.reference.put import Put, put
from duly.engine.fiscal import document_number

SETTLED = ("base_currency", "fiscal_year_start")
"""What no longer changes once an entity has given a number: its books are kept by it."""


@verb("accounts.put_entity", right="settings")
def put_entity(
    *, actor: Actor, at: datetime, code: str, name: str, street: str, city: str, country: str, base_currency: str,
    time_zone: str, email: str, street_2: str = "", postcode: str = "", region: str = "", phone: str = "",
    website: str = "", legal_notice: str = "", language: str = "en", colour: str = "#0f766e",
    fiscal_year_start: int = 1, one_stop_shop: bool = False,
) -> Put:
    """Add the legal entity of this code, or change it. In the `one_stop_shop` it declares what consumers in other
    member states of the EU buy, at the rates of their countries.

    Raises `Refused` for another base currency or fiscal year once it has given a number.
    """
    values: dict[str, Any] = {
        "name": name, "street": street, "street_2": street_2, "postcode": postcode, "city": city, "region": region,
        "country": country, "base_currency": base_currency, "time_zone": time_zone, "email": email, "phone": phone,
        "website": website, "legal_notice": legal_notice, "language": language, "colour": colour.lower(),
        "fiscal_year_start": fiscal_year_start, "one_stop_shop": one_stop_shop,
    }
    known = LegalEntity.objects.filter(code=code).first()
    if known is not None and NumberCounter.objects.filter(series__entity=known).exists():
        problems = [Problem(field, f"{code} has given numbers with {getattr(known, field)}.", "Keep it.")
                    for field in SETTLED if getattr(known, field) != values[field]]
        if problems:
            raise Refused("The books are kept by this; it does not change any more.", problems=problems)
    return put(LegalEntity, {"code": code}, values)


@verb("accounts.put_logo", right="settings")
def put_logo(*, actor: Actor, at: datetime, entity: str, name: str, media_type: str, content: bytes) -> Put:
    """Print this picture on the entity's documents from now on; issued ones keep theirs. Raises `NotFound`."""
    found = entity_of(entity)
    file = store_file(name=name, media_type=media_type, content=content)
    return put(LegalEntity, {"code": found.code}, {"logo_id": file})


@verb("accounts.put_entity_tax_registration", right="settings")
def put_entity_tax_registration(*, actor: Actor, at: datetime, entity: str, country: str, number: str,
                                scheme: str = "vat") -> Put:
    """Set the entity's tax number in a country; the door has checked its form. Raises `NotFound`."""
    key = {"entity_id": entity_of(entity).pk, "account_id": None, "country": country, "scheme": scheme}
    return put(TaxRegistration, key, {"number": number})


@verb("accounts.put_bank_account", right="bank_details")
def put_bank_account(*, actor: Actor, at: datetime, entity: str, iban: str, holder: str, currency: str, bic: str = "",
                     bank: str = "", position: int = 1) -> Put:
    """Add a bank account that the entity is paid on, or change it; the first by position prints. Raises `NotFound`.

    The event holds no account number and no holder: they go beside it, where they can be erased.
    """
    key = {"entity_id": entity_of(entity).pk, "iban": iban}
    values = {"holder": holder, "bic": bic, "bank": bank, "currency": currency, "position": position}
    return put(BankAccount, key, values, personal=("iban", "holder"))


@verb("accounts.put_number_series", right="settings")
def put_number_series(*, actor: Actor, at: datetime, entity: str, kind: str, pattern: str) -> Put:
    """Number the entity's documents of a kind by a pattern such as `R{year}-{number:05}`.

    Raises `Refused` for an unknown kind, a pattern without year and number, and another pattern once the series
    has given a number; `NotFound` for the entity.
    """
    found = entity_of(entity)
    if kind not in SERIES_KINDS:
        raise Refused(f"“{kind}” is not a kind of document with numbers.", f"Use one of {', '.join(SERIES_KINDS)}.")
    if not _numbers_apart(pattern):
        raise Refused(f"“{pattern}” does not give every document a number of its own.",
                      "Use {year} and {number}, for example R{year}-{number:05}.")
    given = NumberCounter.objects.filter(series__entity=found, series__kind=kind).exclude(series__pattern=pattern)
    if given.exists():
        raise Refused(f"The series “{kind}” of {entity} has given numbers; its pattern stays.", law=4)
    return put(NumberSeries, {"entity_id": found.pk, "kind": kind}, {"pattern": pattern})


def _numbers_apart(pattern: str) -> bool:
    """Whether other years and other numbers print otherwise, with nothing but the two in the pattern."""
    try:
        printed = {document_number(pattern, year, number) for year in (2026, 2027) for number in (1, 2, 10_000)}
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return False
    return len(printed) == 6 and "\n" not in pattern


@verb("accounts.set_lock_date", right="close")
def set_lock_date(*, actor: Actor, at: datetime, entity: str, lock_date: date) -> Put:
    """Close the entity's books up to and with this day. Raises `Refused` for an earlier day (law 14), `NotFound`."""
    return put(LegalEntity, {"code": entity_of(entity).code}, {"lock_date": lock_date})
