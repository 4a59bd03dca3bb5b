"""Totals of documents: Σ lines = net, Σ tax lines = tax, net + tax = total (law 9)."""

import polars as pl


def totals(lines: pl.DataFrame, tax_lines: pl.DataFrame) -> pl.DataFrame:
    """Per `document_key`: net, tax, total."""
    net = lines.group_by("document_key", maintain_order=True).agg(pl.col("amount").sum().alias("net"))
    tax = tax_lines.group_by("document_key").agg(pl.col("tax").sum())
    return net.join(tax, on="document_key", how="left", maintain_order="left").with_columns(
        pl.col("tax").fill_null(0)).with_columns((pl.col("net") + pl.col("tax")).alias("total"))
