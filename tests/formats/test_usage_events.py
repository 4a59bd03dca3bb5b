"""Files of usage events: exact in, every bad row told, in parts of bounded size."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duly.engine.pricing.events import SENT
from duly.formats import FormatError, RowError
from duly.formats.usage_events import canonical, read_usage_events, scan_events

HEADER = "agreement,metric,source,event_id,at,quantity,properties\n"
GOOD = "ZED,calls,meter,e1,2026-10-05T12:00:00+02:00,1.5,"


def read(folder: Path, text: str | bytes, at_once: int = 2**25) -> tuple[pl.DataFrame, list[RowError]]:
    path = folder / "usage.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    parts = list(read_usage_events(path, at_once=at_once))
    return pl.concat([part.events for part in parts]), [error for part in parts for error in part.errors]


@pytest.mark.parametrize(("field", "text", "value"), [
    ("at", "2026-10-05T12:00:00Z", datetime(2026, 10, 5, 12, tzinfo=UTC)),
    ("at", "2026-10-05 12:00:00.000001+0530", datetime(2026, 10, 5, 6, 30, 0, 1, tzinfo=UTC)),
    ("at", "2026-10-05T12:00:00", None),
    ("at", "2026-10-05T12:00:00.0000001Z", None),
    ("at", "2026-02-30T12:00:00Z", None),
    ("at", "", None),
    ("quantity", "0.1", Decimal("0.1")),
    ("quantity", "-99999999999999.999999", Decimal("-99999999999999.999999")),
    ("quantity", "0.0000001", None),
    ("quantity", "1e3", None),
    ("quantity", "1,5", None),
    ("quantity", "NaN", None),
    ("quantity", "", None),
    ("properties", '{"b": 1.50, "a":"x"}', '{"a":"x","b":1.50}'),
    ("properties", "[1]", None),
    ("properties", "{", None),
    ("properties", '{"a":NaN}', None),
    ("properties", '{"a":"\\u0000"}', None),
    ("properties", '{"a":"\\ud800"}', None),
    ("agreement", " ", None),
    ("event_id", "", None),
])
def test_a_cell_is_read_exactly_or_told(tmp_path: Path, field: str, text: str, value: object) -> None:
    row = dict(zip(HEADER.strip().split(","), GOOD.split(","), strict=True)) | {field: text}
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in row.values()]
    events, errors = read(tmp_path, HEADER + GOOD + "\n" + ",".join(quoted))
    if value is None:
        assert [(error.row_number, error.field, error.value) for error in errors] == [(3, field, text.strip())]
        assert events.height == 1
    else:
        assert errors == []
        assert events[field].to_list()[1] == value
    assert events.schema == pl.Schema(SENT)


def test_what_may_be_absent(tmp_path: Path) -> None:
    text = "\ufeffAt;Event ID;Agreement;Metric;Source;Note\n2026-10-05T12:00:00Z;e1;ZED;calls;meter;x\n"
    events, errors = read(tmp_path, text)
    assert events.row(0) == (2, "ZED", "calls", "meter", "e1", datetime(2026, 10, 5, 12, tzinfo=UTC), None, 1, None)
    assert errors == []


@pytest.mark.parametrize(("text", "says"), [
    ("", "lacks the column"), ("agreement,metric\nA,b\n", "source, event_id, at"),
    (HEADER.encode() + b"\xff\n", "UTF-8"),
    (HEADER + "a\0b\n", "NUL"), ("at," + HEADER + "x\n", "twice"), (HEADER + GOOD + ",,,,,\n", "well-formed")])
def test_a_file_that_is_none(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(tmp_path, text)


@pytest.mark.parametrize("at_once", [1, 7, 100, 1000, 2**25])
def test_parts_of_any_size_say_the_same(tmp_path: Path, at_once: int) -> None:
    rows = "".join(f'ZED,calls,"meter ""{number}"",\nhall",e{number},2026-10-05T12:00:00Z,{number},\r\n'
                   for number in range(50)) + "ZED,calls,meter,,2026-10-05T12:00:00Z,1,"
    events, errors = read(tmp_path, HEADER + rows, at_once)
    assert events["row"].to_list() == list(range(2, 52))
    assert events["source"].to_list() == [f'meter "{number}",\nhall' for number in range(50)]
    assert [(error.row_number, error.field) for error in errors] == [(52, "event_id")]


def parquet(folder: Path, **columns: pl.Series) -> Path:
    path = folder / "usage.parquet"
    at = pl.Series([datetime(2026, 10, 5, 12, tzinfo=UTC)] * 2, dtype=pl.Datetime("ns", "UTC"))
    pl.DataFrame({"agreement": ["ZED"] * 2, "metric": ["calls"] * 2, "source": ["meter"] * 2, "event_id": ["e1", "e2"],
                  "at": at, **columns}).write_parquet(path)
    return path


def test_parquet_is_read_exactly(tmp_path: Path) -> None:
    path = parquet(tmp_path, quantity=pl.Series(["0.5", "0.0000005"]).cast(pl.Decimal(20, 7)),
                   properties=pl.Series(['{"b":1, "a":2}', None]))
    [part] = read_usage_events(path)
    assert part.events.select("row", "quantity", "properties").rows() == [(1, Decimal("0.5"), '{"a":2,"b":1}')]
    assert [(error.row_number, error.field) for error in part.errors] == [(2, "quantity")]
    scanned = scan_events([path]).collect()
    assert scanned["quantity"].to_list() == [Decimal("0.5"), None]
    assert scanned.schema == pl.Schema({name: kind for name, kind in SENT.items() if name != "row"})


@pytest.mark.parametrize(("name", "column"), [
    ("quantity", pl.Series([0.5, 1.0])), ("at", pl.Series(["2026-10-05"] * 2).str.to_datetime()),
    ("source", pl.Series([1, 2]))])
def test_parquet_of_inexact_types_is_refused(tmp_path: Path, name: str, column: pl.Series) -> None:
    with pytest.raises(FormatError, match=f"The column {name} has the type"):
        list(read_usage_events(parquet(tmp_path, **{name: column})))


def test_structs_are_properties(tmp_path: Path) -> None:
    path = parquet(tmp_path, properties=pl.Series([{"region": "eu", "size": 2}, None]))
    [part] = read_usage_events(path)
    assert part.events["properties"].to_list() == ['{"region":"eu","size":2}', None]


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS,
                      lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(st.dictionaries(TEXTS, VALUES))
@example({"\\u0000": "\\u0000"})  # a backslash and five characters, no NUL
def test_canonical_says_the_same_in_one_way(value: dict[str, object]) -> None:
    written = canonical(json.dumps(value))
    assert json.loads(written) == value
    assert canonical(written) == written == canonical(json.dumps(dict(reversed(value.items())), indent=1))


def test_no_database_holds_a_nul() -> None:
    with pytest.raises(ValueError, match="a NUL character"):
        canonical('{"a": ["\\u0000"]}')
