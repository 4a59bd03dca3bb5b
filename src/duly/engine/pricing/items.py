"""Expenses and milestones: one line for each, its own evidence."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.lines import PRICE, finished, whole
from duly.engine.rounding import RATIO, SCALE

RATE_UNITS: Final = 10**10
"""Exchange rates have at most 10 decimals; as whole units over this they stay exact beside a mark-up."""


def price_expenses(work: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """cost × (1 + mark-up), converted at the dated rate: lines, allocations, and what no exchange rate converts."""
    foreign = pl.col("cost_currency") != pl.col("currency")
    lost = work.filter(foreign & pl.col("exchange_rate").is_null()).select("work_id", "document_key", pl.format(
        "no exchange rate from {} to {} on {}; add one.", "cost_currency", "currency", "worked_on").alias("text"))
    priced = work.join(lost, on="work_id", how="anti").sort("document_key", "worked_on", "work_id")
    _refuse_finer_rates(priced)
    factor = (pl.lit(1).cast(RATIO) + pl.col("markup").cast(RATIO)).alias("factor")
    units = (pl.col("exchange_rate").cast(RATIO) * pl.lit(RATE_UNITS).cast(RATIO)).cast(pl.Int64)
    parts = priced.with_row_index("part", offset=1).with_columns(factor, units.alias("rate_units")).with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("factor") * pl.col("rate_units").fill_null(1).cast(RATIO))
        .alias("numerator"),
        pl.when(pl.col("rate_units").is_null()).then(1).otherwise(RATE_UNITS).cast(pl.Int64).alias("denominator"),
        pl.concat_str("charge_name", pl.col("description").replace("", None), separator=" – ", ignore_nulls=True)
        .alias("description"),
        pl.col("unit").replace("", "item"), pl.col("amount").alias("cost"),
        pl.col("worked_on").alias("service_from"), pl.col("worked_on").alias("service_to"),
    )  # fmt: skip
    lines = finished(parts.with_columns(pl.col("cost").cast(PRICE).alias("unit_price")), *_expense_rows())
    lines = lines.with_columns(pl.col("amount").cast(PRICE).alias("unit_price"))
    return lines, whole(parts, lines), lost


def _refuse_finer_rates(expenses: pl.DataFrame) -> None:
    finer = pl.col("exchange_rate").cast(RATIO).to_physical() % (10**SCALE // RATE_UNITS) != 0
    rates = expenses.filter(finer)["exchange_rate"]
    if rates.len():
        raise ValueError(f"the exchange rate {rates[0]} has more than 10 decimals")


def _expense_rows() -> tuple[pl.Expr, ...]:
    marked = pl.col("markup") != 0
    return (
        row("cost", times=number(pl.col("cost")), currency=words(pl.col("cost_currency"))),
        pl.when(marked).then(row("markup", times=number(pl.col("factor")))),
        pl.when(pl.col("exchange_rate").is_not_null()).then(
            row("exchange", times=number(pl.col("exchange_rate")), to=words(pl.col("currency")))),
    )  # fmt: skip


def price_milestones(work: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The agreed amount, or the accepted share of it: lines and allocations."""
    parts = work.sort("document_key", "worked_on", "work_id").with_row_index("part", offset=1).with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("quantity").cast(RATIO)).alias("numerator"),
        pl.lit(1, dtype=pl.Int64).alias("denominator"), pl.col("amount").cast(PRICE).alias("unit_price"),
        pl.concat_str("charge_name", pl.col("description").replace("", None), separator=" – ", ignore_nulls=True)
        .alias("description"),
        pl.col("unit").replace("", "item"),
        pl.col("worked_on").alias("service_from"), pl.col("worked_on").alias("service_to"),
    )  # fmt: skip
    accepted = pl.when(pl.col("quantity") != 1).then(row("accepted", times=number(pl.col("quantity"))))
    lines = finished(parts, row("agreed", times=number(pl.col("unit_price"))), accepted)
    return lines, whole(parts, lines)
