"""Charges by what was measured: quantities, money that moved, money that was held; their minimum and maximum.

A line is one exact quotient rounded once. The maximum of a period bounds it; what a minimum asks beyond it is a line
of its own, so that everyone sees what was used and what was only guaranteed.
"""

from typing import Final

import polars as pl

from duly.engine.pricing.balances import BALANCE, YEARS, balance_terms, days_30_360
from duly.engine.pricing.explain import number, row
from duly.engine.pricing.lines import PRICE, QUANTITY, SPAN, DataType, finished
from duly.engine.pricing.percentages import TRANSACTION, percentage_terms
from duly.engine.pricing.sums import closing_sum, summed
from duly.engine.pricing.tiers import MODELS, quantity_terms
from duly.engine.rounding import AMOUNT, RATIO, round_quotient_expr

EACH: Final = "percentage"
HELD: Final = "balance"
SHARED: Final = ("recurring",)
"""Kinds whose price is for a whole period: of a part of it they bill the share of its days."""

OF_MONEY: Final[dict[str, DataType]] = {
    "rate": PRICE, "fixed": PRICE, "minimum_fee": PRICE, "maximum_fee": PRICE, "free_count": pl.Int64,
    "free_amount": QUANTITY, "basis": pl.String, "day_count": pl.String,
}
"""Columns that only fees on money need."""


def price_metered(charges: pl.DataFrame, tiers: pl.DataFrame, transactions: pl.DataFrame | None = None,
                  balances: pl.DataFrame | None = None) -> pl.DataFrame:
    """Lines (`lines.LINE`) of measured charges, each before the true-up to its minimum.

    charges        one row per charge and period: part, document_key, agreement_id, charge_id, terms_id, kind, model,
                   charge_name, unit, tax_class, exponent, quantity, included, price, package_size; rate, fixed,
                   minimum_fee, maximum_fee, free_count, free_amount of a percentage; basis, day_count of a balance
                   fee; minimum, maximum of the full period; [span_from, span_to), days, period_days
    tiers          `tiers.TIER`
    transactions   `percentages.TRANSACTION`, for the model `percentage`
    balances       `balances.BALANCE`, for the model `balance`

    Quantities, prices and tiers are not negative; `formats` and the verbs see to it.
    """
    model = pl.col("model")
    terms = pl.concat([
        quantity_terms(charges.filter(model.is_in(MODELS)), tiers),
        percentage_terms(charges.filter(model == EACH), _or_none(transactions, TRANSACTION)),
        balance_terms(charges.filter(model == HELD), tiers, _or_none(balances, BALANCE)),
    ])
    parts = _quotients(charges.join(summed(terms), on="part", maintain_order="left"))
    lines = finished(_limited(parts), *_explained())
    true_ups = _true_ups(parts, lines)
    return pl.concat([lines, true_ups]) if true_ups.height else lines


