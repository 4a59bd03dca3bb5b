"""Charges whose amount is a sum of products: the terms of a sum, added up exactly and explained row by row.

Every model that has tiers or transactions answers its terms in one shape, and `summed` makes of them what a line
needs: the exact numerator, and the rows from which anyone can add the amount up again.
"""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row
from duly.engine.pricing.lines import PRICE, QUANTITY, DataType
from duly.engine.rounding import RATIO

TERM: Final[dict[str, DataType]] = {
    "part": pl.Int64, "order": pl.Int64, "step": pl.String, "add": QUANTITY, "times": PRICE, "details": pl.String,
}
"""One product of the sum of the line `part`: `add` × `times`, in `order`. `step` says what it is; `details` are more
members of its row as JSON, each with a comma before it: ,"above":"0"."""


def summed(terms: pl.DataFrame) -> pl.DataFrame:
    """The sums: part, `exact` (Σ add × times, at scale 14) and `sum_rows`, its explanation's rows as JSON."""
    product = pl.col("add").cast(RATIO) * pl.col("times").cast(RATIO)
    told = pl.concat_str(
        pl.lit('{"step":"'), "step", pl.lit('","add":'), number(pl.col("add")), pl.lit(',"times":'),
        number(pl.col("times")), pl.col("details").fill_null(""), pl.lit("}"))
    return (
        terms.sort("part", "order")
        .group_by("part", maintain_order=True)
        .agg(product.sum().alias("exact"), told.str.join(",").alias("sum_rows"))
    )


def closing_sum() -> pl.Expr:
    """The row behind which factors and divisors are those of the whole sum, no more of its last term."""
    return row("sum")
