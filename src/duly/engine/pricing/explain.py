"""The explanation of a line: the computation's own factors, in order, from which the amount follows again.

Rows have a `step` (what it is), and `times` (a factor) or `over` (a divisor); the last row says how the exact
quotient was rounded. Whoever multiplies the factors, divides by the divisors and rounds gets the amount.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from duly.engine.rounding import round_quotient


def replay(explanation: str | Sequence[Mapping[str, Any]]) -> Decimal:
    """The amount that an explanation's rows come to. Raises `ValueError` when they do not end in a rounding."""
    rows = json.loads(explanation) if isinstance(explanation, str) else explanation
    if not rows or rows[-1].get("step") != "round":
        raise ValueError("an explanation ends in the step “round”")
    exact = Fraction(1)
    for row in rows[:-1]:
        exact *= Fraction(str(row.get("times", 1)))
        exact /= Fraction(str(row.get("over", 1)))
    return round_quotient(exact, 1, int(rows[-1]["exponent"]))


def plain(column: pl.Expr) -> pl.Expr:
    """A decimal as text without the zeros that its scale adds: 95.00000000 → 95."""
    text = column.cast(pl.String)
    return pl.when(text.str.contains(".", literal=True)).then(
        text.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(text)  # fmt: skip


def row(step: str, **values: pl.Expr) -> pl.Expr:
    """One row as JSON text; values are text or whole numbers, so that no digit is lost on the way."""
    return pl.struct(pl.lit(step).alias("step"), *(value.alias(name) for name, value in values.items())).struct.json_encode()


def rows(*parts: pl.Expr) -> pl.Expr:
    """A JSON list of rows; a null part is left out."""
    return pl.concat_str(pl.lit("["), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("]"))


def rounding_row() -> pl.Expr:
    """The closing row: to which decimals, and what it came to."""
    return row("round", exponent=pl.col("exponent").cast(pl.Int64), amount=plain(pl.col("amount")))
