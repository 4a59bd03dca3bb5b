"""Frames go into the database and come out again as they were, digit for digit and character for character."""

from datetime import date

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duly.billing.kernel import frames
from tests.world import World

SCHEMA: frames.Schema = {
    "n": pl.Int64, "text": pl.String, "amount": frames.MONEY, "day": pl.Date, "truth": pl.Boolean,
}
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
ROW = st.tuples(
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | TEXT | st.sampled_from(["\\N", "\\", "\t", "a\r\nb", '"', ""]),
    st.none() | st.decimals(-(10**12), 10**12, places=4), st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
    st.none() | st.booleans(),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ROW, max_size=6))
def test_what_goes_in_comes_out(world: World, rows: list[tuple[object, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    frames.execute("drop table if exists round_trip")
    frames.execute("""create temporary table round_trip (n bigint, text text, amount numeric(20,4), day date,
                      truth boolean, place integer)""")
    assert frames.write("round_trip", frame.with_row_index("place")) == len(rows)
    back = frames.read("select n, text, amount, day, truth from round_trip order by place", [], SCHEMA)
    assert back.rows() == frame.rows()


def test_ids_are_fresh_and_ascending(world: World) -> None:
    first, second = frames.next_ids("event", 3).to_list(), frames.next_ids("event", 2).to_list()
    assert first == sorted(first)
    assert max(first) < min(second)
    assert frames.next_ids("event", 0).to_list() == []


def test_an_array_is_a_literal_of_numbers_and_days(world: World) -> None:
    days = pl.Series([date(2026, 10, 1), None])
    assert frames.rows("select %s::date[]", [frames.array(days)]) == [([date(2026, 10, 1), None],)]
    assert frames.rows("select %s::bigint[]", [frames.array(pl.Series([], dtype=pl.Int64))]) == [([],)]
