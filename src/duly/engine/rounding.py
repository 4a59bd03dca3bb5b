"""The one rounding: an exact quotient, half away from zero, once. And sharing a rounded total out to its parts.

Each function has a scalar and a frame twin that agree on every input. Frames compute in 128-bit integers, where a
remainder can be compared with its divisor exactly; nothing is ever divided into an already rounded decimal.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import polars as pl

SCALE: Final = 14
RATIO: Final = pl.Decimal(38, SCALE)
"""Scale of exact products: quantities have at most 6 decimals and unit prices at most 8."""

AMOUNT_SCALE: Final = 4
AMOUNT: Final = pl.Decimal(38, AMOUNT_SCALE)

TEN: Final = pl.lit(10, dtype=pl.Int128)

Exact = Decimal | int | Fraction


def round_quotient(numerator: Exact, denominator: Exact, exponent: int) -> Decimal:
    """numerator ÷ denominator, rounded half away from zero to `exponent` decimals. Exact for any size."""
    exact = Fraction(numerator) / Fraction(denominator) * 10**exponent
    whole, rest = divmod(abs(exact.numerator), exact.denominator)
    whole += 2 * rest >= exact.denominator
    return _decimal(-whole if exact < 0 else whole, exponent)


def _decimal(minor: int, exponent: int) -> Decimal:
    """Minor units as a decimal; by its constructor, the one way that no context rounds."""
    return Decimal(f"{minor}e-{exponent}")


def round_quotient_expr(numerator: pl.Expr, denominator: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """The frame twin: `numerator` a decimal of scale up to 14, `denominator` a positive integer, as `AMOUNT`.

    Exact while |numerator| < 10²⁴ and denominator < 2⁶³; beyond that the casts raise, nothing wraps. A null or a
    denominator of zero answers null.
    """
    units = numerator.cast(RATIO).to_physical()
    divisor = denominator.cast(pl.Int64).cast(pl.Int128) * TEN.pow(SCALE - exponent.cast(pl.Int64))
    whole, rest = units.abs() // divisor, units.abs() % divisor
    rounded = whole + (rest * 2 >= divisor).cast(pl.Int128)
    return minor_to_amount(rounded * units.sign(), exponent)


def minor_to_amount(minor: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """Whole minor units (integers) as an `AMOUNT`, exactly."""
    scaled = minor.cast(pl.Int128) * TEN.pow(AMOUNT_SCALE - exponent.cast(pl.Int64))
    return scaled.cast(AMOUNT) * pl.lit(Decimal("0.0001")).cast(AMOUNT)


def distribute(total: Decimal, weights: Sequence[Decimal | int], exponent: int) -> list[Decimal]:
    """Share a rounded total out by weights: largest remainder, ties by position; the parts sum to the total.

    Negative weights are parts that take away. A negative total is shared as its opposite is, so that a credit
    undoes its invoice part by part. When the weights sum to zero the first part takes everything.

    Raises `ValueError` for parts of a minor unit, and for no weights at all unless there is nothing to share.
    """
    minor = Fraction(total) * 10**exponent
    if minor.denominator != 1:
        raise ValueError(f"{total} is not a whole number of minor units, so it cannot be shared out")
    if not weights:
        if total:
            raise ValueError("a total cannot be shared out to no parts")
        return []
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares)
    if not whole:
        shares, whole = [Fraction(1), *[Fraction(0)] * (len(weights) - 1)], Fraction(1)
    exact = [abs(minor) * share / whole for share in shares]
    parts = [share.__floor__() for share in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: int(abs(minor)) - sum(parts)]:
        parts[i] += 1
    return [_decimal(-part if minor < 0 else part, exponent) for part in parts]


def distribute_frame(frame: pl.DataFrame, *, by: str, total: str, weight: str, out: str,
                     exponent: str = "exponent") -> pl.DataFrame:  # fmt: skip
    """The frame twin: within each group of `by`, in row order, share `total` out by `weight` into `out`.

    `total` (an amount) and `exponent` repeat on the group's rows; `weight` is a decimal or an integer.

    Raises `ValueError` for parts of a minor unit, `TypeError` for weights that are not exact, `OverflowError` when
    minor units × weight units could reach 2¹²⁷, where 128-bit integers would wrap.
    """
    parts = _shares(frame, by=by, total=total, weight=weight, exponent=exponent)
    floor, rest = pl.col("exact") // pl.col("whole"), pl.col("exact") % pl.col("whole")
    parts = parts.with_columns(floor.alias("part"), rest.alias("rest"))
    left = pl.col("minor") - pl.col("part").sum().over("group")
    ranked = parts.select("row", "group", "rest", left.alias("left")).filter(pl.col("left") > 0)
    raised = ranked.filter(pl.col("rest").rank("ordinal", descending=True).over("group") <= pl.col("left"))["row"]
    share = pl.col("part") + pl.col("row").is_in(raised.implode()).cast(pl.Int128)
    return frame.with_columns(
        parts.select(minor_to_amount(share * pl.col("sign"), pl.col("exponent")).alias(out))[out])  # fmt: skip


def _shares(frame: pl.DataFrame, *, by: str, total: str, weight: str, exponent: str) -> pl.DataFrame:
    """Per row: group, exponent, |total| in `minor` units with its `sign`, and its exact share `exact` ÷ `whole`."""
    kind = frame.schema[weight]
    if not (kind.is_integer() or kind.is_decimal()):
        raise TypeError(f"weights are integers or decimals, not {kind}")
    units = pl.col(weight).to_physical() if kind.is_decimal() else pl.col(weight)
    read = frame.select(
        pl.col(by).alias("group"), pl.col(exponent).alias("exponent"), units.cast(pl.Int128).alias("weight"),
        pl.col(total).cast(AMOUNT).to_physical().alias("total"),
        TEN.pow(AMOUNT_SCALE - pl.col(exponent).cast(pl.Int64)).alias("unit"),
    ).with_row_index("row")  # fmt: skip
    _refuse_inexact(read)
    whole = pl.col("weight").sum().over("group")
    nothing, first = whole == 0, pl.col("group").is_first_distinct().cast(pl.Int128)
    known = read.select(
        "row", "group", "exponent", (pl.col("total").abs() // pl.col("unit")).alias("minor"),
        pl.col("total").sign().alias("sign"), pl.when(nothing).then(first).otherwise("weight").alias("weight"),
        pl.when(nothing).then(1).otherwise(whole).cast(pl.Int128).alias("whole"),
    )  # fmt: skip
    share = pl.col("minor") * pl.col("weight") * pl.col("whole").sign()
    return known.with_columns(share.alias("exact"), pl.col("whole").abs())


def _refuse_inexact(shares: pl.DataFrame) -> None:
    """Raise for totals with parts of a minor unit, and for products and sums that could leave 128 bits."""
    if shares.select((pl.col("total") % pl.col("unit") != 0).any()).item():
        raise ValueError("a total that is not a whole number of minor units cannot be shared out")
    largest, heaviest = shares.select(pl.col("total", "weight").abs().max().fill_null(0)).row(0)
    if max(largest, shares.height) * heaviest >= 2**127:
        raise OverflowError(f"a total of {largest} units cannot be shared out exactly by weights up to {heaviest}")
