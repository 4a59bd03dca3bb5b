"""Commitments: true-ups and draw-downs against plain loops, and the worked examples."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.commitments import COMMITMENT, draw_down, true_ups
from duly.engine.rounding import round_quotient
from tests.engine.frames import COUNTED, Defaults, frame
from tests.engine.test_discounts import lines

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "commitments.yaml"
Rows = list[dict[str, Any]]

COMMITMENTS: Final[Defaults] = {name: (kind, None) for name, kind in COMMITMENT.items()} | {
    "part": (pl.Int64, COUNTED), "document_key": (pl.Int64, 1), "agreement_id": (pl.Int64, 1),
    "charge_id": (pl.Int64, 99), "charge_name": (pl.String, "Committed use"), "tax_class": (pl.String, "standard"),
    "exponent": (pl.Int8, 2), "used_before": (COMMITMENT["used_before"], 0), "days": (pl.Int64, 31),
    "period_days": (pl.Int64, 31), "span_from": (pl.Date, date(2026, 10, 1)), "span_to": (pl.Date, date(2026, 11, 1)),
}


def commitments(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return frame(COMMITMENTS, *rows)


cents = st.integers(0, 10**7).map(lambda n: Decimal(f"{n}e-2"))
some_lines = st.lists(st.fixed_dictionaries({
    "agreement_id": st.integers(1, 2), "charge_id": st.integers(1, 3),
    "amount": cents | st.integers(-10**5, 0).map(lambda n: Decimal(f"{n}e-2"))}), max_size=8)
some_commitments = st.lists(st.fixed_dictionaries({
    "agreement_id": st.integers(1, 2), "charges": st.none() | st.lists(st.integers(1, 3), unique=True),
    "committed": cents, "used_before": cents, "days": st.integers(1, 31)}), max_size=4)


def committed(one: dict[str, Any]) -> Decimal:
    return round_quotient(one["committed"] * one["days"], 31, 2)


def counts(one: dict[str, Any], line: dict[str, Any]) -> bool:
    return line["agreement_id"] == one["agreement_id"] and (
        one["charges"] is None or line["charge_id"] in one["charges"])


@given(some_lines, some_commitments)
def test_a_true_up_bills_what_is_missing(rows: Rows, agreed: Rows) -> None:
    found = true_ups(lines(*rows), commitments(*agreed)).sort("part")
    missing = [committed(one) - one["used_before"] - sum(row["amount"] for row in rows if counts(one, row))
               for one in agreed]
    assert found["amount"].to_list() == [amount for amount in missing if amount > 0]
    assert [replay(line["explanation"]) for line in found.to_dicts()] == found["amount"].to_list()


@given(some_lines, some_commitments)
def test_use_draws_a_commitment_down(rows: Rows, agreed: Rows) -> None:
    found = draw_down(lines(*rows), commitments(*agreed))
    left = [max(row["amount"], Decimal(0)) for row in rows]
    drawn: list[tuple[int, int, Decimal]] = []
    for part, one in enumerate(agreed, start=1):
        room, before = max(committed(one) - one["used_before"], Decimal(0)), len(drawn)
        for key, row in enumerate(rows):
            if counts(one, row) and (amount := min(room, left[key])):
                drawn.append((part, key + 1, amount))
                left[key] -= amount
                room -= amount
        assert found.statement.row(part - 1, named=True) == {
            "part": part, "committed": committed(one), "used_before": one["used_before"], "left": room,
            "used": sum((amount for *_, amount in drawn[before:]), Decimal(0))}
    assert sorted(found.drawn.rows()) == drawn


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    names: dict[str, int] = {}
    used = lines(*({"charge_id": names.setdefault(line["charge"], len(names)), "amount": Decimal(line["amount"])}
                   for line in example["lines"]))
    given_terms: dict[str, Any] = {name: int(value) if name.endswith("days") else value
                                   for name, value in example["commitment"].items()}
    given_terms["charges"] = [names[name] for name in given_terms["charges"]] if "charges" in given_terms else None
    agreed = commitments(given_terms)
    if "true_up" in example:
        assert true_ups(used, agreed)["amount"].to_list() == [Decimal(amount) for amount in example["true_up"]]
    if "drawn" in example:
        found = draw_down(used, agreed)
        assert found.drawn["amount"].to_list() == [Decimal(amount) for amount in example["drawn"]]
        assert found.statement["left"].to_list() == [Decimal(example["left"])]
