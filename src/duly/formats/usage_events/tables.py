"""Parquet: the events as they lie there, read in parts or left where they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from duly.engine.pricing.events import INSTANT
from duly.formats import FormatError, RowError
from duly.formats.usage_events.canonical import canonical_or_null
from duly.formats.usage_events.model import NEEDED, Part, located, sent

AT_ONCE: Final = 500_000
LARGEST: Final = 10**14


def read_tables(path: Path, *, at_once: int = AT_ONCE) -> Iterator[Part]:
    """The events of a Parquet file, part by part; see `read_usage_events`."""
    scan = _scanned([path])
    rows = scan.select(pl.len()).collect().item()
    for start in range(0, max(rows, 1), at_once):
        part = scan.slice(start, at_once).collect()
        yield _judged(part.with_row_index("row", offset=start + 1))


def scan_events(paths: Sequence[Path]) -> pl.LazyFrame:
    """The events of Parquet files, left where they are, with the columns of `SENT` but `row`.

    What is wrong in a row is null here. Raises `FormatError` as `read_usage_events` does.
    """
    scan = _scanned(paths)
    form = [pl.col("properties").map_batches(canonical_or_null, return_dtype=pl.String, is_elementwise=True)
            ] if "properties" in scan.collect_schema().names() else []
    return sent(scan.with_columns(form)).drop("row")


def _scanned(paths: Sequence[Path]) -> pl.LazyFrame:
    """The files' columns by our names, in exact types."""
    try:
        scan = pl.scan_parquet(list(paths), glob=False)
        schema = scan.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FormatError(f"The file is not Parquet: {str(error).splitlines()[0]}.", "Write it again.") from None
    columns = located(schema.names())
    return scan.select(_exact(ours, pl.col(name), schema[name]) for ours, name in columns.items())


def _exact(name: str, column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """The column in our type where that loses nothing; a quantity or time that would lose something is null."""
    if name == "quantity" and (isinstance(kind, pl.Decimal) or kind.is_integer()):
        value = column.cast(pl.Decimal(38, 6), strict=False)
        return pl.when((value == column) & (value.abs() < LARGEST)).then(value).alias(name)
    if name in ("at", "received_at") and isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        value = column.dt.convert_time_zone("UTC").cast(INSTANT)
        return pl.when(value.cast(pl.Datetime(kind.time_unit, "UTC")) == column.dt.convert_time_zone("UTC")).then(
            value).alias(name)
    if name == "properties" and isinstance(kind, pl.Struct):
        return pl.when(column.is_not_null()).then(column.struct.json_encode()).alias(name)
    if name not in ("quantity", "at", "received_at") and kind == pl.String:
        return column.replace("", None).alias(name)
    wanted = {"quantity": "a decimal or whole number", "properties": "JSON text or a struct"}.get(
        name, "a timestamp with its zone" if name in ("at", "received_at") else "text")
    raise FormatError(f"The column {name} has the type {kind}.", f"Write it as {wanted}.")


def _judged(raw: pl.DataFrame) -> Part:
    values = raw.with_columns(pl.col("row").cast(pl.Int64))
    if "properties" in raw.columns:
        values = values.with_columns(canonical_or_null(raw["properties"]).alias("properties"))
    needed = [name for name in (*NEEDED, "quantity") if name in raw.columns]
    errors = [RowError(row, name, "", "This is missing, or not exact.", "Give it in every row.")
              for name in needed for row in values.filter(pl.col(name).is_null())["row"]]
    if "properties" in raw.columns:
        wrong = values["properties"].is_null() & raw["properties"].is_not_null()
        errors += [RowError(row, "properties", text, "This is no JSON object.", "Write an object, or nothing.")
                   for row, text in raw.filter(wrong).select("row", "properties").iter_rows()]
    return Part.of(values, errors)
