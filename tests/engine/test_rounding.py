"""The one rounding and the one way to share a rounded total out: examples, and laws by property."""

from decimal import Decimal
from fractions import Fraction
from itertools import groupby

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.rounding import (
    AMOUNT,
    RATIO,
    apportion,
    apportion_frame,
    distribute,
    distribute_frame,
    round_quotient,
    round_quotient_expr,
)

LARGEST = 10**38 - 1
"""A decimal of scale 14 in units of its last digit."""

numerators = st.integers(-LARGEST, LARGEST) | st.integers(-(10**18), 10**18)
sizes = st.integers(1, 2**63 - 1) | st.integers(1, 10_000) | st.sampled_from([1, 3_600, 10**10])
denominators = sizes | sizes.map(lambda size: -size)
exponents = st.integers(0, 4)


def units(count: int, scale: int) -> Decimal:
    return Decimal(f"{count}e-{scale}")


def in_a_frame(numerator: Decimal, denominator: int, exponent: int) -> Decimal | None:
    frame = pl.DataFrame({"n": [numerator], "d": [denominator], "exponent": [exponent]},
                         schema={"n": RATIO, "d": pl.Int64, "exponent": pl.Int8})
    return frame.select(round_quotient_expr(pl.col("n"), pl.col("d"), pl.col("exponent"))).item()


@pytest.mark.parametrize(
    ("numerator", "denominator", "exponent", "rounded"),
    [
        ("0.005", 1, 2, "0.01"),  # a tie goes away from zero
        ("-0.005", 1, 2, "-0.01"),
        ("0.00499999999999", 1, 2, "0.00"),
        ("2.675", 1, 2, "2.68"),  # a binary fraction would be below the tie
        ("0.5", 1, 0, "1"),
        ("2.5", 1, 0, "3"),  # bankers would say 2
        ("1", 3, 4, "0.3333"),
        ("2", 3, 3, "0.667"),
        ("-1", 6, 2, "-0.17"),
        ("342000", 3_600, 2, "95.00"),
        ("0", 7, 2, "0.00"),
        ("-0.001", 1, 2, "0.00"),  # there is no negative zero
        ("1", -8, 2, "-0.13"),
        ("-1", -8, 2, "0.13"),
    ],
)
def test_rounding(numerator: str, denominator: int, exponent: int, rounded: str) -> None:
    assert str(round_quotient(Decimal(numerator), denominator, exponent)) == rounded
    assert in_a_frame(Decimal(numerator), denominator, exponent) == Decimal(rounded)


@given(numerators, denominators, exponents)
def test_frames_round_as_scalars_do(numerator: int, denominator: int, exponent: int) -> None:
    exact = units(numerator, 14)
    assert in_a_frame(exact, denominator, exponent) == round_quotient(exact, denominator, exponent)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9), exponents)
def test_a_tie_goes_away_from_zero(whole: int, denominator: int, exponent: int) -> None:
    """(whole + ½) minor units, as numerator ÷ denominator, in both."""
    tie = Fraction(2 * whole + 1, 2 * 10**exponent)
    away = units(whole + 1 if whole >= 0 else whole, exponent)
    assert round_quotient(tie * denominator, denominator, exponent) == away
    assert in_a_frame(units((2 * whole + 1) * denominator * 5, exponent + 1), denominator, exponent) == away


@given(numerators, denominators, exponents)
def test_rounding_moves_half_a_minor_unit_at_most_and_mirrors(numerator: int, denominator: int, exponent: int) -> None:
    rounded = round_quotient(numerator, denominator, exponent)
    assert abs(Fraction(rounded) - Fraction(numerator, denominator)) <= Fraction(1, 2 * 10**exponent)
    assert round_quotient(-numerator, denominator, exponent) == rounded.copy_negate()


def test_no_context_rounds_a_large_amount() -> None:
    assert round_quotient(10**80 + 1, 1, 2) == Decimal(10**80 + 1)


def test_what_does_not_fit_a_frame_raises() -> None:
    one, wide = pl.lit(1, dtype=pl.Int64), pl.Decimal(38, 0)
    too_large = pl.DataFrame({"n": [Decimal(10**24)], "d": [Decimal(2**63)]}, schema={"n": wide, "d": wide})
    for numerator, denominator in ((pl.col("n"), one), (one, pl.col("d"))):
        with pytest.raises(pl.exceptions.InvalidOperationError):
            too_large.select(round_quotient_expr(numerator, denominator, pl.lit(2)))
    product = pl.col("n").cast(pl.Decimal(38, 10))
    with pytest.raises(pl.exceptions.ComputeError, match="overflow"):
        too_large.select(round_quotient_expr(product * product, one, pl.lit(2)))


def test_a_denominator_of_zero_answers_nothing() -> None:
    assert in_a_frame(Decimal(1), 0, 2) is None
    with pytest.raises(ZeroDivisionError):
        round_quotient(1, 0, 2)


