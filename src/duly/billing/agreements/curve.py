"""The price of a quantity, from nothing up to beyond the last tier: what a table of tiers or packages comes to."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.agreements.sound.pricing import TIERED
from duly.billing.agreements.terms import ChargeInput
from duly.engine.pricing.lines import PRICE, QUANTITY
from duly.engine.pricing.sums import summed
from duly.engine.pricing.tiers import TIER, bounded, quantity_terms
from duly.engine.rounding import RATIO

PACKAGES: Final = 5
"""So many are drawn."""
BEYOND: Final = Decimal("1.5")
"""How far an open tier is drawn, in what lies before it."""
LARGEST: Final = Decimal(10) ** 20
"""A price beyond this is not drawn: it would be counted in figures that no line has room for."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Quantities (above, up_to] of one price: what they come to in all right behind `above` and at `up_to`, and what
    one more unit within costs. `open` where it goes on beyond `up_to`, which is only as far as it is drawn."""

    above: Decimal
    up_to: Decimal
    open: bool
    first: Decimal
    last: Decimal
    following: Decimal


def curve(charge: ChargeInput) -> tuple[Stretch, ...]:
    """The stretches of a charge that is priced by tiers or packages and holds together; none for any other, and for
    amounts of more than twenty figures. Before a minimum and a maximum of the period."""
    bounds = list(_bounds(charge))
    most = max((up_to for _, up_to, _ in bounds), default=Decimal(0))
    dearest = max([charge.price or Decimal(0), *(max(tier.price, tier.flat) for tier in charge.tiers)])
    if not bounds or most * dearest >= LARGEST:
        return ()
    begun = [above + _step(above, up_to) for above, up_to, _ in bounds]
    firsts, lasts = (_totals(charge, quantities) for quantities in (begun, [up_to for _, up_to, _ in bounds]))
    return tuple(_stretch(*bound, start, first, last)
                 for bound, start, first, last in zip(bounds, begun, firsts, lasts, strict=True))


def _stretch(above: Decimal, up_to: Decimal, is_open: bool, begun: Decimal, first: Decimal, last: Decimal) -> Stretch:
    following = round((last - first) / (up_to - begun), 8)
    return Stretch(above, up_to, is_open, first - (begun - above) * following, last, following)


def _bounds(charge: ChargeInput) -> Iterator[tuple[Decimal, Decimal, bool]]:
    """(above, up_to, whether it goes on) of what is drawn; what is included comes first and costs nothing."""
    included = charge.included
    if included and (charge.package_size or charge.tiers):
        yield Decimal(0), included, False
    if charge.model == "package" and charge.package_size:
        for number in range(PACKAGES):
            yield (included + number * charge.package_size, included + (number + 1) * charge.package_size,
                   number == PACKAGES - 1)
    elif charge.model in TIERED or charge.kind == "balance":
        for above, tier in bounded(charge.tiers):
            end = tier.up_to if tier.up_to is not None else (above * BEYOND or Decimal(10))
            yield included + above, included + end, tier.up_to is None


def _step(above: Decimal, up_to: Decimal) -> Decimal:
    """From the bound to the first quantity within: a unit, or where the bounds are close a part of it."""
    return Decimal(1) if up_to - above > 1 else round((up_to - above) / 2, 6)


def _totals(charge: ChargeInput, quantities: list[Decimal]) -> list[Decimal]:
    """The exact price of each quantity, by the engine."""
    model = charge.model if charge.model in ("volume", "stair_step", "package") else "graduated"
    rows = [{"part": part, "terms_id": 1, "model": model, "quantity": quantity, "included": charge.included,
             "price": charge.price, "package_size": charge.package_size} for part, quantity in enumerate(quantities)]
    schema: dict[str, Any] = {"part": pl.Int64, "terms_id": pl.Int64, "model": pl.String, "quantity": QUANTITY,
                              "included": QUANTITY, "price": PRICE, "package_size": QUANTITY}
    tiers = [(1, above, tier.up_to, tier.price, tier.flat) for above, tier in bounded(charge.tiers)]
    found = summed(quantity_terms(pl.DataFrame(rows, schema=schema), pl.DataFrame(tiers, schema=TIER, orient="row")))
    return found.sort("part")["exact"].cast(RATIO).to_list()
