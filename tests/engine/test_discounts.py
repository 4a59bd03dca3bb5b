"""Discounts: against a plain loop, the worked examples, and that the rows told come to what is left."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.discounts import DISCOUNT, Discounted, discount
from duly.engine.pricing.lines import LINE
from duly.engine.pricing.metered import price_metered
from duly.engine.rounding import distribute, round_quotient
from tests.engine.frames import metered, tiers

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "discounts.yaml"
Rows = list[dict[str, Any]]


def lines(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Lines of agreement 1 on document 1, each of an amount of its charge; what else they have does not matter."""
    filled = [{"document_key": 1, "agreement_id": 1, "exponent": 2, **row, "line_key": key,
               "explanation": json.dumps([{"step": "price", "times": str(row["amount"])},
                                          {"step": "round", "exponent": row.get("exponent", 2),
                                           "amount": str(row["amount"])}], separators=(",", ":"))}
              for key, row in enumerate(rows, start=1)]
    return pl.DataFrame(filled, schema={"line_key": pl.Int64, **LINE})


def discounts(*rows: Mapping[str, Any]) -> pl.DataFrame:
    filled = [{"discount_id": key, "document_key": 1, "order": key, "name": "Loyalty", "agreement_id": 1, **row}
              for key, row in enumerate(rows, start=1)]
    return pl.DataFrame(filled, schema=DISCOUNT)


def told(found: Discounted) -> list[Decimal]:
    for line in found.lines.to_dicts():
        assert replay(line["explanation"]) == line["net"]
    taken = found.shares.group_by("line_key").agg(pl.col("amount").sum())
    off = dict(zip(taken["line_key"], taken["amount"], strict=True))
    assert all(line["amount"] - line["net"] == off.get(line["line_key"], 0) for line in found.lines.to_dicts())
    return found.lines["net"].to_list()


def by_hand(rows: Rows, offers: Rows) -> list[Decimal]:
    nets = [row["amount"] for row in rows]
    for offer in sorted(offers, key=lambda offer: (offer["document_key"], offer["order"])):
        keys = {"charge": ("document_key", "agreement_id", "charge_id"), "agreement": ("document_key", "agreement_id"),
                "invoice": ("document_key",)}[offer["scope"]]
        mine = [i for i, row in enumerate(rows) if nets[i] > 0 and all(row[key] == offer[key] for key in keys)]
        base = sum((nets[i] for i in mine), Decimal(0))
        exponent = rows[mine[0]]["exponent"] if mine else 2
        off = min(base, round_quotient(base * offer["rate"], 1, exponent) if offer["rate"] is not None
                  else offer["off"])
        for i, share in zip(mine, distribute(off, [nets[i] for i in mine], exponent), strict=True):
            nets[i] -= share
    return nets


cents = st.integers(-10**4, 10**7).map(lambda n: Decimal(f"{n}e-2"))
some_lines = st.lists(st.fixed_dictionaries({
    "document_key": st.integers(1, 2), "agreement_id": st.integers(1, 2), "charge_id": st.integers(1, 2),
    "amount": cents, "exponent": st.just(2)}), max_size=8)
terms = st.tuples(st.integers(0, 2 * 10**8).map(lambda n: Decimal(f"{n}e-8")), st.none()) | st.tuples(
    st.none(), cents.map(abs))
some_discounts = st.lists(st.fixed_dictionaries({
    "document_key": st.integers(1, 2), "agreement_id": st.integers(1, 2), "charge_id": st.integers(1, 2),
    "scope": st.sampled_from(["charge", "agreement", "invoice"]), "terms": terms}), max_size=5)


@given(some_lines, some_discounts)
def test_discounts_are_taken_in_turn(rows: Rows, given_discounts: Rows) -> None:
    offers = [{**offer, "rate": offer["terms"][0], "off": offer["terms"][1], "order": order}
              for order, offer in enumerate(given_discounts)]
    for offer in offers:
        del offer["terms"]
    found = discount(lines(*rows), discounts(*offers).sample(fraction=1, shuffle=True, seed=1))
    assert told(found) == by_hand(rows, offers)
    assert all(net >= min(row["amount"], 0) for net, row in zip(told(found), rows, strict=True))


def test_the_row_says_what_it_was_taken_on() -> None:
    found = discount(lines({"amount": Decimal("100.00")}, {"amount": Decimal("50.00")}),
                     discounts({"scope": "invoice", "rate": Decimal("0.1")}))
    assert json.loads(found.lines["explanation"][0])[1:] == [
        {"step": "rounded", "exponent": 2, "amount": "100.00"},
        {"step": "discount", "add": "-10", "name": "Loyalty", "of": "150", "rate": "0.1", "taken": "15"},
        {"step": "sum"}, {"step": "round", "exponent": 2, "amount": "90"}]
    assert found.shares.rows() == [(1, 1, Decimal(10)), (2, 1, Decimal(5))]


def test_rows_of_one_discount_are_one_of_all_their_lines() -> None:
    sold = lines(*({"amount": Decimal(100), "charge_id": charge} for charge in (1, 2, 3)))
    offer = {"discount_id": 7, "order": 1, "scope": "charge", "off": Decimal(50)}
    found = discount(sold, discounts(*(offer | {"charge_id": charge} for charge in (1, 2, 2))))
    assert told(found) == [Decimal(75), Decimal(75), Decimal(100)]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=4),
       st.integers(0, 10**8))
def test_a_discount_is_of_rounded_amounts(sold: list[tuple[int, int]], rate: int) -> None:
    priced = price_metered(metered(*({"quantity": Decimal(f"{quantity}e-6"), "price": Decimal(f"{price}e-8")}
                                     for quantity, price in sold)), tiers())
    offer = {"scope": "invoice", "rate": Decimal(f"{rate}e-8")}
    found = discount(priced.with_columns(pl.col("part").alias("line_key")), discounts(offer))
    whole = sum((round_quotient(quantity * price, 10**14, 2) for quantity, price in sold), Decimal(0))
    assert sum(told(found), Decimal(0)) == whole - round_quotient(whole * rate, 10**8, 2)


@pytest.mark.parametrize("wrong", [
    {"scope": "invoice"}, {"scope": "invoice", "rate": 1, "off": 1}, {"scope": "line", "rate": 1},
    {"scope": "invoice", "off": Decimal(-1)}])
def test_a_discount_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="discount 1"):
        discount(lines({"amount": Decimal(1)}), discounts(wrong))


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    names: dict[str, int] = {}
    exponent = int(example.get("exponent", 2))
    given_lines = [{"charge_id": names.setdefault(line["charge"], len(names)), "amount": Decimal(line["amount"]),
                    "exponent": exponent} for line in example["lines"]]
    offers = [{"scope": offer["scope"], "name": offer.get("name", ""), "charge_id": names.get(offer.get("charge", "")),
               "rate": Decimal(offer["rate"]) if "rate" in offer else None,
               "off": Decimal(offer["off"]) if "off" in offer else None} for offer in example["discounts"]]
    found = told(discount(lines(*given_lines), discounts(*offers)))
    assert found == [Decimal(line["net"]) for line in example["lines"]]
