"""Late use: what it changes, so that both lines together are the period as if nothing had been late."""

from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.late import late_lines
from duly.engine.pricing.lines import QUANTITY
from duly.engine.pricing.metered import price_metered
from tests.engine.frames import metered, tiers

LADDER: list[dict[str, Any]] = [{"above": 0, "up_to": 1000, "price": "0.10"}, {"above": 1000, "price": "0.05"}]


def charge(quantity: int, late: int, **terms: Any) -> pl.DataFrame:
    late_quantity = pl.lit(Decimal(late)).cast(QUANTITY).alias("late_quantity")
    return metered({"quantity": quantity, "model": "graduated", **terms}).with_columns(late_quantity)


@given(st.integers(0, 3000), st.integers(-500, 3000), st.sampled_from(["graduated", "volume"]),
       st.none() | st.integers(0, 200))
def test_both_lines_are_the_whole_period(quantity: int, late: int, model: str, minimum: int | None) -> None:
    late = max(late, -quantity)
    given_charge = charge(quantity, late, model=model, minimum=minimum)
    found = late_lines(given_charge, tiers(*LADDER))
    whole, billed = (sum(price_metered(metered({"quantity": amount, "model": model, "minimum": minimum}),
                                       tiers(*LADDER))["amount"], Decimal(0)) for amount in (quantity + late, quantity))
    assert found["amount"].to_list() == ([whole - billed] if whole != billed else [])
    assert [replay(line["explanation"]) for line in found.to_dicts()] == found["amount"].to_list()


def test_late_calls_come_at_the_price_of_the_tier_that_the_period_has_reached() -> None:
    (line,) = late_lines(charge(900, 200), tiers(*LADDER)).to_dicts()
    assert (line["kind"], line["description"], line["amount"]) == ("late_usage", "Calls", Decimal(15))  # 10 + 5
    assert '"step":"late","quantity":"900","late":"200"' in line["explanation"]


def test_what_a_minimum_has_paid_for_already_is_not_billed_again() -> None:
    assert late_lines(charge(100, 50, minimum=20), tiers(*LADDER)).is_empty()
