"""Files of usage events → parts that fit into memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from duly.engine.pricing.events import INSTANT
from duly.formats import FormatError, RowError
from duly.formats.usage_events.canonical import canonical_or_null
from duly.formats.usage_events.model import TEXTS, Part, located
from duly.formats.usage_events.tables import read_tables

PARQUET: Final = b"PAR1"
AT_ONCE: Final = 2**25
"""Bytes of text that are read at a time."""

LONGEST: Final = 2**20
"""Bytes that a record may have at least."""

DELIMITERS: Final = b",;\t"
WHEN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})$"
NUMBER: Final = r"^[+-]?[0-9]{1,14}(\.[0-9]{1,6})?$"
REMEDIES: Final = {
    "at": ("This is no instant.", "Write it like 2026-10-05T12:00:00+02:00, with its zone."),
    "received_at": ("This is no instant.", "Write it like 2026-10-05T12:00:00+02:00, with its zone."),
    "quantity": ("This is no quantity.", "Write at most 14 digits and six decimals, with a decimal point."),
    "properties": ("This is no JSON object.", 'Write it like {"region": "eu"}, or leave it empty.'),
    **dict.fromkeys(TEXTS, ("This is missing.", "Give it in every row.")),
}


def read_usage_events(path: Path, *, at_once: int = AT_ONCE) -> Iterator[Part]:
    """The events of a CSV or Parquet file, part by part, with the rows that cannot be read.

    Rows count from 1; in CSV they are the records, the header row being the first. Raises `FormatError` when the file
    as a whole cannot be read: empty, not UTF-8, columns missing or of types that are not exact.
    """
    with path.open("rb") as file:
        if file.read(4) != PARQUET:
            file.seek(0)
            yield from read_text(file, at_once=at_once)
            return
    yield from read_tables(path)


def read_text(file: BinaryIO, *, at_once: int = AT_ONCE) -> Iterator[Part]:
    """The events of CSV text; see `read_usage_events`."""
    header = file.readline(65_536).removeprefix(b"\xef\xbb\xbf")
    delimiter = max(DELIMITERS, key=header.count).to_bytes()
    names = [name.strip().strip('"') for name in _decoded(header, 1).strip().split(delimiter.decode())]
    columns, row = located(names), 2
    for block in _blocks(file, at_once):
        text = _decoded(block, row)
        try:
            raw = pl.read_csv(text.encode(), has_header=False, separator=delimiter.decode(), infer_schema=False,
                              schema=dict.fromkeys(map(str, range(len(names))), pl.String), raise_if_empty=False)
        except pl.exceptions.PolarsError as error:
            raise FormatError(f"The rows from {row} on are not well-formed CSV: {str(error).splitlines()[0]}.",
                              "Give each row the columns of the header row, or export the file again.") from None
        ours = raw.select(pl.col(str(names.index(name))).str.strip_chars().replace("", None).alias(column)
                          for column, name in columns.items())
        yield typed(ours.with_row_index("row", offset=row).with_columns(pl.col("row").cast(pl.Int64)))
        row += raw.height


def _decoded(data: bytes, row: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise FormatError(f"The file is not UTF-8 text (from row {row} on).", "Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise FormatError("The file holds NUL characters, so it is not plain text.", "Save it as CSV UTF-8.")
    return text


def _blocks(file: BinaryIO, at_once: int) -> Iterator[bytes]:
    """The file in blocks of whole records: each ends at a line's end that stands in no quotes."""
    rest = b""
    while chunk := file.read(at_once):
        rest += chunk
        end = rest.rfind(b"\n")
        quotes = rest.count(b'"', 0, max(end, 0))
        while end >= 0 and quotes % 2:
            before = rest.rfind(b"\n", 0, end)
            quotes -= rest.count(b'"', max(before, 0), end)
            end = before
        if end >= 0:
            yield rest[:end + 1]
            rest = rest[end + 1:]
        elif len(rest) > max(8 * at_once, LONGEST):
            raise FormatError("A quote is never closed.", "Close it, or export the file again.")
    if rest.strip():
        yield rest


def typed(raw: pl.DataFrame) -> Part:
    """Rows of texts, null where there is none, as events and errors."""
    given = [name for name in raw.columns if name not in ("row", *TEXTS)]
    read = {name: pl.col(name) for name in TEXTS} | {name: _READ[name](pl.col(name)) for name in given
                                                     if name != "properties"}
    values = raw.select("row", *(one.alias(name) for name, one in read.items()))
    if "properties" in given:
        values = values.with_columns(canonical_or_null(raw["properties"]).alias("properties"))
    errors = [RowError(row, name, text or "", *REMEDIES[name]) for name in (*TEXTS, *given)
              for row, text in raw.filter(values[name].is_null() & _needed(raw, name)).select("row", name).iter_rows()]
    return Part.of(values, errors)


def _needed(raw: pl.DataFrame, name: str) -> pl.Series:
    """Where a value must be: everywhere, or for what may be empty, where something is written."""
    return raw[name].is_not_null() if name in ("properties", "received_at") else pl.repeat(True, raw.height, eager=True)


def _instant(text: pl.Expr) -> pl.Expr:
    plain = pl.when(text.str.contains(WHEN)).then(text.str.replace(" ", "T", literal=True))
    return plain.str.replace(r"([+-][0-9]{2})([0-9]{2})$", "$1:$2").str.to_datetime(
        "%+", time_unit="us", time_zone="UTC", strict=False).cast(INSTANT)


def _quantity(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(NUMBER)).then(text.str.strip_prefix("+")).cast(pl.Decimal(38, 6), strict=False)


_READ: Final = {"at": _instant, "received_at": _instant, "quantity": _quantity}
