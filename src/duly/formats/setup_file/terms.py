"""What a set-up file says was agreed: rate cards, metrics, agreements with their versions and charges."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
class Limit:
    path: str
    category: str
    at_most: Decimal


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
    supply: str
    unit: str
    project: str | None
    rate_card: str | None
    rounding: str
    increment_seconds: int
    minimum_seconds: int
    weekend_factor: Decimal | None
    overtime_factor: Decimal | None
    overtime_after_seconds: int | None
    markup: Decimal
    limits: tuple[Limit, ...]
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
    untaxed: bool


@dataclass(frozen=True, slots=True)
class Version:
    path: str
    valid_from: date
    charges: tuple[Charge, ...] = ()
    payment_days: int | None = None  # as all that is None here: nothing is said
    purchase_order: str | None = None
    review: str | None = None
    grouping: str | None = None
    consolidate: bool = False
    time_annex: bool | None = None
    prices_include_tax: bool = False
    cap: Decimal | None = None
    cap_behaviour: str = "block"
    discounts: tuple[Discount, ...] = ()
    change_at_once: bool | None = None
    progressive_thresholds: tuple[Decimal, ...] = ()
    progressive_every: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """Field names are the domain's own; `renews_months` None does not renew."""

    months: int
    renews_months: int | None
    notice_months: int
    notice_days: int


@dataclass(frozen=True, slots=True)
class Agreement:
    path: str
    number: str
    name: str
    entity: str
    account: str
    currency: str
    ends_on: date | None
    runtime: Runtime | None
    projects: tuple[tuple[str, str], ...]  # (code, name)
    versions: tuple[Version, ...]  # the first begins with the agreement
