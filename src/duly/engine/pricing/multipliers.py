"""Hours that count more than once: what one person works beyond so many on a day, and what begins at a weekend."""

from decimal import Decimal
from typing import Final

import polars as pl

from duly.engine.pricing.lines import PRICE, QUANTITY, DataType
from duly.engine.rounding import RATIO

SATURDAY: Final = 6
"""Of ISO's weekdays, as Sunday, the seventh, a day of the weekend."""

AGREED: Final[dict[str, DataType]] = {
    "weekend_factor": PRICE, "overtime_factor": PRICE, "overtime_after_seconds": pl.Int64, "day_until": pl.Int64,
}
"""The terms, each null where it is not agreed; `day_until` is what counts of a person's day through an entry's end."""

DAY: Final[dict[str, DataType]] = {
    "work_id": pl.Int64, "charge_id": pl.Int64, "person_id": pl.Int64, "worked_on": pl.Date, "started_at": pl.String,
    "seconds": pl.Int64, "left": pl.Int64, "overtime": pl.Int64, "waits": pl.Boolean,
}
"""An entry of a day: its `seconds`, those `left` to bill, those billed as `overtime`, whether it still waits for
approval."""


def with_factors(work: pl.DataFrame) -> pl.DataFrame:
    """Entries of time with `factor`, by which each multiplies its rate, and `why`: overtime, weekend, null for one.

    An entry in which overtime begins becomes two rows of its work_id, the tail after it being overtime: its raw
    `quantity` is split there, and of its `billed` seconds the front has as many as it has raw ones. A part without
    billed seconds leaves its raw ones to the other. Where both apply the higher factor counts. Columns of `AGREED`
    that are absent agree nothing; a `factor` at hand, with its `why`, stays.
    """
    if "factor" in work.columns:
        return work
    known = [name for name in AGREED if name in work.columns]
    if not work.select(pl.any_horizontal(pl.lit(False), *(pl.col(name).is_not_null().any() for name in known))).item():
        return work.with_columns(pl.lit(Decimal(1), PRICE).alias("factor"), pl.lit(None, pl.String).alias("why"))
    agreed = work.with_columns(pl.lit(None, kind).alias(name) for name, kind in AGREED.items() if name not in known)
    split = _split(agreed)
    begins = pl.col("_over") > 0
    front, tail = split.filter(~begins | (pl.col("_over") < pl.col("quantity"))), split.filter(begins)
    seconds = pl.min_horizontal("billed", "_front")
    parts = pl.concat([
        front.with_columns(
            (pl.col("quantity") - pl.col("_over")).cast(QUANTITY).alias("quantity"),
            pl.when(begins).then(seconds).otherwise("billed").alias("billed"),
            pl.coalesce("_weekend", pl.lit(Decimal(1), PRICE)).alias("factor"), pl.lit("weekend").alias("why")),
        tail.with_columns(
            pl.col("_over").cast(QUANTITY).alias("quantity"), (pl.col("billed") - seconds).alias("billed"),
            pl.col("overtime_factor").cast(PRICE).alias("factor"), pl.lit("overtime").alias("why")),
    ]).drop("_weekend", "_front", "_over")
    return parts.with_columns(pl.when(pl.col("factor") != 1).then("why").alias("why"))


def multiplied(price: pl.Expr, factor: pl.Expr) -> pl.Expr:
    """The price of an hour that counts `factor` times, with the decimals of a price; null where there is no price."""
    exact = price.cast(RATIO) * factor.cast(RATIO)
    return exact.round(PRICE.scale, mode="half_away_from_zero").cast(PRICE)


def _split(work: pl.DataFrame) -> pl.DataFrame:
    """With `_weekend`, the factor of the day, null where there is none, and the raw seconds before (`_front`) and after
    (`_over`) overtime begins, where it counts and something is billed of it."""
    weekend = pl.when(pl.col("worked_on").dt.weekday() >= SATURDAY).then(pl.col("weekend_factor").cast(PRICE))
    overtime = pl.col("overtime_factor")
    higher = pl.when(weekend.is_null()).then(overtime != 1).otherwise(overtime > weekend).fill_null(False)
    seconds = pl.col("quantity").cast(pl.Int64)
    beyond = (pl.col("day_until") - pl.col("overtime_after_seconds")).fill_null(0)
    over = pl.when(higher).then(pl.min_horizontal(seconds, pl.max_horizontal(beyond, 0))).otherwise(0)
    front = seconds - over
    nothing_billed = (front > 0) & (pl.col("billed") <= front)
    left_over = pl.when(nothing_billed).then(0).otherwise(over).cast(pl.Int64)
    return work.with_columns(weekend.alias("_weekend"), front.alias("_front"), left_over.alias("_over"))


def day_hours(entries: pl.DataFrame) -> pl.DataFrame:
    """work_id and `day_until` of entries (`DAY`), all of the days that they are of.

    The hours of a charge, person and day count in the order in which they began, those that wait for approval behind.
    Of a day of which nothing is billed `day_until` is the sum of seconds through the entry. Where some is, the overtime
    that the day still owes is what it has less what was billed as overtime, and falls to what is left, from its end.
    So the overtime of a day adds up, however late an entry comes and in whatever parts it is billed.
    """
    day = ("charge_id", "person_id", "worked_on")
    in_order = entries.sort(*day, "waits", "started_at", "work_id", nulls_last=True)
    later = pl.col("left").cum_sum(reverse=True).over(day) - pl.col("left")
    return in_order.select(
        "work_id", (pl.col("seconds").sum().over(day) - pl.col("overtime").sum().over(day) - later).alias("day_until"))
