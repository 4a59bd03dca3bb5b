"""Explanations in words: every step in every language, and what is printed adds up to what is billed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal as D
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import duly.engine
from duly.engine.periods import Period
from duly.engine.pricing import replay
from duly.engine.pricing.reading import PAIRS, STEPS, read
from duly.engine.pricing.retainers import Statement
from duly.engine.rounding import round_quotient
from duly.formats.explained import Figures, Phrases, Told, sentences, table
from duly.formats.explained.texts import _WORDS, WORDS
from duly.formats.price_document import priced, read_price_document
from tests.formats.price_documents.test_price_documents import examples
from tests.formats.price_documents.test_reference import EXAMPLES, START

Rows = Sequence[Mapping[str, Any]]

SILENT: Final = ("reword",)
"""Steps that only people's changes leave; the page names them, the client's document does not."""
ENGINE: Final = Path(duly.engine.__path__[0])
NUMBER: Final = r"[0-9][0-9,]*(?:\.[0-9]+)?"


def documents() -> Iterator[Any]:
    for one in examples():
        yield pytest.param(one.values[0]["document"], id=one.id)
    for at, (text, _) in enumerate(EXAMPLES):
        yield pytest.param(START + text if text.startswith("- ") else text, id=f"reference {at}")


def phrases(language: str = "en", kind: str = "", unit: str = "", exponent: int = 2) -> Phrases:
    return Phrases(Figures(language, "GB", "EUR", exponent), kind, unit)


def said(rows: Rows, kind: str = "", unit: str = "", language: str = "en") -> list[str]:
    return [text.replace("\u00a0", " ") for text in sentences(read(rows), phrases(language, kind, unit))]


def told(rows: Rows, kind: str = "", unit: str = "") -> list[Told]:
    return table(read(rows), phrases("en", kind, unit))


def amount(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("−", "-"))


def test_every_step_of_the_engine_is_known() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in sorted(ENGINE.rglob("*.py")))
    emitted = (r'\brow\("(\w+)"', r'"step": "(\w+)"', r'pl\.lit\("(\w+)"\)\.alias\("step"\)',
               r'"step": pl\.lit\("(\w+)"\)', r'"(\w+)", "(?:beyond|inside|once|packages)", "')
    names = {name for pattern in emitted for name in re.findall(pattern, source)}
    assert names >= {"seconds", "cost", "units", "tier", "flat", "packages", "balance_days", "nothing", "withheld"}
    assert names <= set(STEPS), names - set(STEPS)


@pytest.mark.parametrize("step", [step for step in STEPS if step not in SILENT])
def test_every_step_has_words_in_every_language(step: str) -> None:
    for language, words in WORDS.items():
        assert words[step], language


def test_every_text_has_the_same_blanks_in_every_language() -> None:
    blanks = {name: {frozenset(re.findall(r"{(\w+)}", text)) for text in texts} for name, texts in _WORDS.items()}
    assert [name for name, found in blanks.items() if len(found) > 1] == []


@pytest.mark.parametrize("document", list(documents()))
def test_every_priced_line_is_told_and_adds_up(document: str) -> None:
    for line in priced(read_price_document(document.encode()))["lines"]:
        reading, exponent = read(line["explanation"]), int(line["explanation"][-1]["exponent"])
        assert reading.amount == replay(line["explanation"])
        for language in WORDS:
            rows = table(reading, phrases(language, line["kind"], line["unit"], exponent))
            nameless = {words["factor"] for words in WORDS.values()}
            assert all(row.label and row.label not in {*STEPS, *nameless} for row in rows), rows
            assert not re.search("|".join(step for step in STEPS if "_" in step),
                                 "\n".join(sentences(reading, phrases(language, line["kind"], line["unit"], exponent))))
        rows = table(reading, phrases("en", line["kind"], line["unit"], exponent))
        assert amount(rows[-1].amount) == reading.amount
        adds_up(rows, exponent)
        evaluates(sentences(reading, phrases("en", line["kind"], line["unit"], exponent)))


def adds_up(rows: Sequence[Told], exponent: int) -> None:
    """Each row's quantity × price is its amount, terms sum to Σ, factors and limits lead from it to the next."""
    total = Fraction(0)
    for row in rows:
        if "≈" in row.amount or (row.kind == "term" and not row.amount):
            return  # an average or a foreign cost, which is no decimal of this currency
        match row.kind:
            case "term":
                if re.fullmatch(NUMBER, row.quantity) and row.factor:
                    share = Fraction(1, 100) if row.factor.endswith("%") else Fraction(1)
                    assert amount(row.quantity) * amount(row.factor.rstrip("%")) * share == amount(row.amount), row
                total += amount(row.amount)
            case "factor":
                total *= factor(row.factor)
            case "limit":
                total = min(total, amount(row.amount))
            case "sum" | "amount":
                found = amount(row.amount)
                assert found == total or (row.note == "rounded" and found == round_quotient(total, 1, exponent)), rows
                total = found


