"""Expenses from a CSV file of our own layout.

    date          needed    2026-10-31, or as `date_order` says
    person        needed    name or e-mail address, as the set-up knows the person
    client        may be empty
    project       may be empty
    category      needed    for example travel: limits and mark-ups go by it
    description   may be empty
    amount        needed    what was spent, more than zero, whole minor units of the currency
    currency      needed    ISO 4217, for example EUR
    tax_included  may be empty or absent: then the file does not say; yes: the amount holds the input tax
    billable      needed    yes or no
    receipt       may be empty or absent: the receipt's file name

Headers may stand in any order, in any case, with blanks for underscores; other columns are left alone.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial

from duly.formats import FormatError, RowError
from duly.formats.cells import (
    CellError,
    DateOrder,
    read_currency,
    read_date,
    read_decimal,
    read_yes_no,
    settle_order,
    unsettled_dates,
    uses_decimal_comma,
)
from duly.formats.csv_text import Record, read_table, source_keys
from duly.formats.identities import minor_digits
from duly.formats.record import Fields, texts_of

NEEDED = ("date", "person", "client", "project", "category", "description", "amount", "currency", "billable")
OPTIONAL = ("tax_included", "receipt")


@dataclass(frozen=True, slots=True)
class ExpenseRow:
    """One expense. Texts are None (description: empty) where the file says nothing."""

    row_number: int  # the line of the file, from 1, on which the record starts
    spent_on: date
    person: str
    client: str | None
    project: str | None
    category: str
    description: str
    amount: Decimal
    currency: str
    tax_included: bool | None  # None: the file does not say
    billable: bool
    receipt: str | None
    raw: tuple[str, ...]  # the record's cells as they stand in the file, under ExpenseSheet.headers
    source_key: str  # the same expense in another file has the same key; see csv_text.source_keys


@dataclass(frozen=True, slots=True)
class ExpenseSheet:
    """A file that was read: every record is one of `rows` or has at least one of `errors`."""

    headers: tuple[str, ...]
    rows: tuple[ExpenseRow, ...]
    errors: tuple[RowError, ...]

    @property
    def rejected(self) -> int:
        """How many records have errors."""
        return len({error.row_number for error in self.errors})


def read_expenses(data: bytes, *, decimal_comma: bool = False, date_order: str | None = None) -> ExpenseSheet:
    """Every record of an expense file: as an expense, or with the errors that keep it out.

    `decimal_comma` says that numbers are written 2,05, and `date_order` ('dmy' or 'mdy') what 10/11/2026
    means; neither need be said where the file itself proves it. Raises FormatError when the file as a whole
    cannot be read: empty, not UTF-8, not CSV, columns missing, date order uncertain or contradictory.
    """
    table = read_table(data)
    columns = _locate(table.headers)
    comma = decimal_comma or uses_decimal_comma(texts_of(table.records, columns, ("amount",)))
    order = settle_order(texts_of(table.records, columns, ("date",)), date_order)
    if order is None:
        raise unsettled_dates()
    rows, errors = [], []
    for record in table.records:
        cells = Fields(record, columns, table.headers)
        row = _read_row(record, cells, order, comma)
        errors.extend(cells.errors)
        if row is not None:
            rows.append(row)
    keys = source_keys(
        (
            row.spent_on,
            row.person.casefold(),
            row.client,
            row.project,
            row.category,
            row.description,
            f"{row.amount.normalize():f}",
            row.currency,
        )
        for row in rows
    )
    keyed = tuple(replace(row, source_key=key) for row, key in zip(rows, keys, strict=True))
    return ExpenseSheet(table.headers, keyed, tuple(errors))


def _locate(headers: tuple[str, ...]) -> dict[str, int]:
    """Field → the position of its column. Raises FormatError for one that is missing or stands twice."""
    plain = ["_".join(header.casefold().removesuffix("?").replace("_", " ").split()) for header in headers]
    missing = [name for name in NEEDED if name not in plain]
    if missing:
        raise FormatError(
            f"The file lacks the column {', '.join(missing)}; its header row has {', '.join(headers)}.",
            f"Head the columns {', '.join((*NEEDED, *OPTIONAL))} (the last two may be left out).",
        )
    twice = [name for name in (*NEEDED, *OPTIONAL) if plain.count(name) > 1]
    if twice:
        raise FormatError(f"The column {twice[0]} stands twice.", "Remove or rename the one that does not count.")
    return {name: plain.index(name) for name in (*NEEDED, *OPTIONAL) if name in plain}


def _read_row(record: Record, cells: Fields, order: DateOrder, decimal_comma: bool) -> ExpenseRow | None:
    """The expense; None when something is wrong with it, and then `cells.errors` says what."""
    spent_on = cells.needed("date", partial(read_date, order=order))
    person, category = cells.needed("person", str), cells.needed("category", str)
    amount = cells.needed("amount", partial(read_decimal, decimal_comma=decimal_comma))
    currency = cells.needed("currency", read_currency)
    tax_included = cells.optional("tax_included", read_yes_no)
    billable = cells.needed("billable", read_yes_no)
    if amount is not None and currency is not None:
        _check_amount(cells, amount, currency)
    if cells.errors or spent_on is None or amount is None or currency is None or billable is None:
        return None
    return ExpenseRow(
        row_number=record.row_number,
        spent_on=spent_on,
        person=person or "",
        client=cells.text("client") or None,
        project=cells.text("project") or None,
        category=category or "",
        description=cells.text("description"),
        amount=amount,
        currency=currency,
        tax_included=tax_included,
        billable=billable,
        receipt=cells.text("receipt") or None,
        raw=record.cells,
        source_key="",
    )


def _check_amount(cells: Fields, amount: Decimal, currency: str) -> None:
    """Law 1 at the door: money is a whole number of its currency's minor units."""
    digits = minor_digits(currency)
    if amount <= 0:
        message, remedy = (
            "The amount is not more than zero.",
            "Write a refund into the expense it belongs to.",
        )
    elif amount % Decimal(1).scaleb(-digits):
        message, remedy = (
            f"{currency} has {digits} decimals, the amount has more.",
            "Write what was really paid.",
        )
    else:
        return
    cells.refuse("amount", CellError(message, remedy), cells.text("amount"))
