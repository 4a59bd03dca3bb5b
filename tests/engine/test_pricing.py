"""Pricing: rate cards against a plain loop, and what holds whatever the work: order, sums, explanations."""

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import Priced, due_spans, price, replay
from duly.engine.pricing.explain import words
from duly.engine.pricing.rates import WEIGHTS, with_rates
from tests.engine.frames import RATES, WORK, billed, charges, frame, nothing_due, rates, work

Rows = list[dict[str, Any]]

OCTOBER = date(2026, 10, 1)
GROUPINGS = ["rate", "person", "task", "project", "entry"]
october_days = st.integers(0, 30).map(lambda n: OCTOBER + timedelta(days=n))
ids = st.none() | st.integers(1, 3)
roles = st.none() | st.sampled_from(["Developer", " developer", "DEVELOPER", "Tester", "Prüfer", "prüfer", "ß", "SS"])
prices = st.integers(0, 10**11).map(lambda n: Decimal(f"{n}e-8"))


@st.composite
def dated_rates(draw: st.DrawFn) -> dict[str, Any]:
    begins, ends = draw(october_days), draw(st.none() | october_days)
    return {"rate_card_id": draw(st.integers(1, 2)), "person_id": draw(ids), "project_id": draw(ids),
    "role": draw(roles),
            "task": draw(roles), "price": draw(prices), "valid_from": begins, "valid_to": ends}


entries = st.fixed_dictionaries({
    "rate_card_id": st.none() | st.integers(1, 2), "person_id": ids, "project_id": ids, "role": roles, "task": roles,
    "worked_on": october_days, "quantity": st.integers(1, 100_000), "document_key": st.integers(1, 2),
    "charge_id": st.integers(1, 2), "description": st.sampled_from(["", "Design", "“Build” \\ {}\n\t\x01"]),
    "grouping": st.sampled_from(GROUPINGS),
    "person": st.sampled_from(["Ada", "Bob", None]), "project": st.sampled_from([None, "Apollo"]),
    "tax_class": st.sampled_from(["standard", "reduced"]),
    "rounding": st.sampled_from(["exact", "up", "nearest"]), "increment_seconds": st.sampled_from([1, 60, 360, 900]),
    "minimum_seconds": st.sampled_from([0, 600]), "unit": st.sampled_from(["", "h", 'a "day"']),
})


