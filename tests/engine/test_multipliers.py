"""Hours that count more than once: no second is lost or counted twice, and a day's overtime adds up however billed."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import price, replay
from duly.engine.pricing.multipliers import DAY, day_hours, multiplied, with_factors
from duly.engine.pricing.time import price_time
from tests.engine.frames import NOTHING_DUE, PRICE, rates, work

HOUR = 3_600
AGREED = {"overtime_factor": "1.5", "overtime_after_seconds": 8 * HOUR}

entries = st.lists(st.fixed_dictionaries({
    "quantity": st.integers(0, 12 * HOUR), "day_until": st.integers(0, 20 * HOUR),
    "worked_on": st.sampled_from(["2026-10-09", "2026-10-10"]),
    "weekend_factor": st.sampled_from([None, "0.5", "1", "1.5"]),
    "overtime_factor": st.sampled_from(["0.75", "1", "1.25", "1.5", "2"]),
    "overtime_after_seconds": st.integers(1, 12 * HOUR), "rounding": st.sampled_from(["exact", "up", "nearest"]),
    "increment_seconds": st.sampled_from([60, 900, 3600]), "minimum_seconds": st.sampled_from([0, 1800]),
}), min_size=1, max_size=8)


@given(entries)
def test_parts_of_entries_add_up_to_them(rows: list[dict[str, Any]]) -> None:
    done = work(*rows)
    plain = done.with_columns(pl.lit(None, kind).alias(name) for name, kind in done.schema.items()
                              if name in ("weekend_factor", "overtime_factor", "overtime_after_seconds"))
    lines, shares, problems = price_time(done, rates({"price": "91.37"}))
    once = price_time(plain, rates({"price": "91.37"}))[1].sort("work_id")
    summed = shares.group_by("work_id").agg(pl.col("quantity", "billed_quantity").sum()).sort("work_id")
    assert problems.is_empty()
    assert summed.rows() == once.select("work_id", "quantity", "billed_quantity").rows()
    assert shares["amount"].sum() == lines["amount"].sum()
    assert [replay(line) for line in lines["explanation"]] == lines["amount"].to_list()


def test_a_line_says_by_what_its_rate_is_multiplied_and_a_plain_one_nothing() -> None:
    done = price(work({"quantity": 10 * HOUR, "day_until": 10 * HOUR, **AGREED}), pl.DataFrame(schema=NOTHING_DUE),
                 rates({"price": "90"}))
    plain, more = (json.loads(told) for told in done.lines["explanation"])
    assert [row["step"] for row in plain] == ["seconds", "rate", "hour", "round"]
    assert more[1:3] == [{"step": "rate", "times": "90", "rate_id": 1},
                         {"step": "multiplier", "times": "1.5", "why": "overtime"}]
    assert done.lines["unit_price"].to_list() == [Decimal(90), Decimal(135)]


def test_a_factor_of_one_is_none() -> None:
    told = price_time(work({"quantity": 10 * HOUR, "day_until": 10 * HOUR, "worked_on": "2026-10-10",
                            "weekend_factor": 1, "overtime_factor": 1, "overtime_after_seconds": HOUR}),
                      rates({"price": 90}))[0]
    assert ["multiplier" in one for one in told["explanation"]] == [False]


def test_what_a_retainer_has_covered_of_the_front_leaves_the_overtime_of_the_tail() -> None:
    [(plain, first), (more, second)] = with_factors(work({"quantity": 3 * HOUR, "day_until": 10 * HOUR, **AGREED}).
                                                    with_columns(billed=3 * HOUR)).select("factor", "billed").rows()
    assert (plain, first, more, second) == (1, HOUR, Decimal("1.5"), 2 * HOUR)


def test_an_entry_of_which_nothing_is_left_is_worth_nothing_and_stays() -> None:
    done = work({"quantity": 0, "day_until": 10 * HOUR, **AGREED}, {"quantity": HOUR, "day_until": 3 * HOUR, **AGREED})
    assert price_time(done, rates({"price": 50}))[1].sort("work_id")["amount"].to_list() == [0, 50]


def test_a_factor_given_with_the_row_is_used_as_it_is() -> None:
    given_ = work({"quantity": HOUR, "worked_on": "2026-10-10", "weekend_factor": 3}).with_columns(
        pl.lit(Decimal(2), PRICE).alias("factor"), pl.lit("overtime").alias("why"))
    assert price_time(given_, rates({"price": 50}))[0]["unit_price"].to_list() == [100]


def test_columns_that_are_absent_agree_nothing() -> None:
    names = ("weekend_factor", "overtime_factor", "overtime_after_seconds", "day_until")
    assert price_time(work({"quantity": HOUR}).drop(names), rates({"price": 50}))[0]["amount"].to_list() == [50]


def day(*rows: tuple[int, str | None, int, int, int, bool]) -> dict[int, int]:
    """work_id, started_at, hours, hours left, hours billed as overtime, waits → hours through each entry."""
    frame = pl.DataFrame([(one, 1, 1, None, at, hours * HOUR, left * HOUR, over * HOUR, waits)
                          for one, at, hours, left, over, waits in rows], schema=DAY, orient="row")
    return {one: until // HOUR for one, until in day_hours(frame).select("work_id", "day_until").rows()}


@pytest.mark.parametrize(("rows", "until"), [
    # by the hour at which they began, then by their ids; those that have none behind
    ([(1, "13:00", 4, 4, 0, False), (2, "08:00", 5, 5, 0, False)], {2: 5, 1: 9}),
    ([(1, None, 2, 2, 0, False), (2, "08:00", 5, 5, 0, False), (3, None, 3, 3, 0, False)], {2: 5, 1: 7, 3: 10}),
    # what is billed earlier counts
    ([(1, "08:00", 8, 0, 0, False), (2, "17:00", 2, 2, 0, False)], {1: 8, 2: 10}),
    # what waits for approval takes no plain hours from what is billed now
    ([(1, "08:00", 4, 4, 0, True), (2, "13:00", 6, 6, 0, False)], {2: 6, 1: 10}),
    # an hour found late, of a day whose overtime of one is billed: one hour more, not two
    ([(1, "08:00", 9, 0, 1, False), (2, "07:00", 1, 1, 0, False)], {2: 9, 1: 9}),
    # the same, before any overtime was billed: what the day still owes falls to what is left
    ([(1, "08:00", 8, 0, 0, False), (2, "07:00", 1, 1, 0, False)], {2: 9, 1: 9}),
])
def test_the_hours_of_a_day(rows: list[tuple[int, str | None, int, int, int, bool]], until: dict[int, int]) -> None:
    assert day(*rows) == until


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.data())
def test_the_overtime_of_a_day_adds_up_in_whatever_order_it_is_billed(hours: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(hours))))
    left, over = list(hours), [0] * len(hours)
    for one in order:
        until = day(*((i, f"{i:02}:00", hours[i], left[i], over[i], False) for i in range(len(hours))))
        over[one], left[one] = min(left[one], max(0, until[one] - 8)), 0
    assert sum(over) == max(0, sum(hours) - 8)


def test_a_rate_times_its_factor_has_the_decimals_of_a_price() -> None:
    frame = pl.DataFrame({"price": [Decimal("0.00000001"), None], "factor": [Decimal("1.5")] * 2},
                         schema={"price": PRICE, "factor": PRICE})
    assert frame.select(multiplied(pl.col("price"), pl.col("factor")))["price"].to_list() == [
        Decimal("0.00000002"), None]
