"""How what documents ask for is rounded, by the steps of their entities."""

from typing import Final

import polars as pl

from duly.billing.accounts.payable_steps import payable_steps_frame
from duly.billing.kernel.frames import MONEY
from duly.engine.payable import payable_rounding_expr

OUTDATED: Final = "What it asks for is not rounded as its entity rounds now: draft it again."


def rounded(headers: pl.DataFrame) -> pl.DataFrame:
    """`headers` with `rounding`: what brings total less prepaid and withheld to a multiple of the step, zero without.

    headers   entity_id, currency, total, prepaid, withheld
    """
    steps = payable_steps_frame(headers["entity_id"].unique().to_list())
    if steps.is_empty():
        return headers.with_columns(pl.lit(0, MONEY).alias("rounding"))
    payable = pl.col("total").cast(MONEY) - pl.col("prepaid").cast(MONEY) - pl.col("withheld").cast(MONEY)
    return headers.join(steps, on=["entity_id", "currency"], how="left", maintain_order="left").with_columns(
        payable_rounding_expr(payable, pl.col("step")).alias("rounding")).drop("step")


def rounding_changed(drafts: pl.DataFrame) -> list[int]:
    """Those of the drafts (document_key, and the columns that `rounded` takes) that would be rounded otherwise now."""
    now = rounded(drafts.rename({"rounding": "_rounding"}))
    return now.filter(pl.col("rounding") != pl.col("_rounding"))["document_key"].to_list()
