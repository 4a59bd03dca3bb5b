"""Limits of expenses: which one an expense has, and that it bounds the exact quotient and nothing else."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from duly.engine.pricing import price, replay
from duly.engine.pricing.items import LIMIT, with_limits
from tests.engine.frames import nothing_due, rates, work


def limits(*rows: tuple[int, str, str]) -> pl.DataFrame:
    given = [(terms, category, Decimal(most)) for terms, category, most in rows]
    return pl.DataFrame(given, schema=LIMIT, orient="row")


def held(row: dict[str, Any], *given: tuple[int, str, str]) -> list[Decimal | None]:
    return with_limits(work(row).drop("at_most"), limits(*given))["at_most"].to_list()


@pytest.mark.parametrize(("task", "category"), [
    ("hotel", "Hotel"), (" hotel", "HOTEL "), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_categories_match_whatever_their_case(task: str, category: str) -> None:
    assert held({"task": task}, (1, category, "150")) == [150]


def test_other_categories_and_other_terms_have_no_limit() -> None:
    assert held({"task": "taxi"}, (1, "hotel", "150")) == [None]
    assert held({"task": None}, (1, "hotel", "150")) == [None]
    assert held({"task": "hotel", "terms_id": 2}, (1, "hotel", "150")) == [None]
    assert held({"task": "hotel"}) == [None]


def test_of_two_that_are_one_the_lower_holds_and_nothing_is_doubled() -> None:
    assert held({"task": "hotel"}, (1, "hotel", "150"), (1, "HOTEL", "90")) == [90]


def test_the_order_of_work_stays() -> None:
    items = work({"task": "b"}, {"task": "a"}, {"task": "b"}, {"task": None})
    found = with_limits(items, limits((1, "a", "1"), (1, "b", "2")))
    assert found["work_id"].to_list() == items["work_id"].to_list()
    assert found["at_most"].to_list() == [2, 1, 2, None]


def test_the_line_and_its_work_come_to_the_limit_and_say_so() -> None:
    priced = price(work({"kind": "expense", "amount": 180, "task": " Hotel ", "markup": "0.05", "at_most": 150}),
                   nothing_due(), rates())
    [line], [share] = priced.lines.to_dicts(), priced.allocations.to_dicts()
    assert (line["quantity"], line["unit_price"], line["amount"], share["amount"]) == (1, 150, 150, 150)
    assert (share["quantity"], share["billed_quantity"]) == (1, 1), "nothing of it stays unbilled"
    assert Decimal(line["numerator"]) / line["denominator"] == 150
    rows = json.loads(line["explanation"])
    assert rows[-2] == {"step": "maximum", "at_most": "150", "category": "Hotel"}
    assert replay(rows) == 150


@pytest.mark.parametrize(("amount", "at_most", "billed"), [
    ("150", "150", "150"), ("150.01", "150", "150"), ("-180", "150", "-180"), ("0", "150", "0"),
    ("99999999999999.99", "99999999999999.98", "99999999999999.98"),
    ("99999999999999.99", "1e14", "99999999999999.99"), ("99999999999999.99", "9.99e15", "99999999999999.99"),
])
def test_what_is_within_the_limit_is_left_alone(amount: str, at_most: str, billed: str) -> None:
    row = {"kind": "expense", "amount": amount, "task": "hotel", "at_most": at_most, "cost_currency": "CHF",
           "exchange_rate": "1"}
    [line] = price(work(row), nothing_due(), rates()).lines.to_dicts()
    assert line["amount"] == Decimal(billed)
    assert ("maximum" in line["explanation"]) == (Decimal(billed) != Decimal(amount))


def test_work_without_the_column_has_no_limit() -> None:
    item = work({"kind": "expense", "amount": 180, "task": "hotel"}).drop("at_most")
    assert price(item, nothing_due(), rates()).lines["amount"].to_list() == [180]
