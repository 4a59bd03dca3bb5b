"""The rounding of what is to pay to a step, as Swiss francs are paid to 0.05 (EN 16931, BT-114).

It rounds the payment, not the price: net, tax and total stay as they are, and the rounding is posted by itself.
"""

from decimal import Decimal

import polars as pl

from duly.engine.rounding import AMOUNT, AMOUNT_SCALE, minor_to_amount, round_quotient

ZERO = Decimal(0)


def payable_rounding(payable: Decimal, step: Decimal | None) -> Decimal:
    """What rounds `payable` to the nearest multiple of `step`, half away from zero: added to it, it gives that.

    At most half a step either way, and nothing where there is no step. Raises `ValueError` for a step not above zero.
    """
    if step is None:
        return ZERO
    if step <= 0:
        raise ValueError(f"a step is above zero, not {step}")
    return round_quotient(payable, step, 0) * step - payable


def payable_rounding_expr(payable: pl.Expr, step: pl.Expr) -> pl.Expr:
    """The frame twin, as `AMOUNT`: both amounts, `step` above zero, null where there is none."""
    units, by = (one.cast(AMOUNT).to_physical().cast(pl.Int128) for one in (payable, step))
    steps = (units.abs() * 2 + by) // (by * 2)
    rounding = minor_to_amount(steps * by * units.sign() - units, pl.lit(AMOUNT_SCALE))
    return rounding.fill_null(ZERO).cast(AMOUNT)
