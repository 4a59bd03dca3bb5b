"""The page on explanations explains itself: each of its examples is priced, and its lines are told as it says."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from duly.engine.pricing.reading import read
from duly.formats.explained import Figures, Phrases, sentences, table
from duly.formats.price_document import priced, read_price_document

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "lines.md").read_text(encoding="utf-8")
START = "currency: EUR\nperiod: 2026-10\ncharges:\n"
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n```text\n(.*?)```\n", PAGE, re.DOTALL)
TABLES = re.findall(r"```yaml\n([^`]*)```\n(?:```text\n[^`]*```\n)?\n(\| what .*?)\n\n", PAGE, re.DOTALL)
FIGURES = Figures("en", "GB", "EUR", 2, seconds=False)


def lines(text: str) -> list[tuple[str, Decimal, list[str], list[str]]]:
    """Of each priced line its description, its net, its short lines, and its table as Markdown."""
    found = []
    for line in priced(read_price_document((START + text).encode()))["lines"]:
        reading, phrases = read(line["explanation"]), Phrases(FIGURES, line["kind"], line["unit"])
        rows = [f"| {one.label} | {one.quantity} | {one.factor} | {one.amount} | {one.note} |" for one in
                table(reading, phrases)]
        found.append((line["description"], line["net"], sentences(reading, phrases), rows))
    return found


def told(text: str) -> str:
    """The lines as the page shows them: what, how much, and beneath it how."""
    return "".join(
        "\n".join([f"{what}: {FIGURES.amount(net)}", *(f"  {one}" for one in short)]) + "\n"
        for what, net, short, _ in lines(text)).replace("\u00a0", " ")


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") >= 15
    assert len(TABLES) == PAGE.count("| what ") >= 1


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_each_line_is_told_as_the_page_says(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_each_table_is_what_the_pages_show(text: str, expected: str) -> None:
    [(_, _, _, rows)] = lines(text)
    found = expected.splitlines()[2:]
    assert [re.sub(r"\s+", " ", row.replace("\u00a0", " ")) for row in rows] == found
