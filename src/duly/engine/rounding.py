"""The one rounding: an exact quotient, half away from zero, once. And sharing a rounded total out to its parts.

Each function has a scalar and a frame twin that agree on every input. Frames compute in 128-bit integers, where a
remainder can be compared with its divisor exactly; nothing is ever divided into an already rounded decimal.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

import polars as pl

SCALE: Final = 14
RATIO: Final = pl.Decimal(38, SCALE)
"""Scale of exact products: quantities have at most 6 decimals and unit prices at most 8."""

AMOUNT_SCALE: Final = 4
AMOUNT: Final = pl.Decimal(38, AMOUNT_SCALE)

WIDE: Final = Context(prec=60)
TEN: Final = pl.lit(10, dtype=pl.Int128)


def round_quotient(numerator: Decimal | int | Fraction, denominator: Decimal | int | Fraction, exponent: int) -> Decimal:
    """numerator ÷ denominator, rounded half away from zero to `exponent` decimals. Exact for any size."""
    exact = Fraction(numerator) / Fraction(denominator) * 10**exponent
    whole, rest = divmod(abs(exact.numerator), exact.denominator)
    whole += 2 * rest >= exact.denominator
    return Decimal(-whole if exact < 0 else whole).scaleb(-exponent, WIDE)


def round_quotient_expr(numerator: pl.Expr, denominator: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """The frame twin: `numerator` a decimal of scale up to 14, `denominator` a positive integer, as `AMOUNT`.

    Exact while denominator ≤ 10¹⁰ and |numerator| < 10²⁴; beyond that the casts raise, nothing wraps.
    """
    units = numerator.cast(RATIO).to_physical()
    divisor = denominator.cast(pl.Int128) * TEN.pow(SCALE - exponent.cast(pl.Int64))
    whole, rest = units.abs() // divisor, units.abs() % divisor
    rounded = whole + (rest * 2 >= divisor).cast(pl.Int128)
    sign = pl.when(units < 0).then(-1).otherwise(1).cast(pl.Int128)
    return minor_to_amount(rounded * sign, exponent)


def minor_to_amount(minor: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """Whole minor units (integers) as an `AMOUNT`, exactly."""
    scaled = minor.cast(pl.Int128) * TEN.pow(AMOUNT_SCALE - exponent.cast(pl.Int64))
    return scaled.cast(AMOUNT) * pl.lit(Decimal("0.0001")).cast(AMOUNT)


def amount_to_minor(amount: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """An `AMOUNT` of whole minor units as integers."""
    return amount.cast(AMOUNT).to_physical() // TEN.pow(AMOUNT_SCALE - exponent.cast(pl.Int64))


def distribute(total: Decimal, weights: Sequence[Decimal | int], exponent: int) -> list[Decimal]:
    """Share a rounded total out by weights: largest remainder, ties by position; the parts sum to the total.

    Negative weights are parts that take away. When the weights sum to zero the first part takes everything.
    Raises `ValueError` for no weights at all, unless there is nothing to share.
    """
    if not weights:
        if total:
            raise ValueError("a total cannot be shared out to no parts")
        return []
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    minor = int(Fraction(total) * 10**exponent)
    if not whole:
        return [total, *[Decimal(0).scaleb(-exponent) for _ in weights[1:]]]
    exact = [minor * Fraction(weight) / whole for weight in weights]
    parts = [share.__floor__() for share in exact]
    order = sorted(range(len(parts)), key=lambda i: (-(exact[i] - parts[i]), i))
    for i in order[: minor - sum(parts)]:
        parts[i] += 1
    return [Decimal(part).scaleb(-exponent, WIDE) for part in parts]


def distribute_frame(frame: pl.DataFrame, *, by: str, total: str, weight: str, out: str,
                     exponent: str = "exponent") -> pl.DataFrame:  # fmt: skip
    """The frame twin: within each group of `by`, in row order, share `total` out by `weight` into `out`.

    `total` (an amount) and `exponent` repeat on the group's rows; `weight` is a decimal or an integer. Exact while
    minor units × weight units stay below 10³⁸.
    """
    whole = pl.col("_weight").sum().over(by)
    sign = pl.when(whole < 0).then(-1).otherwise(1).cast(pl.Int128)
    floor = (pl.col("_minor") * pl.col("_weight") * sign) // (whole * sign)
    rest = (pl.col("_minor") * pl.col("_weight") * sign) % (whole * sign)
    left = pl.col("_minor") - pl.col("_floor").sum().over(by)
    first = pl.int_range(pl.len()).over(by) == 0
    return (
        frame.with_columns(
            amount_to_minor(pl.col(total), pl.col(exponent)).alias("_minor"),
            _integers(frame.schema[weight], pl.col(weight)).alias("_weight"),
        )
        .with_columns(
            pl.when(whole == 0).then(pl.when(first).then(pl.col("_minor")).otherwise(0)).otherwise(floor)
            .alias("_floor"),
            pl.when(whole == 0).then(0).otherwise(rest).alias("_rest"),
        )
        .with_columns(
            (pl.col("_rest").rank("ordinal", descending=True).over(by) <= left).cast(pl.Int128).alias("_more"))
        .with_columns(minor_to_amount(pl.col("_floor") + pl.col("_more"), pl.col(exponent)).alias(out))
        .drop("_minor", "_weight", "_floor", "_rest", "_more")
    )  # fmt: skip


def _integers(kind: pl.DataType, weight: pl.Expr) -> pl.Expr:
    return weight.to_physical() if isinstance(kind, pl.Decimal) else weight.cast(pl.Int128)
