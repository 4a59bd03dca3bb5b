"""CSV both ways: bytes → a table that knows the line of each record; text → a cell that is never run."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from duly.formats import FormatError

DELIMITERS = ",;\t"
WIDEST = 1_000
"""Columns that a table may have; real exports have tens."""
_SAVE_AS_UTF8 = "Save it as CSV UTF-8 (in Excel: Save as → CSV UTF-8) and import it again."


@dataclass(frozen=True, slots=True)
class Record:
    row_number: int  # the line of the file, from 1, on which the record starts
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    headers: tuple[str, ...]
    records: tuple[Record, ...]


def read_table(data: bytes) -> Table:
    """The header row and the records of a CSV file; a BOM, an Excel `sep=` line and blank lines are skipped.

    The delimiter (comma, semicolon or tab) is the one that splits the header into the most cells.
    Raises FormatError when the bytes are empty, not UTF-8, or not well-formed CSV.
    """
    text = _decode(data)
    delimiter = max(DELIMITERS, key=lambda candidate: len(_first_record(text, candidate)))
    records = _records(text, delimiter)
    if records and re.fullmatch(r"sep=.?", "".join(records[0].cells).strip(), re.IGNORECASE):
        records = records[1:]
    if not records:
        raise FormatError("The file is empty.", "Export it again, with its header row.")
    if (width := len(records[0].cells)) > WIDEST:
        raise FormatError(f"The header row has {width:,} columns.", f"Export the file with at most {WIDEST:,} of them.")
    return Table(tuple(cell.strip() for cell in records[0].cells), tuple(records[1:]))


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(f"The file is not UTF-8 text (line {line}).", _SAVE_AS_UTF8) from None
    if "\0" in text:
        raise FormatError("The file holds NUL characters, so it is not plain text.", _SAVE_AS_UTF8)
    return text


def _first_record(text: str, delimiter: str) -> tuple[str, ...]:
    """The header row as this delimiter splits it; empty when it does not split it at all."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        found = (row for row in reader if any(cell.strip() for cell in row))
        return next((tuple(row) for row in found if not row[0].casefold().startswith("sep=")), ())
    except csv.Error:
        return ()


def _records(text: str, delimiter: str) -> list[Record]:
    """Every record that has a cell with text. Strict, since a lost quote would swallow the rows after it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, start = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                records.append(Record(start, tuple(row)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(
            f"The record that starts on line {start} is not well-formed CSV: {error}.",
            "Close its quotes (a quote inside a quoted cell is written twice), or export the file again.",
        ) from None
    return records


def source_keys(rows: Iterable[tuple[object, ...]]) -> list[str]:
    """A stable key for each row's meaning, so that the same row in another file is known again.

    The key is the SHA-256 of the values and, after `#`, which of the file's equal rows it is (from 1): two
    equal rows stay two, and importing the file again, or a longer export that holds them, finds the same two.
    """
    seen: dict[str, int] = {}
    keys = []
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        keys.append(f"{digest}#{seen[digest]}")
    return keys


_NUMBER = re.compile(r"[+-]?[0-9][0-9.,'\u00a0\u202f ]*%?")


def defuse(text: str) -> str:
    """The cell as it may be exported: with an apostrophe before what a spreadsheet would run as a formula.

    Numbers keep their sign. Source: OWASP, CSV Injection (cells starting with = + - @, tab, carriage return).
    """
    if text.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
