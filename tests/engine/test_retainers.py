"""Retainers: unit by unit by hand, the account that always balances, and the worked examples."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.periods import Period, add_months
from duly.engine.pricing.lines import QUANTITY
from duly.engine.pricing.retainers import COVERED, Statement, Use, overage, statements

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "retainers.yaml"
START: Final = date(2026, 1, 1)


def months(quantities: list[tuple[Any, Any]]) -> list[Use]:
    return [Use(Period(add_months(START, n), add_months(START, n + 1)), Decimal(granted), Decimal(used))
            for n, (granted, used) in enumerate(quantities)]


def by_hand(quantities: list[tuple[int, int]], rollover: int, borrow: bool, following: int | None) -> list[list[int]]:
    """Units as tokens that know their month: overage, borrowed, expired and carried out of each month."""
    grants = [granted for granted, _ in quantities]
    tokens = [month for month, granted in enumerate(grants) for _ in range(granted)]
    tokens += [len(grants)] * (following or 0)
    told = []
    for month, (_, used) in enumerate(quantities):
        beyond = borrowed = 0
        for _ in range(used):
            usable = [token for token in tokens if token <= month]
            ahead = [token for token in tokens if token == month + 1] if borrow else []
            if usable:
                tokens.remove(min(usable))
            elif ahead:
                tokens.remove(ahead[0])
                borrowed += 1
            else:
                beyond += 1
        ended = month == len(grants) - 1 and following is None
        gone = [token for token in tokens if token <= month and (ended or token + rollover <= month)]
        for token in gone:
            tokens.remove(token)
        told.append([beyond, borrowed, len(gone), sum(token <= month for token in tokens)])
    return told


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 14)), max_size=6), st.integers(0, 3), st.booleans(),
       st.none() | st.integers(0, 8))
def test_statements(quantities: list[tuple[int, int]], rollover: int, borrow: bool, following: int | None) -> None:
    ahead = None if following is None else Decimal(following)
    found = statements(months(quantities), rollover=rollover, borrow=borrow, following=ahead)
    assert [[one.overage, one.borrowed, one.expired, one.carried_out] for one in found] == by_hand(
        quantities, rollover, borrow, following)
    before, owed = Decimal(0), Decimal(0)
    for one in found:
        assert (one.carried_in, one.repaid) == (before, owed)
        assert one.carried_in + one.granted + one.borrowed == one.repaid + one.covered + one.expired + one.carried_out
        before, owed = one.carried_out, one.borrowed


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(0, 5)), max_size=8), st.integers(0, 20))
def test_what_is_beyond_comes_last(items: list[tuple[int, int, int]], covered: int) -> None:
    work = pl.DataFrame(
        [(retainer, key, date(2026, 1, day), Decimal(quantity))
         for key, (retainer, day, quantity) in enumerate(items)], orient="row",
        schema={"retainer_id": pl.Int64, "work_id": pl.Int64, "worked_on": pl.Date, "quantity": QUANTITY})
    found = overage(work, pl.DataFrame([(1, Decimal(covered))], orient="row", schema=COVERED))
    room = {1: covered, 2: 0}
    for row in found.to_dicts():
        assert row["covered"] == min(room[row["retainer_id"]], row["quantity"])
        assert row["covered"] + row["beyond"] == row["quantity"]
        room[row["retainer_id"]] -= int(row["covered"])
    assert found.equals(found.sort("retainer_id", "worked_on", "work_id"))


def test_the_rows_tell_what_is_not_zero() -> None:
    one = statements(months([(10, 12)]))[0]
    assert one.explanation == ({"step": "granted", "quantity": "10"}, {"step": "used", "quantity": "12"},
                               {"step": "overage", "quantity": "2"})


@pytest.mark.parametrize(("uses", "rollover"), [
    (months([(-1, 0)]), 0), (months([(0, -1)]), 0), (months([(1, 1)]), -1), (months([(1, 1)] * 3)[::2], 0)])
def test_an_impossible_retainer_is_refused(uses: list[Use], rollover: int) -> None:
    with pytest.raises(ValueError):
        statements(uses, rollover=rollover)


def plain(one: Statement) -> dict[str, str]:
    return {name: f"{value.normalize():f}" for name, value in asdict(one).items() if name != "period"}


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    uses = months([(month["granted"], month["used"]) for month in example["months"]])
    following = Decimal(example["following"]) if "following" in example else None
    found = statements(uses, rollover=int(example.get("rollover", 0)), borrow=example.get("borrow") == "yes",
                       following=following)
    told = [{name: plain(one)[name] for name in month}
            for one, month in zip(found, example["months"], strict=True)]
    assert told == example["months"]