def factor(text: str) -> Fraction:
    """× 16/31, × 30%, × 409:00:00/745:00:00."""
    above, _, below = text.removeprefix("×\u00a0").partition("/")
    share = Fraction(1, 100) if above.endswith("%") else Fraction(1)
    return clock(above.rstrip("%")) * share / (clock(below) if below else 1)


def clock(text: str) -> Fraction:
    if ":" not in text:
        return amount(text)
    hours, minutes, seconds = map(int, text.split(":"))
    return Fraction(hours * 3600 + minutes * 60 + seconds)


def evaluates(texts: Sequence[str]) -> None:
    """Where a line of arithmetic is a plain sum of products, doing what it says leads to the amount that it says."""
    plain = re.compile(rf"({NUMBER}(?: × {NUMBER}%?)?(?: flat)?(?: [+] )?)+ = −?{NUMBER}")
    for text in texts:
        text = text.replace("\u00a0", " ")
        if not plain.fullmatch(text):
            continue
        left, _, right = text.rpartition(" = ")
        terms = left.replace(" flat", "").split(" + ")
        assert sum(map(product, terms)) == amount(right), text


def product(text: str) -> Fraction:
    value = Fraction(1)
    for part in text.split(" × "):
        value *= amount(part.rstrip("%")) / (100 if part.endswith("%") else 1)
    return value


def test_the_plain_sums_of_the_examples_are_evaluated() -> None:
    """Otherwise the pattern above would match nothing, and the test say nothing."""
    with pytest.raises(AssertionError):
        evaluates(["1,000 × 0.02 + 2.00 flat = 22.01"])
    evaluates(["1,000 × 0.02 + 2.00 flat = 22.00"])


DECIMALS: Final = st.decimals(D("-99999"), D("99999"), places=4)
FACTORS: Final = st.sampled_from(sorted(PAIRS)).flatmap(lambda step: st.tuples(
    st.just(step), st.integers(1, 3_000_000), st.integers(1, 3_000_000)))
PLACES: Final = st.integers(0, 4)


@st.composite
def explanations(draw: st.DrawFn) -> Rows:
    """Rows as any model might emit them: stages of terms, factors, limits, each rounded."""
    rows: list[dict[str, Any]] = []
    for stage in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(0 if stage else 1, 6))):
            times = {"times": f"{draw(DECIMALS):f}"} if draw(st.booleans()) else {}
            step = draw(st.sampled_from(["units", "billed", "committed", "minimum", "shared", "with_late"]))
            rows.append({"step": step, "add": f"{draw(DECIMALS):f}", **times})
        if draw(st.booleans()):
            rows.append({"step": "sum"})
            for step, times, over in draw(st.lists(FACTORS, max_size=2)):
                rows += [{"step": step, "times": str(times)}, {"step": PAIRS[step], "over": str(over)}]
            if draw(st.booleans()):
                rows.append({"step": "maximum", "at_most": f"{draw(DECIMALS):f}"})
        rows.append({"step": "rounded", "exponent": draw(PLACES)})
    closing = {**rows.pop(), "step": "round"}
    return [*rows, {**closing, "amount": f"{replay([*rows, closing]):f}"}]


@settings(deadline=None, max_examples=200)
@given(explanations())
@example([{"step": "price", "times": "1"}, {"step": "round", "exponent": 2, "amount": "1"}])
def test_a_reading_comes_to_what_the_rows_come_to(rows: Rows) -> None:
    reading = read(rows)
    assert reading.amount == replay(rows)
    printed = table(reading, phrases())
    assert amount(printed[-1].amount) == reading.amount
    if all("≈" not in row.amount for row in printed):
        sums_up(printed)
    assert all(text for language in WORDS for text in sentences(reading, phrases(language)))


def sums_up(rows: Sequence[Told]) -> None:
    """The terms of a stage, with what the stage before came to, sum to its Σ where nothing else comes between."""
    total, plain = Fraction(0), True
    for row in rows:
        if row.kind == "term":
            total += amount(row.amount)
        elif row.kind in ("factor", "limit"):
            plain = False
        elif row.kind in ("sum", "amount"):
            if plain and not row.note:
                assert total == amount(row.amount), rows
            total, plain = amount(row.amount), True


def closing(value: str, exponent: int = 2) -> dict[str, Any]:
    return {"step": "round", "exponent": exponent, "amount": value}


def test_a_statement_of_a_retainer_reads_as_one_line() -> None:
    stated = Statement(Period(date(2026, 1, 1), date(2026, 2, 1)), carried_in=D(7200), granted=D(36000),
                       repaid=D(0), used=D(39600), borrowed=D(0), overage=D(0), expired=D(0), carried_out=D(3600))
    rows = [*stated.explanation, {"step": "covered", "add": "0", "quantity": "39600"}, closing("0")]
    assert said(rows, "covered") == ["Carried in 2:00:00, granted 10:00:00, used 11:00:00, left for later 1:00:00"]
    assert said(rows, "covered", language="de") == [
        "Übertrag 2:00:00, Kontingent 10:00:00, Genutzt 11:00:00, Bleibt übrig 1:00:00"]
    printed = told(rows, "covered")
    assert [(row.label, row.quantity, row.amount) for row in printed[-2:]] == [
        ("Covered by it now", "11:00:00", "0.00"), ("Amount", "", "0.00")]


