"""The tax of drafts: treatment by the parties as they are, rates as dated, amounts by the engine."""

from typing import Final

import polars as pl

from duly.billing.reference.queries import tax_rates_frame
from duly.engine.checks import Facts
from duly.engine.tax import at_rates, eu_since, tax_lines, treated

KNOWN: Final = ("buyer_country", "buyer_kind", "buyer_tax_id", "seller_country", "seller_tax_id")


def taxed(lines: pl.DataFrame, parties: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with category, rate, reason and their share of the tax; and the tax lines of their documents.

    parties   document_key and the facts of `queries.with_parties`
    """
    return tax_lines(_classified(lines, parties))


def taxes_changed(facts: Facts) -> list[int]:
    """Drafts whose lines would be taxed otherwise today than they are, by category or rate at the tax point."""
    was = facts.lines.select("document_key", "tax_class", "service_to", pl.col("tax_category").alias("_category"),
                             pl.col("tax_rate").alias("_rate"))
    now = _classified(was, facts.drafts)
    differs = (pl.col("tax_category") != pl.col("_category")) | (pl.col("tax_rate") != pl.col("_rate"))
    return now.filter(differs)["document_key"].unique().sort().to_list()


def _classified(lines: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """Lines with seller_country, tax_category, tax_reason and tax_rate; documents are mostly of one treatment."""
    known = parties.select("document_key", *KNOWN)
    alike = ["document_key", "tax_class", "tax_point"]
    lines = lines.with_columns(eu_since(pl.col("service_to")).alias("tax_point"))
    sales = lines.select(alike).unique(maintain_order=True).join(known, on="document_key", maintain_order="left")
    chosen = treated(sales).select(*alike, "seller_country", "tax_category", "tax_reason")
    dated = lines.join(chosen, on=alike, maintain_order="left").drop("tax_point")
    return at_rates(dated, tax_rates_frame())
