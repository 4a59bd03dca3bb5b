"""Charges by measure: each model against a plain loop of its rule, and that the rows told come to the amount."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.balances import days_30_360
from duly.engine.pricing.metered import price_metered
from duly.engine.rounding import round_quotient
from tests.engine.frames import balances, metered, tiers, transactions

quantities = st.integers(0, 10**10).map(lambda n: Decimal(f"{n}e-6")) | st.integers(0, 3000).map(Decimal)
prices = st.integers(0, 10**11).map(lambda n: Decimal(f"{n}e-8"))
amounts = st.integers(0, 10**7).map(lambda n: Decimal(f"{n}e-2"))
rates = st.integers(0, 10**6).map(lambda n: Decimal(f"{n}e-6"))


@st.composite
def ladders(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Tiers from zero without a gap, the last open."""
    bounds = sorted(draw(st.sets(quantities.filter(bool), max_size=4)))
    return [{"above": low, "up_to": high, "price": draw(prices), "flat": draw(prices | st.just(Decimal(0)))}
            for low, high in zip([Decimal(0), *bounds], [*bounds, None], strict=True)]


def graduated(quantity: Fraction, ladder: list[dict[str, Any]]) -> Fraction:
    total = Fraction(0)
    for tier in ladder:
        if quantity > tier["above"]:
            end = quantity if tier["up_to"] is None else min(quantity, Fraction(tier["up_to"]))
            total += (end - Fraction(tier["above"])) * Fraction(tier["price"]) + Fraction(tier["flat"])
    return total


