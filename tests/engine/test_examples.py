"""The worked examples: work, terms and rates in, lines, tax and total out, as files that a billing analyst can read."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml

from duly.engine.currencies import exponent
from duly.engine.pricing import Priced, due_spans, price, replay
from duly.engine.tax import at_rates, tax_lines, treated
from duly.engine.totals import totals
from tests.engine.frames import billed, charges, rates, work

FOLDER: Final = Path(__file__).with_name("examples")
GERMAN_RATES: Final = [
    # tax class, rate, from, until
    ("standard", "0.19", date(2007, 1, 1), date(2020, 7, 1)),
    ("standard", "0.16", date(2020, 7, 1), date(2021, 1, 1)),
    ("standard", "0.19", date(2021, 1, 1), None),
    ("reduced", "0.07", date(2021, 1, 1), None),
]
NAMED: Final = {"person": "person_id", "project": "project_id"}


def examples() -> Iterator[Any]:
    """Every example of every file; all values are text, so that no number is ever a float."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for example in yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader):
            yield pytest.param(example, id=f"{file.stem}: {example['example']}")


def seconds(text: str) -> int:
    """h:mm or h:mm:ss."""
    hours, minutes, *rest = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + sum(rest)


def row(given: Mapping[str, str], ids: dict[str, int]) -> dict[str, Any]:
    """A row as the engine takes it: names get ids, a time its seconds, counts are integers."""
    renamed = {"on": "worked_on", "time": "quantity"}
    counts = ("increment_seconds", "minimum_seconds", "overtime_after_seconds")
    out: dict[str, Any] = {renamed.get(name, name): value for name, value in given.items()}
    out |= {name: int(given[name]) for name in counts if name in given}
    if "time" in given:
        out["quantity"] = seconds(given["time"])
    if "day_until" in given:
        out["day_until"] = seconds(given["day_until"])
    return out | {column: ids.setdefault(given[name], len(ids)) for name, column in NAMED.items() if name in given}


def priced(example: Mapping[str, Any]) -> Priced:
    ids: dict[str, int] = {}
    currency = example.get("currency", "EUR")
    terms = {"currency": currency, "exponent": exponent(currency)}
    done = [terms | row(example.get("terms", {}) | entry, ids) for entry in example.get("work", [])]
    due = [terms | {"terms_from": fee["agreement_from"]} | fee for fee in example.get("charges", [])]
    card = [row(rate, ids) for rate in example.get("rates", [])]
    for rate in card:
        rate |= {"valid_from": rate.pop("from", "2020-01-01"), "valid_to": rate.pop("to", None)}
        for name in NAMED:
            rate.pop(name, None)
    through = date.fromisoformat(example.get("through", "2026-11-01"))
    return price(work(*done), due_spans(charges(*due), billed(), through), rates(*card))


def taxed(example: Mapping[str, Any], lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    buyer = {"country": "DE", "kind": "business"} | example.get("buyer", {})
    sold = treated(lines.with_columns(
        pl.col("service_to").alias("tax_point"),
        pl.lit("DE").alias("seller_country"), pl.lit("DE136695976").alias("seller_tax_id"),
        pl.lit(buyer["country"]).alias("buyer_country"), pl.lit(buyer["kind"]).alias("buyer_kind"),
        pl.lit(buyer.get("tax_id"), dtype=pl.String).alias("buyer_tax_id"),
    ))
    columns = ["tax_class", "rate", "valid_from", "valid_to"]
    dated = pl.DataFrame(GERMAN_RATES, orient="row", schema=columns).with_columns(
        pl.col("rate").cast(pl.Decimal(38, 6)), pl.lit("DE").alias("country"))
    return tax_lines(at_rates(sold, dated))


def told(wanted: list[dict[str, str]], found: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The rows found, with the columns and in the precision of those wanted."""
    pairs = zip(wanted, found, strict=True)
    return [{name: _as(text, there[name]) for name, text in here.items()} for here, there in pairs]


def _as(text: str, value: Any) -> str:
    if isinstance(value, Decimal):
        return text if Decimal(text) == value else f"{value.normalize():f}"
    return str(value)


@pytest.mark.parametrize("example", list(examples()))
def test_example(example: Mapping[str, Any]) -> None:
    out = priced(example)
    assert out.problems.is_empty()
    lines, groups = taxed(example, out.lines)
    shares = out.allocations.group_by("line_key", maintain_order=True).agg(pl.col("amount").alias("entries"))
    found = [printed(line) for line in lines.join(shares, on="line_key", how="left", maintain_order="left").to_dicts()]
    assert told(example["lines"], found) == example["lines"]
    assert [replay(line["explanation"]) for line in lines.to_dicts()] == out.lines["amount"].to_list()
    if "tax" in example:
        assert told(example["tax"], groups.to_dicts()) == example["tax"]
    if "total" in example:
        assert told([example["total"]], totals(lines, groups).to_dicts()) == [example["total"]]


def printed(line: dict[str, Any]) -> dict[str, Any]:
    """A line by the names of the examples."""
    spent = int(line["quantity"])
    clock = f"{spent // 3600}:{spent // 60 % 60:02}" + (f":{spent % 60:02}" if spent % 60 else "")
    entries = " ".join(f"{amount:.{line['exponent']}f}" for amount in line["entries"] or [])
    return line | {"text": line["description"], "time": clock, "price": line["unit_price"], "entries": entries,
                   "from": line["service_from"], "to": line["service_to"]}


def test_an_example_that_is_wrong_fails() -> None:
    example = {"rates": [{"price": "95"}], "work": [{"time": "1:00"}], "lines": [{"amount": "95.01"}]}
    with pytest.raises(AssertionError):
        test_example(example)