def price_tiered(fixed: pl.DataFrame, tiers: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and spans of due charges whose quantity is priced in tiers or packages; `fixed` as `due_spans` answers it,
    with model, included, package_size, minimum and maximum."""
    parts = fixed.sort("document_key", "kind", "charge_id", "span_from").with_row_index("part", offset=1)
    unused = [pl.lit(None, kind).alias(name) for name, kind in OF_MONEY.items() if name not in parts.columns]
    lines = price_metered(parts.with_columns(pl.col("part").cast(pl.Int64), *unused), tiers)
    return lines, parts.select(pl.col(name).cast(kind) for name, kind in SPAN.items())


def metered_spans(charges: pl.DataFrame) -> pl.DataFrame:
    """The spans of measured charges: one for each period, on the first of the lines that its groups have."""
    once = charges.sort("part").unique(["charge_id", "span_from"], keep="first", maintain_order=True)
    return once.select(pl.col(name).cast(kind) for name, kind in SPAN.items())


def _or_none(frame: pl.DataFrame | None, schema: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema) if frame is None else frame


def _quotients(parts: pl.DataFrame) -> pl.DataFrame:
    """numerator ÷ denominator, the minimum and maximum of the days billed, rounded, and the days of the day count."""
    held, shared = pl.col("model") == HELD, pl.col("kind").is_in(SHARED)
    actual = (pl.col("span_to") - pl.col("span_from")).dt.total_days()
    by_months = days_30_360(pl.col("span_from"), pl.col("span_to"))
    year = pl.col("day_count").replace_strict(YEARS, default=None, return_dtype=pl.Int64)
    return parts.with_columns(
        actual.alias("actual_days"), year.alias("year_days"),
        pl.when(pl.col("day_count") == "30_360").then(by_months).otherwise(actual).alias("counted_days"),
    ).with_columns(
        pl.when(held).then(pl.col("exact") * pl.col("counted_days").cast(RATIO))
        .when(shared).then(pl.col("exact") * pl.col("days").cast(RATIO)).otherwise("exact").alias("numerator"),
        pl.when(held).then(pl.col("actual_days") * pl.col("year_days"))
        .when(shared).then("period_days").otherwise(1).cast(pl.Int64).alias("denominator"),
        _share("minimum"), _share("maximum"),
    )


def _share(limit: str) -> pl.Expr:
    """A period's limit for the days billed of it, rounded once."""
    whole = pl.col(limit).cast(RATIO) * pl.col("days").cast(RATIO)
    return round_quotient_expr(whole, pl.col("period_days"), pl.col("exponent")).alias(f"{limit}_here")


def _limited(parts: pl.DataFrame) -> pl.DataFrame:
    """Lines to be: at most the maximum; a price only where there is one."""
    amount = round_quotient_expr(pl.col("numerator"), pl.col("denominator"), pl.col("exponent"))
    beyond = (amount > pl.col("maximum_here")).fill_null(False)
    simple = (pl.col("terms") == 1) & (pl.col("included") == 0) & pl.col("model").is_in(MODELS) & ~beyond
    limited = parts.with_columns(beyond.alias("beyond"), simple.alias("simple"), amount.alias("amount"))
    return limited.with_columns(
        pl.when("beyond").then(pl.col("maximum_here").cast(RATIO)).otherwise("numerator").alias("numerator"),
        pl.when("beyond").then(1).otherwise("denominator").cast(pl.Int64).alias("denominator"),
        pl.when("beyond").then("maximum_here").otherwise("amount").alias("amount"),
        pl.col("charge_name").alias("description"), pl.col("unit").replace("", "item"),
        pl.col("span_from").alias("service_from"), pl.col("span_to").dt.offset_by("-1d").alias("service_to"),
    ).with_columns(
        pl.when(pl.col("model").is_in(MODELS)).then("quantity").otherwise(1).alias("quantity"),
        pl.when("simple").then("only_price").otherwise(_average()).cast(PRICE).alias("unit_price"),
    )


def _average() -> pl.Expr:
    """What a unit came to, for a look: the amount over the quantity, to eight decimals; the amount where none."""
    quantity = pl.when(pl.col("model").is_in(MODELS)).then("quantity").otherwise(1).cast(RATIO).to_physical()
    units = pl.col("amount").cast(RATIO).to_physical()
    price = (units * 10**8 // quantity).cast(pl.Int128).cast(pl.Decimal(38, 0)) * pl.lit("0.00000001").cast(PRICE)
    return pl.when(quantity == 0).then(pl.col("amount").cast(PRICE)).otherwise(price.cast(PRICE))


def _explained() -> tuple[pl.Expr, ...]:
    held, shared = pl.col("model") == HELD, pl.col("kind").is_in(SHARED)
    partial = shared & (pl.col("days") != pl.col("period_days"))
    return (
        pl.when(pl.col("included") > 0).then(
            row("included", quantity=number(pl.col("quantity")), included=number(pl.col("included")))),
        pl.col("sum_rows"), closing_sum(),
        pl.when(held).then(row("counted_days", times=number(pl.col("counted_days")))),
        pl.when(held).then(row("period_days", over=number(pl.col("actual_days")))),
        pl.when(held).then(row("year", over=number(pl.col("year_days")))),
        pl.when(partial).then(row("days", times=number(pl.col("days")))),
        pl.when(partial).then(row("period_days", over=number(pl.col("period_days")))),
        pl.when("beyond").then(row("maximum", at_most=number(pl.col("maximum_here")))),
    )


def _true_ups(parts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """A line for what each amount lacks of its minimum."""
    billed = lines.select("part", pl.col("amount").alias("billed"))
    short = parts.join(billed, on="part", maintain_order="left").filter(pl.col("billed") < pl.col("minimum_here"))
    missing = pl.col("minimum_here") - pl.col("billed")
    told = short.with_columns(
        missing.cast(AMOUNT).cast(RATIO).alias("numerator"), pl.lit(1, pl.Int64).alias("denominator"),
        missing.cast(PRICE).alias("unit_price"), pl.lit(1).alias("quantity"), pl.lit("item").alias("unit"),
        pl.lit("true_up").alias("kind"), pl.col("charge_name").alias("description"),
        pl.col("span_from").alias("service_from"), pl.col("span_to").dt.offset_by("-1d").alias("service_to"),
    )
    return finished(
        told, row("minimum", add=number(pl.col("minimum_here"))),
        row("billed", add=number(pl.col("billed")), times=pl.lit('"-1"')), closing_sum())
