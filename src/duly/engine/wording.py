"""Days, amounts and durations as sentences say them to people: of one value, or as expressions over columns."""

from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.engine.rounding import AMOUNT_SCALE, round_quotient_expr

THOUSANDS: Final = 5
"""As many commas as the largest amount, below 10¹⁸, needs."""


def day(value: date) -> str:
    """A date that cannot be misread: `2 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def day_of(value: str | pl.Expr) -> pl.Expr:
    """Dates as `day` writes them."""
    return (pl.col(value) if isinstance(value, str) else value).dt.strftime("%-d %b %Y")


def amount(value: Decimal, exponent: int) -> str:
    """An amount with the decimals of its currency: 1190.0000 → 1,190.00."""
    return f"{value:,.{exponent}f}"


def amount_of(value: str | pl.Expr) -> pl.Expr:
    """Amounts as `amount` writes them; their currency's `exponent` stands beside them."""
    column, exponent = pl.col(value) if isinstance(value, str) else value, pl.col("exponent").cast(pl.Int64)
    text = round_quotient_expr(column, pl.lit(1), exponent).cast(pl.String)
    text = text.str.head(text.str.len_bytes().cast(pl.Int64) - AMOUNT_SCALE + exponent).str.strip_chars_end(".")
    for _ in range(THOUSANDS):
        text = text.str.replace(r"^(-?\d+)(\d{3})($|[.,])", "${1},${2}${3}")
    return text


def hours_of(seconds: str) -> pl.Expr:
    """Whole seconds as h:mm, seconds added only where there are some: 88200 → 24:30, 90001 → 25:00:01."""
    column = pl.col(seconds).cast(pl.Int64)
    minutes, rest = (column // 60 % 60).cast(pl.String).str.zfill(2), (column % 60).cast(pl.String).str.zfill(2)
    text = pl.format("{}:{}", column // 3600, minutes)
    return pl.when(column % 60 == 0).then(text).otherwise(pl.format("{}:{}", text, rest))
