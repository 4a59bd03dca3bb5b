"""The curve of a price: what a quantity comes to in all, and what one more unit costs, drawn and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from duly.billing.agreements.curve import Stretch, curve
from duly.billing.agreements.terms import ChargeInput
from duly.engine.currencies import exponent
from duly.engine.rounding import round_quotient
from duly.interfaces.kit import charts
from duly.interfaces.kit.printing import money, plain

OF_MONEY: Final = ("percentage", "balance")


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch in words."""

    reach: str
    following: str
    last: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """`total` over the quantity; `following`, the price of the next unit, where it is worth a line of its own."""

    total: charts.Curve
    following: charts.Curve | None
    rows: tuple[Row, ...]
    across: str
    what: str
    next: str


def drawn(charge: ChargeInput, currency: str) -> Drawn | None:
    """The curve of a charge in tiers or packages that holds together; None for any other."""
    stretches = curve(charge)
    if not stretches:
        return None
    of_money = charge.kind in OF_MONEY
    rows = tuple(_row(one, currency, of_money) for one in stretches)
    points = [(Decimal(0), Decimal(0)), *(point for one in stretches for point in (
        (one.above, one.first), (one.up_to, one.last)))]
    marks = [(Decimal(0), Decimal(0), "0"), *((one.up_to, one.last, f"{row.reach}: {row.last}")
                                              for one, row in zip(stretches, rows, strict=True))]
    unit = charge.unit if charge.unit not in ("", "item") else "quantity"
    what = {"balance": "Fee of a year", "percentage": "Fee"}.get(charge.kind, "Price")
    times = 100 if of_money else 1
    stepped = [(across, one.following * times) for one in stretches for across in (one.above, one.up_to)]
    worth = charge.model in ("graduated", "volume", "graduated_percentage", "balance") and len(stretches) > 1
    return Drawn(charts.curve(points, marks), charts.curve(stepped, lines=2) if worth else None, rows,
                 {"percentage": f"payments in {currency}", "balance": f"balance in {currency}"}.get(charge.kind, unit),
                 what, "Of the next one, in percent" if of_money else "Of the next one")


def _row(one: Stretch, currency: str, of_money: bool) -> Row:
    reach = f"beyond {plain(one.above)}" if one.open else f"up to {plain(one.up_to)}"
    following = f"{plain(one.following * 100)}%" if of_money else f"{plain(one.following)} {currency}"
    amount = round_quotient(one.last, 1, exponent(currency))
    last = f"{money(amount, currency)}{f' at {plain(one.up_to)}' if one.open else ''}"
    return Row(reach, following, last)


def tiers_in_words(charge: ChargeInput, currency: str) -> Sequence[tuple[str, str, str]]:
    """The tiers as they are agreed: how far, a unit's price, the flat price; nothing where there is none."""
    found, above = [], Decimal(0)
    for tier in charge.tiers:
        reach = f"up to {plain(tier.up_to)}" if tier.up_to is not None else (
            f"beyond {plain(above)}" if above else "any")
        price = f"{plain(tier.price * 100)}%" if charge.kind in OF_MONEY else plain(tier.price)
        found.append((reach, "" if charge.model == "stair_step" else price,
                      plain(tier.flat) if tier.flat or charge.model == "stair_step" else ""))
        above = tier.up_to or above
    return found
