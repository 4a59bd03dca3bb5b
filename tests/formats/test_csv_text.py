"""CSV as text: which cells are made harmless on the way out, and what is read on the way in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.formats import FormatError
from duly.formats.csv_text import defuse, read_table, source_keys


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-", "'-"),
        ("-12.50", "-12.50"),
        ("+49 30 123", "+49 30 123"),
        ("-1.234,50", "-1.234,50"),
        ("-5%", "-5%"),
        ("Crème brûlée – page", "Crème brûlée – page"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_formulas_are_defused_and_numbers_are_left(text: str, written: str) -> None:
    assert defuse(text) == written


@given(st.text(max_size=20))
def test_no_defused_cell_starts_a_formula(text: str) -> None:
    written = defuse(text)
    assert written.removeprefix("'") in (text, text.removeprefix("'"))
    assert not written.startswith(("=", "@", "\t", "\r"))


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5)


@given(ROWS, st.sampled_from(",;\t"))
def test_what_was_written_is_read_again(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["first", "second", "third"], *rows])
    table = read_table(text.getvalue().encode())
    assert table.headers == ("first", "second", "third")
    assert [list(record.cells) for record in table.records] == [
        row for row in rows if any(cell.strip() for cell in row)
    ]


@given(st.lists(st.tuples(st.integers(0, 3), st.text(max_size=2)), max_size=12), st.integers(0, 12))
def test_keys_are_one_for_each_row_and_a_part_of_the_file_has_a_part_of_them(
    rows: list[tuple[object, ...]], length: int
) -> None:
    keys = source_keys(rows)
    assert len(set(keys)) == len(rows)
    assert set(source_keys(rows[:length])) <= set(keys)
    assert sorted(source_keys(reversed(rows))) == sorted(keys)


def test_a_table_has_no_more_columns_than_any_export() -> None:
    assert len(read_table(b"a," * 999 + b"a\n").headers) == 1_000
    with pytest.raises(FormatError, match="1,001 columns"):
        read_table(b"a," * 1_000 + b"a\n")
