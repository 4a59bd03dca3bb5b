"""Taking parts off priced lines: their amounts stay, `net` is what is left, and the explanation goes on to it."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import count, number, row
from duly.engine.pricing.lines import DataType
from duly.engine.rounding import AMOUNT

TAKEN: Final[dict[str, DataType]] = {"line_key": pl.Int64, "amount": AMOUNT, "told": pl.String}
"""What is taken off a line, and the row that says so; its `add` is the amount below zero."""


def with_net(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with `net`: what is left already, otherwise the whole amount."""
    return lines if "net" in lines.columns else lines.with_columns(pl.col("amount").cast(AMOUNT).alias("net"))


def less(lines: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The lines with what is left as `net`, without a word of it in their explanation yet.

    lines   line_key, net
    taken   `TAKEN`, at most once for each line
    """
    part = taken.select("line_key", pl.col("amount").alias("taken"))
    left = (pl.col("net") - pl.col("taken").fill_null(0)).cast(AMOUNT).alias("net")
    return lines.join(part, on="line_key", how="left", maintain_order="left").with_columns(left).drop("taken")


def explained(lines: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The lines with all that was taken off them in their explanation.

    Their own rounding becomes one in the middle; after it what was taken, the sum of both, and the last rounding.
    """
    told = taken.group_by("line_key", maintain_order=True).agg(pl.col("told").str.join(","))
    before = pl.col("explanation").str.replace('{"step":"round",', '{"step":"rounded",', literal=True).str.head(-1)
    closing = row("round", exponent=count(pl.col("exponent")), amount=number(pl.col("net")))
    after = pl.concat_str(before, pl.lit(","), "told", pl.lit(","), row("sum"), pl.lit(","), closing, pl.lit("]"))
    return (
        lines.join(told, on="line_key", how="left", maintain_order="left")
        .with_columns(pl.coalesce(after, "explanation").alias("explanation"))
        .drop("told")
    )
