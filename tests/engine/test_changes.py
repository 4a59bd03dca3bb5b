"""Changes, ends and pauses of what is billed already: laws, and what an account manager asks before promising one."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.periods import INTERVALS, Period, period_containing
from duly.engine.pricing import due_spans, replay
from duly.engine.pricing.changes import Change, changed, ended
from duly.engine.pricing.fixed import price_fixed
from duly.engine.pricing.proration import DIVISIBLE, units
from duly.engine.pricing.unused import PREPAID, Settled, settle
from tests.engine.frames import CHARGES, Defaults, frame
from tests.engine.test_proration import PAUSES

TIMED: Final[Defaults] = dict(CHARGES) | {"timezone": (pl.String, "Europe/Berlin"), "proration_down": (pl.String, None)}
NOTHING: Final = pl.DataFrame(schema=PREPAID)


def priced(due: pl.DataFrame, since: int = 0) -> pl.DataFrame:
    """Lines that are due, as they stand once billed at German tax; ids count on from `since`."""
    lines, spans = price_fixed(due)
    assert [replay(line["explanation"]) for line in lines.to_dicts()] == lines["amount"].to_list()
    together = lines.join(spans.drop("charge_id"), on="part")
    return together.with_columns(
        (pl.col("part") + since).alias("line_id"), pl.lit("S").alias("tax_category"),
        pl.lit(Decimal("0.19")).alias("tax_rate")).select(pl.col(name).cast(kind) for name, kind in PREPAID.items())


def bill(charges: pl.DataFrame, through: date) -> pl.DataFrame:
    return priced(due_spans(charges, pl.DataFrame(schema={
        "charge_id": pl.Int64, "span_from": pl.Date, "span_to": pl.Date}), through))


def credited(found: Settled) -> list[Decimal]:
    """The credits, of which each follows again from what it says."""
    for credit in found.credits.to_dicts():
        assert replay(credit["explanation"]) == credit["amount"] <= 0
        assert (credit["tax_category"], credit["tax_rate"]) == ("S", Decimal("0.19"))
    return found.credits["amount"].to_list()


FIRST: Final = date(2026, 1, 1)
days = st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n))
prices = st.integers(0, 10**6).map(lambda n: Decimal(f"{n}e-2"))
quantities = st.integers(1, 20).map(Decimal)
rhythms = st.fixed_dictionaries({
    "interval": st.sampled_from(INTERVALS), "interval_count": st.integers(1, 3),
    "alignment": st.sampled_from(["calendar", "anchored"]), "anchor": days})
steps = st.lists(st.tuples(days, st.fixed_dictionaries({}, optional={"price": prices, "quantity": quantities}),
                           st.sampled_from([None, True, False])), max_size=4)


def cost(charges: pl.DataFrame, spans: list[tuple[int, date, date]]) -> Fraction:
    """What the days of terms cost, exactly, each at its share of its period."""
    total, by_terms = Fraction(0), {row["terms_id"]: row for row in charges.to_dicts()}
    for terms_id, start, end in spans:
        terms = by_terms[terms_id]
        rhythm = terms["interval"], terms["interval_count"]
        period = period_containing(start, *rhythm, terms["alignment"], terms["anchor"] or terms["agreement_from"])
        here, whole = (units(terms["proration"], span, period, *rhythm, terms["timezone"])
                       for span in (Period(start, end), period))
        total += Fraction(terms["price"]) * Fraction(terms["quantity"]) * here / whole
    return total


@given(st.sampled_from(DIVISIBLE), rhythms, prices, quantities, days, steps, st.none() | days)
def test_after_any_changes_every_day_is_paid_once_by_its_terms(
    how: str, rhythm: dict[str, Any], price: Decimal, quantity: Decimal, through: date,
    plan: list[tuple[date, dict[str, Decimal], bool | None]], end: date | None,
) -> None:
    charges = frame(TIMED, {"proration": how, "price": price, "quantity": quantity} | rhythm)
    billed, rounded = bill(charges, through), 0
    history = [charges]
    in_order = sorted(plan, key=lambda step: step[0])
    moves: list[Any] = [Change(1, day, number, values, at_once)
                        for number, (day, values, at_once) in enumerate(in_order, start=2)]
    for move in [*moves, *([end] if end else [])]:
        after = changed(charges, move)[0] if isinstance(move, Change) else ended(charges, 1, move)
        found = settle(charges, after, billed, through)
        credited(found)
        again = priced(found.due, since=100 * len(history))
        billed, charges = pl.concat([found.billed, again]), after
        rounded += found.credits.height + again.height
        history.append(after)
    assert settle(charges, charges, billed, through).credits.is_empty()
    assert due_spans(charges, billed.select("charge_id", "span_from", "span_to"), through).is_empty()
    spans = billed.sort("span_from").select("terms_id", "span_from", "span_to").rows()
    assert all(before[2] <= after[1] for before, after in pairwise(spans))
    terms = pl.concat(history).unique("terms_id")
    assert abs(Fraction(billed["amount"].sum()) - cost(terms, spans)) <= Fraction(rounded + billed.height, 200)


@given(st.sampled_from(DIVISIBLE), prices, prices, quantities, st.integers(0, 30))
def test_an_upgrade_costs_no_more_than_the_new_terms_for_its_days(how: str, price: Decimal, more: Decimal,
                                                                   quantity: Decimal, day: int) -> None:
    charges = frame(TIMED, {"proration": how, "price": price, "quantity": quantity})
    billed = bill(charges, date(2026, 1, 2))
    on = FIRST + timedelta(days=day)
    after, first = changed(charges, Change(1, on, 2, {"price": price + more}))
    found = settle(charges, after, billed, date(2026, 1, 31))
    assert first == on
    asked = sum(priced(found.due)["amount"], sum(credited(found), Decimal(0)))
    alone = cost(after, [(2, on, date(2026, 2, 1))])
    assert -Fraction(1, 100) <= asked <= alone + Fraction(1, 100)


@given(st.sampled_from(["by_day", "thirty_day_month", "by_second", "whole_period", "none"]), rhythms, prices, days)
def test_who_ends_before_anything_is_used_gets_everything_back(how: str, rhythm: dict[str, Any], price: Decimal,
                                                               through: date) -> None:
    charges = frame(TIMED, {"proration": how, "price": price} | rhythm)
    billed = bill(charges, through)
    found = settle(charges, ended(charges, 1, FIRST - timedelta(days=1)), billed, through)
    assert credited(found) == [-amount for amount in billed.sort("span_from")["amount"] if amount]
    assert found.due.is_empty()
    assert found.billed.is_empty()


OCTOBER: Final[dict[str, Any]] = {"agreement_from": "2026-10-01", "terms_from": "2026-10-01", "price": 310}


@pytest.mark.parametrize(("terms", "last", "credit"), [
    ({}, "2026-10-16", "-150"), ({"proration_down": "thirty_day_month"}, "2026-10-16", "-144.67"),
    ({"proration_down": "none"}, "2026-10-16", None), ({"proration_down": "whole_period"}, "2026-10-16", "-310"),
    ({"proration": "whole_period"}, "2026-10-16", None), ({"proration": "none"}, "2026-10-16", "-310"),
    ({"proration": "whole_period", "proration_down": "by_day"}, "2026-10-16", "-150"),
    ({"proration_down": "by_second"}, "2026-10-24", "-70.32"), ({}, "2026-10-31", None), ({}, "2027-10-31", None),
])
def test_an_end_is_credited_as_agreed(terms: dict[str, Any], last: str, credit: str | None) -> None:
    charges = frame(TIMED, OCTOBER | terms)
    billed = bill(charges, date(2026, 10, 2))
    found = settle(charges, ended(charges, 1, date.fromisoformat(last)), billed, date(2026, 10, 2))
    assert credited(found) == ([Decimal(credit)] if credit else [])
    assert found.due.is_empty()


@pytest.mark.parametrize(("terms", "values", "at_once", "first"), [
    ({}, {"price": 400}, None, "2026-10-11"), ({}, {"price": 200}, None, "2026-11-01"),
    ({}, {"quantity": 2}, None, "2026-10-11"), ({}, {"price": 400}, False, "2026-11-01"),
    ({}, {"price": 200}, True, "2026-10-11"), ({}, {"interval": "year", "price": 3000}, None, "2026-11-01"),
    ({}, {"interval": "year", "price": 3720}, None, "2026-10-11"), ({}, {"interval": "week"}, None, "2026-10-11"),
    ({"proration": "whole_period"}, {"price": 400}, True, "2026-11-01"),
    ({"alignment": "anchored", "anchor": "2026-10-11"}, {"price": 200}, None, "2026-10-11"),
])
def test_upgrades_at_once_and_downgrades_when_the_period_is_over(
    terms: dict[str, Any], values: dict[str, Any], at_once: bool | None, first: str
) -> None:
    new = {name: Decimal(value) if isinstance(value, int) else value for name, value in values.items()}
    after, began = changed(frame(TIMED, OCTOBER | terms), Change(1, date(2026, 10, 11), 2, new, at_once))
    assert str(began) == first
    assert after.sort("terms_from")["terms_from"].to_list() == [date(2026, 10, 1), began]
    assert after.sort("terms_from")["terms_to"].to_list() == [began, None]


def test_the_last_days_of_a_long_month_are_credited_by_days_where_they_are_none_of_thirty() -> None:
    terms = {"alignment": "anchored", "anchor": "2026-01-31", "agreement_from": "2026-03-28",
             "terms_from": "2026-03-28", "proration_down": "thirty_day_month", "price": 310}
    charges = frame(TIMED, terms)
    billed = bill(charges, date(2026, 3, 30))
    assert billed["amount"].to_list() == [30]
    assert credited(settle(charges, ended(charges, 1, date(2026, 3, 29)), billed, date(2026, 3, 30))) == [-10]


@pytest.mark.parametrize("proration", ["whole_period", "none"])
def test_new_terms_within_a_period_of_one_price_credit_nothing(proration: str) -> None:
    """The terms of its first day bill it to its end."""
    old = OCTOBER | {"proration": proration}
    before = frame(TIMED, old)
    after = frame(TIMED, old | {"terms_to": "2026-10-16"}, old | {"terms_id": 2, "terms_from": "2026-10-16"})
    found = settle(before, after, bill(before, date(2026, 10, 2)), date(2026, 11, 2))
    assert credited(found) == []
    assert found.due.select("terms_id", "span_from").rows() == [(2, date(2026, 11, 1))]


def test_what_cannot_be_changed() -> None:
    charges = frame(TIMED, OCTOBER | {"price": None})
    with pytest.raises(ValueError, match="no one price"):
        changed(charges, Change(1, date(2026, 10, 11), 2, {}))
    with pytest.raises(ValueError, match="no terms on 2026-09-30"):
        changed(charges, Change(1, date(2026, 9, 30), 2, {}))


def test_a_line_without_its_terms_is_refused() -> None:
    charges = frame(TIMED, OCTOBER)
    billed = bill(charges, date(2026, 10, 2)).with_columns(pl.lit(7).cast(pl.Int64).alias("terms_id"))
    with pytest.raises(ValueError, match="billed by terms 7 of charge 1"):
        settle(charges, charges, billed, date(2026, 10, 2))


def test_a_pause_in_a_paid_month_is_credited_and_the_days_around_it_stay() -> None:
    charges = frame(TIMED, OCTOBER)
    billed = bill(charges, date(2026, 10, 2))
    pause = frame(PAUSES, {"paused_from": "2026-10-11", "paused_to": "2026-10-21"})
    found = settle(charges, charges, billed, date(2026, 10, 2), pause)
    assert credited(found) == [Decimal(-100)]
    assert found.due.is_empty()
    assert found.billed.select("span_from", "amount").rows() == [(date(2026, 10, 1), 100), (date(2026, 10, 21), 110)]
    again = settle(charges, ended(charges, 1, date(2026, 10, 22)), found.billed, date(2026, 10, 2), pause)
    assert credited(again) == [Decimal(-90)]
