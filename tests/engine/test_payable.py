"""The rounding of what is to pay: to the nearest multiple of a step, half away from zero, the same in frames."""

from decimal import Decimal as D

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.payable import payable_rounding, payable_rounding_expr

MONEY = pl.Decimal(38, 4)

ROUNDED = [
    # what is to pay, the step, what is asked for
    ("107.68", "0.05", "107.70"), ("107.62", "0.05", "107.60"), ("107.65", "0.05", "107.65"),
    ("107.625", "0.05", "107.65"), ("-107.625", "0.05", "-107.65"), ("0.02", "0.05", "0"), ("-0.02", "0.05", "0"),
    ("0", "0.05", "0"), ("12.49", "1", "12"), ("12.50", "1", "13"), ("-12.50", "1", "-13"), ("149", "100", "100"),
    ("150", "100", "200"), ("1.5", "3", "3"), ("9999999999999999.99", "0.05", "10000000000000000.00"),
    ("12.34", None, "12.34"),
]

amounts = st.integers(-(10**19), 10**19).map(lambda n: D(f"{n}e-4"))
steps = st.integers(1, 10**9).map(lambda n: D(f"{n}e-4"))


def in_a_frame(payable: D, step: D | None) -> D:
    frame = pl.DataFrame({"payable": [payable], "step": [step]}, schema={"payable": MONEY, "step": MONEY})
    found: D = frame.select(payable_rounding_expr(pl.col("payable"), pl.col("step"))).item()
    return found


@pytest.mark.parametrize(("payable", "step", "asked"), ROUNDED)
def test_what_is_to_pay_is_rounded_to_the_step(payable: str, step: str | None, asked: str) -> None:
    by = D(step) if step else None
    assert D(payable) + payable_rounding(D(payable), by) == D(asked)
    assert D(payable) + in_a_frame(D(payable), by) == D(asked)


@given(amounts, steps)
def test_it_is_a_multiple_of_the_step_and_never_further_than_half_of_it(payable: D, step: D) -> None:
    rounding = payable_rounding(payable, step)
    assert (payable + rounding) % step == 0
    assert abs(rounding) * 2 <= step
    assert abs(rounding) < step
    if abs(rounding) * 2 == step:  # a tie goes away from zero
        assert abs(payable + rounding) > abs(payable)
    assert payable_rounding(-payable, step) == -rounding
    assert in_a_frame(payable, step) == rounding


@pytest.mark.parametrize("step", ["0", "-0.05"])
def test_a_step_is_above_zero(step: str) -> None:
    with pytest.raises(ValueError, match="a step is above zero"):
        payable_rounding(D(1), D(step))
