"""Tax points, and services that cross a change of rate: their parts sum to the line, each at the rate of its days."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.rounding import distribute, round_quotient
from duly.engine.tax import at_rates
from duly.engine.tax_points import at_tax_point, split_at_rates
from tests.engine.frames import MONEY, QUANTITY, RATIO, Defaults, frame

LINE: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "amount": (MONEY, 0), "exponent": (pl.Int8, 2), "numerator": (RATIO, 0),
    "denominator": (pl.Int64, 1), "tax_class": (pl.String, "standard"), "tax_category": (pl.String, "S"),
    "tax_country": (pl.String, "DE"), "service_from": (pl.Date, date(2020, 6, 1)),
    "service_to": (pl.Date, date(2020, 6, 30)), "delivered_on": (pl.Date, None), "paid_on": (pl.Date, None),
    "explanation": (pl.String, ""),
}
RATE: Final[Defaults] = {
    "country": (pl.String, "DE"), "tax_class": (pl.String, "standard"), "rate": (QUANTITY, None),
    "valid_from": (pl.Date, date(2007, 1, 1)), "valid_to": (pl.Date, None),
}
GERMAN: Final = [{"rate": "0.19", "valid_to": "2020-07-01"},
                 {"rate": "0.16", "valid_from": "2020-07-01", "valid_to": "2021-01-01"},
                 {"rate": "0.19", "valid_from": "2021-01-01", "valid_to": "2024-01-01"},
                 {"rate": "0.19", "valid_from": "2024-01-01"}]


def lines(*rows: dict[str, Any]) -> pl.DataFrame:
    told = '[{{"step":"price","times":"{0}"}},{{"step":"round","exponent":2,"amount":"{0}"}}]'
    return frame(LINE, *({"explanation": told.format(row.get("amount", 0))} | row for row in rows))


@pytest.mark.parametrize(("line", "point"), [
    ({}, "2020-06-30"), ({"delivered_on": "2020-07-02"}, "2020-07-02"), ({"paid_on": "2020-06-10"}, "2020-06-10"),
    ({"paid_on": "2020-07-10"}, "2020-06-30"), ({"delivered_on": "2020-05-01", "paid_on": "2020-05-02"}, "2020-05-01"),
])
def test_the_tax_point(line: dict[str, Any], point: str) -> None:
    assert at_tax_point(lines(line))["tax_point"].to_list() == [date.fromisoformat(point)]
    assert at_tax_point(lines({}).drop("paid_on", "delivered_on"))["tax_point"].to_list() == [date(2020, 6, 30)]


def test_a_year_of_three_rates() -> None:
    year = {"amount": "1200", "service_from": "2020-01-01", "service_to": "2021-06-30"}
    parts = at_rates(at_tax_point(split_at_rates(lines(year), frame(RATE, *GERMAN))), frame(RATE, *GERMAN))
    shown = [(f"{row['service_from']}", f"{row['service_to']}", f"{row['amount']:.2f}", f"{row['tax_rate']:.2f}")
             for row in parts.to_dicts()]
    assert shown == [("2020-01-01", "2020-06-30", "399.27", "0.19"), ("2020-07-01", "2020-12-31", "403.66", "0.16"),
                     ("2021-01-01", "2021-06-30", "397.07", "0.19")]
    assert parts["tax_part"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(("start", "end", "days"), [
    ("2020-06-30", "2020-07-01", [1, 1]), ("2020-06-01", "2020-07-01", [30, 1]), ("2020-06-30", "2020-07-30", [1, 30]),
])
def test_a_service_that_ends_or_begins_beside_the_change_is_split_there(start: str, end: str, days: list[int]) -> None:
    split = split_at_rates(lines({"amount": sum(days), "service_from": start, "service_to": end}),
                           frame(RATE, *GERMAN))
    assert split["amount"].to_list() == days


@pytest.mark.parametrize("line", [
    {}, {"service_to": "2020-07-01", "tax_category": "AE"}, {"service_to": "2020-07-01", "tax_country": "AT"},
    {"service_from": "2020-07-01", "service_to": "2020-07-31"},
    {"service_to": "2020-08-01", "delivered_on": "2020-08-01"},
    {"service_from": "2006-12-01", "service_to": "2007-01-31"},
    {"service_from": "2023-12-01", "service_to": "2024-01-31"},
])
def test_what_is_not_split(line: dict[str, Any]) -> None:
    given_line = lines({"amount": 100} | line)
    split = split_at_rates(given_line, frame(RATE, *GERMAN))
    assert split.drop("tax_part").rows() == given_line.rows()
    assert split["tax_part"].to_list() == [1]


days = st.integers(0, 800).map(lambda n: date(2020, 1, 1) + timedelta(days=n))


@given(st.lists(st.tuples(st.integers(-(10**8), 10**8), days, st.integers(0, 700)), max_size=5))
def test_parts_sum_to_their_line_by_days(spans: list[tuple[int, date, int]]) -> None:
    given_lines: list[dict[str, Any]] = [{"document_key": key, "amount": Decimal(f"{cents}e-2"), "service_from": start,
                    "service_to": start + timedelta(days=more)} for key, (cents, start, more) in enumerate(spans)]
    split = split_at_rates(lines(*given_lines), frame(RATE, *GERMAN))
    for line in given_lines:
        parts = split.filter(document_key=line["document_key"]).to_dicts()
        lengths = [(part["service_to"] - part["service_from"]).days + 1 for part in parts]
        assert [part["amount"] for part in parts] == distribute(line["amount"], lengths, 2)
        assert [replay(part["explanation"]) for part in parts] == [part["amount"] for part in parts]
        assert sum(lengths) == (line["service_to"] - line["service_from"]).days + 1
        for part, length in zip(parts, lengths, strict=True):
            exact = Fraction(line["amount"]) * length / sum(lengths)
            if len(parts) > 1:
                assert Fraction(part["numerator"]) / part["denominator"] == exact
            assert abs(part["amount"] - round_quotient(exact, 1, 2)) <= Decimal("0.01")
            change = date(2020, 7, 1), date(2021, 1, 1)
            assert not any(part["service_from"] < day <= part["service_to"] for day in change)
