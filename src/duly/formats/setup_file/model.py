"""What a set-up file says. Codes, numbers and logins are the firm's own names for its things.

Every part keeps its `path` in the file, so that whoever refuses it later can name the place.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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


@dataclass(frozen=True, slots=True)
class Rate:
    path: str
    price: Decimal | None  # None: the rate of these names ends
    valid_from: date
    person: str | None
    project: str | None
    role: str
    task: str


@dataclass(frozen=True, slots=True)
class RateCard:
    path: str
    code: str
    name: str
    currency: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    property: str
    values: tuple[str, ...]
    excluded: bool


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured of usage; field names after `path` are the domain's own."""

    path: str
    code: str
    name: str
    unit: str
    aggregation: str
    event: str
    property: str
    filters: tuple[Filter, ...]
    group_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    path: str
    up_to: Decimal | None
    price: Decimal  # a fraction, where money is priced
    flat: Decimal


@dataclass(frozen=True, slots=True)
class Phase:
    path: str
    begins_on: date
    price: Decimal | None
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Discount:
    path: str
    name: str
    rate: Decimal | None
    off: Decimal | None
    scope: str
    charges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """Field names after `path` are the domain's own, so that a door hands them on as they are."""

    path: str
    code: str
    kind: str
    name: str
    tax_class: str
    unit: str
    project: str | None
    rate_card: str | None
    rounding: str
    increment_seconds: int
    minimum_seconds: int
    markup: Decimal
    price: Decimal | None
    quantity: Decimal
    interval: str | None
    interval_count: int
    alignment: str
    anchor: date | None
    timing: str
    proration: str
    due_on: date | None
    model: str
    tiers: tuple[Tier, ...]
    included: Decimal
    package_size: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    metric: str | None
    rate: Decimal | None
    fixed: Decimal
    minimum_fee: Decimal | None
    maximum_fee: Decimal | None
    free_count: int
    free_amount: Decimal
    basis: str
    day_count: str
    proration_down: str | None
    phases: tuple[Phase, ...]
    trial_days: int | None
    trial_until: date | None
    trial_price: Decimal | None
    grants: Decimal | None
    grants_of: str
    rollover: int
    borrow: bool
    covers: tuple[str, ...]
    priority: int
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Version:
    path: str
    valid_from: date
    charges: tuple[Charge, ...]
    payment_days: int | None  # as all that is None here: nothing is said
    purchase_order: str | None
    review: str | None
    grouping: str | None
    consolidate: bool
    time_annex: bool | None
    cap: Decimal | None
    cap_behaviour: str
    discounts: tuple[Discount, ...]
    change_at_once: bool | None
    progressive_thresholds: tuple[Decimal, ...]
    progressive_every: Decimal | None


@dataclass(frozen=True, slots=True)
class Agreement:
    path: str
    number: str
    name: str
    entity: str
    account: str
    currency: str
    ends_on: date | None
    projects: tuple[tuple[str, str], ...]  # (code, name)
    versions: tuple[Version, ...]  # the first begins with the agreement


@dataclass(frozen=True, slots=True)
class TaxRate:
    path: str
    country: str
    tax_class: str
    rate: Decimal  # a fraction of the net
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
    exchange_rates: tuple[ExchangeRate, ...]
    second_factor: tuple[str, ...] | None  # the roles and rights of whom it is demanded; None: nothing is said
    mapping: Mapping
