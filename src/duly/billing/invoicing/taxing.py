"""The tax of drafts: treatment by the parties as they are, rates as dated, amounts by the engine.

Mostly every line of a document is treated alike and has one rate on its net; then little more than one look at each
document is done. Prices that include tax, and several taxes on one base, are looked at only where there are any.
"""

from typing import Final

import polars as pl

from duly.billing.accounts.taxation import treatments_frame
from duly.billing.invoicing.several_taxes import borne, due_on, taxes_of
from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY
from duly.billing.reference.queries import tax_components_frame, tax_rates_frame
from duly.engine.checks import Facts
from duly.engine.periods import in_force
from duly.engine.tax import RATE, at_rates, eu_since, tax_lines, treated
from duly.engine.tax_amounts import tax_each, tax_included

KNOWN: Final = ("buyer_country", "buyer_kind", "buyer_tax_id", "seller_country", "seller_tax_id", "one_stop_shop")
CHOSEN: Final = ("seller_country", "tax_category", "tax_reason", "tax_country")
ALIKE: Final = ["document_key", "tax_class", "supply", "override_category", "override_reason", "tax_point"]
"""What the treatment of a sale between the parties of a document depends on."""

REASON_OF: Final = {"Z": "zero_rate", "E": "exempt", "AE": "reverse_charge", "K": "intra_community", "G": "export",
                    "O": "outside_scope"}
"""Why a line is not taxed that has its category of what it answers."""

TAX_LINES: Final = ("document_key", "position", "name", "category", "rate", "base", "tax", "reason")
TAXES: Final = pl.List(pl.Struct({"name": pl.String, "category": pl.String, "rate": RATE, "base": MONEY, "tax": MONEY}))


