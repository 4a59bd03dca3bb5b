"""The one shape that every charge model answers in, and the last steps they share: round, explain, number."""

from typing import Final

import polars as pl

from duly.engine.pricing.explain import rounding_row, rows
from duly.engine.rounding import AMOUNT, RATIO, round_quotient_expr

DataType = pl.DataType | type[pl.DataType]

PRICE: Final = pl.Decimal(38, 8)
QUANTITY: Final = pl.Decimal(38, 6)

KINDS: Final = ("time", "covered", "expense", "milestone", "recurring", "unused", "usage", "percentage", "balance",
                "one_off", "true_up", "late_usage", "progressive_bill", "deposit", "progressive", "credit")
"""The order of sections on a document. The last three take off what was billed in advance."""

TIMED: Final = ("time", "covered")
"""Kinds of lines whose quantity is seconds: work at a rate, and work that a retainer covers."""

LINE: Final[dict[str, DataType]] = {
    "document_key": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "terms_id": pl.Int64,
    "kind": pl.String, "description": pl.String, "unit": pl.String, "quantity": QUANTITY, "unit_price": PRICE,
    "numerator": RATIO, "denominator": pl.Int64, "amount": AMOUNT, "exponent": pl.Int8, "tax_class": pl.String,
    "service_from": pl.Date, "service_to": pl.Date, "explanation": pl.String, "part": pl.Int64,
}
"""`numerator ÷ denominator` is the exact quotient of which `amount` is the one rounding; for time `quantity` is
seconds. `part` ties a model's lines to its allocations or spans until all lines are numbered."""

ALLOCATION: Final[dict[str, DataType]] = {
    "work_id": pl.Int64, "part": pl.Int64, "quantity": QUANTITY, "billed_quantity": QUANTITY, "amount": AMOUNT,
}

SPAN: Final[dict[str, DataType]] = {"part": pl.Int64, "charge_id": pl.Int64, "span_from": pl.Date, "span_to": pl.Date}


def complete(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame, when every row has a value in `column`; otherwise `ValueError`, since null would add up to zero."""
    if frame[column].null_count():
        lost = frame.filter(pl.col(column).is_null()).row(0, named=True)
        raise ValueError(f"terms {lost['terms_id']} of charge {lost['charge_id']} ({lost['kind']}) give no {column}")
    return frame


def finished(lines: pl.DataFrame, *explanation: pl.Expr) -> pl.DataFrame:
    """Lines with `amount`, rounded once from their exact quotient, and the explanation that ends in that rounding.

    Raises `ValueError` for a line that comes to no amount: a price, quantity or increment is missing.
    """
    amount = round_quotient_expr(pl.col("numerator"), pl.col("denominator"), pl.col("exponent"))
    rounded = complete(lines.lazy().with_columns(amount.alias("amount")).collect(), "amount")
    told = rounded.lazy().with_columns(rows(*explanation, rounding_row()).alias("explanation"))
    return told.select(pl.col(name).cast(kind) for name, kind in LINE.items()).collect()


def whole(allocated: pl.DataFrame, amounts: pl.DataFrame) -> pl.DataFrame:
    """Allocations where one work item makes one line: its whole quantity and the line's amount."""
    return (
        allocated.select("work_id", "part", "quantity", pl.col("quantity").alias("billed_quantity"))
        .join(amounts.select("part", "amount"), on="part", maintain_order="left")
        .select(pl.col(name).cast(kind) for name, kind in ALLOCATION.items())
    )
