"""What happened → balanced postings: one table of debit and credit roles for each thing that happens in money.

A posting is a transfer of a positive amount from the credited to the debited role, so an entry balances by
construction; a negative amount turns the transfer around, zero posts nothing. Frames in, frames out::

    in   key, currency, exponent, base_rate, base_exponent, and the amounts named in the rules
    out  key, debit, credit, currency, amount, base_amount
"""

from typing import Final

import polars as pl

from duly.engine.rounding import round_quotient_expr

RULES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    # what happened: (amount column, debited role, credited role)
    "invoice": (("net", "receivable", "revenue"), ("tax", "receivable", "tax")),
    "receipt": (("amount", "bank", "on_account"),),
    "allocation": (("amount", "on_account", "receivable"),),
}

RATE_SCALE: Final = 10
POSTINGS: Final = ("key", "debit", "credit", "currency", "amount", "base_amount")


def postings(happened: str, facts: pl.DataFrame) -> pl.DataFrame:
    """The postings of many facts of one kind. `base_rate` is base units for one unit of the currency."""
    sides = [
        facts.select("key", "currency", "base_rate", "base_exponent", pl.col(amount).alias("signed"),
                     pl.lit(debit).alias("debit"), pl.lit(credit).alias("credit"))
        for amount, debit, credit in RULES[happened]
    ]
    turned = pl.col("signed") < 0
    return (
        pl.concat(sides)
        .filter(pl.col("signed") != 0)
        .with_columns(
            pl.when(turned).then("credit").otherwise("debit").alias("debit"),
            pl.when(turned).then("debit").otherwise("credit").alias("credit"),
            pl.col("signed").abs().alias("amount"),
        )
        .with_columns(_base_amount().alias("base_amount"))
        .sort("key", maintain_order=True)
        .select(POSTINGS)
    )


def _base_amount() -> pl.Expr:
    """amount × rate, rounded once to the base currency's minor unit."""
    scale = pl.Decimal(38, 14)
    exact = pl.col("amount").cast(scale) * pl.col("base_rate").cast(scale)
    return round_quotient_expr(exact, pl.lit(1, dtype=pl.Int64), pl.col("base_exponent"))
