"""Expenses and milestones: one line for each, its own evidence."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.lines import PRICE, finished, whole
from duly.engine.rounding import AMOUNT, AMOUNT_SCALE, RATIO, SCALE
from duly.engine.wording import day_of

RATE_DECIMALS: Final = 10
RATE_UNITS: Final = 10**RATE_DECIMALS
"""Exchange rates have at most 10 decimals; as whole units over this they stay exact beside a mark-up."""

LARGEST: Final = 10**14
"""An expense that comes to this much is a slip; beneath it every step of its price is exact."""


def price_expenses(work: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """cost × (1 + mark-up), converted at the dated rate: lines, allocations, and what cannot be priced.

    Costs are below 10¹⁶, mark-ups below 10¹², exchange rates positive and below 10¹⁰, as the database keeps them.
    """
    judged = work.with_columns(_problem().alias("text"))
    lost = judged.filter(pl.col("text").is_not_null()).select("work_id", "document_key", "text")
    priced = judged.filter(pl.col("text").is_null()).drop("text").sort("document_key", "worked_on", "work_id")
    factor = (pl.lit(1).cast(RATIO) + pl.col("markup").cast(RATIO)).alias("factor")
    units = (pl.col("exchange_rate").cast(RATIO) * pl.lit(RATE_UNITS).cast(RATIO)).alias("rate_units")
    parts = priced.with_row_index("part", offset=1).with_columns(factor, units).with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("factor") * pl.col("rate_units").fill_null(1)).alias("numerator"),
        pl.when(pl.col("rate_units").is_null()).then(1).otherwise(RATE_UNITS).cast(pl.Int64).alias("denominator"),
        pl.concat_str("charge_name", pl.col("description").replace("", None), separator=" – ", ignore_nulls=True)
        .alias("description"),
        pl.col("unit").replace("", "item"), pl.col("amount").alias("cost"),
        pl.col("worked_on").alias("service_from"), pl.col("worked_on").alias("service_to"),
    )
    lines = finished(parts.with_columns(pl.col("cost").cast(PRICE).alias("unit_price")), *_expense_rows())
    lines = lines.with_columns(pl.col("amount").cast(PRICE).alias("unit_price"))
    return lines, whole(parts, lines), lost


def _problem() -> pl.Expr:
    """Why an expense cannot be priced; null when it can."""
    rate = pl.col("exchange_rate").cast(RATIO).to_physical()
    pair = (pl.col("cost_currency"), pl.col("currency"), day_of("worked_on"))
    return (
        pl.when(pl.col("amount").is_null())
        .then(pl.format("an expense on {} has no amount; record what it cost.", day_of("worked_on")))
        .when((pl.col("cost_currency") != pl.col("currency")) & rate.is_null())
        .then(pl.format("no exchange rate from {} to {} on {}; add one.", *pair))
        .when(rate % 10 ** (SCALE - RATE_DECIMALS) != 0)
        .then(pl.format("the exchange rate from {} to {} on {} has more than 10 decimals; correct it.", *pair))
        .when(_too_large())
        .then(pl.format("an expense on {} comes to 10¹⁴ {} or more; correct its cost, mark-up or exchange rate.",
                        day_of("worked_on"), "currency"))
    )


def _too_large() -> pl.Expr:
    """cost × (1 + mark-up) × rate ≥ 10¹⁴, by dividing, since the product itself might not fit."""
    cost = pl.col("amount").cast(AMOUNT).to_physical().abs()
    factor = (pl.col("markup").cast(PRICE).to_physical() + 10**PRICE.scale).abs()
    rate = pl.col("exchange_rate").cast(RATIO).to_physical().fill_null(10**SCALE) // 10 ** (SCALE - RATE_DECIMALS)
    largest = pl.lit(LARGEST * 10 ** (AMOUNT_SCALE + PRICE.scale + RATE_DECIMALS) - 1, dtype=pl.Int128)
    return cost > largest // factor // rate


def _expense_rows() -> tuple[pl.Expr, ...]:
    marked = pl.col("markup") != 0
    return (
        row("cost", times=number(pl.col("cost")), currency=words(pl.col("cost_currency"))),
        pl.when(marked).then(row("markup", times=number(pl.col("factor")))),
        pl.when(pl.col("exchange_rate").is_not_null()).then(
            row("exchange", times=number(pl.col("exchange_rate")), to=words(pl.col("currency")))),
    )


def price_milestones(work: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The agreed amount, or the accepted share of it: lines and allocations."""
    parts = work.sort("document_key", "worked_on", "work_id").with_row_index("part", offset=1).with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("quantity").cast(RATIO)).alias("numerator"),
        pl.lit(1, dtype=pl.Int64).alias("denominator"), pl.col("amount").cast(PRICE).alias("unit_price"),
        pl.concat_str("charge_name", pl.col("description").replace("", None), separator=" – ", ignore_nulls=True)
        .alias("description"),
        pl.col("unit").replace("", "item"),
        pl.col("worked_on").alias("service_from"), pl.col("worked_on").alias("service_to"),
    )
    accepted = pl.when(pl.col("quantity") != 1).then(row("accepted", times=number(pl.col("quantity"))))
    lines = finished(parts, row("agreed", times=number(pl.col("unit_price"))), accepted)
    return lines, whole(parts, lines)
