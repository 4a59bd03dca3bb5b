"""Trials, ramps and phases: every day at the price of its phase."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import due_spans
from duly.engine.pricing.phases import STEP, phased, with_trials
from tests.engine.frames import PRICE, QUANTITY, Defaults, billed, charges, frame

STEPS: Defaults = {"terms_id": (pl.Int64, 1), "step_from": (pl.Date, None), "price": (PRICE, None),
                   "quantity": (QUANTITY, None)}
TRIALS: Defaults = {"charge_id": (pl.Int64, 1), "trial_days": (pl.Int64, None), "trial_until": (pl.Date, None),
                    "price": (PRICE, None)}


def terms(found: pl.DataFrame) -> list[str]:
    rows = found.sort("charge_id", "terms_from").select("terms_from", "terms_to", "price", "quantity").iter_rows()
    return [f"{start}..{end or ''} {price.normalize():f} × {quantity.normalize():f}"
            for start, end, price, quantity in rows]


def test_a_ramp_of_seats_and_then_of_the_price() -> None:
    steps = frame(STEPS, {"step_from": "2026-04-01", "quantity": 20}, {"step_from": "2026-07-01", "price": 90},
                  {"step_from": "2027-01-01", "price": 80, "quantity": 30})
    assert dict(steps.schema) == STEP
    assert terms(phased(charges({"quantity": 10}), steps)) == [
        "2026-01-01..2026-04-01 100 × 10", "2026-04-01..2026-07-01 100 × 20", "2026-07-01..2027-01-01 90 × 20",
        "2027-01-01.. 80 × 30"]


def test_steps_are_of_their_terms_only() -> None:
    versions = charges({"terms_to": "2026-06-01"}, {"terms_id": 2, "terms_from": "2026-06-01", "price": 70})
    steps = frame(STEPS, {"step_from": "2025-06-01", "price": 50}, {"step_from": "2026-06-01", "price": 1},
                  {"terms_id": 9, "step_from": "2026-02-01", "price": 2})
    assert terms(phased(versions, steps)) == ["2026-01-01..2026-06-01 50 × 1", "2026-06-01.. 70 × 1"]
    assert phased(versions, steps.clear()).rows() == versions.rows()


def test_a_trial_is_free_or_at_its_price() -> None:
    free = with_trials(charges({}), frame(TRIALS, {"trial_days": 14}))
    assert terms(free) == ["2026-01-15.. 100 × 1"]
    cheap = with_trials(charges({}), frame(TRIALS, {"trial_until": "2026-02-01", "price": 1}))
    assert terms(cheap) == ["2026-01-01..2026-02-01 1 × 1", "2026-02-01.. 100 × 1"]
    assert terms(with_trials(charges({"charge_id": 2}), frame(TRIALS, {"trial_days": 14}))) == ["2026-01-01.. 100 × 1"]
    over = charges({"terms_to": "2026-01-10"}, {"terms_from": "2026-01-10", "price": 70})
    assert terms(with_trials(over, frame(TRIALS, {"trial_days": 14}))) == ["2026-01-15.. 70 × 1"]


days = st.integers(0, 400).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
prices = st.integers(0, 500).map(Decimal)


@given(st.lists(st.tuples(days, st.none() | prices, st.none() | prices), max_size=4, unique_by=lambda step: step[0]),
       st.integers(0, 90), st.none() | prices)
def test_every_day_has_the_price_of_its_phase(plan: list[tuple[date, Decimal | None, Decimal | None]], trial: int,
                                              trial_price: Decimal | None) -> None:
    steps: list[dict[str, Any]] = [
        {"step_from": day, "price": price, "quantity": quantity} for day, price, quantity in plan]
    planned = with_trials(phased(charges({}), frame(STEPS, *steps)),
                          frame(TRIALS, {"trial_days": trial, "price": trial_price}))
    spans = due_spans(planned, billed(), date(2027, 6, 1))
    billed_days = {span["span_from"] + timedelta(days=n): (span["price"], span["quantity"])
                   for span in spans.to_dicts() for n in range((span["span_to"] - span["span_from"]).days)}
    price, quantity, expected = Decimal(100), Decimal(1), {}
    for n in range(500):
        day = date(2026, 1, 1) + timedelta(days=n)
        for begins, new_price, new_quantity in plan:
            if begins == day:
                price = price if new_price is None else new_price
                quantity = quantity if new_quantity is None else new_quantity
        if n >= trial:
            expected[day] = (price, quantity)
        elif trial_price is not None:
            expected[day] = (trial_price, quantity)
    assert {day: value for day, value in billed_days.items() if day in expected} == expected
    assert min(billed_days) == min(expected)
