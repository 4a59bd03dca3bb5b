"""Fiscal years and the numbers of documents in them."""

from datetime import date


def fiscal_year(on: date, start_month: int) -> int:
    """The fiscal year of a day, named by the calendar year in which it begins."""
    return on.year if on.month >= start_month else on.year - 1


def document_number(pattern: str, year: int, number: int) -> str:
    """The printed number, e.g. `R{year}-{number:05}` → `R2026-00042`."""
    return pattern.format(year=year, number=number)
