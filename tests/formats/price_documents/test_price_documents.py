"""The worked price documents: each as people write it, and beside it what it comes to, worked by hand."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from duly.engine.pricing import replay
from duly.formats.price_document import priced, read_price_document
from duly.formats.price_document.text import parsed

FOLDER: Final = Path(__file__).parent
TOTALS: Final = ("net", "tax", "total", "prepaid", "withheld", "payable")
Example = Mapping[str, Any]


def examples() -> Iterator[Any]:
    """Every example of every file: its document as text, and all that is expected of it as text too."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for example in yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader):
            yield pytest.param(example, id=f"{file.stem}: {example['example']}")


def told(wanted: Any, found: Any) -> Any:
    """What was found, by the keys of what is wanted, as text."""
    if isinstance(wanted, dict):
        return {name: told(value, found[name]) for name, value in wanted.items()}
    if isinstance(wanted, list):
        assert len(found) == len(wanted), found
        return [told(*pair) for pair in zip(wanted, found, strict=True)]
    return "" if found is None else f"{found}"


def as_json(document: str) -> bytes:
    """The same document as JSON: numbers as they stand, days and other words as text."""
    return "".join(_json(parsed(document.encode()))).encode()


def _json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{" + ",".join(f"{json.dumps(key)}:{''.join(_json(one))}" for key, one in value.items()) + "}"
    elif isinstance(value, list):
        yield "[" + ",".join("".join(_json(one)) for one in value) + "]"
    elif isinstance(value, date | datetime):
        yield json.dumps(value.isoformat())
    else:
        yield str(value) if type(value).__name__ == "Fraction" else json.dumps(value)


@pytest.mark.parametrize("example", list(examples()))
def test_example(example: Example) -> None:
    answer = priced(read_price_document(example["document"].encode()))
    expected = example["expected"]
    for name, wanted in expected.items():
        assert told(wanted, answer[name]) == wanted, name
    assert {name: f"{amount}" for name, amount in answer["totals"].items() if name in expected["totals"] or amount} == (
        expected["totals"])
    for line in answer["lines"]:
        assert replay(line["explanation"]) == line.get("gross", line["net"])


@pytest.mark.parametrize("example", list(examples()))
def test_json_says_the_same(example: Example) -> None:
    text = example["document"]
    assert priced(read_price_document(as_json(text))) == priced(read_price_document(text.encode()))


def test_an_example_that_is_wrong_fails() -> None:
    document = "currency: EUR\nperiod: 2026-10\ncharges: [{model: per_unit, price: 2, quantity: 3}]"
    with pytest.raises(AssertionError):
        test_example({"document": document, "expected": {
            "lines": [{"net": "6.01"}], "totals": {"net": "6.00", "tax": "1.14", "total": "7.14", "payable": "7.14"}}})
