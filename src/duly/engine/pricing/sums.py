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
    """The sums: part, `exact` (Σ add × times, at scale 14), `sum_rows`, its explanation's rows as JSON, and how many
    `terms` it has; `only_price` is what it multiplies by where that is one."""
    product = pl.col("add").cast(RATIO) * pl.col("times").cast(RATIO)
    told = pl.format('{{"step":"{}","add":{},"times":{}{}}}', "step", number(pl.col("add")), number(pl.col("times")),
                     pl.col("details").fill_null(""))
    return (
        terms.lazy().sort("part", "order")
        .select("part", "times", product.alias("exact"), told.alias("sum_rows"))
        .group_by("part", maintain_order=True)
        .agg(pl.col("exact").sum(), pl.col("sum_rows").str.join(","), pl.len().alias("terms"),
             pl.col("times").first().alias("only_price"))
        .collect()
    )


def closing_sum() -> pl.Expr:
    """The row behind which factors and divisors are those of the whole sum, no more of its last term."""
    return row("sum")
