"""What a client might use in a period, so that a sample shows the terms at work: the second tier, a begun package."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from duly.billing.agreements.terms import ChargeInput, TierInput

ZERO: Final = Decimal(0)
UNITS: Final = Decimal(1_000)
"""Used of what has no tiers, beyond what is included."""
PACKAGES: Final = Decimal("2.5")
PAYMENTS: Final = 10
PAYMENT: Final = Decimal(100)
"""So many payments, and the amount of each, beyond what is free."""
BALANCE: Final = Decimal(10_000)
BEYOND: Final = Decimal("1.5")
"""How far into the second tier, in first tiers, where the second has no end; and beyond a limit, in limits."""
LIMITS: Final = 6
"""Of a charge: more would make a long sample."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a sample takes as used of a measured charge: units, or a sum or balance of money; `said` in words."""

    quantity: Decimal
    said: str


def use(charge: ChargeInput) -> Use | None:
    """Typical use of a measured charge; None for every other kind."""
    if charge.kind == "usage":
        quantity = charge.included + _units(charge)
        unit = charge.unit if charge.unit not in ("", "item") else "units"
        return Use(quantity, f"{quantity.normalize():,f} {unit} of {charge.name}")
    if charge.kind == "percentage" and charge.model == "percentage":
        free = " beyond what is free" if charge.free_count or charge.free_amount else ""
        return Use(PAYMENT * PAYMENTS, f"{PAYMENTS} payments of {PAYMENT} each for {charge.name}{free}")
    if charge.kind == "percentage":
        quantity = into_second(charge.tiers) or PAYMENT * PAYMENTS
        return Use(quantity, f"payments of {quantity.normalize():,f} in all for {charge.name}")
    if charge.kind == "balance":
        quantity = into_second(charge.tiers) or BALANCE
        return Use(quantity, f"a balance of {quantity.normalize():,f} for {charge.name}")
    return None


def assumed(charge: ChargeInput) -> Iterator[str]:
    """What a sample takes as used of the charge, in words."""
    if used := use(charge):
        yield used.said
    if charge.weekend_factor not in (None, 1):
        yield f"an hour of {charge.name} at a weekend"
    if charge.overtime_factor not in (None, 1):
        yield f"an hour of {charge.name} in overtime"
    yield from (f"{category} for {cost:,f}" for category, cost in spent(charge))


def spent(charge: ChargeInput) -> Iterator[tuple[str, Decimal]]:
    """Expenses that come to more than their limits: category and cost, in the agreement's currency."""
    for limit in charge.limits[:LIMITS]:
        yield limit.category, (limit.at_most * BEYOND).to_integral_value(ROUND_CEILING)


def _units(charge: ChargeInput) -> Decimal:
    if charge.package_size:
        return charge.package_size * PACKAGES
    return into_second(charge.tiers) or UNITS


def into_second(tiers: tuple[TierInput, ...]) -> Decimal | None:
    """A quantity halfway into the second tier; None where there is no second."""
    if len(tiers) < 2 or tiers[0].up_to is None:
        return None
    first, second = tiers[0].up_to, tiers[1].up_to
    whole = first * BEYOND if second is None else (first + second) / 2
    return Decimal(round(whole)) if whole > 10 and round(whole) > first else whole
