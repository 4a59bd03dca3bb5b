"""Recurring and one-off charges: price × quantity × days billed ÷ days of the full period (see `proration`)."""

from datetime import timedelta

import polars as pl

from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.lines import SPAN, finished
from duly.engine.pricing.proration import share_rows
from duly.engine.rounding import RATIO


def price_fixed(fixed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and spans of the charges due; `fixed` as `spans.due_spans` answers it."""
    parts = fixed.sort("document_key", "kind", "charge_id", "span_from").with_row_index("part", offset=1).with_columns(
        (pl.col("price").cast(RATIO) * pl.col("quantity").cast(RATIO) * pl.col("days").cast(RATIO)).alias("numerator"),
        pl.col("period_days").alias("denominator"), pl.col("price").alias("unit_price"),
        pl.col("charge_name").alias("description"), pl.col("unit").replace("", "item"),
        pl.col("span_from").alias("service_from"), (pl.col("span_to") - timedelta(days=1)).alias("service_to"),
    )
    lines = finished(
        parts,
        row("price", times=number(pl.col("price"))),
        pl.when(pl.col("quantity") != 1).then(
            row("quantity", times=number(pl.col("quantity")), unit=words(pl.col("unit")))),
        *share_rows(),
    )
    return lines, parts.select(pl.col(name).cast(kind) for name, kind in SPAN.items())
