"""Translates: bytes ↔ frozen dataclasses, nothing else. No database, no clock, no settings.

A file that cannot be read as a whole raises `FormatError`; a row that cannot be read becomes a `RowError`
beside the rows that can, so that the person decides whether the good rows go in.
"""

from dataclasses import dataclass


class FormatError(ValueError):
    """The whole input is refused: `message` says what is wrong with it, `remedy` what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell that keeps its row out. `row_number` is the line (from 1) on which the record starts."""

    row_number: int
    field: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"Row {self.row_number}, {self.field} {self.value!r}: {self.message} {self.remedy}"
