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
WIDE: Final = 2**127
"""128-bit integers wrap from here on."""

Exact = Decimal | int | Fraction


def round_quotient(numerator: Exact, denominator: Exact, exponent: int) -> Decimal:
    """numerator ÷ denominator, rounded half away from zero to `exponent` decimals. Exact for any size.

    Raises `ValueError` for an exponent outside 0 to 4: no currency has one (ISO 4217).
    """
    if not 0 <= exponent <= AMOUNT_SCALE:
        raise ValueError(f"an amount has 0 to {AMOUNT_SCALE} decimals, not {exponent}")
    return round_ratio(numerator, denominator, exponent)


def round_ratio(numerator: Exact, denominator: Exact, exponent: int) -> Decimal:
    """The same of what is no amount, such as a rate, to any number of decimals."""
    exact = Fraction(numerator) / Fraction(denominator) * 10**exponent
    whole, rest = divmod(abs(exact.numerator), exact.denominator)
    whole += 2 * rest >= exact.denominator
    return _decimal(-whole if exact < 0 else whole, exponent)


def _decimal(minor: int, exponent: int) -> Decimal:
    """Minor units as a decimal; by its constructor, the one way that no context rounds."""
    return Decimal(f"{minor}e-{exponent}")


def round_quotient_expr(numerator: pl.Expr, denominator: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """The frame twin: `numerator` a decimal of scale up to 14, `denominator` an integer, as `AMOUNT`.

    Exact while |numerator| < 10²⁴ and |denominator| < 2⁶³; beyond that, and for an exponent outside 0 to 4, the
    casts raise `polars.exceptions.InvalidOperationError`, nothing wraps. A null or a denominator of zero answers
    null.
    """
    units = numerator.cast(RATIO).to_physical()
    divisor = denominator.cast(pl.Int64).cast(pl.Int128)
    rounded = _nearest(units.abs(), divisor.abs() * _power(exponent, SCALE))
    return minor_to_amount(rounded * units.sign() * divisor.sign(), exponent)


def round_share_expr(whole: pl.Expr, part: pl.Expr, of: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """whole × part ÷ of, rounded once, as `AMOUNT`: exact for all amounts where `part` is between zero and `of`.

    All of them amounts, `whole` of whole minor units by `exponent`. Null where `of` is zero.
    """
    units, parts, all_of = (each.cast(AMOUNT).to_physical().cast(pl.Int128) for each in (whole, part, of))
    minor = units // _power(exponent, AMOUNT_SCALE)
    return minor_to_amount(_nearest(minor.abs() * parts.abs(), all_of.abs()) * minor.sign(), exponent)


def _nearest(units: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    """units ÷ divisor to the nearest integer, half up; neither is negative."""
    return units // divisor + (units % divisor * 2 >= divisor).cast(pl.Int128)


def minor_to_amount(minor: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """Whole minor units (integers) as an `AMOUNT`, exactly."""
    scaled = minor.cast(pl.Int128) * _power(exponent, AMOUNT_SCALE)
    return scaled.cast(AMOUNT) * pl.lit(Decimal("0.0001")).cast(AMOUNT)


def _power(exponent: pl.Expr, scale: int) -> pl.Expr:
    """10 to the decimals that `scale` has beyond `exponent`; the unsigned casts refuse one outside 0 to 4."""
    finer = (AMOUNT_SCALE - exponent.cast(pl.UInt8).cast(pl.Int64)).cast(pl.UInt8)
    return TEN.pow(finer.cast(pl.Int64) + (scale - AMOUNT_SCALE))


def apportion(parts: Sequence[Exact], exponent: int) -> list[Decimal]:
    """Round parts together, so that they sum to their exact sum rounded once.

    Each part is cut to the minor unit, towards zero; the minor units that are then missing go by largest remainder,
    ties by position. So no part is a minor unit from its exact value, and opposite parts give opposite answers.
    """
    exact = [Fraction(part) * 10**exponent for part in parts]
    cut = [int(part) for part in exact]
    left = int(round_quotient(sum(exact), 1, 0)) - sum(cut)
    unit = 1 if left > 0 else -1
    order = sorted(range(len(exact)), key=lambda i: (unit * (cut[i] - exact[i]), i))
    for i in order[: abs(left)]:
        cut[i] += unit
    return [_decimal(part, exponent) for part in cut]


def apportion_frame(frame: pl.DataFrame, *, by: str, part: str, out: str, exponent: str = "exponent",
                    over: str | None = None) -> pl.DataFrame:
    """The frame twin: within each group of `by`, in row order, round the decimals `part` together into `out`.

    With `over` the parts are quotients, part ÷ over: a positive integer that repeats on the group's rows.

    Raises `OverflowError` when their sum could leave 128 bits.
    """
    exact, divisor = pl.col(part).cast(RATIO).to_physical(), pl.lit(1) if over is None else pl.col(over)
    read = frame.select(pl.col(by).alias("group"), pl.col(exponent).alias("exponent"), exact.alias("exact"),
                        (_power(pl.col(exponent), SCALE) * divisor.cast(pl.Int128)).alias("whole")
                        ).with_row_index("row")
    largest = read.select(exact=pl.col("exact").abs().max().fill_null(0)).item()
    if largest * read.height >= WIDE:
        raise OverflowError(f"{read.height} parts of up to {largest}e-{SCALE} cannot be summed exactly")
    summed = pl.col("exact").sum().over("group")
    total = _nearest(summed.abs(), pl.col("whole")) * summed.sign()
    return frame.with_columns(_parts(read.with_columns(total.alias("total"))).alias(out))


def distribute(total: Decimal, weights: Sequence[Decimal | int], exponent: int) -> list[Decimal]:
    """Share a rounded total out by weights: largest remainder, ties by position; the parts sum to the total.

    Negative weights are parts that take away. When the weights sum to zero the first part takes everything.

    Raises `ValueError` for parts of a minor unit, and for no weights at all unless there is nothing to share.
    """
    if total != round_quotient(total, 1, exponent):
        raise ValueError(f"{total} is not a whole number of minor units, so it cannot be shared out")
    if not weights:
        if total:
            raise ValueError("a total cannot be shared out to no parts")
        return []
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares)
    if not whole:
        shares, whole = [Fraction(1), *[Fraction(0)] * (len(weights) - 1)], Fraction(1)
    return apportion([Fraction(total) * share / whole for share in shares], exponent)


def distribute_frame(frame: pl.DataFrame, *, by: str, total: str, weight: str, out: str,
                     exponent: str = "exponent") -> pl.DataFrame:
    """The frame twin: within each group of `by`, in row order, share `total` out by `weight` into `out`.

    `total` (an amount) and `exponent` repeat on the group's rows; `weight` is a decimal or an integer.

    Raises `ValueError` for parts of a minor unit, `TypeError` for weights that are not exact, `OverflowError` when
    minor units × weight units could reach 2¹²⁷, where 128-bit integers would wrap.
    """
    shares = _shares(frame, by=by, total=total, weight=weight, exponent=exponent)
    return frame.with_columns(_parts(shares).alias(out))


def _parts(exact: pl.DataFrame) -> pl.Series:
    """Amounts of `exact` ÷ `whole` minor units each, `total` of them within the `group`, by the rule of `apportion`."""
    units, whole, left = pl.col("exact"), pl.col("whole"), pl.col("left")
    cut = exact.with_columns((units.abs() // whole * units.sign()).alias("cut")).with_columns(
        (units - pl.col("cut") * whole).alias("rest"),
        (pl.col("total") - pl.col("cut").sum().over("group")).alias("left"),
    )
    by_remainder = (pl.col("rest") * left.sign()).rank("ordinal", descending=True).over("group")
    moved = cut.select("row", "group", "rest", "left").filter(left != 0).filter(by_remainder <= left.abs())["row"]
    part = pl.col("cut") + pl.col("row").is_in(moved.implode()).cast(pl.Int128) * left.sign()
    return cut.select(minor_to_amount(part, pl.col("exponent")).alias("part"))["part"]


def _shares(frame: pl.DataFrame, *, by: str, total: str, weight: str, exponent: str) -> pl.DataFrame:
    """Per row: group, exponent, `total` in minor units, and its exact share `exact` ÷ `whole`, which is positive."""
    kind = frame.schema[weight]
    if not (kind.is_integer() or kind.is_decimal()):
        raise TypeError(f"weights are integers or decimals, not {kind}")
    units = pl.col(weight).to_physical() if kind.is_decimal() else pl.col(weight)
    read = frame.select(
        pl.col(by).alias("group"), pl.col(exponent).alias("exponent"), units.cast(pl.Int128).alias("weight"),
        pl.col(total).cast(AMOUNT).to_physical().alias("total"),
        _power(pl.col(exponent), AMOUNT_SCALE).alias("unit"),
    ).with_row_index("row")
    _refuse_inexact(read)
    whole = pl.col("weight").sum().over("group")
    nothing, first = whole == 0, pl.col("group").is_first_distinct().cast(pl.Int128)
    known = read.select(
        "row", "group", "exponent", pl.col("total") // pl.col("unit"),
        pl.when(nothing).then(first).otherwise("weight").alias("weight"),
        pl.when(nothing).then(1).otherwise(whole).cast(pl.Int128).alias("whole"),
    )
    share = pl.col("total") * pl.col("weight") * pl.col("whole").sign()
    return known.with_columns(share.alias("exact"), pl.col("whole").abs())


def _refuse_inexact(shares: pl.DataFrame) -> None:
    """Raise for totals with parts of a minor unit, and for products and sums that could leave 128 bits."""
    if shares.select((pl.col("total") % pl.col("unit") != 0).any()).item():
        raise ValueError("a total that is not a whole number of minor units cannot be shared out")
    largest, heaviest = shares.select(pl.col("total", "weight").abs().max().fill_null(0)).row(0)
    if max(largest, shares.height) * heaviest >= WIDE:
        raise OverflowError(f"a total of {largest} units cannot be shared out exactly by weights up to {heaviest}")
