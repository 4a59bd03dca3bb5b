"""The page on what is posted: each of its tables is worked by the engine, row by row."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from duly.engine.currencies import exponent
from duly.engine.journal import earned, in_base, parts_of_documents, postings
from duly.engine.payable import payable_rounding
from duly.engine.rounding import round_quotient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "posting.md"
TODAY = date(2026, 11, 2)
MONEY = pl.Decimal(38, 4)
Row = list[str]


def tables() -> list[tuple[str, list[Row]]]:
    """What is worked, with the table's name: a row, and those below it that go on with it, their first cell empty."""
    found: list[tuple[str, list[Row]]] = []
    for name, table in re.findall(r"<!-- worked: (\w+) -->\n((?:\|.*\n)+)", PAGE.read_text()):
        for line in table.splitlines()[2:]:
            cells = [cell.strip() for cell in line[1:-1].split("|")]
            if cells[0]:
                found.append((name, [cells]))
            else:
                found[-1][1].append(cells)
    return found


def valued(parts: pl.DataFrame, currency: str = "EUR", rate: str = "1") -> pl.DataFrame:
    return in_base(parts.with_columns(
        pl.lit(currency).alias("currency"), pl.lit(Decimal(rate)).cast(pl.Decimal(38, 10)).alias("base_rate"),
        pl.lit(2).alias("base_exponent")))


def said(out: pl.DataFrame) -> list[tuple[str, str, str]]:
    return [(debit, credit, f"{amount:.2f}") for debit, credit, amount in out.select(
        "debit", "credit", "amount").iter_rows()]


def documents(rows: list[Row]) -> list[tuple[str, ...]]:
    kind, line, charge, timing, amount, tax = rows[0][:6]
    document = pl.DataFrame({"key": [1], "document_kind": [kind], "booked_on": [TODAY], "tax": [Decimal(tax)],
                             "prepaid": [Decimal(0)], "rounding": [Decimal(0)]})
    lines = pl.DataFrame({
        "key": [1], "position": [1], "line_kind": [line], "charge_kind": [charge], "timing": [timing],
        "service_from": [TODAY], "service_to": [TODAY + timedelta(days=364)], "amount": [Decimal(amount)]})
    return [*said(postings("document", valued(parts_of_documents(document, lines))))]


def vouchers(rows: list[Row]) -> list[tuple[str, ...]]:
    revenue, tax, prepaid = (Decimal(cell) for cell in rows[0][:3])
    document = pl.DataFrame({"key": [1], "document_kind": ["invoice"], "booked_on": [TODAY], "tax": [tax],
                             "prepaid": [prepaid], "rounding": [Decimal(0)]})
    lines = pl.DataFrame({
        "key": [1], "position": [None], "line_kind": ["time"], "charge_kind": ["time"], "timing": ["arrears"],
        "service_from": [TODAY], "service_to": [TODAY], "amount": [revenue]}, schema_overrides={"position": pl.Int64})
    return [*said(postings("document", valued(parts_of_documents(document, lines))))]


def rounding(rows: list[Row]) -> list[tuple[str, ...]]:
    revenue, tax, rounded = (Decimal(cell) for cell in rows[0][:3])
    assert rounded == payable_rounding(revenue + tax, Decimal("0.05"))
    document = pl.DataFrame({"key": [1], "document_kind": ["invoice"], "booked_on": [TODAY], "tax": [tax],
                             "prepaid": [Decimal(0)], "rounding": [rounded]})
    lines = pl.DataFrame({
        "key": [1], "position": [None], "line_kind": ["time"], "charge_kind": ["time"], "timing": ["arrears"],
        "service_from": [TODAY], "service_to": [TODAY], "amount": [revenue]}, schema_overrides={"position": pl.Int64})
    return [*said(postings("document", valued(parts_of_documents(document, lines))))]


def earned_(rows: list[Row]) -> list[tuple[str, ...]]:
    amount, first, last, until, _ = rows[0]
    found = earned(pl.DataFrame({
        "period_from": [date.fromisoformat(first)], "period_to": [date.fromisoformat(last) + timedelta(days=1)],
        "until": [date.fromisoformat(until)], "amount": [Decimal(amount)], "base_amount": [Decimal(amount)],
        "exponent": [2], "base_exponent": [2]}))
    return [(f"{found['earned'][0]:.2f}",)]


def money(rows: list[Row]) -> list[tuple[str, ...]]:
    parts = pl.DataFrame({"key": [1], "amount": [Decimal(rows[0][1])]})
    return [*said(postings(rows[0][0], valued(parts)))]


def base(rows: list[Row]) -> list[tuple[str, ...]]:
    currency, rate, *amounts = rows[0][:4]
    assert all(round_quotient(Decimal(amount), 1, exponent(currency)) == Decimal(amount) for amount in amounts)
    parts = pl.DataFrame({"key": [1, 1], "amount": [Decimal(amount) for amount in amounts]},
                         schema_overrides={"amount": MONEY})
    found = valued(parts, currency, rate)["base_amount"].to_list()
    return [tuple(f"{amount:.2f}" for amount in found)]


def paid(rows: list[Row]) -> list[tuple[str, ...]]:
    amount, left, left_base = (Decimal(cell) for cell in rows[0][:3])
    came = round_quotient(amount * Decimal("0.95"), 1, 2)
    leaves = left_base if amount == left else round_quotient(left_base * amount, left, 2)
    return [(f"{came:.2f}", f"{leaves:.2f}", f"{came - leaves:.2f}")]


WORKED: dict[str, tuple[Callable[[list[Row]], list[tuple[str, ...]]], int]] = {
    # by the table's name: what works it, and the columns that are given
    "documents": (documents, 6), "earned": (earned_, 4), "money": (money, 2), "base": (base, 4), "paid": (paid, 3),
    "rounding": (rounding, 3), "vouchers": (vouchers, 3),
}


@pytest.mark.parametrize(("name", "rows"), tables())
def test_the_page_posts(name: str, rows: list[Row]) -> None:
    work, given = WORKED[name]
    assert [tuple(row[given:]) for row in rows] == work(rows)


def test_every_table_has_rows() -> None:
    assert {name for name, _ in tables()} == set(WORKED)
    assert len(tables()) > 20
