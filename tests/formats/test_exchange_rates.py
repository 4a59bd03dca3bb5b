"""Files of exchange rates: a CSV of one's own, and the history of the European Central Bank."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from duly.formats import FormatError
from duly.formats.exchange_rates import RateRow, ecb_history, read_ecb, read_rates


def test_rows_are_read_by_their_columns_names() -> None:
    read = read_rates(b"Rate;Quote;Base;Date;Source\n1.0842;USD;EUR;2026-10-30;Reuters\n,;;;\n0,5;USD;EUR;2026-10-31;\n"
                      .replace(b"0,5", b"0.5"), "file a.csv")
    assert read.rows[0] == RateRow(2, "EUR", "USD", Decimal("1.0842"), date(2026, 10, 30), "Reuters")
    assert read.rows[-1] == RateRow(4, "EUR", "USD", Decimal("0.5"), date(2026, 10, 31), "file a.csv")


def test_all_that_is_wrong_is_named_by_row_and_column() -> None:
    read = read_rates(b"date,base,quote,rate\n31.10.2026,EUR,USD,1\n2026-10-31,EUR,XQX,many\n2026-10-31,EUR,USD\n", "f")
    assert read.rows == ()
    assert [(one.row_number, one.field, one.value) for one in read.errors] == [
        (2, "date", "31.10.2026"), (3, "quote", "XQX"), (3, "rate", "many"), (4, "rate", "")]


@pytest.mark.parametrize(("data", "words"), [
    (b"date,base,rate\n", "no column quote"), (b"", "empty"), (b"\xff\xfe", "not UTF-8"),
])
def test_a_file_that_is_none_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_rates(data, "f")


def test_the_history_that_comes_with_us_is_read_by_day() -> None:
    found = read_ecb(ecb_history(), date(1999, 1, 4), date(1999, 1, 4))
    assert list(found) == [date(1999, 1, 4)]
    assert (found[date(1999, 1, 4)]["USD"], found[date(1999, 1, 4)]["JPY"]) == (Decimal("1.1789"), Decimal("133.73"))
    assert not {"SIT", "BRL"} & set(found[date(1999, 1, 4)])  # dropped since, and not quoted then


def test_another_archive_is_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.csv", "Day,USD\n2026-10-30,1\n")
    for data in (b"PK", held.getvalue()):
        with pytest.raises(FormatError, match="history"):
            read_ecb(data, date(2026, 1, 1))