@pytest.mark.parametrize("exponent", [-128, -1, 5, 6, 15, 127])
def test_no_currency_has_such_decimals(exponent: int) -> None:
    schema = {"by": pl.Int64, "one": AMOUNT, "exponent": pl.Int8}
    one = pl.DataFrame([(1, Decimal(1), exponent)], orient="row", schema=schema)
    with pytest.raises(ValueError, match=f"0 to 4 decimals, not {exponent}"):
        round_quotient(1, 1, exponent)
    with pytest.raises(ValueError, match=f"0 to 4 decimals, not {exponent}"):
        distribute(Decimal(1), [1], exponent)
    with pytest.raises(pl.exceptions.InvalidOperationError, match="to `u8` failed"):
        in_a_frame(Decimal(1), 1, exponent)
    with pytest.raises(pl.exceptions.InvalidOperationError, match="to `u8` failed"):
        distribute_frame(one, by="by", total="one", weight="one", out="part")


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("10.00", [1, 1, 1], "3.34 3.33 3.33"),  # equal remainders: the first part first
        ("10.00", [1, 1, 2], "2.50 2.50 5.00"),
        ("0.02", [1, 1, 1, 1], "0.01 0.01 0.00 0.00"),
        ("100.00", [0, 1, 2], "0.00 33.33 66.67"),
        ("-10.00", [1, 1, 1], "-3.34 -3.33 -3.33"),  # the opposite of 10.00
        ("10.00", [3, -1], "15.00 -5.00"),  # a part that takes away
        ("0.01", [3, -1, 3], "0.01 0.00 0.00"),
        ("5.00", [0, 0], "5.00 0.00"),
        ("5.00", [1, -1], "5.00 0.00"),
        ("0.00", [1, 2], "0.00 0.00"),
        ("0.00", [], ""),
    ],
)
def test_sharing_out(total: str, weights: list[int], parts: str) -> None:
    assert " ".join(map(str, distribute(Decimal(total), weights, 2))) == parts


def shared(groups: list[tuple[int, int, list[int]]], scale: int | None) -> list[list[Decimal]]:
    """Groups of (total in minor units, exponent, weights in their last digit) through the frame twin."""
    rows = [(number, units(total, exponent), exponent, weight if scale is None else units(weight, scale))
            for number, (total, exponent, weights) in enumerate(groups) for weight in weights]
    kind = pl.Int64 if scale is None else pl.Decimal(38, scale)
    schema = {"by": pl.Int64, "total": AMOUNT, "exponent": pl.Int8, "weight": kind}
    frame = pl.DataFrame(rows, orient="row", schema=schema)
    out = distribute_frame(frame, by="by", total="total", weight="weight", out="part")
    assert out.columns == [*frame.columns, "part"]
    return [[part for _, part in rows] for _, rows in groupby(out.select("by", "part").iter_rows(), key=lambda r: r[0])]


weights = st.lists(st.integers(-50, 50) | st.integers(-(10**12), 10**12), min_size=1, max_size=40)
totals = st.integers(-(10**15), 10**15) | st.integers(-20, 20)
groups = st.lists(st.tuples(totals, exponents, weights), min_size=1, max_size=4)


@given(groups, st.sampled_from([None, 0, 4, 6]))
def test_parts_sum_to_the_total_and_frames_share_as_scalars_do(
    given_groups: list[tuple[int, int, list[int]]], scale: int | None
) -> None:
    expected = [distribute(units(total, exponent), list(w), exponent) for total, exponent, w in given_groups]
    assert [sum(parts) for parts in expected] == [units(total, exponent) for total, exponent, _ in given_groups]
    assert shared(given_groups, scale) == expected


@given(st.integers(-(10**6), 10**6), weights)
def test_a_credit_is_shared_as_its_invoice_was(minor: int, given_weights: list[int]) -> None:
    parts = distribute(units(minor, 2), given_weights, 2)
    assert distribute(units(-minor, 2), given_weights, 2) == [-part for part in parts]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_no_part_is_a_minor_unit_from_its_exact_share(minor: int, given_weights: list[int]) -> None:
    for part, weight in zip(distribute(units(minor, 2), given_weights, 2), given_weights, strict=True):
        assert abs(Fraction(part) * 100 - Fraction(minor * weight, sum(given_weights))) < 1
        assert weight or not part


@pytest.mark.parametrize(
    ("parts", "rounded"),
    [
        ("0.334 0.333 0.333", "0.34 0.33 0.33"),
        ("0.006 0.006 0.006", "0.01 0.01 0.00"),  # 0.018 is two cents; equal remainders by position
        ("-0.006 -0.006 -0.006", "-0.01 -0.01 0.00"),
        ("190.0057 -190.00", "190.01 -190.00"),
        ("0.009 -0.009", "0.00 0.00"),
        ("0.015 -0.004 -0.004", "0.01 0.00 0.00"),
        ("0.004 -0.009 -0.008", "0.00 -0.01 0.00"),
        ("", ""),
    ],
)
def test_rounding_together(parts: str, rounded: str) -> None:
    exact = [Decimal(part) for part in parts.split()]
    assert " ".join(map(str, apportion(exact, 2))) == rounded
    assert apportioned([(2, exact)]) == ([apportion(exact, 2)] if exact else [])


