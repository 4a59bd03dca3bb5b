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
BILLED: Final = """
charges:
  - model: recurring
    price: 9
    billed: [{from: 2026-10-01, to: 2026-11-01, amount: 9, tax_category: E, tax_percent: 19}]
"""
OVERLAPPING: Final = """
charges:
  - model: recurring
    price: 9
    billed: [{from: 2026-10-01, to: 2026-11-01, amount: 9}, {from: 2026-10-31, to: 2026-11-01, amount: 5}]
"""
START: Final = "currency: EUR\nperiod: 2026-10\n"
USAGE: Final = "charges: [{model: per_unit, price: 2, usage: {SAID}}]"
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
        return [one.path for one in error.problems]
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
    (UNIT.replace("price: 2", "price: 1e-9"), "charges[0].price", "smaller units"),
    (UNIT.replace("price: 2", "price: 1e12"), "charges[0].price", "million millions"),
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
    (USAGE.replace("SAID", "time_zone: Europe"), "charges[0].usage.time_zone", "IANA"),
    (USAGE.replace("SAID", "time_zone: localtime"), "charges[0].usage.time_zone", "IANA"),
    (USAGE.replace("SAID", "group_by: [\"a'b\"]"), "charges[0].usage.group_by", "without apostrophes"),
    (USAGE.replace("SAID", "aggregation: unique_count, property: \"a'b\""), "charges[0].usage.property",
     "without apostrophes"),
    (USAGE.replace("SAID", "filters: [{property: 'a\\b', values: [c]}]"), "charges[0].usage.filters[0].property",
     "without apostrophes"),
    (USAGE.replace("SAID", "group_by: [region, region]"), "charges[0].usage.group_by", "each once"),
    (USAGE.replace("SAID", "time_zone: Asia/Tokyo, events: [{at: 0001-01-01}]"), "charges[0].usage.events[0].at",
     "2026-10-05T14:30:00Z"),
    (USAGE.replace("SAID", "events: [{at: 9999-12-31T23:59:59-12:00}]"), "charges[0].usage.events[0].at",
     "2026-10-05T14:30:00Z"),
    (UNIT + "progressive: {run_up: [{at: 0001-01-01T00:00:00+14:00, amount: 5}]}", "progressive.run_up[0].at",
     "2026-10-05T14:30:00Z"),
    (UNIT + "credits: [{amount: 1, tax_category: Z, tax_percent: 19}]", "credits[0].tax_percent", "tax_category: S"),
    (UNIT + "deposits: [{net: 1, tax_category: AE, tax_percent: 19}]", "deposits[0].tax_percent", "tax_category: S"),
    (BILLED, "charges[0].billed[0].tax_percent", "tax_category: S"),
    (UNIT + "discounts: [{amount: 1.005}]", "discounts[0].amount", "Round it"),
    (UNIT + "cap: {amount: 1.005}", "cap.amount", "Round it"),
    (UNIT + "cap: {amount: 1, billed_before: 0.005}", "cap.billed_before", "Round it"),
    (UNIT + "draw_downs: [{amount: 1, used_before: 0.005}]", "draw_downs[0].used_before", "Round it"),
    (UNIT + "progressive: {billed: 0.005, run_up: []}", "progressive.billed", "Round it"),
    (UNIT + "progressive: {run_up: [{at: 2026-10-05, amount: 0.005}]}", "progressive.run_up[0].amount", "Round it"),
    ("charges: [{model: time, price: 1, retainer: {value: 10.005}}]", "charges[0].retainer.value", "Round it"),
    (UNIT + "credits: [{name: A, amount: 1}, {name: A, amount: 1}]", "credits[1].name", "a name of its own"),
    (UNIT + "credits: [{name: Credit 2, amount: 1}, {amount: 1}]", "credits[1].name", "a name of its own"),
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
    ("charges: [{model: recurring, price: 1, from: 2026-10-10, until: 2026-10-01}]", "charges[0].until", "last day"),
    ("charges: [{model: recurring, price: 1, pauses: [{from: 2026-10-15, to: 2026-10-05}]}]", "charges[0].pauses[0].to",
     "billed again"),
    ("charges: [{model: recurring, price: 1, trial_days: 3, trial_until: 2026-10-15}]", "charges[0].trial_until",
     "trial_days, or trial_until"),
    ("charges: [{model: recurring, price: 1, trial_price: 3}]", "charges[0].trial_price", "trial_days, or trial_until"),
    (OVERLAPPING, "charges[0].billed[1].from", "that were credited of it"),
    ("charges: [{model: recurring, price: 1, billed: [{from: 2026-10-01, to: 2026-11-01, amount: 1.005}]}]",
     "charges[0].billed[0].amount", "Round it"),
    (UNIT + "deposits: [{net: 1.005, tax_percent: 19}]", "deposits[0].net", "Round it"),
    (UNIT + "credits: [{amount: 1.005}]", "credits[0].amount", "Round it"),
    (UNIT + "withholdings: [{percent: 150}]", "withholdings[0].percent", "at most 100"),
    (UNIT + "tax_rates: [{percent: 1900}]", "tax_rates[0].percent", "at most 100"),
    (UNIT.replace("quantity: 3", "quantity: 3, minimum: 9, maximum: 8"), "charges[0].minimum", "at most 8"),
    ("charges: [{model: percentage, percent: 1, minimum_fee: 9, maximum_fee: 8}]", "charges[0].minimum_fee",
     "at most 8"),
    ("charges: [{model: milestone, amount: 9, accepted_percent: 101}]", "charges[0].accepted_percent", "at most 100"),
    ("charges: [{model: one_off, price: 9, on: 2026-11-01}]", "charges[0].on", "2026-10-01 to 2026-10-31"),
    ("charges: [{model: stair_step, quantity: 1, tiers: [{up_to: 5, price: 9}, {flat: 20}]}]",
     "charges[0].tiers[0].price", "flat: 9"),
    ("charges: [{model: expense, entries: [{cost: 9, currency: USD}]}]", "charges[0].entries[0].exchange_rate",
     "EUR for 1 USD"),
    ("charges: [{model: expense, entries: [{cost: 9, currency: USD, exchange_rate: 0}]}]",
     "charges[0].entries[0].exchange_rate", "more than zero"),
    ("charges: [{model: expense, entries: [{cost: 9, exchange_rate: 2}]}]", "charges[0].entries[0].exchange_rate",
     "Leave it out"),
    (UNIT.replace("quantity: 3", "quantity: 3, late_quantity: -4"), "charges[0].late_quantity", "as was used"),
    ("charges: [{model: per_unit, price: 1, usage: {events: [{at: 2026-10-05, quantity: -4}]}}]", "charges[0].usage",
     "as was used"),
    (UNIT.replace("price: 2, quantity: 3", "price: 10000000, quantity: 10000000"), "charges[0].model", "Correct"),
    ("charges: [{model: package, quantity: 1000, size: 0.000001, price: 100000}]", "charges[0].model", "Correct"),
    ("charges: [{model: graduated, quantity: 900000000000, tiers: [{up_to: 9, price: 1}, {price: 999}]}]",
     "charges[0].model", "Correct"),
    ("charges: [{model: time, price: 900000000000, entries: [{time: 900:00}]}]", "charges[0].model", "Correct"),
    ("charges: [{model: percentage, percent: 99999, transactions: [{amount: 900000000000}]}]", "charges[0].model",
     "Correct"),
    ("charges: [{model: balance, percent: 999999, balances: [{balance: 900000000000}]}]", "charges[0].model",
     "Correct"),
    ("charges: [{model: recurring, price: 10000000, proration: by_second, quantity: 10000000}]", "charges[0].model",
     "Correct"),
    ("charges: []", "charges", "at least one"),
    ("", "charges", "at least one"),
])
def test_a_mistake_is_named_by_its_path_with_its_remedy(text: str, path: str, remedy: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document((START + text).encode())
    assert [one.path for one in refused.value.problems] == [path]
    assert remedy in refused.value.problems[0].remedy


@pytest.mark.parametrize(("number", "net"), [("1.25e-3", "1.25"), ("1E-3", "1.00"), ("2e+1", "20000.00"),
                                           ("1e-08", "0.00"), ("1.0e-5", "0.01")])
def test_a_number_may_be_as_programs_write_it(number: str, net: str) -> None:
    text = '{"currency": "EUR", "period": "2026-10", "charges": [{"model": "per_unit", "price": %s, "quantity": 1e3}]}'
    assert str(priced(read_price_document((text % number).encode()))["totals"]["net"]) == net


def test_all_mistakes_are_told_at_once() -> None:
    text = "currency: EURO\nperiod: soon\ncharges: [{model: per_unit, price: x}, {model: none}, 7]\ncolour: red"
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert [one.path for one in refused.value.problems] == [
        "currency", "period", "charges[2]", "charges[0].price", "charges[0].quantity", "charges[1].model", "colour"]


@pytest.mark.parametrize(("text", "path", "remedy"), [
    ("charges: [{model: time, rates: [{price: 90, role: lead}], entries: [{role: lead, time: 1:00}, {time: 1:00}]}]",
     "charges[0].entries[1]", "Add one to the rate card."),
    ("charges: [{model: expense, markup_percent: 99999, entries: [{cost: 900000000000}]}]", "charges[0].entries[0]",
     "Correct its cost"),
    (UNIT.replace("price: 2", "price: 2, tax_class: luxury"), "charges[0].tax_class", "class: luxury"),
    (UNIT + "tax_rates: [{class: reduced, percent: 7}]", "charges[0].tax_class", "class: standard"),
    (UNIT + "tax_rates: [{percent: 16, to: 2026-10-01}, {percent: 19, from: 2026-11-01}]", "charges[0].tax_class",
     "Give one under tax_rates"),
    (UNIT + "tax_rates: [{percent: 19, country: FR}]", "charges[0].tax_class", "Give one under tax_rates"),
    (UNIT + "taxes: [{percent: 5, class: reduced}]", "charges[0].tax_class", "Give one under taxes"),
    (UNIT + "commitments: [{amount: 9}, {amount: 9, tax_class: luxury}]", "commitments[1].tax_class", "class: luxury"),
])
def test_nothing_is_left_out_or_untaxed_in_silence(text: str, path: str, remedy: str) -> None:
    with pytest.raises(Unpriced) as refused:
        priced(read_price_document((START + text).encode()))
    assert [one.path for one in refused.value.problems] == [path]
    assert remedy in refused.value.problems[0].remedy


@pytest.mark.parametrize("text", [
    UNIT + "tax_rates: [{percent: 0}]", UNIT + "taxes: [{percent: 0}]",
    UNIT.replace("price: 2", "price: 2, tax_class: luxury") + "buyer: {country: FR, tax_id: FR40303265045}",
    UNIT.replace("price: 2", "price: 2, tax_class: luxury") + "seller: {country: DE}",
])
def test_what_bears_no_tax_needs_no_rate(text: str) -> None:
    assert priced(read_price_document((START + text).encode()))["totals"]["tax"] == 0
