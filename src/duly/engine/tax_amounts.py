"""Taxes that are more than one rate on a net price: included in prices, several on one base, withheld by the buyer;
and the tax that a credit note takes back."""

from typing import Final

import polars as pl

from duly.engine.periods import in_force
from duly.engine.pricing.explain import number, rounding_row, row, rows
from duly.engine.rounding import AMOUNT, RATIO, apportion_frame, round_quotient_expr
from duly.engine.tax import RATE, exact_tax, taxed_together

MILLION: Final = 10**6
"""Rates have at most six decimals, so 1 + rate is a whole number of millionths."""

GROUP: Final = ["document_key", "tax_category", "tax_rate"]
PRINTED: Final = ["document_key", pl.col("tax_category").alias("category"), pl.col("tax_rate").alias("rate")]

ZERO: Final = pl.lit(0, AMOUNT)


def tax_included(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tax of inclusive prices: T = round(G × r ÷ (1 + r)) on the gross sum G of each document, category and rate.

    lines   document_key, tax_category, tax_rate, tax_reason, amount (gross), exponent

    Answers `lines` with `gross` (what was given), `tax` and `amount` = gross − tax, so that no gross ever changes; and
    per group document_key, category, rate, base = G − T, tax, gross, reason.
    """
    net = (pl.col("gross") - pl.col("tax")).cast(AMOUNT)
    summed = _quotient(lines.rename({"amount": "gross"}).group_by(GROUP, maintain_order=True).agg(
        pl.col("gross").sum(), pl.col("exponent").first(), pl.col("tax_reason").first().alias("reason"),
    ).with_row_index("_group")).with_columns(
        round_quotient_expr(pl.col("_exact"), pl.col("_over"), pl.col("exponent")).alias("tax"))
    keyed = lines.rename({"amount": "gross"}).join(summed.select(*GROUP, "_group"), on=GROUP, maintain_order="left")
    shared = apportion_frame(_quotient(keyed), by="_group", part="_exact", over="_over", out="tax")
    return (
        shared.with_columns(net.alias("amount")).drop("_group", "_exact", "_over"),
        summed.select(*PRINTED, net.alias("base"), "tax", "gross", "reason").sort("document_key", "category", "rate"),
    )


def _quotient(frame: pl.DataFrame) -> pl.DataFrame:
    """gross × r ÷ (1 + r) as `_exact` ÷ `_over`, in millionths."""
    millionths = pl.col("tax_rate").cast(RATE).to_physical()
    return frame.with_columns((pl.col("gross").cast(RATIO) * millionths.cast(RATIO)).alias("_exact"),
                              (millionths + MILLION).cast(pl.Int64).alias("_over"))


def tax_each(lines: pl.DataFrame, taxes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Several taxes on one base, each once per document, name, category and rate, rounded once.

    lines   line_key, document_key, tax_class, tax_point, amount (net), exponent
    taxes   tax_class, position, name, category, rate, reason, compound, valid_from, valid_to (exclusive, null for
            open): what is due on a class of lines. A compound tax is on the net and the taxes of lower positions.

    Answers line_key, document_key, name, base, tax per line and tax, where lines share a tax by largest remainder; and
    document_key, position, name, category, rate, base, tax, reason per tax. Lines without a tax are in neither.
    """
    named = taxes.rename({"category": "tax_category", "rate": "tax_rate", "reason": "tax_reason"})
    due = lines.select("line_key", "document_key", "tax_class", "tax_point", "amount", "exponent").join(
        named, on="tax_class", maintain_order="left").filter(
        in_force(pl.col("tax_point")))
    so_far = lines.select("line_key", ZERO.alias("before"))
    group, shares, groups = [*GROUP, "position", "name"], [], []
    for position in sorted(due["position"].unique()):
        here = due.filter(pl.col("position") == position).join(so_far, on="line_key", maintain_order="left")
        before = pl.when("compound").then("before").otherwise(ZERO)
        shared, summed = taxed_together(
            here.with_columns((pl.col("amount") + before).cast(AMOUNT).alias("base")), group, "base")
        shares.append(shared.select("line_key", "document_key", "position", "name", "base", "tax"))
        groups.append(summed)
        so_far = pl.concat([so_far, shared.select("line_key", pl.col("tax").alias("before"))]).group_by("line_key").agg(
            pl.col("before").sum())
    empty = taxed_together(due.clear().with_columns(pl.col("amount").alias("base")), group, "base")
    shares.append(empty[0].select("line_key", "document_key", "position", "name", "base", "tax"))
    return (
        pl.concat(shares).sort("line_key", "position").drop("position"),
        pl.concat([*groups, empty[1]]).select(
            "document_key", "position", "name", pl.col("tax_category").alias("category"),
            pl.col("tax_rate").alias("rate"), "base", "tax", pl.col("tax_reason").alias("reason"),
        ).sort("document_key", "position", "name", "category", "rate"),
    )


def withheld(totals: pl.DataFrame, rules: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the buyer keeps back for the tax office: a percentage of the net, a way of paying and no discount.

    totals   document_key, net, total, exponent
    rules    document_key, name, rate

    Answers document_key, name, rate, base, withheld, explanation per rule, rounded once each; and `totals` with
    `withheld`, their sum, and `payable` = total − withheld.
    """
    kept = round_quotient_expr(pl.col("net").cast(RATIO) * pl.col("rate").cast(RATIO), pl.lit(1), pl.col("exponent"))
    told = rows(row("net", times=number(pl.col("net"))), row("withheld", times=number(pl.col("rate"))), rounding_row())
    each = rules.join(totals, on="document_key", maintain_order="left").with_columns(
        kept.alias("amount")).with_columns(told.alias("explanation")).select(
        "document_key", "name", "rate", pl.col("net").alias("base"), pl.col("amount").alias("withheld"), "explanation")
    summed = each.group_by("document_key").agg(pl.col("withheld").sum())
    return each, totals.join(summed, on="document_key", how="left", maintain_order="left").with_columns(
        pl.col("withheld").fill_null(ZERO)).with_columns(
        (pl.col("total") - pl.col("withheld")).cast(AMOUNT).alias("payable"))


def tax_credited(lines: pl.DataFrame, corrected: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tax that credit notes take back: at the rates of the documents they correct, never more than is left there.

    lines       of credit notes: document_key, corrects_key, tax_category, tax_rate, amount (of the sign of what is
                credited), exponent
    corrected   the tax groups of the documents corrected, less what was credited before: corrects_key, category, rate,
                base, tax, reason. Each is corrected by one credit note at most.

    Tax is the rounded sum × rate, at most what is left; the credit that takes the last of a base takes the last of its
    tax, with the cents that roundings left. Answers what `tax_lines` answers. Raises `ValueError`, in words for people,
    for a base that is not there or is less than what is credited; `polars.exceptions.ComputeError` for two credit notes
    that correct one document.
    """
    summed = lines.group_by([*GROUP, "corrects_key"], maintain_order=True).agg(
        pl.col("amount").sum().alias("base"), pl.col("exponent").first()).with_row_index("_group")
    left = corrected.select("corrects_key", pl.col("category").alias("tax_category"), pl.col("rate").alias("tax_rate"),
                            pl.col("base").alias("left"), pl.col("tax").alias("tax_left"), "reason")
    capped = summed.join(left, on=["corrects_key", "tax_category", "tax_rate"], how="left", maintain_order="left",
                         validate="1:1")
    _refuse_beyond(capped)
    rounded = round_quotient_expr(exact_tax("base"), pl.lit(1), pl.col("exponent"))
    within = pl.when(pl.col("tax_left") < 0).then(pl.max_horizontal(rounded, "tax_left")).otherwise(
        pl.min_horizontal(rounded, "tax_left"))
    groups = capped.with_columns(
        pl.when(pl.col("base") == pl.col("left")).then("tax_left").otherwise(within).cast(AMOUNT).alias("tax")
    ).with_columns((pl.col("tax") != rounded).alias("capped"))
    return _shared(lines, groups), groups.select(*PRINTED, "base", "tax", "reason").sort(
        "document_key", "category", "rate")


def _refuse_beyond(capped: pl.DataFrame) -> None:
    base, left = pl.col("base"), pl.col("left")
    beyond = capped.filter(left.is_null() | (base.abs() > left.abs()) | (base.sign() * left.sign() < 0))
    if beyond.height:
        found = beyond.row(0, named=True)
        raise ValueError(f"{found['base']:f} at {found['tax_category']} {found['tax_rate'].normalize():f} is credited, "
                         f"of which {found['left'] or 0:f} is left on the document that is corrected")


def _shared(lines: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """`lines` with their exact taxes rounded together to that of their group; what a cap changes, the largest bears."""
    key = [*GROUP, "corrects_key"]
    keyed = lines.join(groups.select(*key, "_group", "capped", pl.col("tax").alias("_tax")), on=key,
                       maintain_order="left")
    largest = pl.col("amount").abs().rank("ordinal", descending=True).over("_group") == 1
    missing = pl.col("_tax").cast(RATIO) - exact_tax("amount").sum().over("_group")
    borne = pl.when(largest & pl.col("capped")).then(missing).otherwise(pl.lit(0, RATIO))
    parts = keyed.with_columns((exact_tax("amount") + borne).alias("_exact"))
    return apportion_frame(parts, by="_group", part="_exact", out="tax").drop("_group", "_tax", "_exact", "capped")