def apportioned(groups: list[tuple[int, list[Decimal]]]) -> list[list[Decimal]]:
    """Groups of (exponent, exact parts) through the frame twin."""
    rows = [(number, exponent, part) for number, (exponent, parts) in enumerate(groups) for part in parts]
    frame = pl.DataFrame(rows, orient="row", schema={"by": pl.Int64, "exponent": pl.Int8, "exact": RATIO})
    out = apportion_frame(frame, by="by", part="exact", out="part")
    assert out.columns == [*frame.columns, "part"]
    return [[part for _, part in rows] for _, rows in groupby(out.select("by", "part").iter_rows(), key=lambda r: r[0])]


exact_parts = st.lists(st.integers(-(10**30), 10**30) | st.integers(-(10**13), 10**13), min_size=1, max_size=20)


@given(st.lists(st.tuples(exponents, exact_parts), min_size=1, max_size=4))
def test_parts_rounded_together_sum_to_their_rounded_sum(given_groups: list[tuple[int, list[int]]]) -> None:
    exact = [(exponent, [units(part, 14) for part in parts]) for exponent, parts in given_groups]
    expected = [apportion(parts, exponent) for exponent, parts in exact]
    for (exponent, parts), rounded in zip(exact, expected, strict=True):
        assert sum(rounded) == round_quotient(sum(map(Fraction, parts)), 1, exponent)
        for part, given_part in zip(rounded, parts, strict=True):
            assert abs(Fraction(part) - Fraction(given_part)) * 10**exponent < 1
        opposite = [part.copy_negate() for part in parts]  # the minus sign alone would round to 28 digits
        assert apportion(opposite, exponent) == [-part for part in rounded]
    assert apportioned(exact) == expected


def test_sums_beyond_128_bits_raise_and_never_wrap() -> None:
    with pytest.raises(OverflowError, match="cannot be summed exactly"):
        apportioned([(2, [units(10**38 - 1, 14)] * 2)])


def test_ties_go_by_position_in_large_groups_too() -> None:
    parts = distribute(Decimal("5.00"), [1] * 3_000, 2)
    assert parts == [Decimal("0.01")] * 500 + [Decimal(0)] * 2_500
    assert shared([(500, 2, [1] * 3_000)], None) == [parts]


def test_rows_of_a_group_need_not_stand_together() -> None:
    frame = pl.DataFrame({"by": [1, 2, 1, 2, 1], "total": [Decimal(1), Decimal(-1)] * 2 + [Decimal(1)],
                          "exponent": [2] * 5, "weight": [1] * 5}, schema_overrides={"total": AMOUNT})
    out = distribute_frame(frame, by="by", total="total", weight="weight", out="part")
    assert [str(part) for part in out["part"]] == ["0.3400", "-0.5000", "0.3300", "-0.5000", "0.3300"]


def test_a_total_with_parts_of_a_minor_unit_is_not_shared_out() -> None:
    with pytest.raises(ValueError, match="whole number of minor units"):
        distribute(Decimal("0.005"), [1, 1], 2)
    frame = pl.DataFrame({"by": [1], "total": [Decimal("0.005")], "exponent": [2], "weight": [1]})
    with pytest.raises(ValueError, match="whole number of minor units"):
        distribute_frame(frame, by="by", total="total", weight="weight", out="part")


def test_nothing_to_share_to_is_refused() -> None:
    with pytest.raises(ValueError, match="no parts"):
        distribute(Decimal("0.01"), [], 2)


def test_products_beyond_128_bits_raise_and_never_wrap() -> None:
    with pytest.raises(OverflowError, match="exactly"):
        shared([(10**24, 4, [2 * 10**14, 1])], 0)
    assert shared([(10**22, 4, [10**12, 10**12])], 0) == [[units(5 * 10**21, 4)] * 2]


def test_weights_are_exact() -> None:
    frame = pl.DataFrame({"by": [1], "total": [Decimal(1)], "exponent": [2], "weight": [0.5]})
    with pytest.raises(TypeError, match="Float64"):
        distribute_frame(frame, by="by", total="total", weight="weight", out="part")


@given(st.lists(st.integers(-(10**20), 10**20).map(lambda count: units(count, 14)), min_size=1, max_size=6),
       st.integers(1, 2_000_000), st.integers(0, 4))
def test_quotients_are_apportioned_like_their_fractions(parts: list[Decimal], over: int, exponent: int) -> None:
    frame = pl.DataFrame({"part": parts}, schema={"part": RATIO}).with_columns(
        pl.lit(1).alias("by"), pl.lit(over).alias("over"), pl.lit(exponent).alias("exponent"))
    out = apportion_frame(frame, by="by", part="part", over="over", out="out")
    assert out["out"].to_list() == apportion([Fraction(part) / over for part in parts], exponent)
