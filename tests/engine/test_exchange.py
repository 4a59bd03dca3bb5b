"""Exchange rates crossed through a third currency: exact quotients, rounded once."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.exchange import CrossRate, cross_rates, round_rate

DAY = date(2026, 10, 30)
QUOTED = {DAY: {"USD": Decimal("1.1172"), "JPY": Decimal("175.68"), "CHF": Decimal("0.9194")}}


@pytest.mark.parametrize(("base", "quote", "rate", "crossed"), [
    ("EUR", "USD", "1.1172", "direct"),
    ("USD", "EUR", "0.8950948801", "inverted"),  # 1 ÷ 1.1172 = 0.89509488005…
    ("JPY", "EUR", "0.0056921676", "inverted"),
    ("USD", "CHF", "0.8229502327", "crossed"),  # 0.9194 ÷ 1.1172
    ("JPY", "CHF", "0.0052333789", "crossed"),
])
def test_a_pair(base: str, quote: str, rate: str, crossed: str) -> None:
    found = [one for one in cross_rates(QUOTED, "EUR", [quote]) if one.base == base]
    assert found == [CrossRate(base, quote, Decimal(rate), DAY, crossed)]


def test_only_what_is_asked_for_on_days_that_quote_both() -> None:
    quoted = {date(2026, 10, 29): {"USD": Decimal("1.1")}, **QUOTED}
    found = [(one.valid_from, one.base) for one in cross_rates(quoted, "EUR", ["CHF", "XQX"], ["USD", "EUR"])]
    assert found == [(DAY, "EUR"), (DAY, "USD")]


def test_a_rate_of_nothing_is_left_out() -> None:
    assert not [*cross_rates({DAY: {"TRL": Decimal(10) ** 11}}, "EUR", ["EUR"])]


positive = st.integers(1, 10**14).map(lambda n: Decimal(f"{n}e-6"))


@given(positive, positive)
def test_a_rate_is_the_nearest_of_ten_decimals(numerator: Decimal, denominator: Decimal) -> None:
    rate, exact = round_rate(numerator, denominator), Fraction(numerator) / Fraction(denominator)
    assert rate == round(rate, 10)
    assert abs(Fraction(rate) - exact) <= Fraction(1, 2 * 10**10)
