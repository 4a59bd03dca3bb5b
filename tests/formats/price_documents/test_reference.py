"""The reference page of the price document computes: its examples are priced, and it names every key that is read."""

import re
from pathlib import Path
from typing import Final

import pytest

from duly.formats.price_document import priced, read_price_document

ROOT: Final = Path(__file__).resolve().parents[3]
PAGE: Final = (ROOT / "docs" / "reference" / "price-document.md").read_text(encoding="utf-8")
SOURCES: Final = ROOT / "src" / "duly" / "formats" / "price_document"
START: Final = "currency: EUR\nperiod: 2026-10\ncharges:\n"
EXAMPLES: Final = re.findall(r"```yaml\n(.*?)```\nNet: ([0-9.]+)\n", PAGE, re.DOTALL)
READ: Final = re.compile(
    r"(?:table|one|top|used|seller|buyer)\.(?:text|maybe|number|numbers|needed|percent|choice|day|maybe_day|flag|whole|"
    r"tables|table|seconds|words|period|has|need)\(\s*\"(\w+)\"")


def test_every_example_says_what_it_comes_to() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") > 12


@pytest.mark.parametrize(("text", "net"), EXAMPLES)
def test_an_example_comes_to_what_the_page_says(text: str, net: str) -> None:
    document = START + text if text.startswith("- ") else text
    assert str(priced(read_price_document(document.encode()))["totals"]["net"]) == net


def test_every_key_is_on_the_page() -> None:
    keys = {key for file in SOURCES.glob("*.py") for key in READ.findall(file.read_text(encoding="utf-8"))}
    assert len(keys) > 90
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert keys <= named, f"not on the page: {sorted(keys - named)}"


def test_every_key_of_the_answer_is_on_the_page() -> None:
    answer = priced(read_price_document((START + EXAMPLES[1][0]).encode()))
    keys = {*answer, *answer["lines"][0], *answer["tax_lines"][0], *answer["totals"]}
    assert keys <= set(re.findall(r"`(\w+)`", PAGE))
