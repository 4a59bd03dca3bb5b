"""Fees on money that is held: an annual rate, by tiers, on the average or closing balance of the period."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import number
from duly.engine.pricing.lines import QUANTITY, DataType
from duly.engine.pricing.sums import TERM
from duly.engine.pricing.tiers import numbered

BALANCE: Final[dict[str, DataType]] = {"part": pl.Int64, "from_day": pl.Date, "to_day": pl.Date, "balance": QUANTITY}
"""What was held on the days [from_day, to_day), at the end of each; the rows of a part cover its period once."""

YEARS: Final = {"act_365": 365, "act_360": 360, "30_360": 360}
"""The day counts, and the days of their year."""


def days_30_360(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Days from `start` to `end` with months of thirty days: 30E/360, as ISDA 2006 section 4.16(g) has it."""
    first, last = pl.min_horizontal(start.dt.day(), pl.lit(30)), pl.min_horizontal(end.dt.day(), pl.lit(30))
    months = (end.dt.year() - start.dt.year()) * 12 + end.dt.month().cast(pl.Int32) - start.dt.month().cast(pl.Int32)
    return (months * 30 + last.cast(pl.Int32) - first.cast(pl.Int32)).cast(pl.Int64)


def balance_terms(charges: pl.DataFrame, tiers: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """The terms (`sums.TERM`) of balance fees: units of money held for a day in each tier, times its annual rate.

    charges    part, terms_id, basis ('average' or 'closing'), span_from, span_to (exclusive)
    tiers      `tiers.TIER`, bounds on the balance, `price` the annual rate
    balances   `BALANCE`

    Their sum is an average balance times the period's days times a rate for a year: it is still to be multiplied by
    the days that the day count gives the period, and divided by the days that it has and by those of a year.
    """
    days = pl.col("days").cast(pl.Int64)
    held = _held(charges, balances).with_columns(
        (pl.col("span_to") - pl.col("span_from")).dt.total_days().alias("days"))
    rates = numbered(tiers, charges).drop("flat").rename({"price": "annual_rate"})
    tiered = held.join(rates, on="terms_id", maintain_order="left").with_columns(
        (pl.col("above") * days).alias("low"), (pl.col("up_to") * days).alias("high"))
    inside = (pl.min_horizontal("held", "high") - pl.col("low")).cast(QUANTITY)
    first = pl.col("tier") == 1
    reached = tiered.filter(first | (pl.col("held") > pl.col("low"))).with_columns(
        pl.max_horizontal(inside, pl.lit(0, QUANTITY)).alias("inside"))
    up_to = pl.when(pl.col("up_to").is_null()).then(pl.lit("null")).otherwise(number(pl.col("up_to")))
    closing = pl.when(pl.col("basis") == "closing").then(pl.lit(',"basis":"closing"')).otherwise(pl.lit(""))
    bounds = pl.concat_str(pl.lit(',"above":'), number(pl.col("above")), pl.lit(',"up_to":'), up_to, closing)
    columns = {"part": pl.col("part"), "order": pl.col("tier"), "step": pl.lit("balance_days"),
               "add": pl.col("inside"), "times": pl.col("annual_rate"), "details": bounds}
    return reached.select(columns[name].cast(kind).alias(name) for name, kind in TERM.items())


def _held(charges: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """Charges with `held`: Σ balance × days, or the last balance times all days. Nothing held counts as zero."""
    days = (pl.col("to_day") - pl.col("from_day")).dt.total_days().cast(QUANTITY)
    summed = balances.sort("part", "from_day").group_by("part", maintain_order=True).agg(
        (pl.col("balance") * days).sum().cast(QUANTITY).alias("held_on_average"),
        pl.col("balance").last().alias("closing"))
    period = (pl.col("span_to") - pl.col("span_from")).dt.total_days().cast(QUANTITY)
    held = pl.when(pl.col("basis") == "closing").then(pl.col("closing") * period).otherwise("held_on_average")
    return charges.join(summed, on="part", how="left", maintain_order="left").with_columns(
        held.fill_null(0).cast(QUANTITY).alias("held")).drop("held_on_average", "closing")
