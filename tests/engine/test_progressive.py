"""Progressive billing against a plain loop, and the worked examples of thresholds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing.credits import Advance, net_off
from duly.engine.pricing.progressive import Bill, bills, reached

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "progressive.yaml"
START: Final = datetime(2026, 10, 1, tzinfo=UTC)


def days(amounts: list[Any]) -> list[tuple[datetime, Decimal]]:
    return [(START + timedelta(days=number), Decimal(amount)) for number, amount in enumerate(amounts)]


@given(st.lists(st.integers(-5, 60), max_size=10), st.lists(st.integers(1, 150), unique=True, max_size=4).map(sorted),
       st.none() | st.integers(1, 40))
def test_each_threshold_is_billed_once(steps: list[int], thresholds: list[int], every: int | None) -> None:
    run_ups = [sum(steps[: number + 1]) for number in range(len(steps))]
    found = bills(days(run_ups), [Decimal(one) for one in thresholds], every=None if every is None else Decimal(every))
    last = thresholds[-1] if thresholds else 0
    ladder = [*thresholds, *(range(last + every, 1000, every) if every else ())]
    billed, told = 0, []
    for (at, _), run_up in zip(days(run_ups), run_ups, strict=True):
        if passed := [threshold for threshold in ladder if billed < threshold <= run_up]:
            told.append(Bill(at, Decimal(run_up - billed), Decimal(passed[-1])))
            billed = run_up
    assert list(found) == told


@pytest.mark.parametrize(("thresholds", "every"), [([0], None), ([5, 5], None), ([6, 5], None), ([], 0)])
def test_thresholds_that_do_not_rise_are_refused(thresholds: list[int], every: int | None) -> None:
    with pytest.raises(ValueError, match="rise"):
        reached(Decimal(1), Decimal(0), [Decimal(one) for one in thresholds],
                None if every is None else Decimal(every))


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    found = bills(days(example["run_up"]), [Decimal(one) for one in example.get("thresholds", [])],
                  every=Decimal(example["every"]) if "every" in example else None)
    assert [f"{one.amount} at {one.threshold} on day {one.at.day}" for one in found] == example["bills"]
    advances = [Advance(str(one.at), "progressive", date(2026, 10, one.at.day), one.amount, "S", Decimal("0.19"))
                for one in found]
    total = Decimal(example["run_up"][-1])
    netted = sum((one.amount for one in net_off(total, advances, exponent=2, final=True)), total)
    assert str(netted) == example["at_the_end"]
