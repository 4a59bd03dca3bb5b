"""What happened → balanced postings: one table of debit and credit roles for each thing that happens in money.

A posting is a transfer of a positive amount from the credited to the debited role, so an entry balances by
construction; a negative amount turns the transfer around, zero posts nothing. Frames in, frames out::

    documents, lines      →  parts_of_documents  →  parts: what an amount is, and its amount
    parts, rates          →  in_base             →  parts with their base amounts
    parts                 →  postings            →  key, debit, credit, currency, amount, base_amount
"""

from typing import Final

import polars as pl

from duly.engine.rounding import AMOUNT, RATIO, apportion_frame, round_quotient_expr, round_share_expr

RULES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    # what happened: {what the amount is: (debited role, credited role)}
    "document": {
        "revenue": ("receivable", "revenue"), "deferred_revenue": ("receivable", "deferred_revenue"),
        "deposits": ("receivable", "deposits"), "tax": ("receivable", "tax"),
        "prepaid": ("receivable", "deposits"),  # below zero: by credit that was sold without tax
        "rounding": ("receivable", "rounding"),  # of what is to pay
    },
    "receipt": {"amount": ("bank", "on_account"), "withheld": ("withholding_tax", "on_account")},
    "allocation": {"amount": ("on_account", "receivable")},
    "exchange_difference": {"amount": ("on_account", "exchange_difference")},  # a gain above zero
    "revenue_release": {"amount": ("deferred_revenue", "revenue")},
    "breakage": {"amount": ("deposits", "revenue")},  # prepaid credit that lapsed unused
}

ADVANCES: Final = ("deposit", "progressive", "progressive_bill", "credit")
"""Kinds of lines that bill before their time or take off what was billed so, and kinds of charges sold as such."""

RATE_SCALE: Final = 10
POSTINGS: Final = ("key", "debit", "credit", "currency", "amount", "base_amount")


def role_of_line() -> pl.Expr:
    """Which role a line's net is posted to, by what it bills. The first that holds:

    deposits          money for what is still to be delivered or drawn: all of a deposit invoice, prepaid credit that
                      is sold, and what a line nets of either
    deferred_revenue  a charge in advance, of whose days some are still to come when the document is booked
    revenue           all else

    Columns: document_kind, line_kind, charge_kind, timing (null for what has no terms), service_to, booked_on.
    """
    kinds = [pl.col("line_kind").is_in(ADVANCES), pl.col("charge_kind").is_in(ADVANCES)]
    return (
        pl.when((pl.col("document_kind") == "deposit") | pl.any_horizontal(*kinds)).then(pl.lit("deposits"))
        .when((pl.col("timing") == "advance") & (pl.col("service_to") >= pl.col("booked_on")))
        .then(pl.lit("deferred_revenue"))
        .otherwise(pl.lit("revenue"))
    )


