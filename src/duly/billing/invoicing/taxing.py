"""The tax of drafts: treatment by the parties as they are, rates as dated, amounts by the engine."""

from typing import Final

import polars as pl

from duly.billing.reference.queries import tax_rates_frame
from duly.engine.checks import Facts
from duly.engine.tax import at_rates, eu_since, tax_lines, treated

KNOWN: Final = ("buyer_country", "buyer_kind", "buyer_tax_id", "seller_country", "seller_tax_id")

REASON_OF: Final = {"Z": "zero_rate", "E": "exempt", "AE": "reverse_charge", "K": "intra_community", "G": "export",
                    "O": "outside_scope"}
"""Why a line is not taxed that has its category of what it answers."""


def taxed(lines: pl.DataFrame, parties: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with category, rate, reason, country and their share of the tax; and the tax lines of their documents.

    lines     where there are any: fixed_category and fixed_rate, of a line that is taxed as what it answers was (what
              was paid for before, a credit); null elsewhere
    parties   document_key and the facts of `queries.with_parties`
    """
    return tax_lines(_at_rates(lines, parties))


def taxes_changed(facts: Facts) -> list[int]:
    """Drafts whose lines would be taxed otherwise today than they are, by category or rate at the tax point."""
    was = facts.lines.select("document_key", "tax_class", "service_to", pl.col("tax_category").alias("_category"),
                             pl.col("tax_rate").alias("_rate"),
                             *(name for name in ("fixed_category", "fixed_rate") if name in facts.lines.columns))
    now = _at_rates(was, facts.drafts)
    differs = (pl.col("tax_category") != pl.col("_category")) | (pl.col("tax_rate") != pl.col("_rate"))
    return now.filter(differs)["document_key"].unique().sort().to_list()


def classified(lines: pl.DataFrame, parties: pl.DataFrame, day: str = "service_to") -> pl.DataFrame:
    """Lines with seller_country, tax_category, tax_reason and tax_country; documents are mostly of one treatment.

    `day` names the column of their tax point. Seldom does anything else differ within a document, so that each
    kind of sale is looked at once.
    """
    known = parties.select("document_key", *KNOWN)
    alike = ["document_key", "tax_class", "tax_point"]
    lines = lines.with_columns(eu_since(pl.col(day)).alias("tax_point"))
    sales = lines.select(alike).unique(maintain_order=True).join(known, on="document_key", maintain_order="left")
    chosen = treated(sales).select(*alike, "seller_country", "tax_category", "tax_reason", "tax_country")
    return lines.join(chosen, on=alike, nulls_equal=True, maintain_order="left").drop("tax_point")


def _at_rates(lines: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """`classified` lines with `tax_rate`; those with a `fixed_category` keep that and their rate."""
    found = at_rates(classified(lines, parties), tax_rates_frame())
    if "fixed_category" not in lines.columns:
        return found
    fixed = pl.col("fixed_category")
    kept = pl.when(fixed == pl.col("tax_category")).then("tax_reason").otherwise(
        fixed.replace_strict(REASON_OF, default="", return_dtype=pl.String))
    return found.with_columns(
        pl.coalesce(fixed, "tax_category").alias("tax_category"),
        pl.when(fixed.is_null()).then("tax_reason").otherwise(kept).alias("tax_reason"),
        pl.when(fixed.is_null()).then("tax_rate").otherwise("fixed_rate").cast(pl.Decimal(38, 6)).alias("tax_rate"),
    )
