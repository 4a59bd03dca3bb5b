"""Time: Σ seconds × hourly rate ÷ 3600, one line per equal rate, factor, unit and tax in the agreement's grouping."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import count, number, plain, row, words
from duly.engine.pricing.lines import ALLOCATION, complete, finished
from duly.engine.pricing.multipliers import multiplied, with_factors
from duly.engine.pricing.rates import with_rates
from duly.engine.rounding import RATIO, distribute_frame
from duly.engine.wording import day_of

HOUR: Final = 3_600

NAMED: Final = ("person", "task", "project")
"""Groupings that name what they group by; `rate` groups by rate alone, `entry` makes a line of every entry."""

APART: Final = {"entry": "work_id", "person": "person_id", "project": "project_id"}
"""Groupings by what is someone or something by its id: two people of one name have a line each."""

LINE_KEY: Final = (
    "document_key", "agreement_id", "charge_id", "terms_id", "apart", "alike", "price", "factor", "why", "unit",
    "tax_class", "tax_part",
)
"""What entries on one line have in common."""


def price_time(work: pl.DataFrame, rates: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lines, allocations, and the entries that cannot be priced (work_id, document_key, text).

    An entry in which overtime begins is allocated to two lines, with a part of its quantity each. Where they are given,
    as for work that is priced again, `billed` (seconds), `factor` and `why` are used as they are.
    """
    rated = with_rates(work, rates)
    whole_seconds = pl.col("quantity") == pl.col("quantity").floor()
    fits = pl.col("price").is_not_null() & whole_seconds
    unpriced = rated.filter(~fits).select("work_id", "document_key", _problem().alias("text"))
    rounded = [] if "billed" in rated.columns else [billed_seconds().alias("billed")]
    entries = _labelled(with_factors(complete(rated.filter(fits).with_columns(rounded), "billed")))
    summed = _summed(entries)
    lines = finished(summed, *_explained())
    return lines, _allocated(entries, summed.select("part", "entry"), lines), unpriced


def _problem() -> pl.Expr:
    person, day = pl.col("person").fill_null("this person"), day_of("worked_on")
    no_rate = pl.format("no rate for {} on {}; add one to the rate card.", person, day)
    broken = pl.format("{}'s time on {} is {} seconds; correct it to whole seconds.", person, day,
                       plain(pl.col("quantity")))
    return pl.when(pl.col("price").is_null()).then(no_rate).otherwise(broken)


def billed_seconds() -> pl.Expr:
    """An entry's seconds, rounded to the agreement's increment and raised to its minimum; nearest takes a tie up."""
    seconds, step, least = pl.col("quantity").cast(pl.Int64), pl.col("increment_seconds"), pl.col("minimum_seconds")
    up = (seconds + step - 1) // step * step
    nearest = (seconds * 2 + step) // (step * 2) * step
    way = pl.col("rounding")
    rounded = pl.when(way == "up").then(up).when(way == "nearest").then(nearest).otherwise(seconds)
    return pl.when(rounded < least).then(least).otherwise(rounded)


def _labelled(rated: pl.DataFrame) -> pl.DataFrame:
    """Entries in printing order, numbered by `entry`, with the `label` of their line.

    Those with an id that keeps them `apart` share a line by it, others when they are `alike` by their label. Those
    of another `tax_part`, which callers give where a rate of tax changes between them, share none.
    """
    one_part = [] if "tax_part" in rated.columns else [pl.lit(0, pl.Int64).alias("tax_part")]
    grouping = pl.col("grouping")
    label = pl.coalesce(
        pl.when(grouping == "entry").then(pl.coalesce(pl.col("description").replace("", None), "task")),
        *(pl.when(grouping == name).then(pl.col(name)) for name in NAMED),
    )
    apart = pl.coalesce(pl.when(grouping == name).then(pl.col(column)) for name, column in APART.items())
    return (
        rated.with_columns(label.alias("label"), apart.alias("apart"), *one_part)
        .with_columns(pl.when(pl.col("apart").is_null()).then("label").alias("alike"))
        .sort("document_key", "charge_id", "worked_on", "work_id", "factor")
        .with_row_index("entry")
    )


def _summed(entries: pl.DataFrame) -> pl.DataFrame:
    """One row per line to be: Σ billed seconds, the name it had last, and the numbers of its entries as a list."""
    one_rate = pl.col("rate_id").min() == pl.col("rate_id").max()
    grouped = entries.group_by(LINE_KEY, maintain_order=True).agg(
        pl.col("kind", "exponent", "charge_name").first(), pl.col("label").last(), pl.col("entry"),
        pl.col("billed").sum(), pl.col("quantity").sum().alias("worked"), pl.len().alias("entries"),
        pl.when(one_rate).then(pl.col("rate_id").min()).alias("rate_id"),
        pl.col("worked_on").min().alias("service_from"), pl.col("worked_on").max().alias("service_to"),
    ).with_row_index("part", offset=1)
    price = pl.col("price").cast(RATIO) * pl.col("factor").cast(RATIO)
    return grouped.with_columns(
        pl.concat_str("charge_name", "label", separator=" – ", ignore_nulls=True).alias("description"),
        pl.col("unit").replace("", "h"), pl.col("billed").alias("quantity"),
        multiplied(pl.col("price"), pl.col("factor")).alias("unit_price"),
        (pl.col("billed").cast(RATIO) * price).alias("numerator"),
        pl.lit(HOUR, dtype=pl.Int64).alias("denominator"),
    )


def _explained() -> tuple[pl.Expr, ...]:
    return (
        row("seconds", times=number(pl.col("billed")), entries=count(pl.col("entries")),
            worked=count(pl.col("worked").cast(pl.Int64))),
        row("rate", times=number(pl.col("price")), rate_id=count(pl.col("rate_id"))),
        pl.when(pl.col("factor") != 1).then(
            row("multiplier", times=number(pl.col("factor")), why=words(pl.col("why")))),
        row("hour", over=pl.lit(f'"{HOUR}"')),
    )


def _allocated(entries: pl.DataFrame, placed: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Each entry's share of its line's amount, by billed seconds, so that the annex adds up to the line."""
    totals = lines.select(pl.col("part").cast(pl.UInt32), "exponent", pl.col("amount").alias("total"))
    shares = placed.explode("entry").join(totals, on="part", maintain_order="left").with_columns(
        entries[placed["entry"].explode()].select("work_id", "quantity", pl.col("billed").alias("billed_quantity")))
    spread = distribute_frame(shares, by="part", total="total", weight="billed_quantity", out="amount")
    return spread.select(pl.col(name).cast(kind) for name, kind in ALLOCATION.items())
