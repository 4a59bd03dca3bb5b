"""Which rate of a card applies: the most specific that matches on the day."""

from collections.abc import Iterator
from itertools import product
from typing import Final

import polars as pl

WEIGHTS: Final = {"person_id": 8, "project_id": 4, "role": 2, "task": 1}
"""The highest sum of matching keys wins; every sum is of different keys, so there are no ties."""


def with_rates(work: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """`work` with `price` and `rate_id` of the rate that applies, null where none does; row order stays.

    work    rate_card_id, person_id, project_id, role, task, worked_on
    rates   rate_card_id, rate_id, person_id, project_id, role, task (null matches all), price, valid_from, valid_to

    Roles and tasks match whatever their case. One equality join for each combination of keys in use, so the effort
    grows with the work and not with work × rates.
    """
    keyed = work.select("rate_card_id", "worked_on", "person_id", "project_id", _folded("role"), _folded("task"))
    keyed = keyed.with_row_index("_row")
    offered = rates.with_columns(_folded("role"), _folded("task"))
    found = list(_matches(keyed, offered))
    chosen = (
        pl.concat(found).sort("_weight", descending=True).unique("_row", keep="first").select("_row", "price", "rate_id")
        if found
        else pl.DataFrame(schema={"_row": pl.UInt32, "price": rates.schema["price"], "rate_id": pl.Int64})
    )
    return work.with_row_index("_row").join(chosen, on="_row", how="left", maintain_order="left").drop("_row")


def _matches(work: pl.DataFrame, rates: pl.DataFrame) -> Iterator[pl.DataFrame]:
    in_force = (pl.col("worked_on") >= pl.col("valid_from")) & (
        pl.col("valid_to").is_null() | (pl.col("worked_on") < pl.col("valid_to"))
    )
    for used in product((True, False), repeat=len(WEIGHTS)):
        keys = [key for key, wanted in zip(WEIGHTS, used, strict=True) if wanted]
        pattern = pl.all_horizontal(
            pl.col(key).is_not_null() if wanted else pl.col(key).is_null()
            for key, wanted in zip(WEIGHTS, used, strict=True)
        )
        offered = rates.filter(pattern)
        if offered.is_empty():
            continue
        weight = sum(WEIGHTS[key] for key in keys)
        columns = ["rate_card_id", *keys, "rate_id", "price", "valid_from", "valid_to"]
        joined = work.join(offered.select(columns), on=["rate_card_id", *keys]).filter(in_force)
        yield joined.select("_row", "price", "rate_id", pl.lit(weight).alias("_weight"))


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.strip_chars()
