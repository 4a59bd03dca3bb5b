"""Which rate of a card applies: the most specific that matches on the day."""

from itertools import combinations
from typing import Final

import polars as pl

from duly.engine.periods import in_force

WEIGHTS: Final = {"person_id": 8, "project_id": 4, "role": 2, "task": 1}
"""The highest sum of matching keys wins; every sum is of different keys, so there are no ties."""

KEYS: Final = tuple(
    sorted(
        (keys for size in range(len(WEIGHTS) + 1) for keys in combinations(WEIGHTS, size)),
        key=lambda keys: -sum(WEIGHTS[key] for key in keys),
    )
)
"""Every combination of keys, the heaviest first."""


def with_rates(work: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """`work` with `price` and `rate_id` of the rate that applies, null where none does; row order stays.

    work    rate_card_id, person_id, project_id, role, task, worked_on
    rates   rate_card_id, rate_id, person_id, project_id, role, task (null matches all), price, valid_from, valid_to

    Roles and tasks match whatever their case; where that makes two rates' keys equal, the later one applies. One
    equality join for each combination of keys in use, so the effort grows with the work and not with work × rates.
    """
    columns = ("rate_card_id", "worked_on", "person_id", "project_id", "role", "task")
    keyed = _with_folded(work.select(columns)).with_row_index("_row")
    offered = _with_folded(rates)
    by_keys = ((keys, offered.filter(_of_exactly(keys))) for keys in KEYS)
    found = [_matches(keyed, of_keys, keys) for keys, of_keys in by_keys if of_keys.height]
    nothing = pl.DataFrame(schema={"_row": pl.UInt32, "price": rates.schema["price"], "rate_id": pl.Int64})
    chosen = pl.concat([nothing, *found]).unique("_row", keep="first", maintain_order=True)
    return work.with_row_index("_row").join(chosen, on="_row", how="left", maintain_order="left").drop("_row")


def _matches(work: pl.DataFrame, rates: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Rows of work and the rates by these keys that match them on their day, the later rate first."""
    offered = rates.sort("valid_from", "rate_id", descending=True)
    columns = ["rate_card_id", *keys, "rate_id", "price", "valid_from", "valid_to"]
    joined = work.join(offered.select(columns), on=["rate_card_id", *keys], maintain_order="left_right")
    return joined.filter(in_force(pl.col("worked_on"))).select("_row", "price", "rate_id")


def _of_exactly(keys: tuple[str, ...]) -> pl.Expr:
    return pl.all_horizontal(pl.col(key).is_not_null() if key in keys else pl.col(key).is_null() for key in WEIGHTS)


def folded(name: str) -> str:
    """A role or task as it is compared: full case folding, so that Straße is STRASSE."""
    return name.strip().casefold()


def _with_folded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with roles and tasks folded; each distinct one once, since only Python folds fully."""
    return frame.with_columns(
        pl.col(name).replace({text: folded(text) for text in frame[name].drop_nulls().unique()})
        for name in ("role", "task")
    )
