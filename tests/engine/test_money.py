"""Money: whole minor units of one currency."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.currencies import exponent
from duly.engine.money import Money

cents = st.integers(-(10**18 // 4), 10**18 // 4).map(lambda n: Decimal(f"{n}e-2"))
"""Amounts of which three can be added up."""


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("JPY", 0), ("EUR", 2), ("USD", 2), ("KWD", 3), ("CLF", 4), ("HUF", 2), ("ISK", 0)],  # CLDR differs for HUF
)
def test_minor_units_are_those_of_iso_4217(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["", "EURO", "eur", "978", "XXX", "XAU", "ZZZ"])
def test_what_has_no_minor_units_is_no_currency_here(code: str) -> None:
    with pytest.raises(ValueError, match=f"“{code}” is no ISO 4217 currency"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "printed"),
    [("1", "EUR", "1.00 EUR"), ("1.10", "EUR", "1.10 EUR"), ("-3", "JPY", "-3 JPY"), ("0.005", "KWD", "0.005 KWD"),
     ("1E+3", "JPY", "1000 JPY")],
)
def test_printed_with_its_decimals(amount: str, currency: str, printed: str) -> None:
    assert str(Money(Decimal(amount), currency)) == printed


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.005", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("Infinity", "EUR")]
)
def test_parts_of_a_minor_unit_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="not a whole number of minor units"):
        Money(Decimal(amount), currency)


@pytest.mark.parametrize("amount", ["1e16", "-1e16", "1e400", "10000000000000000.01"])
def test_more_than_a_column_holds_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amounts are below 10¹⁶"):
        Money(Decimal(amount), "EUR")


def test_the_largest_amount_holds_and_a_sum_beyond_it_does_not() -> None:
    largest = Money(Decimal("9999999999999999.99"), "EUR")
    assert str(-largest) == "-9999999999999999.99 EUR"
    with pytest.raises(ValueError, match="amounts are below 10¹⁶"):
        largest + Money(Decimal("0.01"), "EUR")


@pytest.mark.parametrize("amount", [1, 1.5, "1.00", None])
def test_only_decimals_are_money(amount: Any) -> None:
    with pytest.raises(TypeError, match="made of a Decimal"):
        Money(amount, "EUR")


def test_currencies_never_mix() -> None:
    euro, dollar = Money(Decimal(1), "EUR"), Money(Decimal(1), "USD")
    assert euro != dollar
    for mixed in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro >= dollar):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()


@given(cents, cents)
def test_sums_are_exact(one: Decimal, other: Decimal) -> None:
    a, b = Money(one, "EUR"), Money(other, "EUR")
    assert (a + b) - b == a
    assert b + -b == Money(Decimal(0), "EUR")
    assert (a <= b) == (one <= other)
    assert (a > b) == (one > other)
