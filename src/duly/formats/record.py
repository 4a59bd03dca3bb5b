"""Reads the cells of one record by field, and gathers everything that is wrong with them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from duly.formats import RowError
from duly.formats.cells import CellError
from duly.formats.csv_text import Record

T = TypeVar("T")


class Fields:
    """A record seen through its columns (field → position); `errors` gathers what is wrong with its cells."""

    __slots__ = ("_columns", "_headers", "_record", "errors")

    def __init__(self, record: Record, columns: Mapping[str, int], headers: tuple[str, ...]) -> None:
        self._record = record
        self._columns = columns
        self._headers = headers
        self.errors: list[RowError] = []
        cells, width = record.cells, len(headers)
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            message = (
                f"It has {len(cells)} cells, the header row {width}: they may stand under wrong headers."
            )
            remedy = "Quote the cells that hold the delimiter, or export the file again."
            self.refuse("record", CellError(message, remedy), ",".join(cells)[:200])

    def text(self, field: str) -> str:
        """The cell without the blanks around it; empty where the file has no such column."""
        position = self._columns.get(field)
        if position is None or position >= len(self._record.cells):
            return ""
        return self._record.cells[position].strip()

    def optional(self, field: str, read: Callable[[str], T]) -> T | None:
        """The cell's value; None when it is empty, or wrong and thereby among the errors."""
        text = self.text(field)
        try:
            return read(text) if text else None
        except CellError as error:
            self.refuse(field, error, text)
            return None

    def needed(self, field: str, read: Callable[[str], T]) -> T | None:
        """As `optional`, but an empty cell is an error too."""
        if not self.text(field):
            self.refuse(field, CellError("It is empty.", "Fill it in, or leave the row out of the file."), "")
        return self.optional(field, read)

    def refuse(self, field: str, error: CellError, value: str) -> None:
        """Adds an error, which names the column as the file does."""
        name = self._headers[self._columns[field]] if field in self._columns else field
        self.errors.append(RowError(self._record.row_number, name, value, error.message, error.remedy))


def texts_of(records: Sequence[Record], columns: Mapping[str, int], fields: Sequence[str]) -> Iterator[str]:
    """The non-empty texts of these fields in all records, for what the file as a whole decides."""
    positions = [columns[field] for field in fields if field in columns]
    for record in records:
        for position in positions:
            if position < len(record.cells) and (text := record.cells[position].strip()):
                yield text
