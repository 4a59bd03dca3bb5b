"""Caps: against a plain loop, that the rows told come to what is billed, and the worked examples."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.caps import CAP, Capped, cap
from tests.engine.frames import Defaults, frame
from tests.engine.test_discounts import lines

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "caps.yaml"
Rows = list[dict[str, Any]]

CAPS: Final[Defaults] = {name: (kind, None) for name, kind in CAP.items()} | {
    "agreement_id": (pl.Int64, 1), "billed_before": (CAP["billed_before"], 0), "action": (pl.String, "stop")}


def caps(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return frame(CAPS, *rows)


def told(found: Capped) -> list[Decimal]:
    for line in found.lines.to_dicts():
        assert replay(line["explanation"]) == line["net"] == line["amount"] - line["stopped"] - line["held"]
    return found.lines["net"].to_list()


cents = st.integers(0, 10**5).map(lambda n: Decimal(f"{n}e-2"))
some_lines = st.lists(st.fixed_dictionaries({
    "agreement_id": st.integers(1, 2), "charge_id": st.integers(1, 2),
    "amount": cents | st.integers(-10**4, 0).map(lambda n: Decimal(f"{n}e-2"))}), max_size=8)
some_caps = st.lists(st.fixed_dictionaries({
    "agreement_id": st.integers(1, 2), "charges": st.none() | st.just([1]), "cap": cents, "billed_before": cents,
    "action": st.sampled_from(["stop", "warn", "ask"])}), max_size=2, unique_by=lambda one: str(one["agreement_id"]))


@given(some_lines, some_caps)
def test_lines_stay_within_the_cap(rows: Rows, agreed: Rows) -> None:
    found = cap(lines(*rows), caps(*agreed))
    nets = [row["amount"] for row in rows]
    reached = []
    for one in sorted(agreed, key=lambda one: one["agreement_id"]):
        mine = [i for i, row in enumerate(rows) if row["agreement_id"] == one["agreement_id"]
                and (one["charges"] is None or row["charge_id"] in one["charges"])]
        room = max(one["cap"] - one["billed_before"], Decimal(0))
        whole = sum((rows[i]["amount"] for i in mine), Decimal(0))
        running = Decimal(0)
        for i in mine:
            before, running = running, running + rows[i]["amount"]
            if one["action"] != "warn":
                nets[i] = min(running, room) - min(before, room)
        if mine and whole >= room:
            reached.append((one["agreement_id"], whole - room))
    assert told(found) == nets
    assert found.reached.select("agreement_id", "beyond").rows() == reached


@pytest.mark.parametrize("wrong", [caps({"cap": 1}, {"cap": 2}), caps({"cap": 1, "action": "wait"})])
def test_two_caps_or_another_action_are_refused(wrong: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="one cap"):
        cap(lines(), wrong)


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    found = cap(lines(*({"charge_id": 1, "amount": Decimal(amount)} for amount in example["lines"])),
                caps(example["cap"]))
    assert told(found) == [Decimal(amount) for amount in example["billed"]]
    wanted = [{name: Decimal(amount) for name, amount in one.items()} for one in example.get("reached", [])]
    assert [{name: row[name] for name in one}
            for row, one in zip(found.reached.to_dicts(), wanted, strict=True)] == wanted
