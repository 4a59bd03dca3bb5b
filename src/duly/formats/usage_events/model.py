"""What a file of usage events says, part by part."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self, TypeVar

import polars as pl

from duly.engine.pricing.events import SENT
from duly.formats import FormatError, RowError

NEEDED: Final = ("agreement", "metric", "source", "event_id", "at")
OPTIONAL: Final = ("quantity", "properties", "received_at")
TEXTS: Final = ("agreement", "metric", "source", "event_id")
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file: `events` (`engine.pricing.events.SENT`), and the rows that cannot be read."""

    events: pl.DataFrame
    errors: tuple[RowError, ...]

    @classmethod
    def of(cls, rows: pl.DataFrame, errors: Iterable[RowError]) -> Self:
        """The rows that no error names, as events; the errors in the order of their rows."""
        told = tuple(sorted(errors, key=lambda error: error.row_number))
        bad = pl.Series([error.row_number for error in told], dtype=pl.Int64)
        return cls(sent(rows.filter(~pl.col("row").is_in(bad.implode()))), told)


def located(names: list[str]) -> dict[str, str]:
    """Our columns by name, with the names that they have in the file. Raises FormatError where one is missing."""
    plain: dict[str, str] = {}
    for name in names:
        ours = "_".join(name.strip().casefold().replace("_", " ").split())
        if ours in plain and ours in (*NEEDED, *OPTIONAL):
            raise FormatError(f"The column {ours} stands there twice.", "Keep one of them.")
        plain[ours] = name
    if missing := [name for name in NEEDED if name not in plain]:
        raise FormatError(f"The file lacks the column {', '.join(missing)}; it has {', '.join(names) or 'none'}.",
                          f"Name the columns {', '.join((*NEEDED, *OPTIONAL))}.")
    return {name: plain[name] for name in (*NEEDED, *OPTIONAL) if name in plain}


def sent(events: Frame) -> Frame:
    """The columns of `SENT` in their order and types; what is absent is null, and a quantity then 1."""
    names = events.lazy().collect_schema().names()
    absent = [pl.lit(1 if name == "quantity" else None).cast(kind).alias(name)
              for name, kind in SENT.items() if name not in names]
    return events.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in SENT.items())
