"""Time: Σ seconds × hourly rate ÷ 3600, one line per equal rate, unit and tax within the agreement's grouping."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import plain, row
from duly.engine.pricing.lines import ALLOCATION, finished
from duly.engine.pricing.rates import with_rates
from duly.engine.rounding import RATIO, distribute_frame

HOUR: Final = 3_600

GROUPED_BY: Final = {"person": "person", "task": "task", "project": "project"}
"""Groupings that name what they group by; `rate` groups by rate alone, `entry` makes a line of every entry."""


def price_time(work: pl.DataFrame, rates: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lines, allocations, and the entries that no rate prices (work_id, document_key, text)."""
    rated = with_rates(work, rates)
    unpriced = rated.filter(pl.col("price").is_null()).select("work_id", "document_key", pl.format(
        "no rate for {} on {}; add one to the rate card.", pl.col("person").fill_null("this person"), "worked_on",
    ).alias("text"))  # fmt: skip
    entries = _grouped(rated.filter(pl.col("price").is_not_null()))
    lines = finished(_summed(entries), *_explained())
    return lines, _allocated(entries, lines), unpriced


def billed_seconds() -> pl.Expr:
    """An entry's seconds, rounded to the agreement's increment and raised to its minimum."""
    seconds, step = pl.col("quantity").cast(pl.Int64), pl.col("increment_seconds")
    up = (seconds + step - 1) // step * step
    nearest = (seconds * 2 + step) // (step * 2) * step
    rounded = pl.when(pl.col("rounding") == "up").then(up).when(pl.col("rounding") == "nearest").then(nearest)
    return pl.max_horizontal(rounded.otherwise(seconds), pl.col("minimum_seconds"))


def _grouped(rated: pl.DataFrame) -> pl.DataFrame:
    """Entries in the order of their lines, with `part` (their line), `label` and `billed` seconds."""
    grouping = pl.col("grouping")
    label = pl.when(grouping == "entry").then(pl.col("description").replace("", None).fill_null(pl.col("task")))
    for name, column in GROUPED_BY.items():
        label = label.when(grouping == name).then(pl.col(column))
    apart = pl.when(grouping == "entry").then(pl.col("work_id"))
    key = ["document_key", "agreement_id", "charge_id", "terms_id", "label", "apart", "price", "unit", "tax_class"]
    return (
        rated.with_columns(label.otherwise(None).alias("label"), apart.otherwise(None).alias("apart"),
                           billed_seconds().alias("billed"))
        .sort("document_key", "charge_id", "worked_on", "work_id")
        .with_columns(pl.struct(key).rank("dense").cast(pl.Int64).alias("part"))
    )  # fmt: skip


def _summed(entries: pl.DataFrame) -> pl.DataFrame:
    first = ["document_key", "agreement_id", "charge_id", "terms_id", "kind", "exponent", "tax_class", "price",
             "charge_name", "label", "unit"]  # fmt: skip
    grouped = entries.group_by("part", maintain_order=True).agg(
        *(pl.col(name).first() for name in first), pl.col("billed").sum(),
        pl.col("quantity").sum().cast(pl.Int64).alias("worked"), pl.len().alias("entries"), pl.col("rate_id").first(),
        pl.col("worked_on").min().alias("service_from"), pl.col("worked_on").max().alias("service_to"),
    )  # fmt: skip
    return grouped.with_columns(
        pl.concat_str("charge_name", "label", separator=" – ", ignore_nulls=True).alias("description"),
        pl.col("unit").replace("", "h"), pl.col("billed").alias("quantity"), pl.col("price").alias("unit_price"),
        (pl.col("billed").cast(RATIO) * pl.col("price").cast(RATIO)).alias("numerator"),
        pl.lit(HOUR, dtype=pl.Int64).alias("denominator"),
    )  # fmt: skip


def _explained() -> tuple[pl.Expr, ...]:
    return (
        row("seconds", times=pl.col("billed").cast(pl.String), entries=pl.col("entries").cast(pl.Int64),
            worked=pl.col("worked")),
        row("rate", times=plain(pl.col("price")), rate_id=pl.col("rate_id")),
        row("hour", over=pl.lit(str(HOUR))),
    )  # fmt: skip


def _allocated(entries: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Each entry's share of its line's amount, by billed seconds, so that the annex adds up to the line."""
    shares = entries.select("work_id", "part", "quantity", pl.col("billed").alias("billed_quantity")).join(
        lines.select("part", "exponent", pl.col("amount").alias("total")), on="part", maintain_order="left")  # fmt: skip
    spread = distribute_frame(shares, by="part", total="total", weight="billed_quantity", out="amount")
    return spread.select(pl.col(name).cast(kind) for name, kind in ALLOCATION.items())