def taxed(lines: pl.DataFrame, parties: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with category, rate, reason, country and their share of the tax; and the tax lines of their documents.

    lines     document_key, tax_class, service_to, amount, exponent; where known supply (services where not), a
              person's override_category and override_reason, and fixed_category and fixed_rate, of a line that is
              taxed as what it answers was (what was paid for before, a credit) or sells a voucher (then it is
              `untaxed`); null elsewhere
    parties   document_key, account_id and the facts of `queries.with_parties`; prices_include_tax where known

    Where prices include tax, `amount` is given with it and answered without it, beside `gross`, which is what was
    given. `several` says whether a line bears several taxes, which `taxes` then lists (as `TAXES`); `tax` is their sum,
    the rate zero. The tax lines have the columns `TAX_LINES`; a `name` where taxes are several.
    """
    rated = _at_rates(lines, parties).with_columns(
        pl.lit(None, MONEY).alias("gross"), pl.lit(None, TAXES).alias("taxes"), pl.lit(False).alias("several"))
    inclusive = parties.filter("prices_include_tax") if "prices_include_tax" in parties.columns else parties.clear()
    components = tax_components_frame()
    if inclusive.is_empty() and components.is_empty():
        answered, alone = tax_lines(rated)
        groups = _unnamed(alone)
    else:
        answered, groups = _in_parts(rated, parties, inclusive, components)
    return answered, _reasoned(answered, groups)


def _unnamed(groups: pl.DataFrame) -> pl.DataFrame:
    """Tax lines of one tax on a base as `TAX_LINES`."""
    return groups.with_columns(pl.lit(0, pl.Int64).alias("position"), pl.lit("").alias("name")).select(TAX_LINES)


def supplied(lines: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The lines with what their terms say of their tax: supply, and whether they sell `untaxed` credit."""
    return lines.join(terms.select("terms_id", "supply", "untaxed"), on="terms_id", how="left", maintain_order="left")


def outside_scope(lines: pl.DataFrame, parties: pl.DataFrame) -> list[int]:
    """The documents all of whose lines are outside the scope of the tax (O) anyway; as `taxed`."""
    return _at_rates(lines, parties).group_by("document_key").agg(
        (pl.col("tax_category") == "O").all().alias("without")).filter("without")["document_key"].to_list()


def _in_parts(lines: pl.DataFrame, parties: pl.DataFrame, inclusive: pl.DataFrame, components: pl.DataFrame,
              ) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`taxed` of lines whose prices include tax, of those with several taxes, and of the others."""
    keyed = lines.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    within = keyed.join(inclusive, on="document_key", how="semi").drop("gross")
    beside = keyed.join(inclusive, on="document_key", how="anti")
    taxes, placed = taxes_of(beside, parties, components)
    several = due_on(placed, taxes)
    parts, groups = zip(tax_included(within), tax_lines(beside.join(several, on="_row", how="anti")), strict=True)
    shares, named = tax_each(several.with_columns(pl.col("_row").alias("line_key")), taxes)
    each = beside.join(borne(shares, several, taxes), on="_row", maintain_order="left", suffix="_borne").with_columns(
        pl.col("taxes_borne").cast(TAXES).alias("taxes"), pl.col("tax").cast(MONEY), pl.lit(True).alias("several"),
    ).drop("taxes_borne")
    columns = parts[1].columns
    together = pl.concat([part.select(columns) for part in (*parts, each)]).sort("_row").drop("_row")
    told = pl.concat([*map(_unnamed, groups), named.select(TAX_LINES)])
    return together, told.sort("document_key", "position", "category", "rate")


def _reasoned(lines: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Tax lines with the reasons of all their lines, one below the other, where a person gave some of their own or a
    voucher is sold beside what is not taxed either."""
    sold = lines["untaxed"].any() if "untaxed" in lines.columns else False
    if not (sold or lines["_override"].any()):
        return groups
    reasons = lines.filter(pl.col("tax_reason") != "").group_by(
        "document_key", pl.col("tax_category").alias("category"), pl.col("tax_rate").alias("rate"),
        maintain_order=True).agg(pl.col("tax_reason").unique(maintain_order=True).str.join("\n").alias("reasons"))
    key = ["document_key", "category", "rate"]
    return groups.join(reasons, on=key, how="left", maintain_order="left").with_columns(
        pl.coalesce("reasons", "reason").alias("reason")).drop("reasons")


def taxes_changed(facts: Facts) -> list[int]:
    """Drafts whose lines would be taxed otherwise today than they are, by category or rate at the tax point."""
    now = _at_rates(facts.lines.rename({"tax_category": "_category", "tax_rate": "_rate"}), facts.drafts)
    differs = (pl.col("tax_category") != pl.col("_category")) | (pl.col("tax_rate") != pl.col("_rate"))
    changed = set(now.filter(differs)["document_key"])
    return sorted(changed | _several_changed(facts))


def _several_changed(facts: Facts) -> set[int]:
    """Drafts whose several taxes are others today, by name, rate or amount."""
    if not facts.lines["several"].any() and tax_components_frame().is_empty():
        return set()
    exponents = facts.drafts.select("document_key", "exponent")
    _, groups = taxed(facts.lines.drop("tax_category", "tax_rate", "several").join(
        exponents, on="document_key", maintain_order="left"),
        facts.drafts.with_columns(pl.lit(False).alias("prices_include_tax")))
    plain = facts.drafts.filter(~pl.col("prices_include_tax"))["document_key"].to_list()
    shape: frames.Schema = {"document_key": pl.Int64, "name": pl.String, "rate": RATE, "tax": MONEY}
    then = frames.read("select invoice_id, name, rate, tax from tax_line where invoice_id = any(%s) and name <> ''",
                       [plain], shape)
    today = groups.filter((pl.col("name") != "") & pl.col("document_key").is_in(plain)).select(
        pl.col(name).cast(kind) for name, kind in shape.items())
    gone, new = then.join(today, on=list(shape), how="anti"), today.join(then, on=list(shape), how="anti")
    return {*gone["document_key"], *new["document_key"]}


def classified(lines: pl.DataFrame, parties: pl.DataFrame, day: str = "service_to") -> pl.DataFrame:
    """Lines with `CHOSEN`: seller_country, tax_category, tax_reason and tax_country; documents are mostly of one
    treatment. `day` names the column of their tax point. Where a person decided, for the line or for the account,
    that holds; `_override` says so.
    """
    keyed = _overridden(lines, parties, day).with_columns(eu_since(pl.col(day)).alias("tax_point"))
    if "supply" not in lines.columns:
        keyed = keyed.with_columns(pl.lit("services").alias("supply"))
    known = parties.select("document_key", *KNOWN)
    sales = keyed.select(ALIKE).unique(maintain_order=True).join(known, on="document_key", maintain_order="left")
    chosen = treated(sales).select(*ALIKE, *CHOSEN)
    found = keyed.select(ALIKE).join(chosen, on=ALIKE, nulls_equal=True, maintain_order="left")
    return lines.with_columns(*(found[name] for name in CHOSEN),
                              keyed["override_category"].is_not_null().alias("_override"))


def _overridden(lines: pl.DataFrame, parties: pl.DataFrame, day: str) -> pl.DataFrame:
    """Lines with override_category and override_reason: their own, else those of their account on the day."""
    empty = [pl.lit(None, pl.String).alias(name) for name in ("override_category", "override_reason")
             if name not in lines.columns]
    lines = lines.with_columns(empty)
    standing = treatments_frame(parties["account_id"].unique().to_list())
    if standing.is_empty():
        return lines
    of_accounts = parties.select("document_key", "account_id").join(standing, on="account_id")
    dated = lines.select("document_key", day).unique().join(of_accounts, on="document_key").filter(
        in_force(pl.col(day)))
    own = pl.col("override_category")
    return lines.join(dated.select("document_key", day, "category", "reason"), on=["document_key", day], how="left",
                      maintain_order="left").with_columns(
        pl.coalesce(own, "category").alias("override_category"),
        pl.when(own.is_null()).then("reason").otherwise("override_reason").alias("override_reason"),
    ).drop("category", "reason")


def _at_rates(lines: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """`classified` lines with `tax_rate`; those with a `fixed_category` keep that and their rate."""
    found = at_rates(classified(lines, parties), tax_rates_frame())
    if "fixed_category" not in lines.columns:
        return found
    fixed = pl.col("fixed_category")
    kept = pl.when(fixed == pl.col("tax_category")).then("tax_reason").otherwise(
        fixed.replace_strict(REASON_OF, default="", return_dtype=pl.String))
    if "untaxed" in found.columns:
        kept = pl.when("untaxed").then(pl.lit("voucher")).otherwise(kept)
    return found.with_columns(
        pl.coalesce(fixed, "tax_category").alias("tax_category"),
        pl.when(fixed.is_null()).then("tax_reason").otherwise(kept).alias("tax_reason"),
        pl.when(fixed.is_null()).then("tax_rate").otherwise("fixed_rate").cast(RATE).alias("tax_rate"),
    )