@pytest.mark.parametrize(("language", "expected"), [
    ("en", "1.00 − 10% Partner (−0.10) = 0.90"), ("de", "1,00 − 10 % Partner (−0,10) = 0,90"),
    ("fr", "1,00 − 10 % Partner (−0,10) = 0,90")])
def test_a_discount_reads_as_one_in_each_language(language: str, expected: str) -> None:
    rows = [{"step": "units", "add": "1", "times": "1"}, {"step": "sum"},
            {"step": "rounded", "exponent": 2, "amount": "1"},
            {"step": "discount", "add": "-0.1", "name": "Partner", "of": "1", "rate": "0.1", "taken": "0.1"},
            {"step": "sum"}, closing("0.9")]
    assert [text.replace("\u202f", " ") for text in said(rows, language=language)] == [expected]


@pytest.mark.parametrize(("language", "expected", "label"), [
    ("en", "Cost 180.00 EUR × 1.05 (mark-up 5%) = 189.00, at most 150.00 for Hotel", "At most for Hotel"),
    ("de", "Kosten 180,00 EUR × 1,05 (Aufschlag 5 %) = 189,00, höchstens 150,00 für Hotel", "Höchstens für Hotel"),
    ("fr", "Coût 180,00 EUR × 1,05 (majoration 5 %) = 189,00, au plus 150,00 pour Hotel", "Au plus pour Hotel")])
def test_a_limit_of_an_expense_says_its_category(language: str, expected: str, label: str) -> None:
    rows = [{"step": "cost", "times": "180", "currency": "EUR"}, {"step": "markup", "times": "1.05"},
            {"step": "maximum", "at_most": "150", "category": "Hotel"}, closing("150")]
    assert [text.replace("\u202f", " ") for text in said(rows, "expense", language=language)] == [expected]
    shown = table(read(rows), phrases(language))
    assert [row.label for row in shown if row.kind == "limit"] == [label]
    assert [row.amount.replace(",", ".") for row in shown if row.kind == "sum"] == ["189.00"], "what is limited"


@pytest.mark.parametrize(("language", "why", "expected"), [
    ("en", "overtime", "1 entry, 2:00:00 × 100.00 per h × 1.25 (overtime) = 250.00"),
    ("de", "overtime", "1 Eintrag, 2:00:00 × 100,00 je h × 1,25 (Überstunden) = 250,00"),
    ("fr", "weekend", "1 saisie, 2:00:00 × 100,00 par h × 1,25 (week-end) = 250,00")])
def test_hours_that_count_more_say_why_in_each_language(language: str, why: str, expected: str) -> None:
    rows = [{"step": "seconds", "times": "7200", "entries": 1, "worked": 7200}, {"step": "rate", "times": "100"},
            {"step": "multiplier", "times": "1.25", "why": why}, {"step": "hour", "over": "3600"}, closing("250")]
    assert [text.replace("\u202f", " ") for text in said(rows, "time", language=language)] == [expected]


def test_an_average_that_is_no_decimal_says_what_it_is_the_average_of() -> None:
    rows = [{"step": "balance_days", "add": "1000000", "times": "0.01", "above": "0", "up_to": None}, {"step": "sum"},
            {"step": "counted_days", "times": "31"}, {"step": "period_days", "over": "31"},
            {"step": "year", "over": "365"}, closing("27.4")]
    assert said(rows, "balance") == ["Average balance 1,000,000.00 ÷ 31 days × 1% × 31/365 = 27.40 (rounded)"]
    assert told(rows, "balance")[0].amount.startswith("≈")


@pytest.mark.parametrize(("basis", "expected"), [
    ("average", "Average balance 100.00 × 36.5% × 31/365 = 3.10"),
    ("closing", "Closing balance 100.00 × 36.5% × 31/365 = 3.10")])
def test_a_balance_says_whether_it_is_the_average_or_the_last(basis: str, expected: str) -> None:
    charge = f"- {{model: balance, percent: 36.5, basis: {basis}, balances: [{{balance: 100}}]}}"
    [line] = priced(read_price_document((START + charge).encode()))["lines"]
    assert said(line["explanation"], "balance") == [expected]


def test_what_is_reduced_after_a_limit_is_reduced_from_it() -> None:
    rows = [{"step": "units", "add": "3000", "times": "0.1"}, {"step": "sum"},
            {"step": "maximum", "at_most": "120"},
            {"step": "write_down", "times": "100", "over": "120", "by": "mara", "reason": "Late"}, closing("100")]
    assert said(rows) == ["3,000 × 0.10 = 300.00, at most 120.00", "120.00 × 100.00/120.00 (reduced) = 100.00"]
    assert replay(rows) == read(rows).amount == 100


def test_rows_that_end_in_no_rounding_are_refused() -> None:
    with pytest.raises(ValueError, match="ends in the step"):
        read([{"step": "price", "times": "1"}])
