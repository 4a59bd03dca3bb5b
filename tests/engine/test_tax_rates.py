"""The seeded VAT rates: known days, no two rates on one day, and nothing that the Commission's data does not have."""

import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final

import polars as pl
import pytest

from duly.engine.tax import EU_COUNTRIES
from duly.engine.tax_rates import AS_OF, seeded_rates

RATES: Final = seeded_rates()
BY_CLASS: Final = ["country", "tax_class"]


def rate_on(country: str, tax_class: str, day: str) -> Decimal | None:
    on = pl.lit(date.fromisoformat(day))
    found = RATES.filter((pl.col("country") == country) & (pl.col("tax_class") == tax_class) & (
        pl.col("valid_from") <= on) & (pl.col("valid_to").is_null() | (on < pl.col("valid_to"))))
    return found["rate"].item() * 100 if found.height else None


@pytest.mark.parametrize(("country", "tax_class", "day", "percent"), [
    ("DE", "standard", "2006-12-31", "16"), ("DE", "standard", "2007-01-01", "19"),
    ("DE", "standard", "2020-06-30", "19"), ("DE", "standard", "2020-07-01", "16"),
    ("DE", "standard", "2020-12-31", "16"), ("DE", "standard", "2021-01-01", "19"),
    ("DE", "reduced", "2020-07-01", "5"), ("DE", "reduced", "2026-01-01", "7"),
    ("EE", "standard", "2025-06-30", "22"), ("EE", "standard", "2025-07-01", "24"),
    ("SK", "standard", "2024-12-31", "20"), ("SK", "standard", "2025-01-01", "23"),
    ("FI", "standard", "2024-08-31", "24"), ("FI", "standard", "2024-09-01", "25.5"),
    ("RO", "standard", "2025-07-31", "19"), ("RO", "standard", "2025-08-01", "21"),
    ("RO", "reduced_2", "2025-07-31", "5"), ("RO", "reduced_2", "2025-08-01", None),
    ("IE", "standard", "2020-09-01", "21"), ("LU", "standard", "2023-06-30", "16"),
    ("CZ", "reduced", "2024-01-01", "12"), ("HR", "standard", "2013-06-30", None),
    ("DK", "reduced", "2026-01-01", None),
    ("GB", "standard", "2011-01-03", "17.5"), ("GB", "standard", "2011-01-04", "20"),
])
def test_rates_on_days(country: str, tax_class: str, day: str, percent: str | None) -> None:
    assert rate_on(country, tax_class, day) == (None if percent is None else Decimal(percent))


def test_no_day_has_two_rates_and_every_change_changes() -> None:
    ordered = RATES.sort(*BY_CLASS, "valid_from").with_columns(
        pl.col("valid_to", "rate").shift().over(BY_CLASS).name.prefix("before_"))
    later = ordered.filter(pl.col("valid_from") != pl.col("valid_from").first().over(BY_CLASS))
    assert later.filter(pl.col("before_valid_to") > pl.col("valid_from")).is_empty()
    assert later.filter(pl.col("before_rate") == pl.col("rate")).is_empty()
    assert RATES.filter((pl.col("rate") <= 0) | (pl.col("rate") > Decimal("0.27"))).is_empty()
    assert set(RATES["country"]) == {*EU_COUNTRIES, "GB"} == set(RATES.filter(tax_class="standard")["country"])
    assert RATES["source"].str.contains(f"as of {AS_OF}").all()


def test_the_rates_of_today_are_those_of_the_commissions_database() -> None:
    text = (files("eu_vat_rates_data") / "eu_vat_rates_data.json").read_text(encoding="utf-8")
    published: dict[str, dict[str, Any]] = json.loads(text, parse_float=Decimal)["rates"]
    for country, tax_class, rate in RATES.filter(pl.col("valid_to").is_null()).select(*BY_CLASS, "rate").iter_rows():
        theirs = published[country]
        if tax_class == "standard":
            assert rate * 100 == theirs["standard"]
        else:
            assert rate * 100 in [*theirs["reduced"], theirs["super_reduced"], theirs["parking"]]
