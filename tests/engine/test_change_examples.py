"""The worked examples of proration, trials, ramps, changes, ends and pauses."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml

from duly.engine.pricing import due_spans
from duly.engine.pricing.changes import Change, changed, ended
from duly.engine.pricing.phases import phased, with_trials
from duly.engine.pricing.unused import settle
from tests.engine.frames import billed, frame
from tests.engine.test_changes import TIMED, bill, credited, priced
from tests.engine.test_examples import told
from tests.engine.test_phases import STEPS, TRIALS
from tests.engine.test_proration import PAUSES

FOLDER: Final = Path(__file__).with_name("examples") / "changes"
READ: Final[dict[str, Callable[[str], Any]]] = {
    "price": Decimal, "quantity": Decimal, "anchor": date.fromisoformat,
}
Example = Mapping[str, Any]


def examples(name: str) -> list[Any]:
    read = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return [pytest.param(example, id=example["example"]) for example in read]


def agreed(example: Example) -> pl.DataFrame:
    terms = {"terms_from": example["terms"]["agreement_from"]} | example["terms"]
    if "interval_count" in terms:
        terms["interval_count"] = int(terms["interval_count"])
    charges = phased(frame(TIMED, terms), frame(STEPS, *example.get("steps", [])))
    trial = {name: int(value) if name == "trial_days" else value for name, value in example.get("trial", {}).items()}
    return with_trials(charges, frame(TRIALS, *([trial] if trial else [])))


def through(example: Example) -> date:
    return date.fromisoformat(example.get("through", "2026-11-01"))


def shown(lines: pl.DataFrame, first: str, end: str) -> list[dict[str, Any]]:
    return lines.rename({first: "from", end: "to"}).sort("from").to_dicts()


def charged(lines: pl.DataFrame) -> list[dict[str, Any]]:
    last = lines.with_columns(pl.col("span_to").dt.offset_by("-1d"))
    return shown(last, "span_from", "span_to")


@pytest.mark.parametrize("example", examples("proration"))
def test_proration(example: Example) -> None:
    lines = priced(due_spans(agreed(example), billed(), through(example)))
    assert told(example["charges"], charged(lines)) == example["charges"]


@pytest.mark.parametrize("example", examples("changes"))
def test_change(example: Example) -> None:
    before = after = agreed(example)
    if change := dict(example.get("change", {})):
        on, at_once = date.fromisoformat(change.pop("on")), change.pop("at_once", None)
        values = {name: READ.get(name, str)(value) for name, value in change.items()}
        after, _ = changed(before, Change(1, on, 2, values, at_once and at_once == "yes"))
    if "end" in example:
        after = ended(before, 1, date.fromisoformat(example["end"]))
    pauses = frame(PAUSES, *([example["pause"]] if "pause" in example else []))
    first = before["agreement_from"][0]
    found = settle(before, after, bill(before, first + timedelta(days=1)), through(example), pauses)
    credited(found)
    assert told(example["credits"], shown(found.credits, "service_from", "service_to")) == example["credits"]
    assert told(example["charges"], charged(priced(found.due))) == example["charges"]
