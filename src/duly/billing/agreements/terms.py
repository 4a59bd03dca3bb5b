"""Terms as people agree them: versions, charges, tiers, phases and discounts as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from duly.billing.kernel.errors import Problem
from duly.engine.wording import day

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class TierInput:
    """A tier up to and including a quantity or amount, None for the last: a unit's price (a fraction, where money is
    priced), and a flat price for reaching it. It begins beyond the one before."""

    up_to: Decimal | None
    price: Decimal = ZERO
    flat: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PhaseInput:
    """From a day on another price or quantity; None stays as before."""

    begins_on: date
    price: Decimal | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LimitInput:
    """The most that an expense of a category is billed at, after mark-up and conversion; it is billed whole all the
    same."""

    category: str
    at_most: Decimal


@dataclass(frozen=True, slots=True)
class DiscountInput:
    """A discount: `rate` (0.1 is ten per cent) or `off`, an amount; of the agreement, of some `charges` by their codes,
    or of the whole invoice. They are taken in their order."""

    name: str
    rate: Decimal | None = None
    off: Decimal | None = None
    scope: str = "agreement"
    charges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChargeInput:
    """One charge's terms. Prices are in the agreement's currency, `markup` and `rate` are fractions (0.05 = 5 %).

    Time that begins on a Saturday or Sunday counts `weekend_factor` times, and `overtime_factor` times what one person
    works of the charge on a day beyond `overtime_after_seconds`; the higher one where both apply.

    `metric` names what is measured of usage. `grants` is what a recurring charge includes each period of the charges
    that it `covers` (codes; none: all of the kind): seconds, or with `grants_of` value an amount. Credit that is sold
    `untaxed` (a voucher) is a means of payment: it pays what is to pay after tax.
    """

    code: str
    kind: str
    name: str
    tax_class: str = "standard"
    supply: str = "services"
    unit: str = ""
    project: str | None = None
    rate_card: str | None = None
    rounding: str = "exact"
    increment_seconds: int = 1
    minimum_seconds: int = 0
    weekend_factor: Decimal | None = None
    overtime_factor: Decimal | None = None
    overtime_after_seconds: int | None = None
    markup: Decimal = ZERO
    limits: tuple[LimitInput, ...] = ()
    price: Decimal | None = None
    quantity: Decimal = Decimal(1)
    interval: str | None = None
    interval_count: int = 1
    alignment: str = "calendar"
    anchor: date | None = None
    timing: str = "arrears"
    proration: str = "by_day"
    due_on: date | None = None
    model: str = "per_unit"
    tiers: tuple[TierInput, ...] = ()
    included: Decimal = ZERO
    package_size: Decimal | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    metric: str | None = None
    rate: Decimal | None = None
    fixed: Decimal = ZERO
    minimum_fee: Decimal | None = None
    maximum_fee: Decimal | None = None
    free_count: int = 0
    free_amount: Decimal = ZERO
    basis: str = "average"
    day_count: str = "act_365"
    proration_down: str | None = None
    phases: tuple[PhaseInput, ...] = ()
    trial_days: int | None = None
    trial_until: date | None = None
    trial_price: Decimal | None = None
    grants: Decimal | None = None
    grants_of: str = "time"
    rollover: int = 0
    borrow: bool = False
    covers: tuple[str, ...] = ()
    priority: int = 0
    expires_on: date | None = None
    untaxed: bool = False

    def __post_init__(self) -> None:
        """A fee on money has a model of its own, so nobody needs to name it."""
        if self.model == "per_unit" and self.kind in ("percentage", "balance"):
            object.__setattr__(self, "model", self.kind)


@dataclass(frozen=True, slots=True)
class VersionInput:
    """The complete terms of an agreement from a day on; `payment_days` None are the account's.

    `change_at_once` None: upgrades count at once, downgrades when their period is over.
    """

    valid_from: date
    charges: tuple[ChargeInput, ...]
    payment_days: int | None = None
    purchase_order: str | None = None
    review: str = "peer"
    grouping: str = "person"
    consolidate: bool = False
    time_annex: bool = True
    prices_include_tax: bool = False
    cap: Decimal | None = None
    cap_behaviour: str = "block"
    discounts: tuple[DiscountInput, ...] = ()
    change_at_once: bool | None = None
    progressive_thresholds: tuple[Decimal, ...] = ()
    progressive_every: Decimal | None = None


def differences(agreed: VersionInput, given: VersionInput) -> Iterator[Problem]:
    """Where terms given for a day are not those agreed for it, by path of the given ones."""
    remedy = f"Agreed terms stay as they are: give a new version from a day after {day(agreed.valid_from)}."
    yield from _differing(agreed, given, "", remedy)
    before = {charge.code: charge for charge in agreed.charges}
    for i, charge in enumerate(given.charges):
        if charge.code in before:
            yield from _differing(before[charge.code], charge, f"charges[{i}].", remedy)
        else:
            text = f"The charge “{charge.code}” was not agreed from {agreed.valid_from}."
            yield Problem(f"charges[{i}]", text, remedy)
    for code in sorted(set(before) - {charge.code for charge in given.charges}):
        yield Problem("charges", f"The charge “{code}” was agreed from {day(agreed.valid_from)} and is left out.",
                      remedy)


def _differing(agreed: Any, given: Any, path: str, remedy: str) -> Iterator[Problem]:
    for field in fields(agreed):
        before, now = getattr(agreed, field.name), getattr(given, field.name)
        if field.name != "charges" and before != now:
            yield Problem(path + field.name, f"{_shown(before)} was agreed, not {_shown(now)}.", remedy)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(_shown, value)) or "nothing"
    if isinstance(value, TierInput | PhaseInput | DiscountInput | LimitInput):
        said = ((field.name, getattr(value, field.name)) for field in fields(value))
        return ", ".join(f"{name} {_shown(one)}" for name, one in said if one not in (None, ZERO, ()))
    return f"{value.normalize():f}" if isinstance(value, Decimal) else "nothing" if value is None else str(value)
