"""Progressive billing: what has run up in a period that is still open is billed once it reaches a threshold of the
agreement; when the period ends its lines are those of all its use, and these bills are taken off them."""

from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.invoicing import history
from duly.billing.invoicing.collecting import Inputs
from duly.billing.invoicing.falling_due import MEASURED, Due, begun
from duly.billing.invoicing.measuring import measured_parts
from duly.engine.pricing.explain import number, row
from duly.engine.pricing.lines import LINE, finished
from duly.engine.pricing.metered import price_metered
from duly.engine.pricing.progressive import reached
from duly.engine.rounding import AMOUNT, RATIO

KIND: Final = "progressive_bill"


def bills_between(inputs: Inputs, charged: Due) -> pl.DataFrame:
    """Lines (`lines.LINE`, of the kind progressive_bill) of what ran up in open periods and is not billed, for each
    agreement that reached a threshold: by charge, so that each has its tax."""
    if inputs.thresholds.is_empty():
        return pl.DataFrame(schema=LINE)
    terms = charged.planned.filter(pl.col("charge_kind").is_in(MEASURED)).join(
        inputs.thresholds, on="agreement_id", how="semi")
    run_up = _run_up(terms, inputs)
    before = history.billed_between(run_up["charge_id"].unique().to_list(), charged.including)
    parts = run_up.join(before, left_on=["charge_id", "span_from"], right_on=["charge_id", "service_from"], how="left",
                        maintain_order="left").with_columns(pl.col("billed").fill_null(0))
    due = pl.DataFrame(_reached(parts, inputs.thresholds), orient="row",
                       schema={"agreement_id": pl.Int64, "threshold": AMOUNT})
    return _lines(parts.join(due, on="agreement_id").filter(pl.col("run_up") > pl.col("billed")))


def _run_up(terms: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """What each charge's open period comes to so far, with the days from its first one to the end of what is billed."""
    through = inputs.scope.period_to
    so_far = begun(terms, through).filter(pl.col("span_to") > pl.lit(through)).with_columns(
        pl.lit(through).alias("span_to"), pl.lit(None, AMOUNT).alias("minimum"),
        pl.col("charge_kind").alias("kind"), pl.lit(None, pl.String).alias("billed_in"))
    found = measured_parts(so_far, inputs.fees.tiers, inputs.scope.snapshot)
    priced = price_metered(found.charges, found.tiers, found.transactions, found.balances)
    summed = priced.group_by("part").agg(pl.col("amount").sum())
    whole = found.charges.join(summed, on="part", maintain_order="left").group_by(
        "agreement_id", "charge_id", "span_from", maintain_order=True).agg(pl.col("amount").sum().alias("run_up"))
    return so_far.join(whole, on=["agreement_id", "charge_id", "span_from"], maintain_order="left")


def _reached(parts: pl.DataFrame, agreed: pl.DataFrame) -> list[tuple[int, Decimal]]:
    """The agreements whose open periods reached a threshold beyond what is billed of them."""
    sums = parts.group_by("agreement_id", maintain_order=True).agg(pl.col("run_up", "billed").sum())
    told = []
    for agreement, run_up, billed, steps, every in sums.join(agreed, on="agreement_id").select(
            "agreement_id", "run_up", "billed", "thresholds", "every").iter_rows():
        threshold = reached(run_up, billed, [Decimal(step) for step in steps.split(",") if step], every)
        if threshold is not None:
            told.append((agreement, threshold))
    return told


def _lines(parts: pl.DataFrame) -> pl.DataFrame:
    amount = (pl.col("run_up") - pl.col("billed")).cast(AMOUNT)
    lines = parts.sort("document_key", "charge_id").with_row_index("part", offset=1).with_columns(
        amount.cast(RATIO).alias("numerator"), pl.lit(1, pl.Int64).alias("denominator"),
        amount.cast(pl.Decimal(38, 8)).alias("unit_price"), pl.lit(1).alias("quantity"), pl.lit("item").alias("unit"),
        pl.lit(KIND).alias("kind"), pl.col("charge_name").alias("description"),
        pl.col("span_from").alias("service_from"), pl.col("span_to").dt.offset_by("-1d").alias("service_to"))
    billed = pl.when(pl.col("billed") != 0).then(
        row("billed_before", add=number(pl.col("billed")), times=pl.lit('"-1"')))
    run_up = row("run_up", add=number(pl.col("run_up")), threshold=number(pl.col("threshold")))
    return finished(lines, run_up, billed, row("sum"))
