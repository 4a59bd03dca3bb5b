"""Late use: what a billed period comes to with the events that were told too late, less what was billed of it."""

import polars as pl

from duly.engine.pricing.explain import number, row
from duly.engine.pricing.lines import PRICE, finished
from duly.engine.pricing.metered import price_metered
from duly.engine.rounding import RATIO

Seen = tuple[pl.DataFrame | None, pl.DataFrame | None]
"""What fees on money are of: `percentages.TRANSACTION` and `balances.BALANCE`."""


def late_lines(charges: pl.DataFrame, tiers: pl.DataFrame, billed: Seen = (None, None),
               with_late: Seen = (None, None)) -> pl.DataFrame:
    """Lines (`lines.LINE` of the kind late_usage) of what late events change: tiers, free units and limits included.

    charges     as `price_metered` takes them: of models by quantity the `quantity` that was billed, and `late_quantity`
                (`usage.USAGE`), which may be below zero; or of money
    tiers       `tiers.TIER`
    billed      the money as it was billed
    with_late   all of it, with what was told late

    Where the amount stays there is no line; where use was corrected downwards it is below zero.
    """
    more = pl.col("late_quantity").fill_null(0)
    together = charges.with_columns((pl.col("quantity") + more).cast(charges.schema["quantity"]))
    both = _amounts(charges, tiers, billed, "billed").join(
        _amounts(together, tiers, with_late, "with_late"), on="part", maintain_order="left")
    change = pl.col("with_late") - pl.col("billed")
    late = charges.join(both, on="part", maintain_order="left").with_columns(
        change.cast(RATIO).alias("numerator"), pl.lit(1, pl.Int64).alias("denominator"),
        change.cast(PRICE).alias("unit_price"), pl.col("quantity").alias("billed_quantity"),
    ).filter(pl.col("numerator") != 0).with_columns(
        pl.lit("late_usage").alias("kind"), pl.lit("item").alias("unit"), pl.lit(1).alias("quantity"),
        pl.col("charge_name").alias("description"), pl.col("span_from").alias("service_from"),
        pl.col("span_to").dt.offset_by("-1d").alias("service_to"))
    return finished(
        late, pl.when(pl.col("late_quantity").is_not_null()).then(
            row("late", quantity=number(pl.col("billed_quantity")), late=number(pl.col("late_quantity")))),
        row("with_late", add=number(pl.col("with_late"))),
        row("billed", add=number(pl.col("billed")), times=pl.lit('"-1"')), row("sum"))


def _amounts(charges: pl.DataFrame, tiers: pl.DataFrame, seen: Seen, name: str) -> pl.DataFrame:
    """What each part comes to, with its true-up."""
    return price_metered(charges, tiers, *seen).group_by("part").agg(pl.col("amount").sum().alias(name))