def parts_of_documents(documents: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What issued documents post, part by part: a sum for each role, and each line of deferred revenue by itself.

    documents   key, document_kind, booked_on, tax, prepaid (by credit sold without tax), rounding (of what is to pay)
    lines       key, position (of one line, where `timing` is advance), line_kind, charge_kind, timing, service_from,
                service_to (its last day), amount

    Returns key, what, position, period_from, period_to (the day after the last), amount: by document, revenue first.
    """
    roles = lines.join(documents.select("key", "document_kind", "booked_on"), on="key", maintain_order="left")
    known = roles.with_columns(role_of_line().alias("what"))
    deferred = known.filter((pl.col("what") == "deferred_revenue") & (pl.col("amount") != 0)).select(
        "key", "what", "position", pl.col("service_from").alias("period_from"),
        pl.col("service_to").dt.offset_by("1d").alias("period_to"), "amount")
    sums = known.filter(pl.col("what") != "deferred_revenue").group_by("key", "what", maintain_order=True).agg(
        pl.col("amount").cast(AMOUNT).sum())
    amounts = {"tax": pl.col("tax"), "prepaid": -pl.col("prepaid"), "rounding": pl.col("rounding")}
    whole = [documents.select("key", pl.lit(what).alias("what"), amount.cast(AMOUNT).alias("amount"))
             for what, amount in amounts.items()]
    order = pl.col("what").replace_strict(
        {role: place for place, role in enumerate(RULES["document"])}, return_dtype=pl.Int8)
    return (
        pl.concat([sums, deferred.with_columns(pl.col("amount").cast(AMOUNT)), *whole], how="diagonal_relaxed")
        .filter(pl.col("amount") != 0)
        .sort("key", order, "position", maintain_order=True)
        .select("key", "what", "position", "period_from", "period_to", "amount")
    )


def in_base(parts: pl.DataFrame) -> pl.DataFrame:
    """The parts with `base_amount`: amount × base_rate, the parts of a key rounded together (largest remainder).

    So a document comes to its total × rate, rounded once, and one that comes to nothing does in the base currency too.
    `base_rate` is base units for one unit of the currency, `base_exponent` the base currency's decimals.
    """
    scale = pl.Decimal(38, 14)
    exact = parts.with_columns((pl.col("amount").cast(scale) * pl.col("base_rate").cast(scale)).alias("exact"))
    return apportion_frame(exact, by="key", part="exact", out="base_amount", exponent="base_exponent").drop("exact")


def postings(happened: str, parts: pl.DataFrame) -> pl.DataFrame:
    """The postings of many parts of one kind of happening: one for each key and role, opposite signs apart.

    parts   key, what (as in `RULES`; without it the one amount that there is), currency, amount, base_amount
    """
    rules = RULES[happened]
    named = parts if "what" in parts.columns else parts.with_columns(pl.lit(next(iter(rules))).alias("what"))
    turned = (pl.col("amount") < 0) | ((pl.col("amount") == 0) & (pl.col("base_amount") < 0))
    return (
        named.filter((pl.col("amount") != 0) | (pl.col("base_amount") != 0))
        .with_columns(turned.alias("turned"))
        .group_by("key", "what", "currency", "turned", maintain_order=True)
        .agg(pl.col("amount", "base_amount").cast(AMOUNT).sum().abs())
        .with_columns(
            pl.col("what").replace_strict(_sides(rules, turned=False), return_dtype=pl.String).alias("debit"),
            pl.col("what").replace_strict(_sides(rules, turned=True), return_dtype=pl.String).alias("credit"),
        )
        .with_columns(
            pl.when("turned").then("credit").otherwise("debit").alias("debit"),
            pl.when("turned").then("debit").otherwise("credit").alias("credit"),
        )
        .sort("key", maintain_order=True)
        .select(POSTINGS)
    )


def _sides(rules: dict[str, tuple[str, str]], *, turned: bool) -> dict[str, str]:
    return {what: sides[turned] for what, sides in rules.items()}


def earned(parts: pl.DataFrame) -> pl.DataFrame:
    """What of deferred parts is earned at the end of a day, since the first: in equal parts for each day.

    parts   period_from, period_to, until (the day), amount, base_amount, exponent, base_exponent

    Returns the parts with `earned` = amount × days served ÷ days, rounded once, and `earned_base`, its share of
    the base amount: the last day brings the rest of both, and nothing drifts.
    """
    days, begun = ((pl.col(end) - pl.col("period_from")).dt.total_days() for end in ("period_to", "until"))
    served = pl.min_horizontal(pl.max_horizontal(begun + 1, 0), days)
    scaled = pl.col("amount").cast(RATIO) * served.cast(pl.Decimal(38, 0))
    exact = parts.with_columns(round_quotient_expr(scaled, days, pl.col("exponent")).alias("earned"))
    return exact.with_columns(round_share_expr(pl.col("base_amount"), pl.col("earned"), pl.col("amount"),
                                               pl.col("base_exponent")).alias("earned_base"))
