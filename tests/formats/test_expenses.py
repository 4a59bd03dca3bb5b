"""Expenses by CSV: what each column may hold, and what keeps a row or the file out."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.formats import FormatError
from duly.formats.expenses import ExpenseRow, read_expenses

SAMPLE = (Path(__file__).parent / "samples" / "expenses.csv").read_bytes()
HEADER = "date,person,client,project,category,description,amount,currency,tax_included,billable,receipt"
GOOD = "2026-10-05,Ada,Acme,Website,travel,Train,89.90,EUR,yes,yes,train.pdf"


def expenses(*records: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *records)).encode()


def test_an_expense_in_full() -> None:
    sheet = read_expenses(SAMPLE)
    train, lunch, _ = sheet.rows
    assert (sheet.errors, sheet.rejected, train.row_number) == ((), 0, 2)
    assert (train.spent_on, train.person) == (date(2026, 10, 5), "ada@example.com")
    assert (train.client, train.project, train.category) == ("Acme GmbH", "Website", "travel")
    assert (train.description, train.receipt) == ("Train Köln – Berlin, 2nd class", "train.pdf")
    assert (train.amount, train.currency) == (Decimal("89.90"), "EUR")
    assert (train.tax_included, train.billable) == (True, True)
    assert (lunch.client, lunch.description, lunch.receipt) == (None, "", None)
    assert (lunch.amount, lunch.currency) == (Decimal(1250), "JPY")
    assert (lunch.tax_included, lunch.billable) == (None, False)


def test_the_last_two_columns_may_be_left_out_and_others_are_left_alone() -> None:
    header = "Amount;Currency;Date;Person;Client;Project;Category;Description;Billable;Cost centre"
    (row,) = read_expenses(expenses("1.089,90;€;05.10.2026;Ada;;;travel;;ja;4711", header=header)).rows
    assert (row.amount, row.currency, row.spent_on) == (Decimal("1089.90"), "EUR", date(2026, 10, 5))
    assert (row.tax_included, row.receipt, row.raw[-1]) == (None, None, "4711")


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("2026-10-05", "2026-10-32", "date", "no such day"),
        ("2026-10-05", "", "date", "empty"),
        ("Ada", "", "person", "empty"),
        ("travel", "", "category", "empty"),
        ("89.90", "", "amount", "empty"),
        ("89.90", "free", "amount", "not a number"),
        ("89.90", "0.00", "amount", "not more than zero"),
        ("89.90", "-89.90", "amount", "not more than zero"),
        ("89.90", "89.905", "amount", "EUR has 2 decimals"),
        ("89.90,EUR", "1250.50,JPY", "amount", "JPY has 0 decimals"),
        ("EUR", "Euros", "currency", "not a currency code"),
        ("EUR", "", "currency", "empty"),
        ("yes,yes", "perhaps,yes", "tax_included", "neither yes nor no"),
        ("yes,yes", "yes,", "billable", "empty"),
        ("Acme,", "", "record", "10 cells, the header row 11"),
    ],
)
def test_a_bad_cell_rejects_its_row_alone(old: str, new: str, field: str, message: str) -> None:
    sheet = read_expenses(expenses(GOOD.replace(old, new, 1), GOOD))
    assert [row.row_number for row in sheet.rows] == [3]
    assert sheet.rejected == 1
    error = sheet.errors[0]
    assert (error.row_number, error.field) == (2, field)
    assert message in error.message
    assert error.remedy


@pytest.mark.parametrize(
    ("currency", "amount", "taken"),
    [("EUR", "0.01", True), ("JPY", "1.00", True), ("KWD", "1.005", True), ("KWD", "1.0005", False)],
)
def test_amounts_are_whole_minor_units(currency: str, amount: str, taken: bool) -> None:
    sheet = read_expenses(expenses(GOOD.replace("89.90,EUR", f"{amount},{currency}")))
    assert (len(sheet.rows), sheet.rejected) == ((1, 0) if taken else (0, 1))


def test_dates_of_either_order_are_settled_by_the_file_or_asked_for() -> None:
    uncertain = GOOD.replace("2026-10-05", "05/10/2026")
    with pytest.raises(FormatError, match="Name the date order"):
        read_expenses(expenses(uncertain))
    assert read_expenses(expenses(uncertain), date_order="mdy").rows[0].spent_on == date(2026, 5, 10)
    proof = GOOD.replace("2026-10-05", "31/10/2026")
    assert read_expenses(expenses(uncertain, proof)).rows[0].spent_on == date(2026, 10, 5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"date,person,amount\n", "lacks the column client, project, category"),
        (expenses(GOOD, header=HEADER.replace("receipt", "Date")), "date stands twice"),
        (expenses(GOOD.replace("Train", '"Train')), "line 2"),
    ],
)
def test_a_file_that_is_no_expense_sheet_is_refused_with_a_remedy(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read_expenses(data)
    assert caught.value.remedy


def test_equal_expenses_stay_two_and_are_known_again() -> None:
    train, first, second = (row.source_key for row in read_expenses(SAMPLE).rows)
    assert (first[:64], first[64:], second[64:]) == (second[:64], "#1", "#2")
    assert train[:64] != first[:64]
    assert [row.source_key for row in read_expenses(SAMPLE + SAMPLE.splitlines()[1]).rows][:3] == [
        train,
        first,
        second,
    ]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("89.90", "89.9", True),
        ("2026-10-05", "05.10.2026", True),
        ("yes,yes", "yes,no", True),
        ("train.pdf", "ticket.pdf", True),
        ("89.90", "89.91", False),
        ("EUR", "USD", False),
        ("Train", "Taxi", False),
    ],
)
def test_what_makes_an_expense_another(old: str, new: str, same: bool) -> None:
    def key(record: str) -> str:
        row: ExpenseRow = read_expenses(expenses(record)).rows[0]
        return row.source_key

    assert (key(GOOD) == key(GOOD.replace(old, new))) is same


@given(st.dictionaries(st.integers(0, 10), st.text(max_size=12), max_size=4))
def test_any_cells_are_read_or_listed(changes: dict[int, str]) -> None:
    cells = [changes.get(position, cell) for position, cell in enumerate(GOOD.split(","))]
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    try:
        sheet = read_expenses(expenses(",".join(quoted)))
    except FormatError:
        return
    assert len(sheet.rows) + sheet.rejected in (0, 1)
    assert len(sheet.rows) + sheet.rejected == 1 or not any(cell.strip() for cell in cells)
