"""Numbers in the texts of findings: as many decimals as they have, amounts as many as their currency has."""

import polars as pl

from duly.engine.rounding import AMOUNT_SCALE, round_quotient_expr


def amount(value: str | pl.Expr) -> pl.Expr:
    """An amount with the decimals of its currency, whose `exponent` stands beside it: 1190.0000 → 1190.00."""
    column, exponent = pl.col(value) if isinstance(value, str) else value, pl.col("exponent").cast(pl.Int64)
    text = round_quotient_expr(column, pl.lit(1), exponent).cast(pl.String)
    return text.str.head(text.str.len_bytes().cast(pl.Int64) - AMOUNT_SCALE + exponent).str.strip_chars_end(".")


def hours(seconds: str) -> pl.Expr:
    """Whole seconds as h:mm, seconds added only where there are some: 88200 → 24:30, 90001 → 25:00:01."""
    column = pl.col(seconds).cast(pl.Int64)
    minutes, rest = (column // 60 % 60).cast(pl.String).str.zfill(2), (column % 60).cast(pl.String).str.zfill(2)
    text = pl.format("{}:{}", column // 3600, minutes)
    return pl.when(column % 60 == 0).then(text).otherwise(pl.format("{}:{}", text, rest))
