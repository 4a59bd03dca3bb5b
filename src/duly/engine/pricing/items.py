"""Expenses and milestones: one line for each, its own evidence."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.lines import PRICE, DataType, finished, whole
from duly.engine.pricing.rates import folded
from duly.engine.rounding import AMOUNT, AMOUNT_SCALE, RATIO, SCALE
from duly.engine.wording import day_of

RATE_DECIMALS: Final = 10
RATE_UNITS: Final = 10**RATE_DECIMALS
"""Exchange rates have at most 10 decimals; as whole units over this they stay exact beside a mark-up."""

LARGEST: Final = 10**14
"""An expense that comes to this much is a slip; beneath it every step of its price is exact."""

LIMIT: Final[dict[str, DataType]] = {"terms_id": pl.Int64, "category": pl.String, "at_most": AMOUNT}
"""The most that an expense of a category is billed at by its terms, above zero, in their currency."""


def with_limits(work: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """`work` with `at_most`, what its terms' limit (`LIMIT`) for its task is, null where none is; row order stays.

    An expense's task is its category. They match whatever their case, as the tasks of rates do.
    """
    if limits.is_empty():
        return work.with_columns(pl.lit(None, AMOUNT).alias("at_most"))
    offered = limits.with_columns(_compared(limits["category"])).group_by("terms_id", "category").agg(
        pl.col("at_most").cast(AMOUNT).min())
    keyed = work.select("terms_id", _compared(work["task"]).alias("category"))
    found = keyed.join(offered, on=["terms_id", "category"], how="left", maintain_order="left")
    return work.with_columns(found["at_most"])


def _compared(names: pl.Series) -> pl.Series:
    """Names as they are compared; each distinct one once."""
    return names.replace({name: folded(name) for name in names.drop_nulls().unique()})


def price_expenses(work: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """cost × (1 + mark-up), converted at the dated rate: lines, allocations, and what cannot be priced.

    Work may have `at_most`, see `with_limits`: what comes to more is billed at that, and is billed whole all the same.
    Costs are below 10¹⁶, mark-ups below 10¹², exchange rates positive and below 10¹⁰, as the database keeps them.
    """
    judged = work.with_columns(_problem().alias("text"))
    lost = judged.filter(pl.col("text").is_not_null()).select("work_id", "document_key", "text")
    priced = judged.filter(pl.col("text").is_null()).drop("text").sort("document_key", "worked_on", "work_id")
    factor = (pl.lit(1).cast(RATIO) + pl.col("markup").cast(RATIO)).alias("factor")
    units = (pl.col("exchange_rate").cast(RATIO) * pl.lit(RATE_UNITS).cast(RATIO)).alias("rate_units")
    no_limit = [] if "at_most" in work.columns else [pl.lit(None, AMOUNT).alias("at_most")]
    parts = priced.with_row_index("part", offset=1).with_columns(factor, units, *no_limit).with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("factor") * pl.col("rate_units").fill_null(1)).alias("numerator"),
        pl.when(pl.col("rate_units").is_null()).then(1).otherwise(RATE_UNITS).cast(pl.Int64).alias("denominator"),
        pl.concat_str("charge_name", pl.col("description").replace("", None), separator=" – ", ignore_nulls=True)
        .alias("description"),
        pl.col("unit").replace("", "item"), pl.col("amount").alias("cost"),
        pl.col("worked_on").alias("service_from"), pl.col("worked_on").alias("service_to"),
    )
    held = _limited(parts).with_columns(pl.col("cost").cast(PRICE).alias("unit_price"))
    lines = finished(held, *_expense_rows())
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


def _limited(parts: pl.DataFrame) -> pl.DataFrame:
    """The exact quotient at most the limit; one that no expense can come to holds nothing back."""
    most = pl.when(pl.col("at_most") < LARGEST).then(pl.col("at_most")).cast(RATIO)
    beyond = (pl.col("numerator") > most * pl.col("denominator").cast(RATIO)).fill_null(False)
    return parts.with_columns(beyond.alias("beyond")).with_columns(
        pl.when("beyond").then(pl.col("at_most").cast(RATIO)).otherwise("numerator").alias("numerator"),
        pl.when("beyond").then(1).otherwise("denominator").cast(pl.Int64).alias("denominator"))


def _expense_rows() -> tuple[pl.Expr, ...]:
    marked = pl.col("markup") != 0
    return (
        row("cost", times=number(pl.col("cost")), currency=words(pl.col("cost_currency"))),
        pl.when(marked).then(row("markup", times=number(pl.col("factor")))),
        pl.when(pl.col("exchange_rate").is_not_null()).then(
            row("exchange", times=number(pl.col("exchange_rate")), to=words(pl.col("currency")))),
        pl.when("beyond").then(
            row("maximum", at_most=number(pl.col("at_most")), category=words(pl.col("task").str.strip_chars()))),
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
