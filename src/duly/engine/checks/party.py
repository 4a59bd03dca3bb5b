"""Checks on the parties: tax ids, contacts, where to pay."""

import polars as pl
from stdnum.eu import vat

from duly.engine.checks.registry import AT_WILL, Facts, check
from duly.engine.wording import day_of

NEEDS_BUYER_TAX_ID = ("AE", "K")
"""Reverse charge and intra-community supply stand on the buyer's tax id (EN 16931 BR-AE-2, BR-IC-2)."""


@check("tax_id_invalid", "blocks")
def tax_id_invalid(facts: Facts) -> pl.DataFrame:
    """A tax treatment that rests on the customer's tax id needs a valid one of the customer's country."""
    treated = facts.lines.filter(pl.col("tax_category").is_in(NEEDS_BUYER_TAX_ID)).select("document_key").unique()
    drafts = facts.drafts.join(treated, on="document_key").with_columns(pl.col("buyer_tax_id").fill_null(""))
    pairs = drafts.select("buyer_tax_id", "buyer_country").unique()
    invalid = pairs.filter(pl.Series([not _is_vat_id(*pair) for pair in pairs.iter_rows()], dtype=pl.Boolean))
    return drafts.join(invalid, on=["buyer_tax_id", "buyer_country"], how="semi").select(
        "document_key", pl.lit("buyer.tax_id").alias("path"),
        pl.format("Reverse charge for {} needs its VAT id of {}; “{}” is not one. Ask the customer for it.",
                  "account_name", "buyer_country", "buyer_tax_id").alias("text"),
    )


def _is_vat_id(number: str, country: str) -> bool:
    """Valid by its check digits, and of the country: Greek ids begin with EL, all others with the country's code."""
    return bool(vat.is_valid(number)) and vat.compact(number).startswith("EL" if country == "GR" else country)


@check("tax_id_missing", "blocks")
def tax_id_missing(facts: Facts) -> pl.DataFrame:
    """A business in another EU country is taxed by its VAT id: without one, nobody knows how."""
    abroad = pl.col("buyer_in_eu") & pl.col("seller_in_eu") & (pl.col("buyer_country") != pl.col("seller_country"))
    unknown = pl.col("buyer_tax_id").is_null() & (pl.col("buyer_kind") != "person")
    return facts.drafts.filter(abroad & unknown).select(
        "document_key", pl.lit("buyer.tax_id").alias("path"),
        pl.format("{} is a business in {} without a VAT id, so its seller's tax is charged. Ask for the id.",
                  "account_name", "buyer_country").alias("text"),
    )


@check("tax_rate_missing", "blocks")
def tax_rate_missing(facts: Facts) -> pl.DataFrame:
    """Taxed lines have a dated rate, or bear several taxes; none is ever assumed. Category S never has the rate zero
    (BR-S-05)."""
    several = pl.col("several") if "several" in facts.lines.columns else pl.lit(False)
    return facts.lines.filter((pl.col("tax_category") == "S") & (pl.col("tax_rate") == 0) & ~several).select(
        "document_key", pl.format("lines[{}].tax_rate", "position").alias("path"),
        pl.format("There is no {} tax rate for {}. Add it to the tax rates.", "tax_class",
                  day_of("service_to")).alias("text"),
    )


@check("outside_scope_mixed", "blocks")
def outside_scope_mixed(facts: Facts) -> pl.DataFrame:
    """What is outside the scope of tax stands alone on its document (BR-O-11)."""
    outside = pl.col("tax_category") == "O"
    mixed = (outside.any() & ~outside.all()).over("document_key")
    return facts.lines.filter(mixed & outside).select(
        "document_key", pl.format("lines[{}].tax_category", "position").alias("path"),
        pl.lit("It is outside the scope of tax, and other lines are not. Defer it, issue the rest, and run again: "
               "it gets a document of its own.").alias("text"),
    )


@check("tax_overridden", "notes")
def tax_overridden(facts: Facts) -> pl.DataFrame:
    """Whoever reviews sees where a person decided on the tax, and why."""
    if "override_category" not in facts.lines.columns:  # drafted a moment ago: nobody decided anything yet
        return facts.drafts.clear().select("document_key", *(pl.lit("").alias(name) for name in ("path", "text")))
    return facts.lines.filter(pl.col("override_category").is_not_null()).select(
        "document_key", pl.format("lines[{}].tax_category", "position").alias("path"),
        pl.format("The tax was decided by hand: {}, “{}”.", "override_category", "override_reason").alias("text"),
    )


@check("billing_contact_missing", "blocks", may_be=AT_WILL)
def billing_contact_missing(facts: Facts) -> pl.DataFrame:
    """An invoice goes to someone: the account has a contact with the role billing."""
    return facts.drafts.filter(~pl.col("has_billing_contact")).select(
        "document_key", pl.lit("buyer.contact").alias("path"),
        pl.format("{} has no contact with the role billing. Add one to the account.", "account_name").alias("text"),
    )


@check("bank_account_missing", "notes", may_be=AT_WILL)
def bank_account_missing(facts: Facts) -> pl.DataFrame:
    """The customer learns where to pay."""
    return facts.drafts.filter(~pl.col("has_bank_account")).select(
        "document_key", pl.lit("seller.bank_account").alias("path"),
        pl.format("{} has no bank account, so the invoice does not say where to pay.", "entity").alias("text"),
    )
