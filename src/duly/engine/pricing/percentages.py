"""Fees on money that moves: a percentage of each transaction, or of their sum by tiers.

The fee of a transaction is rate × amount + fixed, at least the minimum and at most the maximum. What is free comes
first in time: so many transactions, then so much of their amounts; the one in which that ends is split.
"""

from typing import Final

import polars as pl

from duly.engine.pricing.lines import PRICE, QUANTITY, DataType
from duly.engine.pricing.sums import TERM
from duly.engine.rounding import RATIO

TRANSACTION: Final[dict[str, DataType]] = {"part": pl.Int64, "place": pl.Int64, "amount": QUANTITY}
"""A transaction of a charge: its place in time, and its amount, which is not negative."""


def percentage_terms(charges: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """The terms (`sums.TERM`) of charges that take a percentage of each transaction.

    charges        part, rate, fixed, minimum_fee and maximum_fee (of one transaction, null for none), free_count,
                   free_amount
    transactions   `TRANSACTION`

    Transactions alike are one term: all by the rate, their fixed parts, those at the minimum, those at the maximum.
    """
    judged = _judged(_to_pay(charges, transactions))
    by_rate, limited = judged.filter(pl.col("case") == "rate"), judged.filter(pl.col("case") != "rate")
    told = [
        by_rate.group_by("part").agg(pl.lit("rate").alias("step"), pl.col("left").sum().alias("add"),
                                     pl.col("rate").first().alias("times"), pl.len().alias("transactions")),
        by_rate.filter(pl.col("fixed") != 0).group_by("part").agg(
            pl.lit("fixed").alias("step"), pl.len().cast(QUANTITY).alias("add"), pl.col("fixed").first().alias("times"),
            pl.len().alias("transactions")),
        limited.group_by("part", pl.col("case").alias("step")).agg(
            pl.len().cast(QUANTITY).alias("add"), pl.col("limit").first().alias("times"),
            pl.len().alias("transactions")).select("part", "step", "add", "times", "transactions"),
    ]
    order = pl.col("step").replace_strict({"rate": 0, "fixed": 1, "at_minimum": 2, "at_maximum": 3, "nothing": 4})
    idle = charges.join(judged, on="part", how="anti").select(
        "part", pl.lit("nothing").alias("step"), pl.lit(0, QUANTITY).alias("add"), pl.lit(0, PRICE).alias("times"),
        pl.lit(0, pl.UInt32).alias("transactions"))
    details = pl.concat_str(pl.lit(',"transactions":'), pl.col("transactions").cast(pl.String))
    return pl.concat([*(frame.select(idle.columns).cast(idle.schema) for frame in told), idle]).with_columns(
        order.alias("order"), details.alias("details")
    ).select(pl.col(name).cast(kind) for name, kind in TERM.items())


def _to_pay(charges: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """The transactions that are not wholly free, with `left`, what of their amount is not."""
    moved = charges.join(transactions, on="part")
    all_paid = ((pl.col("free_count") == 0) & (pl.col("free_amount") == 0)).fill_null(False)
    paid = moved.filter(all_paid).with_columns(
        pl.lit(0, QUANTITY).alias("free"), pl.col("amount").alias("left"))
    return pl.concat([paid, _beyond_free(moved.filter(~all_paid))])


def _beyond_free(moved: pl.DataFrame) -> pl.DataFrame:
    """What is left of transactions of which the first ones, or the first of their amounts, are free."""
    in_time = moved.sort("part", "place")
    counted = in_time.filter(pl.int_range(pl.len()).over("part") >= pl.col("free_count"))
    before = pl.col("amount").cum_sum().over("part") - pl.col("amount")
    free = pl.max_horizontal(pl.col("free_amount") - before, pl.lit(0, QUANTITY)).alias("free")
    left = (pl.col("amount") - pl.min_horizontal("amount", "free")).cast(QUANTITY).alias("left")
    return counted.with_columns(free).with_columns(left).filter((pl.col("left") > 0) | (pl.col("free") == 0))


def _judged(paid: pl.DataFrame) -> pl.DataFrame:
    """Each transaction's `case`, and the `limit` that takes the place of its fee where there is one."""
    fee = pl.col("left").cast(RATIO) * pl.col("rate").cast(RATIO) + pl.col("fixed").cast(RATIO)
    least, most = pl.col("minimum_fee").cast(RATIO), pl.col("maximum_fee").cast(RATIO)
    above = most.is_not_null() & (pl.max_horizontal(fee, least.fill_null(fee)) > most)
    below = least.is_not_null() & (fee < least)
    case = pl.when(above).then(pl.lit("at_maximum")).when(below).then(pl.lit("at_minimum")).otherwise(pl.lit("rate"))
    return paid.with_columns(case.alias("case")).with_columns(
        pl.when(pl.col("case") == "at_maximum").then("maximum_fee").otherwise("minimum_fee").alias("limit"))