def the_rate(entry: dict[str, Any], offered: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The rule as a sentence: of the card's rates that hold on the day and match, the one of the highest weight; of
    those with equal keys the one that began last, then the one entered last."""

    def matches(rate: dict[str, Any], key: str) -> bool:
        mine, wanted = entry[key], rate[key]
        return wanted is None or (mine is not None and str(mine).strip().casefold() == str(wanted).strip().casefold())

    fitting = [
        rate for rate in offered
        if rate["rate_card_id"] == entry["rate_card_id"] and all(matches(rate, key) for key in WEIGHTS)
        and rate["valid_from"] <= entry["worked_on"] < (rate["valid_to"] or date.max)
    ]
    weight = lambda rate: sum(WEIGHTS[key] for key in WEIGHTS if rate[key] is not None)
    return max(fitting, key=lambda rate: (weight(rate), rate["valid_from"], rate["rate_id"]), default=None)


@given(st.lists(entries, max_size=12), st.lists(dated_rates(), max_size=12))
def test_the_most_specific_rate_of_the_day_applies(work_rows: Rows, rate_rows: Rows) -> None:
    given_work, given_rates = work(*work_rows), rates(*rate_rows)
    found = with_rates(given_work, given_rates.sample(fraction=1, shuffle=True, seed=1))
    assert found["work_id"].to_list() == given_work["work_id"].to_list()
    expected = [the_rate(row, given_rates.to_dicts()) for row in work_rows]
    assert found["rate_id"].to_list() == [rate and rate["rate_id"] for rate in expected]
    assert found["price"].to_list() == [rate and rate["price"] for rate in expected]


@pytest.mark.parametrize(
    ("recorded", "on_the_card"),
    [("developer", "Developer"), (" Developer", "developer "), ("Prüfung", "PRÜFUNG"), ("Straße", "STRASSE"),
     ("ﬁnance", "Finance"), ("ΣΊΣΥΦΟΣ", "σίσυφος")],
)
@pytest.mark.parametrize("key", ["role", "task"])
def test_roles_and_tasks_match_whatever_their_case(key: str, recorded: str, on_the_card: str) -> None:
    given_rates = rates({"price": 95, key: on_the_card}, {"price": 80})
    assert with_rates(work({key: recorded}), given_rates)["price"].to_list() == [Decimal(95)]


def entry_seconds(row: dict[str, Any]) -> int:
    """The agreement's rounding of one entry, as a sentence."""
    step = row["increment_seconds"] if row["rounding"] != "exact" else 1
    steps, rest = divmod(row["quantity"], step)
    more = rest > 0 if row["rounding"] == "up" else 2 * rest >= step
    return max((steps + (more and rest > 0)) * step, row["minimum_seconds"])


def audit(priced: Priced, given_work: pl.DataFrame) -> None:
    """What must hold of any priced work."""
    assert all(not kind.is_float() for kind in (*priced.lines.schema.values(), *priced.allocations.schema.values()))
    for line in priced.lines.iter_rows(named=True):
        explained = json.loads(line["explanation"])
        assert replay(explained) == line["amount"] == Decimal(explained[-1]["amount"])
        exact = Fraction(line["numerator"]) / line["denominator"]
        assert abs(Fraction(line["amount"]) - exact) * 10 ** line["exponent"] * 2 <= 1
    shares = priced.allocations.group_by("line_key").agg(pl.col("amount").sum().alias("parts"))
    summed = priced.lines.join(shares, on="line_key")
    assert summed["amount"].to_list() == summed["parts"].to_list()
    placed = [*priced.allocations["work_id"], *priced.problems["work_id"]]
    assert Counter(placed) == Counter(given_work["work_id"]), "each piece of work is on one line or among the problems"
    assert priced.lines["line_key"].to_list() == list(range(1, priced.lines.height + 1))
    for (_,), lines in priced.lines.group_by("document_key"):
        assert lines["position"].to_list() == list(range(1, lines.height + 1))


@given(st.lists(entries, max_size=15), st.lists(dated_rates(), max_size=6), st.randoms(use_true_random=False))
def test_time_is_priced_whatever_its_order(work_rows: Rows, rate_rows: Rows, any_order: Any) -> None:
    default = {"price": 95, "rate_card_id": 1}
    given_work, given_rates = work(*work_rows), rates(*rate_rows, default)
    priced = price(given_work, nothing_due(), given_rates)
    audit(priced, given_work)
    shuffled = given_work[any_order.sample(range(given_work.height), given_work.height)]
    again = price(shuffled, nothing_due(), given_rates)
    assert again.lines.equals(priced.lines)
    order = ["line_key", "work_id"]
    assert again.allocations.sort(order).equals(priced.allocations.sort(order))
    assert again.problems.equals(priced.problems)


@given(st.lists(entries, min_size=1, max_size=15))
def test_a_line_is_what_entries_of_equal_terms_come_to(work_rows: Rows) -> None:
    """Against a plain loop: the seconds of each (document, charge, who or what, unit, tax class), one rate for all.

    People and projects are who they are by their ids and are called as they were last, in the order of days.
    """
    rows = [row | {"rate_card_id": 1, "terms_id": GROUPINGS.index(row["grouping"])} for row in work_rows]
    priced = price(work(*rows), nothing_due(), rates({"price": "95.55"}))
    expected: Counter[tuple[Any, ...]] = Counter()
    names = {}
    for number, row in sorted(enumerate(rows), key=lambda numbered: (numbered[1]["worked_on"], numbered[0])):
        name = (row | {"rate": None, "entry": row["description"] or row["task"]})[row["grouping"]]
        one = {"entry": number, "person": row["person_id"], "project": row["project_id"]}.get(row["grouping"])
        key = (row["document_key"], row["charge_id"], row["terms_id"], name if one is None else one, row["unit"],
               row["tax_class"])
        expected[key] += entry_seconds(row)
        names[key] = name
    printed = Counter(
        (key[0], key[1], "Consulting" if names[key] is None else f"Consulting – {names[key]}", key[4] or "h", key[5],
         seconds) for key, seconds in expected.items())
    columns = ("document_key", "charge_id", "description", "unit", "tax_class", "quantity")
    assert Counter(priced.lines.select(columns).iter_rows()) == printed


def test_entries_of_different_tax_parts_share_no_line() -> None:
    entries = [work({"work_id": n, "worked_on": f"2026-10-{day:02}", "grouping": "rate"}) for n, day in
               ((1, 1), (2, 2), (3, 3))]
    parted = pl.concat(entries).with_columns(pl.Series("tax_part", [0, 1, 1], pl.Int64))
    card = rates({"price": "100"})
    assert price(parted.drop("tax_part"), nothing_due(), card).lines.height == 1
    found = price(parted, nothing_due(), card)
    assert found.lines["service_from"].to_list() == [date(2026, 10, 1), date(2026, 10, 2)]
    assert found.allocations.sort("work_id")["line_key"].to_list() == [1, 2, 2]


@pytest.mark.parametrize("by", ["person", "project"])
def test_namesakes_have_lines_of_their_own(by: str) -> None:
    rows: Rows = [
        {f"{by}_id": number, by: name, "grouping": by, "quantity": 3_600, "worked_on": day}
        for number, name, day in ((1, "Kim", "2026-10-01"), (2, "Kim", "2026-10-02"), (1, "Kim-Lee", "2026-10-03"),
                                  (None, None, "2026-10-04"))
    ]
    lines = price(work(*rows), nothing_due(), rates({"price": 95})).lines
    assert lines.select("description", "quantity").rows() == [
        ("Consulting – Kim-Lee", 7_200), ("Consulting – Kim", 3_600), ("Consulting", 3_600)]


def test_equal_prices_of_different_rates_share_a_line_that_names_none() -> None:
    card = rates({"price": 95, "person_id": 1}, {"price": 95, "person_id": 2})
    rows = [{"person_id": 1, "quantity": 3600}, {"person_id": 2, "quantity": 1800}]
    [line] = price(work(*rows), nothing_due(), card).lines["explanation"]
    assert json.loads(line)[:2] == [{"step": "seconds", "times": "5400", "entries": 2, "worked": 5400},
                                    {"step": "rate", "times": "95", "rate_id": None}]


costs = st.fixed_dictionaries({
    "kind": st.just("expense"), "amount": st.integers(-(10**9), 10**9).map(lambda n: Decimal(f"{n}e-4")),
    "cost_currency": st.sampled_from(["EUR", "CHF", None]),
    "markup": st.integers(-(10**8) + 1, 10**8).map(lambda n: Decimal(f"{n}e-8")),
    "description": st.sampled_from(["", 'Taxi "home"', "\\ \x00 é"]), "exponent": st.sampled_from([0, 2, 3]),
    "exchange_rate": st.integers(1, 10**14).map(lambda n: Decimal(f"{n}e-10")), "task": st.just("Hotel"),
    "at_most": st.none() | st.integers(1, 10**15 - 1).map(lambda n: Decimal(f"{n}")),
})
agreed = st.fixed_dictionaries({
    "kind": st.just("milestone"), "amount": st.integers(0, 10**9).map(lambda n: Decimal(f"{n}e-2")),
    "quantity": st.integers(1, 10**6).map(lambda n: Decimal(f"{n}e-6")),
})


@given(st.lists(costs | agreed, max_size=10))
def test_expenses_and_milestones_are_priced_exactly(rows: Rows) -> None:
    for row in rows:
        if row.get("cost_currency") != "CHF":
            row["exchange_rate"] = None
    given_work = work(*rows)
    priced = price(given_work, nothing_due(), rates({"price": 95}))
    audit(priced, given_work)
    quotients = priced.allocations.join(priced.lines, on="line_key").select("work_id", "numerator", "denominator")
    found = {work_id: Fraction(numerator) / denominator for work_id, numerator, denominator in quotients.iter_rows()}
    for number, row in enumerate(rows, start=1):
        expected = Fraction(row["amount"]) * (1 + Fraction(row.get("markup", 0))) * Fraction(row.get("quantity", 1))
        expected *= Fraction(row.get("exchange_rate") or 1)
        assert found[number] == (expected if row.get("at_most") is None else min(expected, Fraction(row["at_most"])))


fees = st.fixed_dictionaries({
    "price": prices, "quantity": st.integers(0, 10**9).map(lambda n: Decimal(f"{n}e-6")),
    "agreement_from": october_days,
    "proration": st.sampled_from(["by_day", "whole_period"]), "unit": st.sampled_from(["", "seat", '"']),
})


@given(st.lists(fees, max_size=6))
def test_recurring_fees_are_price_by_quantity_by_days_over_days(rows: Rows) -> None:
    due = due_spans(charges(*(row | {"charge_id": n} for n, row in enumerate(rows))), billed(), date(2026, 11, 1))
    priced = price(work(), due, rates())
    audit(priced, work())
    assert priced.spans.height == priced.lines.height == len(rows)
    quotients = priced.lines.select("charge_id", "numerator", "denominator")
    found = {charge: Fraction(numerator) / denominator for charge, numerator, denominator in quotients.iter_rows()}
    for number, row in enumerate(rows):
        days = 31 if row["proration"] == "whole_period" else 31 - (row["agreement_from"] - OCTOBER).days
        assert found[number] == Fraction(row["price"]) * Fraction(row["quantity"]) * Fraction(days, 31)


def test_lines_are_in_the_order_of_sections_charges_and_days() -> None:
    rows = [{"kind": "milestone", "amount": 1, "charge_id": 1}, {"kind": "expense", "amount": 1, "charge_id": 9},
            {"charge_id": 8, "worked_on": "2026-10-02"}, {"charge_id": 7, "worked_on": "2026-10-09"},
            {"charge_id": 7, "worked_on": "2026-10-03", "unit": "day"}]
    fixed = due_spans(charges({"charge_id": 3, "kind": "one_off", "due_on": "2026-10-01"}, {"charge_id": 4}), billed(),
                      date(2026, 2, 1) + timedelta(days=300))
    lines = price(work(*rows), fixed.filter(pl.col("span_from") >= OCTOBER), rates({"price": 95})).lines
    assert lines.select("kind", "charge_id").rows() == [
        ("time", 7), ("time", 7), ("time", 8), ("expense", 9), ("milestone", 1), ("recurring", 4), ("recurring", 4),
        ("one_off", 3)]


@given(st.text(max_size=40))
def test_any_text_is_valid_json(text: str) -> None:
    assert json.loads(pl.DataFrame({"t": [text]}).select(words(pl.col("t"))).item()) == text


def test_an_explanation_that_does_not_end_in_a_rounding_is_none() -> None:
    for broken in ("[]", '[{"step":"rate","times":"95"}]'):
        with pytest.raises(ValueError, match="ends in the step"):
            replay(broken)


def test_nothing_is_priced_as_nothing() -> None:
    priced = price(frame(WORK), nothing_due(), frame(RATES))
    assert [part.height for part in (priced.lines, priced.allocations, priced.spans, priced.problems)] == [0, 0, 0, 0]
