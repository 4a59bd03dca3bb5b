"""A list as a file: CSV streamed row by row, XLSX written to disk first; neither holds all rows in memory."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from xlsxwriter.format import Format

from duly.engine.currencies import exponent

Rows = Iterable[Mapping[str, Any]]
Columns = Sequence[tuple[str, str, str]]
"""(key, title, kind) of each column; a money column is followed by its currency."""

FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a text begins with that a spreadsheet takes for a formula, or that hides one (OWASP: CSV injection)."""
BUFFERED: Final = 64 * 1024
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(name: str, columns: Columns, rows: Rows) -> HttpResponseBase:
    """The rows as CSV in UTF-8 with a byte order mark; amounts with a point and their currency's decimals,
    dates as ISO 8601. No text is a formula."""
    answer = StreamingHttpResponse(_csv(columns, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _csv(columns: Columns, rows: Rows) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\N{BYTE ORDER MARK}")
    writer.writerow(_titles(columns))
    for row in rows:
        writer.writerow([_defused(cell) for cell in _cells(columns, row)])
        if buffer.tell() > BUFFERED:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def as_xlsx(name: str, columns: Columns, rows: Rows) -> HttpResponseBase:
    """The rows as a workbook with one sheet: amounts as numbers that show their currency's decimals, texts as texts.

    Excel's numbers hold 15 digits.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                      "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    amounts: dict[str, Format] = {}
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(_titles(columns)):
        sheet.write_string(0, column, title, bold)
    for line, row in enumerate(rows, 1):
        for column, cell in enumerate(_cells(columns, row)):
            match cell:
                case None:
                    pass
                case Decimal():
                    pattern = _pattern(cell)
                    if pattern not in amounts:
                        amounts[pattern] = book.add_format({"num_format": pattern})
                    sheet.write_number(line, column, cell, amounts[pattern])
                case int():
                    sheet.write_number(line, column, cell)
                case date():
                    sheet.write_datetime(line, column, _naive(cell))
                case _:
                    sheet.write_string(line, column, str(cell))
    book.close()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def _naive(value: date) -> date:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _titles(columns: Columns) -> list[str]:
    return [text for _, title, kind in columns for text in ((title, f"{title} in") if kind == "money" else (title,))]


def _cells(columns: Columns, row: Mapping[str, Any]) -> list[Any]:
    return [cell for key, _, kind in columns for cell in (
        (_amount(row[key], row["currency"]), row["currency"]) if kind == "money" else (row[key],))]


def _amount(value: Decimal | None, currency: str) -> Decimal | None:
    """The amount with its currency's decimals; all that it has where those are not enough."""
    if value is None or not currency:
        return value
    rounded = round(value, exponent(currency))
    return rounded if rounded == value else value.normalize()


def _pattern(value: Decimal) -> str:
    """How a workbook shows a number with all its decimals."""
    decimals = -int(value.as_tuple().exponent)
    return f"#,##0.{'0' * decimals}" if decimals > 0 else "#,##0"


def _defused(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, behind an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


EXPORTS: Final[dict[str, Callable[[str, Columns, Rows], HttpResponseBase]]] = {"csv": as_csv, "xlsx": as_xlsx}
