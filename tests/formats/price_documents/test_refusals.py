"""Whatever is wrong with a price document is said in words, by its path, all at once; nothing ends in a traceback."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from duly.formats.price_document import PriceDocumentError, Unpriced, priced, read_price_document
from duly.formats.price_document.text import parsed

FOLDER: Final = Path(__file__).parent
START: Final = "currency: EUR\nperiod: 2026-10\n"
UNIT: Final = "charges: [{code: calls, model: per_unit, price: 2, quantity: 3}]\n"


def documents() -> Iterator[str]:
    for file in sorted(FOLDER.glob("*.yaml")):
        yield from (one["document"] for one in yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader))


DOCUMENTS: Final = [parsed(text.encode()) for text in documents()]
HOSTILE: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from((
        "", "\x00", "NaN", "-Infinity", "1e999", "9" * 41, "-1", "-0.5", "0", "0.000000001", "999999999999", "1:30",
        "25:99", "0001-01-01", "9999-12-31", "2026-13-01", "2026", "Europe/Nowhere", "../../etc", "EUR", "XXX", "💶",
        "per_unit", "act_365", "a" * 5000)), st.text(max_size=8), st.just([]), st.just({}), st.just([[]]),
    st.just([{}]), st.dates().map(str), st.decimals(allow_nan=False, allow_infinity=False).map(str))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*path, key))


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A worked document in which some values are others, gone, or there under another name."""
    document: Any = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        here = draw(st.sampled_from([path for path in places(document) if path]))
        within = document
        for step in here[:-1]:
            within = within[step]
        change = draw(st.sampled_from(("value", "value", "value", "gone", "renamed")))
        if change == "value":
            within[here[-1]] = copy.deepcopy(draw(HOSTILE))
        elif change == "gone":
            del within[here[-1]]
        elif isinstance(within, dict):
            within[draw(st.sampled_from(("prices", "quantiy", "x", "\x00", "tiers", "usage")))] = within.pop(here[-1])
    return json.dumps(document, default=str)


def said(data: bytes) -> list[str]:
    """The paths of what is wrong; nothing where the document has an answer."""
    try:
        priced(read_price_document(data))
    except PriceDocumentError as error:
        return [one.path for one in error.problems]
    except Unpriced as error:
        return error.reasons
    return []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=spoiled())
def test_a_spoiled_document_is_answered_or_refused_in_words(text: str) -> None:
    assert all(said(text.encode()))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60))
@example(data=b"")
@example(data=b"\xff\xfe")
@example(data=b"\x00")
@example(data=b"[" * 100_000)
@example(data=b'{"a":' * 100_000)
@example(data=b"a: " * 10_000)
@example(data=b"&a [*a]")
@example(data=b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]")
@example(data=b"!!python/object/apply:os.system [ls]")
@example(data=b"? [a]\n: b")
@example(data=b"currency: EUR\n---\ncurrency: EUR")
def test_what_is_no_document_is_refused(data: bytes) -> None:
    assert said(data)


@pytest.mark.parametrize("text", ["currency: EUR\ncurrency: USD\n", '{"currency": "EUR", "currency": "USD"}',
                                  START + "charges: [{price: 1, price: 2}]"])
def test_a_key_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert "there twice" in refused.value.problems[0].text


