"""The explanation of a line: the computation's own factors, in order, from which the amount follows again.

Rows have a `step` (what it is), and `times` (a factor) or `over` (a divisor). `add` begins another term of a sum; the
row “sum” closes it, so that what follows is of the whole. `at_most` is a limit. The last row says how the exact
quotient was rounded. Whoever does what the rows say, in their order, gets the amount; rows without any of these inform.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from duly.engine.rounding import round_quotient


def rows_of(explanation: str | Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The rows of an explanation. Raises `ValueError` when they do not end in a rounding."""
    rows: Sequence[Mapping[str, Any]] = json.loads(explanation) if isinstance(explanation, str) else explanation
    if not rows or rows[-1].get("step") != "round":
        raise ValueError("an explanation ends in the step “round”")
    return rows


def replay(explanation: str | Sequence[Mapping[str, Any]]) -> Decimal:
    """The amount that an explanation's rows come to; raises as `rows_of` does."""
    rows = rows_of(explanation)
    first = next((row for row in rows if not row.keys().isdisjoint(("add", "times", "over"))), {})
    before, term = Fraction(0), Fraction("add" not in first)  # a product begins with one, a sum with nothing
    for row in rows[:-1]:
        if "add" in row:
            before, term = before + term, Fraction(str(row["add"]))
        elif row["step"] == "sum":
            before, term = Fraction(0), before + term
        term *= Fraction(str(row.get("times", 1)))
        term /= Fraction(str(row.get("over", 1)))
        if "at_most" in row:
            before, term = Fraction(0), min(before + term, Fraction(str(row["at_most"])))
        if "exponent" in row:
            before, term = Fraction(0), Fraction(round_quotient(before + term, 1, int(row["exponent"])))
    return round_quotient(before + term, 1, int(rows[-1]["exponent"]))


def as_json(told: Sequence[Mapping[str, Any]]) -> str:
    """Rows at hand as frames hold them."""
    return json.dumps(list(told), ensure_ascii=False, separators=(",", ":"))


def plain(column: pl.Expr) -> pl.Expr:
    """A number as text without the zeros that its scale adds: 95.00000000 → 95."""
    text = column.cast(pl.String)
    return pl.when(text.str.contains(".", literal=True)).then(
        text.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(text)


def number(column: pl.Expr) -> pl.Expr:
    """A number as a JSON string, so that no digit is lost on the way."""
    return pl.format('"{}"', plain(column))


def count(column: pl.Expr) -> pl.Expr:
    """A whole number as a JSON number, null as null."""
    return column.cast(pl.String).fill_null("null")


def words(column: pl.Expr) -> pl.Expr:
    """Any text as a JSON string."""
    return pl.struct(column.alias("_")).struct.json_encode().str.slice(len('{"_":')).str.head(-1)


def row(step: str, **values: pl.Expr) -> pl.Expr:
    """One row as a JSON object; values are JSON already: `number`, `count` or `words`."""
    named = "".join(f',"{name}":{{}}' for name in values)
    return pl.format(f'{{{{"step":"{step}"{named}}}}}', *values.values())


def rows(*parts: pl.Expr) -> pl.Expr:
    """A JSON list of rows; a null part is left out."""
    return pl.concat_str(pl.lit("["), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("]"))


def rounding_row() -> pl.Expr:
    """The closing row: to which decimals, and what it came to."""
    return row("round", exponent=count(pl.col("exponent")), amount=number(pl.col("amount")))
