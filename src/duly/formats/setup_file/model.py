"""What a set-up file says. Codes, numbers and logins are the firm's own names for its things.

Every part keeps its `path` in the file, so that whoever refuses it later can name the place.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duly.formats.setup_file.terms import Agreement, Metric, RateCard


@dataclass(frozen=True, slots=True)
class User:
    path: str
    login: str
    name: str
    email: str
    roles: tuple[tuple[str, str], ...]  # (role, scope: all or book)
    rights: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class Person:
    path: str
    code: str
    name: str
    email: str | None
    role: str
    user: str | None


@dataclass(frozen=True, slots=True)
class TaxNumber:
    path: str
    country: str
    scheme: str
    number: str


@dataclass(frozen=True, slots=True)
class Bank:
    path: str
    iban: str
    bic: str
    bank: str
    holder: str
    currency: str


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    street_2: str
    postcode: str
    city: str
    region: str
    country: str


@dataclass(frozen=True, slots=True)
class NewAgreements:
    """What new agreements begin with where nothing is said; no `payment_days` are the account's."""

    path: str
    review: str
    payment_days: int | None
    grouping: str
    time_annex: bool


@dataclass(frozen=True, slots=True)
class PayableStep:
    path: str
    currency: str
    step: Decimal | None  # None: it is rounded no more


@dataclass(frozen=True, slots=True)
class Entity:
    path: str
    code: str
    name: str
    address: Address
    currency: str
    time_zone: str
    fiscal_year_start: int
    lock_date: date | None
    email: str
    phone: str
    website: str
    legal_notice: str
    language: str
    colour: str
    logo: str | None  # a file name, relative to the set-up file
    tax_numbers: tuple[TaxNumber, ...]
    banks: tuple[Bank, ...]
    series: tuple[tuple[str, str], ...]  # (kind, pattern)
    chart: tuple[tuple[str, str, str], ...]  # (role, account's code, account's name)
    new_agreements: NewAgreements | None
    checks: tuple[tuple[str, str | None], ...]  # (check, how strict; None is as usual)
    one_stop_shop: bool
    payable_steps: tuple[PayableStep, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    path: str
    name: str
    email: str
    phone: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    path: str
    number: str
    currency: str
    amount: Decimal | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Treatment:
    path: str
    category: str | None  # None: the treatment before ends
    reason: str
    certificate: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Withholding:
    path: str
    name: str
    rate: Decimal | None  # a fraction of the net; None: it ends
    reason: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Cover:
    user: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Account:
    path: str
    number: str
    name: str
    kind: str
    address: Address
    parent: str | None
    bill_to: str | None
    manager: str | None
    cover: Cover | None
    language: str
    currency: str
    payment_days: int
    requires_purchase_order: bool
    tax_numbers: tuple[TaxNumber, ...]
    contacts: tuple[Contact, ...]
    orders: tuple[Order, ...]
    treatments: tuple[Treatment, ...]
    withholdings: tuple[Withholding, ...]


@dataclass(frozen=True, slots=True)
class TaxRate:
    path: str
    country: str
    tax_class: str
    rate: Decimal  # a fraction of the net
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class TaxComponent:
    path: str
    country: str
    region: str
    tax_class: str
    name: str
    position: int
    rate: Decimal | None  # a fraction of the base; None: it ends
    compound: bool
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    path: str
    base: str
    quote: str
    rate: Decimal
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """What names in imported files stand for: (name, person's code, account's number or project's code)."""

    people: tuple[tuple[str, str], ...]
    clients: tuple[tuple[str, str], ...]
    projects: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SetUp:
    users: tuple[User, ...]
    people: tuple[Person, ...]
    entities: tuple[Entity, ...]
    accounts: tuple[Account, ...]
    rate_cards: tuple[RateCard, ...]
    metrics: tuple[Metric, ...]
    agreements: tuple[Agreement, ...]
    tax_rates: tuple[TaxRate, ...]
    tax_components: tuple[TaxComponent, ...]
    exchange_rates: tuple[ExchangeRate, ...]
    second_factor: tuple[str, ...] | None  # the roles and rights of whom it is demanded; None: nothing is said
    mapping: Mapping
