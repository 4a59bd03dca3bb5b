"""Work that cannot be priced: named with a remedy, beside the rest; what no price can come of raises."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from duly.engine.pricing import price
from duly.engine.rounding import round_quotient
from tests.engine.frames import nothing_due, rates, work

Rows = list[dict[str, Any]]

FOREIGN: dict[str, Any] = {"kind": "expense", "amount": 10, "cost_currency": "CHF"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"person": "Ada", "rate_card_id": 2}, "no rate for Ada on 5 Oct 2026; add one to the rate card."),
        ({"person": None, "rate_card_id": None},
         "no rate for this person on 5 Oct 2026; add one to the rate card."),
        ({"person": "Ada", "quantity": "1800.5"},
         "Ada's time on 5 Oct 2026 is 1800.5 seconds; correct it to whole seconds."),
        (FOREIGN, "no exchange rate from CHF to EUR on 5 Oct 2026; add one."),
        (FOREIGN | {"exchange_rate": "1.00000000001"},
         "the exchange rate from CHF to EUR on 5 Oct 2026 has more than 10 decimals; correct it."),
        (FOREIGN | {"amount": None}, "an expense on 5 Oct 2026 has no amount; record what it cost."),
        ({"kind": "expense", "amount": "1e14"},
         "an expense on 5 Oct 2026 comes to 10¹⁴ EUR or more; correct its cost, mark-up or exchange rate."),
        (FOREIGN | {"amount": "-9e15", "markup": "9e11", "exchange_rate": "9e9"},
         "an expense on 5 Oct 2026 comes to 10¹⁴ EUR or more; correct its cost, mark-up or exchange rate."),
    ],
)
def test_what_has_no_price_is_a_problem_with_words_and_holds_nothing_up(row: dict[str, Any], says: str) -> None:
    good: Rows = [{"quantity": 3_600}, {"kind": "expense", "amount": 10},
                  FOREIGN | {"exchange_rate": "0.9", "markup": "0.1"}]
    priced = price(work(row, *good), nothing_due(), rates({"price": 95}))
    assert priced.problems.select("work_id", "text").rows() == [(1, says)]
    assert priced.lines["amount"].to_list() == [Decimal("95"), Decimal("9.90"), Decimal("10")]


@pytest.mark.parametrize(
    ("cost", "markup", "rate", "amount"),
    [
        ("99999999999999.99", "0", None, "99999999999999.99"),
        ("-99999999999999.99", "0", None, "-99999999999999.99"),
        ("9999999999.99", "9999", "1", "99999999999900.00"),
        ("10000", "0", "9999999999.9999999999", "99999999999999.999999"),
        ("9999999999999999.99", "-1", "9999999999.9999999999", "0"),
        ("9999999999999999.99", "-0.99", "0.0000000001", "9999.99999999999999"),
    ],
)
def test_the_largest_expenses_are_exact(cost: str, markup: str, rate: str | None, amount: str) -> None:
    row = {"kind": "expense", "amount": cost, "markup": markup, "exchange_rate": rate,
           "cost_currency": None if rate is None else "CHF"}
    [line] = price(work(row), nothing_due(), rates()).lines.to_dicts()
    assert Fraction(line["numerator"]) / line["denominator"] == Fraction(amount)
    assert line["amount"] == round_quotient(Fraction(amount), 1, 2)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"kind": "usage"}, "work of another kind"),
        ({"kind": "milestone", "amount": None}, "terms 1 of charge 1 (milestone) give no amount"),
        ({"rounding": "up", "increment_seconds": 0}, "terms 1 of charge 1 (time) give no billed"),
    ],
)
def test_terms_that_give_no_price_raise(row: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        price(work(row), nothing_due(), rates({"price": 95}))
