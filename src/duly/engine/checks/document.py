"""Checks on the draft as a whole: its totals, dates and currency."""

import polars as pl

from duly.engine.checks.registry import AT_WILL, Facts, check
from duly.engine.wording import amount_of, day_of

USUAL_HISTORY = 3
"""How many earlier invoices make a habit."""
UNUSUAL_FACTOR = 3
"""Beyond this many times the account's usual amount, or below its reciprocal, a total is worth a look."""


@check("total_zero", "warns", may_be=AT_WILL)
def total_zero(facts: Facts) -> pl.DataFrame:
    """An invoice over nothing is rarely meant."""
    return facts.drafts.filter(pl.col("total") == 0).select(
        "document_key", pl.lit("total").alias("path"),
        pl.lit("The total is zero. Discard the draft unless the customer asked for it.").alias("text"),
    )


@check("total_negative", "blocks")
def total_negative(facts: Facts) -> pl.DataFrame:
    """An invoice asks for money; what goes the other way is a credit note."""
    return facts.drafts.filter((pl.col("total") < 0) & (pl.col("kind") != "credit_note")).select(
        "document_key", pl.lit("total").alias("path"),
        pl.format("The total is {} {}. Leave out what takes it below zero, or discard the draft.", amount_of("total"),
                  "currency").alias("text"),
    )


@check("booking_date_locked", "blocks")
def booking_date_locked(facts: Facts) -> pl.DataFrame:
    """Nothing is booked into a period that is closed."""
    return facts.drafts.filter(pl.col("lock_date") >= pl.lit(facts.on)).select(
        "document_key", pl.lit("booked_on").alias("path"),
        pl.format("{} is closed until {}; this would be booked on {}. Use a later date.", "entity",
                  day_of("lock_date"), day_of(pl.lit(facts.on))).alias("text"),
    )


@check("currency_without_rate", "blocks")
def currency_without_rate(facts: Facts) -> pl.DataFrame:
    """A document in another currency than the entity's books needs an exchange rate on its date."""
    foreign = pl.col("currency") != pl.col("base_currency")
    return facts.drafts.filter(foreign & pl.col("base_rate").is_null()).select(
        "document_key", pl.lit("currency").alias("path"),
        pl.format("There is no exchange rate from {} to {} on {}. Add one.", "currency", "base_currency",
                  day_of(pl.lit(facts.on))).alias("text"),
    )


@check("amount_unusual", "warns", may_be=AT_WILL)
def amount_unusual(facts: Facts) -> pl.DataFrame:
    """A total far from what this account usually gets is worth a second look."""
    total, usual = pl.col("total"), pl.col("usual_total")
    far = (total > usual * UNUSUAL_FACTOR) | (total * UNUSUAL_FACTOR < usual)
    known = (pl.col("earlier_invoices") >= USUAL_HISTORY) & (usual > 0)
    return facts.drafts.filter(known & far).select(
        "document_key", pl.lit("total").alias("path"),
        pl.format("The total is {} {}; this account's last invoices were around {} {}.", amount_of("total"),
                  "currency", amount_of("usual_total"), "currency").alias("text"),
    )