def fell_in(quantity: Fraction, ladder: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((tier for tier in ladder if tier["above"] < quantity
                 and (tier["up_to"] is None or quantity <= tier["up_to"])), None)


def volume(quantity: Fraction, ladder: list[dict[str, Any]]) -> Fraction:
    tier = fell_in(quantity, ladder)
    return quantity * Fraction(tier["price"]) + Fraction(tier["flat"]) if tier else Fraction(0)


def stair_step(quantity: Fraction, ladder: list[dict[str, Any]]) -> Fraction:
    tier = fell_in(quantity, ladder)
    return Fraction(tier["flat"]) if tier else Fraction(0)


RULES = {"graduated": graduated, "volume": volume, "stair_step": stair_step}


def told(lines: pl.DataFrame) -> list[Decimal]:
    """The amounts, of which each follows again from what its line says."""
    for line in lines.to_dicts():
        assert replay(line["explanation"]) == line["amount"]
    return lines["amount"].to_list()


@given(st.sampled_from(sorted(RULES)), quantities, quantities, ladders(), st.sampled_from([0, 2, 3]))
def test_tiers(model: str, quantity: Decimal, included: Decimal, ladder: list[dict[str, Any]], exponent: int) -> None:
    charge = {"model": model, "quantity": quantity, "included": included, "exponent": exponent}
    lines = price_metered(metered(charge), tiers(*ladder))
    beyond = Fraction(max(quantity - included, Decimal(0)))
    assert told(lines) == [round_quotient(RULES[model](beyond, ladder), 1, exponent)]


@given(quantities, quantities, prices, st.integers(1, 10**8).map(lambda n: Decimal(f"{n}e-6")))
def test_units_and_packages(quantity: Decimal, free: Decimal, price: Decimal, size: Decimal) -> None:
    charge = {"quantity": quantity, "included": free, "price": price, "package_size": size}
    lines = price_metered(metered(charge, charge | {"model": "package"}), tiers())
    beyond = Fraction(max(quantity - free, Decimal(0)))
    packages = -(-beyond // Fraction(size))
    assert told(lines.sort("part")) == [round_quotient(beyond * Fraction(price), 1, 2),
                                        round_quotient(packages * Fraction(price), 1, 2)]


def fee(amount: Fraction, terms: dict[str, Any]) -> Fraction:
    taken = amount * Fraction(terms["rate"]) + Fraction(terms["fixed"])
    if terms["minimum_fee"] is not None:
        taken = max(taken, Fraction(terms["minimum_fee"]))
    return taken if terms["maximum_fee"] is None else min(taken, Fraction(terms["maximum_fee"]))


def percentage(given_amounts: list[Decimal], terms: dict[str, Any]) -> Fraction:
    free, total = Fraction(terms["free_amount"]), Fraction(0)
    for amount in map(Fraction, given_amounts[terms["free_count"]:]):
        taken = min(free, amount)
        if free == 0 or amount > taken:
            total += fee(amount - taken, terms)
        free -= taken
    return total


@given(st.lists(amounts, max_size=8), st.fixed_dictionaries({
    "rate": rates, "fixed": amounts | st.just(Decimal(0)), "minimum_fee": st.none() | amounts,
    "maximum_fee": st.none() | amounts, "free_count": st.integers(0, 3),
    "free_amount": amounts | st.just(Decimal(0))}))
def test_percentages(moved: list[Decimal], terms: dict[str, Any]) -> None:
    lines = price_metered(metered({"kind": "percentage", "model": "percentage"} | terms), tiers(),
                          transactions(*({"amount": amount} for amount in moved)))
    assert told(lines) == [round_quotient(percentage(moved, terms), 1, 2)]


@given(st.lists(st.tuples(st.integers(1, 20), amounts), min_size=1, max_size=6), ladders(),
       st.sampled_from(["average", "closing"]), st.sampled_from(["act_365", "act_360", "30_360"]))
def test_balance_fees(held: list[tuple[int, Decimal]], ladder: list[dict[str, Any]], basis: str, count: str) -> None:
    ladder = [tier | {"flat": Decimal(0)} for tier in ladder]
    start, rows = date(2026, 1, 15), []
    day = start
    for days, amount in held:
        rows.append({"from_day": day, "to_day": day + timedelta(days=days), "balance": amount})
        day += timedelta(days=days)
    length = (day - start).days
    months = (day.year - start.year) * 12 + day.month - start.month
    thirty = months * 30 + min(day.day, 30) - min(start.day, 30)
    base = Fraction(held[-1][1]) if basis == "closing" else sum(
        (Fraction(amount) * days for days, amount in held), Fraction(0)) / length
    fraction = {"act_365": Fraction(length, 365), "act_360": Fraction(length, 360), "30_360": Fraction(thirty, 360)}
    charge = {"kind": "balance", "model": "balance", "basis": basis, "day_count": count, "span_from": start,
              "span_to": day}
    lines = price_metered(metered(charge), tiers(*ladder), balances=balances(*rows))
    assert told(lines) == [round_quotient(graduated(base, ladder) * fraction[count], 1, 2)]


@pytest.mark.parametrize(("start", "end", "days"), [
    (date(2026, 1, 31), date(2026, 3, 1), 31), (date(2026, 2, 28), date(2026, 3, 31), 32),
    (date(2026, 1, 1), date(2027, 1, 1), 360), (date(2026, 1, 30), date(2026, 1, 31), 0),
])
def test_months_of_thirty_days(start: date, end: date, days: int) -> None:
    assert pl.select(days_30_360(pl.lit(start), pl.lit(end))).item() == days


@given(quantities, prices, st.none() | amounts, st.none() | amounts, st.integers(1, 31))
def test_a_period_has_a_minimum_and_a_maximum(quantity: Decimal, price: Decimal, least: Decimal | None,
                                              most: Decimal | None, days: int) -> None:
    charge = {"quantity": quantity, "price": price, "minimum": least, "maximum": most, "days": days}
    lines = price_metered(metered(charge), tiers())
    plain = round_quotient(Fraction(quantity) * Fraction(price), 1, 2)
    most_here = plain if most is None else round_quotient(Fraction(most) * days, 31, 2)
    least_here = Decimal(0) if least is None else round_quotient(Fraction(least) * days, 31, 2)
    amount = min(plain, most_here)
    assert told(lines) == [amount, *([least_here - amount] if least_here > amount else [])]
    assert lines["kind"].to_list() == ["usage", "true_up"][: lines.height]


def test_seats_by_tiers_for_a_part_of_the_month() -> None:
    charge = {"kind": "recurring", "model": "graduated", "quantity": 25, "days": 10}
    ladder: list[dict[str, Any]] = [{"above": 0, "up_to": 10, "price": 12}, {"above": 10, "up_to": None, "price": 9}]
    assert told(price_metered(metered(charge), tiers(*ladder))) == [Decimal("82.26")]  # (120 + 135) × 10 ÷ 31
