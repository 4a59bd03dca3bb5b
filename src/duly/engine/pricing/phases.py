"""Terms that change by plan: trials, ramps and phases, as terms of their own days that `spans.due_spans` then bills."""

from typing import Final

import polars as pl

from duly.engine.pricing.lines import PRICE, QUANTITY, DataType
from duly.engine.pricing.tiers import TIERED

STEP: Final[dict[str, DataType]] = {
    "terms_id": pl.Int64, "step_from": pl.Date, "price": PRICE, "quantity": QUANTITY,
}
"""From its first day on, until the next step or the end of the terms, a step's price and quantity; null: as before."""


def phased(charges: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """`charges` (terms as `due_spans` takes them), cut where a step (`STEP`) of theirs begins, with its values."""
    terms = charges.with_row_index("_terms")
    ends = pl.col("terms_to").is_null() | (pl.col("step_from") < pl.col("terms_to"))
    planned = terms.drop("price", "quantity").join(steps, on="terms_id").filter(ends).with_columns(
        pl.max_horizontal("terms_from", "step_from").alias("terms_from"))
    own = terms.with_columns(pl.lit(None, pl.Date).alias("step_from"))
    cut = (
        pl.concat([own, planned.select(own.columns)])
        .sort("_terms", "terms_from", "step_from", nulls_last=False)
        .with_columns(pl.col("price", "quantity").forward_fill().over("_terms"))
        .unique(["_terms", "terms_from"], keep="last", maintain_order=True)
    )
    until = pl.coalesce(pl.col("terms_from").shift(-1).over("_terms"), "terms_to")
    return cut.with_columns(until.alias("terms_to")).select(charges.columns)


def with_trials(charges: pl.DataFrame, trials: pl.DataFrame) -> pl.DataFrame:
    """`charges` without the days of their trial, or at its price.

    trials   charge_id, trial_days (from the agreement's first day) or trial_until (the first day after it), and price
             (of a unit and a full period, whatever the tiers; null where the trial is free)

    What was free counts as no part of the charge: the first period after a trial is broken where the trial ends in it.
    """
    ends = pl.coalesce("trial_until", pl.col("agreement_from") + pl.duration(days="trial_days")).cast(pl.Date)
    on_trial = charges.join(trials.rename({"price": "_price"}), on="charge_id", how="left", maintain_order="left")
    dated = on_trial.with_columns(ends.alias("_ends"))
    after = dated.with_columns(pl.max_horizontal("terms_from", "_ends").alias("terms_from"))
    during = dated.filter(pl.col("_price").is_not_null()).with_columns(
        pl.min_horizontal("terms_to", "_ends").alias("terms_to"), pl.col("_price").alias("price"), *_of_a_unit(charges))
    lasting = pl.col("terms_to").is_null() | (pl.col("terms_from") < pl.col("terms_to"))
    return pl.concat([during, after]).filter(lasting).select(charges.columns).sort("charge_id", "terms_from")


def _of_a_unit(charges: pl.DataFrame) -> list[pl.Expr]:
    """The model of a price that stands in the place of tiers, where the charges have models."""
    if "model" not in charges.columns:
        return []
    return [pl.when(pl.col("model").is_in(TIERED)).then(pl.lit("per_unit")).otherwise("model").alias("model")]
