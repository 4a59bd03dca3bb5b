"""Tax in prices, several taxes on one base, taxes withheld and taken back: laws, and what breaks them."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.rounding import round_quotient
from duly.engine.tax import tax_lines
from duly.engine.tax_amounts import tax_credited, tax_each, tax_included, withheld
from tests.engine.frames import COUNTED, MONEY, QUANTITY, Defaults, frame

LINE: Final[Defaults] = {
    "line_key": (pl.Int64, COUNTED), "document_key": (pl.Int64, 1), "corrects_key": (pl.Int64, 1),
    "amount": (MONEY, 0), "exponent": (pl.Int8, 2), "tax_class": (pl.String, "standard"),
    "tax_category": (pl.String, "S"), "tax_rate": (QUANTITY, "0.19"), "tax_reason": (pl.String, ""),
    "tax_point": (pl.Date, date(2026, 10, 31)),
}
TAX: Final[Defaults] = {
    "tax_class": (pl.String, "standard"), "position": (pl.Int64, COUNTED), "name": (pl.String, "GST"),
    "category": (pl.String, "S"), "rate": (QUANTITY, "0.05"), "reason": (pl.String, ""),
    "compound": (pl.Boolean, False), "valid_from": (pl.Date, date(2000, 1, 1)), "valid_to": (pl.Date, None),
}
TOTAL: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "net": (MONEY, 0), "total": (MONEY, 0), "exponent": (pl.Int8, 2),
}
RULE: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "name": (pl.String, "IRPF"), "rate": (QUANTITY, "0.15"),
}

amounts = st.integers(-(10**9), 10**9).map(lambda n: Decimal(f"{n}e-2"))
rates = st.integers(0, 10**6).map(lambda n: Decimal(f"{n}e-6")) | st.sampled_from(["0.19", "0.07", "0.255"])


@given(st.lists(st.fixed_dictionaries({"document_key": st.integers(1, 2), "amount": amounts,
                                       "tax_rate": st.sampled_from(["0.19", "0.07", "0.00000"])}), max_size=8))
def test_a_price_with_tax_never_changes(given_lines: list[dict[str, Any]]) -> None:
    lines, groups = tax_included(frame(LINE, *given_lines))
    assert lines["gross"].to_list() == [line["amount"] for line in given_lines]
    assert all(row["amount"] + row["tax"] == row["gross"] for row in lines.to_dicts())
    for group in groups.to_dicts():
        mine = lines.filter(document_key=group["document_key"], tax_rate=group["rate"])
        rate = Fraction(group["rate"])
        assert group["tax"] == round_quotient(Fraction(group["gross"]) * rate / (1 + rate), 1, 2) == mine["tax"].sum()
        assert group["base"] == mine["amount"].sum() == group["gross"] - group["tax"]
        for row in mine.to_dicts():
            assert abs(Fraction(row["tax"]) - Fraction(row["gross"]) * rate / (1 + rate)) < Fraction(1, 100)


def loop_of_taxes(lines: list[dict[str, Any]], taxes: list[dict[str, Any]]) -> Decimal:
    """All taxes of lines of one class, one after the other."""
    net = sum((line["amount"] for line in lines), Decimal(0))
    found = Decimal(0)
    for tax in taxes:
        base = net + (found if tax["compound"] else 0)
        found += round_quotient(Fraction(base) * Fraction(tax["rate"]), 1, 2)
    return found


@given(st.lists(st.fixed_dictionaries({"amount": amounts}), min_size=1, max_size=5),
       st.lists(st.fixed_dictionaries({"rate": rates, "compound": st.booleans()}), max_size=4))
def test_several_taxes_on_one_base(lines: list[dict[str, Any]], taxes: list[dict[str, Any]]) -> None:
    named = [tax | {"name": f"tax {number}"} for number, tax in enumerate(taxes)]
    shares, groups = tax_each(frame(LINE, *lines), frame(TAX, *named))
    assert groups["tax"].sum() == shares["tax"].sum() == loop_of_taxes(lines, named)
    assert groups["name"].to_list() == [tax["name"] for tax in named]
    assert shares.height == len(lines) * len(taxes)


def test_a_compound_tax_is_on_the_taxes_of_its_own_lines() -> None:
    taxes: list[dict[str, Any]] = [
        {"rate": "0.05"}, {"tax_class": "books", "rate": "0.05", "position": 1},
        {"name": "QST", "rate": "0.10", "compound": True, "position": 2}]
    lines: list[dict[str, Any]] = [
        {"amount": 100}, {"amount": 100, "tax_class": "books"}, {"amount": 100, "tax_class": "free"}]
    shares, groups = tax_each(frame(LINE, *lines), frame(TAX, *taxes))
    assert groups.select("name", "base", "tax").rows() == [("GST", 200, 10), ("QST", 105, Decimal("10.5"))]
    assert shares.select("line_key", "name", "tax").rows() == [(1, "GST", 5), (1, "QST", Decimal("10.5")),
                                                               (2, "GST", 5)]


def test_a_tax_holds_on_its_days() -> None:
    taxes = [{"rate": "0.07", "valid_to": "2026-10-31"}, {"rate": "0.05", "valid_from": "2026-10-31"}]
    _, groups = tax_each(frame(LINE, {"amount": 100}), frame(TAX, *taxes))
    assert groups["tax"].to_list() == [5]


@given(amounts, amounts, st.lists(rates, max_size=3))
def test_what_is_withheld_is_paid_by_the_buyer_to_the_office(net: Decimal, tax: Decimal, held: list[Decimal]) -> None:
    rules, totals = withheld(frame(TOTAL, {"net": net, "total": net + tax}),
                             frame(RULE, *({"rate": rate} for rate in held)))
    each = [round_quotient(Fraction(net) * Fraction(rate), 1, 2) for rate in held]
    assert rules["withheld"].to_list() == each == [replay(row["explanation"]) for row in rules.to_dicts()]
    assert totals.select("withheld", "payable").row(0) == (sum(each), net + tax - sum(each))


@given(st.lists(amounts, min_size=1, max_size=5), rates, st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_credits_take_back_all_that_was_taxed_and_no_more(billed: list[Decimal], rate: Decimal,
                                                          shares: list[int]) -> None:
    """Credits in turn, each a share of what is left, then the rest: their taxes sum to the tax that was billed."""
    _, groups = tax_lines(frame(LINE, *({"amount": amount, "tax_rate": rate} for amount in billed)))
    left = groups.rename({"document_key": "corrects_key"})
    taken = Decimal(0)
    for share in [*shares, 100]:
        base = round_quotient(Fraction(left["base"][0]) * share, 100, 2)
        lines, found = tax_credited(frame(LINE, {"amount": base, "tax_rate": rate}), left)
        assert lines["tax"].to_list() == found["tax"].to_list()
        taken += found["tax"][0]
        assert abs(taken) <= abs(groups["tax"][0])
        left = left.with_columns((pl.col("base") - base).cast(MONEY), (pl.col("tax") - found["tax"][0]).cast(MONEY))
    assert taken == groups["tax"][0]


@given(st.lists(amounts, min_size=1, max_size=6), rates)
def test_a_credit_of_the_whole_mirrors_the_lines(billed: list[Decimal], rate: Decimal) -> None:
    lines = frame(LINE, *({"amount": amount, "tax_rate": rate} for amount in billed))
    taxed, groups = tax_lines(lines)
    credited, found = tax_credited(lines, groups.rename({"document_key": "corrects_key"}))
    assert credited["tax"].to_list() == taxed["tax"].to_list()
    assert found.rows() == groups.rows()


def test_two_credit_notes_do_not_take_one_base_at_a_time() -> None:
    _, groups = tax_lines(frame(LINE, {"amount": 100}))
    twice = frame(LINE, {"amount": 100, "document_key": 8}, {"amount": 100, "document_key": 9})
    with pytest.raises(pl.exceptions.ComputeError, match="1:1"):
        tax_credited(twice, groups.rename({"document_key": "corrects_key"}))


def test_a_credit_note_that_corrects_two_documents_keeps_them_apart() -> None:
    _, groups = tax_lines(frame(LINE, {"amount": 100}, {"amount": 50, "document_key": 2}))
    lines, found = tax_credited(frame(LINE, {"amount": 100}, {"amount": 20, "corrects_key": 2}),
                                groups.rename({"document_key": "corrects_key"}))
    assert lines["tax"].to_list() == [19, Decimal("3.8")]
    assert found["tax"].to_list() == [19, Decimal("3.8")]


@pytest.mark.parametrize("line", [{"amount": "100.01"}, {"amount": -1}, {"amount": 1, "tax_rate": "0.07"},
                                  {"amount": 1, "corrects_key": 2}])
def test_more_than_was_billed_is_not_credited(line: dict[str, Any]) -> None:
    _, groups = tax_lines(frame(LINE, {"amount": 100}))
    with pytest.raises(ValueError, match="is left on the document that is corrected"):
        tax_credited(frame(LINE, line), groups.rename({"document_key": "corrects_key"}))
