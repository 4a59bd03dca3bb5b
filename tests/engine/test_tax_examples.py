"""The worked examples of taxes: included, several, withheld, credited, and split where a rate changes."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml

from duly.engine.tax import at_rates
from duly.engine.tax_amounts import tax_credited, tax_each, tax_included, withheld
from duly.engine.tax_points import at_tax_point, split_at_rates
from duly.engine.tax_rates import seeded_rates
from tests.engine import test_tax_amounts as amounts
from tests.engine.frames import MONEY, frame
from tests.engine.test_examples import told
from tests.engine.test_tax_points import lines

FILE: Final = Path(__file__).with_name("examples") / "taxes" / "taxes.yaml"
Example = Mapping[str, Any]


def rated(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{"tax_rate" if name == "rate" else name: value for name, value in row.items()} for row in rows]


def included(example: Example) -> None:
    found, groups = tax_included(frame(amounts.LINE, *rated(example["included"])))
    assert told(example["lines"], found.to_dicts()) == example["lines"]
    assert told(example["groups"], groups.to_dicts()) == example["groups"]


def each(example: Example) -> None:
    taxes = [tax | {"compound": tax.get("compound") == "yes"} for tax in example["taxes"]]
    _, groups = tax_each(frame(amounts.LINE, *example["each"]), frame(amounts.TAX, *taxes))
    assert told(example["groups"], groups.to_dicts()) == example["groups"]


def held(example: Example) -> None:
    net, tax = (Decimal(example["withheld"][name]) for name in ("net", "tax"))
    _, totals = withheld(frame(amounts.TOTAL, {"net": net, "total": net + tax}),
                         frame(amounts.RULE, {"rate": example["withheld"]["rate"]}))
    assert totals.select("withheld", "payable").row(0) == (Decimal(example["held"]), Decimal(example["payable"]))


def credited(example: Example) -> None:
    billed = example["billed"]
    left = {name: Decimal(billed[name]) for name in ("base", "rate", "tax")}
    for credit in example["credits"]:
        group = pl.DataFrame({"corrects_key": [1], "category": ["S"], "reason": [""]}).with_columns(
            pl.lit(value).cast(MONEY).alias(name) for name, value in left.items()).with_columns(
            pl.col("rate").cast(pl.Decimal(38, 6)))
        _, found = tax_credited(frame(amounts.LINE, *rated([{"amount": credit["amount"], "rate": billed["rate"]}])),
                                group)
        assert told([credit], [found.row(0, named=True) | {"amount": found["base"][0]}]) == [credit]
        left |= {name: left[name] - found[name][0] for name in ("base", "tax")}
    assert (left["base"], left["tax"]) == (Decimal(0), Decimal(0))


def split(example: Example) -> None:
    service, rates = example["service"], seeded_rates()
    line = {"amount": service["amount"], "service_from": service["from"], "service_to": service["to"],
            "tax_country": service.get("country", "DE")}
    parts = at_rates(at_tax_point(split_at_rates(lines(line), rates)), rates).rename(
        {"service_from": "from", "service_to": "to", "tax_rate": "rate"})
    assert told(example["parts"], parts.to_dicts()) == example["parts"]


RUNNERS: Final = {"included": included, "each": each, "withheld": held, "credits": credited, "service": split}


@pytest.mark.parametrize("example", yaml.load(FILE.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: Example) -> None:
    [run] = [runner for name, runner in RUNNERS.items() if name in example]
    run(example)
