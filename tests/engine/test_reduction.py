"""Writing a line down: what is left, said by the line's own rows, and the way back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.reduction import left_after, reduce, reduced, reworded, with_adjustments, without
from duly.engine.rounding import round_quotient

Rows = list[dict[str, Any]]


def line(seconds: str, rate: str, amount: str) -> Rows:
    return [{"step": "seconds", "times": seconds}, {"step": "rate", "times": rate}, {"step": "hour", "over": "3600"},
            {"step": "round", "exponent": 2, "amount": amount}]


TWO_HOURS = line("7200", "95", "190")
HALF_HOUR = line("1801", "110", "55.03")


@pytest.mark.parametrize(("rows", "share", "left"), [
    (TWO_HOURS, "0.1", "171.00"),
    (TWO_HOURS, "1", "0.00"),
    (TWO_HOURS, "0.3333", "126.67"),  # 126.673
    (HALF_HOUR, "0.5", "27.52"),  # of the exact 55.03055…, rounded once: 27.515277…
])
def test_a_share_is_taken_off_the_exact_quotient_and_rounded_once(rows: Rows, share: str, left: str) -> None:
    assert left_after(rows, Decimal(share)) == Decimal(left)


def test_the_write_down_is_a_row_of_its_own_before_the_rounding() -> None:
    rows = reduce(TWO_HOURS, Decimal("171.00"), by="mara", reason="Goodwill")
    assert rows[:3] == TWO_HOURS[:3]
    assert rows[3] == {"step": "write_down", "times": "171", "over": "190", "by": "mara", "reason": "Goodwill"}
    assert rows[4] == {"step": "round", "exponent": 2, "amount": "171"}
    assert replay(rows) == Decimal("171.00")


def test_a_second_write_down_takes_the_place_of_the_first() -> None:
    once = reduce(TWO_HOURS, Decimal(171), by="mara", reason="Goodwill")
    twice = reduce(once, Decimal(180), by="ben", reason="Less goodwill")
    assert [row["step"] for row in twice].count("write_down") == 1
    assert reduced(twice) == {"step": "write_down", "times": "180", "over": "190", "by": "ben",
                              "reason": "Less goodwill"}


def test_taking_it_back_leaves_the_line_as_it_was() -> None:
    assert without(reduce(HALF_HOUR, Decimal(50), by="mara", reason="Goodwill"), "write_down") == HALF_HOUR
    assert reduced(HALF_HOUR) is None


def test_another_wording_keeps_the_first_one_and_changes_no_amount() -> None:
    once = reworded(TWO_HOURS, "Consulting – Ada", by="mara")
    twice = reworded(once, "Ada's work", by="ben")
    assert [row for row in twice if row["step"] == "reword"] == [
        {"step": "reword", "from": "Consulting – Ada", "by": "ben"}]
    assert replay(twice) == Decimal(190)
    assert without(twice, "reword") == TWO_HOURS


def test_what_is_priced_anew_keeps_its_share_of_the_write_down() -> None:
    before = reworded(reduce(TWO_HOURS, Decimal(152), by="mara", reason="Goodwill"), "Consulting", by="ben")
    anew = with_adjustments(line("3600", "95", "95"), before)
    assert [row["step"] for row in anew] == ["seconds", "rate", "hour", "write_down", "reword", "round"]
    assert reduced(anew) == {"step": "write_down", "times": "76", "over": "95", "by": "mara", "reason": "Goodwill"}
    assert replay(anew) == Decimal(76)
    assert with_adjustments(TWO_HOURS, HALF_HOUR) == TWO_HOURS


@given(seconds=st.integers(1, 10**7), rate=st.integers(1, 10**11), part=st.integers(0, 10**6),
       exponent=st.sampled_from([0, 2, 3]))
def test_the_rows_lead_to_what_was_agreed_whatever_was_rounded_before(
    seconds: int, rate: int, part: int, exponent: int,
) -> None:
    price = Decimal(rate).scaleb(-8)
    amount = round_quotient(seconds * price, 3600, exponent)
    rows: Rows = [{"step": "seconds", "times": str(seconds)}, {"step": "rate", "times": f"{price:f}"},
                  {"step": "hour", "over": "3600"}, {"step": "round", "exponent": exponent, "amount": f"{amount:f}"}]
    to = round_quotient(amount * part, 10**6, exponent)
    if to == amount:
        return
    assert replay(reduce(rows, to, by="mara", reason="Goodwill")) == to


@pytest.mark.parametrize(("to", "said"), [("190", "less than 190"), ("200", "less than 190"), ("-1", "not below zero"),
                                          ("1.005", "2 decimals"), ("NaN", "amount")])
def test_a_write_down_goes_down_to_whole_minor_units(to: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        reduce(TWO_HOURS, Decimal(to), by="mara", reason="Goodwill")