@pytest.mark.parametrize(("text", "path", "remedy"), [
    (UNIT.replace("price: 2", "price: 1e999"), "charges[0].price", "price: 95"),
    (UNIT.replace("price: 2", "price: 0.123456789"), "charges[0].price", "smaller units"),
    (UNIT.replace("price: 2", "price: true"), "charges[0].price", "price: 95"),
    (UNIT.replace("quantity: 3", "quantity: -3"), "charges[0].quantity", "0 or more"),
    (UNIT.replace("quantity: 3", "quantity: 3, inclded: 1"), "charges[0].inclded", "Did you mean “included”?"),
    (UNIT.replace("per_unit", "per_units"), "charges[0].model", "Did you mean “per_unit”?"),
    (UNIT + "discounts: [{percent: 10, charges: [cals]}]", "discounts[0].charges", "Did you mean “calls”?"),
    (UNIT + "commitments: [{amount: 1, charges: [cals]}]", "commitments[0].charges", "Did you mean “calls”?"),
    (UNIT + "credits: [{amount: 1, tax_percent: 19, charges: [cals]}]", "credits[0].charges", "Did you mean “calls”?"),
    (UNIT + "discounts: [{percent: 10, amount: 5}]", "discounts[0].percent", "percent: 10, or amount: 50"),
    (UNIT + "discounts: [{percent: 101}]", "discounts[0].percent", "at most 100"),
    (UNIT + "buyer: {country: Mordor}", "buyer.country", "ISO 3166"),
    ("charges: [{model: graduated, quantity: 1, tiers: [{up_to: 5, price: 1}]}]", "charges[0].tiers", "last tier"),
    ("charges: [{model: graduated, quantity: 1, tiers: [{price: 1}, {price: 2}]}]", "charges[0].tiers[0].up_to",
     "up_to: 100"),
    ("charges: [{model: expense, limits: [{category: a, at_most: 0}]}]", "charges[0].limits[0].at_most",
     "leave the limit"),
    ("charges: [{model: expense, limits: [{category: a, at_most: 1.005}]}]", "charges[0].limits[0].at_most",
     "Round it"),
    ("charges: [{model: expense, limits: [{category: a}]}]", "charges[0].limits[0].at_most", "at_most: 150"),
    ("charges: [{model: expense, limits: [{at_most: 1}]}]", "charges[0].limits[0].category", "category: hotel"),
    ("charges: [{model: expense, limits: [{category: a, at_most: 1}, {category: A, at_most: 2}]}]",
     "charges[0].limits[1].category", "whatever its case"),
    ("charges: [{model: package, quantity: 1, price: 1, size: 0}]", "charges[0].size", "size: 1000"),
    ("charges: [{model: time, price: 1, entries: [{time: 0.0001}]}]", "charges[0].entries[0].time", "time: 1:30"),
    ("charges: [{model: recurring, price: 1, changes: [{from: 2026-09-01, price: 2}]}]", "charges[0].changes[0].from",
     "order of days"),
    ("charges: [{model: per_unit, price: 1, usage: {aggregation: unique_count}}]", "charges[0].usage.property",
     "property: user"),
    ("charges: [{model: per_unit, price: 1, usage: {time_zone: Mars}}]", "charges[0].usage.time_zone", "IANA"),
    (UNIT + "tax_rates: [{percent: 16}, {percent: 19}]", "tax_rates[1].from", "a day of its own"),
    (UNIT + "tax_rates: [{percent: 16, to: 2026-12-01}, {percent: 19, from: 2026-10-16}]", "tax_rates[1].from",
     "a day of its own"),
    ("charges: [{model: time, rates: [{price: 1}, {price: 2}], entries: []}]", "charges[0].rates[1].from",
     "a day of its own"),
    ("charges: [{model: time, price: 1, weekend_factor: 0}]", "charges[0].weekend_factor", "more than 0, at most 10"),
    ("charges: [{model: time, price: 1, weekend_factor: 1.555}]", "charges[0].weekend_factor", "Round it"),
    ("charges: [{model: time, price: 1, overtime_factor: 2}]", "charges[0].overtime_after_hours", "or neither"),
    ("charges: [{model: time, price: 1, overtime_after_hours: 8}]", "charges[0].overtime_factor", "or neither"),
    ("charges: [{model: time, price: 1, overtime_factor: 2, overtime_after_hours: 24:01}]",
     "charges[0].overtime_after_hours", "at most 24 hours"),
    ("charges: [{model: time, price: 1, overtime_factor: 2, overtime_after_hours: 0}]",
     "charges[0].overtime_after_hours", "more than nothing"),
    ("charges: [{model: time, price: 1, retainer: {time: 10, earlier: [{period: 2026-07, time: 1, used: 1}]}}]",
     "charges[0].retainer.earlier[0]", "without a gap"),
    (UNIT + "progressive: {thresholds: [200, 100]}", "progressive.thresholds", "[1000, 5000]"),
    (UNIT + "progressive: {thresholds: [x], run_up: [{at: 2026-10-05, amount: 9}]}", "progressive.thresholds[0]", "95"),
    (UNIT + "cap: {amount: 5, action: halt}", "cap.action", "stop, warn, ask"),
    (UNIT + "prices: inclusive\ntaxes: [{percent: 5}]", "taxes", "Leave out"),
    ("charges: [{model: per_unit, price: 1, usage: {group_by: region}}]", "charges[0].usage.group_by", "[region]"),
    ("charges: []", "charges", "at least one"),
    ("", "charges", "at least one"),
])
def test_a_mistake_is_named_by_its_path_with_its_remedy(text: str, path: str, remedy: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document((START + text).encode())
    assert [one.path for one in refused.value.problems] == [path]
    assert remedy in refused.value.problems[0].remedy


def test_all_mistakes_are_told_at_once() -> None:
    text = "currency: EURO\nperiod: soon\ncharges: [{model: per_unit, price: x}, {model: none}, 7]\ncolour: red"
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert [one.path for one in refused.value.problems] == [
        "currency", "period", "charges[2]", "charges[0].price", "charges[0].quantity", "charges[1].model", "colour"]


def test_work_without_a_rate_is_not_left_out() -> None:
    text = START + "charges: [{model: time, rates: [{price: 90, role: lead}], entries: [{time: 1:00}]}]"
    with pytest.raises(Unpriced, match="rate"):
        priced(read_price_document(text.encode()))
