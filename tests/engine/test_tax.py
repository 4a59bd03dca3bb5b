"""Tax: who owes it, at which rate, and how much, as a tax adviser would table it."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.rounding import round_quotient
from duly.engine.tax import (
    EU_COUNTRIES,
    REASONS,
    TREATMENTS,
    at_rates,
    eu_since,
    in_eu,
    reason_text,
    tax_lines,
    treated,
)
from duly.engine.totals import totals
from tests.engine.frames import MONEY, QUANTITY, Defaults, frame

SALE: Final[Defaults] = {
    "seller_country": (pl.String, "DE"), "seller_tax_id": (pl.String, "DE136695976"),
    "buyer_country": (pl.String, "DE"), "buyer_tax_id": (pl.String, None), "buyer_kind": (pl.String, "business"),
    "tax_class": (pl.String, "standard"), "tax_point": (pl.Date, date(2026, 10, 31)),
    "supply": (pl.String, None), "one_stop_shop": (pl.Boolean, None), "override_category": (pl.String, None),
    "override_reason": (pl.String, None),
}
LINE: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "amount": (MONEY, 0), "exponent": (pl.Int8, 2), "tax_class": (pl.String, "standard"),
    "tax_category": (pl.String, "S"), "tax_rate": (QUANTITY, "0.19"), "tax_reason": (pl.String, ""),
    "seller_country": (pl.String, "DE"), "service_to": (pl.Date, date(2026, 10, 31)),
}
RATE: Final[Defaults] = {
    "country": (pl.String, "DE"), "tax_class": (pl.String, "standard"), "rate": (QUANTITY, None),
    "valid_from": (pl.Date, date(2007, 1, 1)), "valid_to": (pl.Date, None),
}


@pytest.mark.parametrize(
    ("sale", "category", "reason"),
    [
        pytest.param({}, "S", "", id="at home"),
        pytest.param({"buyer_kind": "person"}, "S", "", id="at home, to a consumer"),
        pytest.param({"buyer_tax_id": "DE1"}, "S", "", id="at home, the customer's id changes nothing"),
        pytest.param({"tax_class": "reduced"}, "S", "", id="at the reduced rate"),
        pytest.param({"buyer_country": "FR", "buyer_tax_id": "FR1"}, "AE", "reverse_charge",
                     id="to a business in the EU"),
        pytest.param({"buyer_country": "FR", "buyer_tax_id": "FR1", "tax_class": "zero"}, "AE", "reverse_charge",
                     id="to a business in the EU, whatever the class"),
        pytest.param({"buyer_country": "FR"}, "S", "", id="to a business in the EU without an id"),
        pytest.param({"buyer_country": "FR", "buyer_kind": "person"}, "S", "", id="to a consumer in the EU"),
        pytest.param({"buyer_country": "FR", "buyer_kind": "person", "buyer_tax_id": "FR1"}, "S", "",
                     id="a consumer stays one with an id"),
        pytest.param({"buyer_country": "US"}, "O", "outside_scope", id="to a business outside the EU"),
        pytest.param({"buyer_country": "GB", "buyer_tax_id": "GB1"}, "O", "outside_scope", id="Britain is outside"),
        pytest.param({"buyer_country": "GB", "buyer_tax_id": "GB1", "tax_point": "2020-12-31"}, "AE", "reverse_charge",
                     id="Britain was a member until 2020"),
        pytest.param({"buyer_country": "GB", "buyer_tax_id": "GB1", "tax_point": "2021-01-01"}, "O", "outside_scope",
                     id="and has not been one since"),
        pytest.param({"buyer_country": "HR", "buyer_tax_id": "HR1", "tax_point": "2013-06-30"}, "O", "outside_scope",
                     id="Croatia was outside"),
        pytest.param({"buyer_country": "HR", "buyer_tax_id": "HR1", "tax_point": "2013-07-01"}, "AE", "reverse_charge",
                     id="and has been a member since July 2013"),
        pytest.param({"seller_country": "GB", "seller_tax_id": "GB1", "buyer_tax_id": "DE1", "tax_point": "2020-12-31"},
                     "AE", "reverse_charge", id="from Britain, when it was a member"),
        pytest.param({"buyer_country": "US", "buyer_kind": "person"}, "S", "", id="to a consumer outside the EU"),
        pytest.param({"seller_country": "CH", "seller_tax_id": "CHE1"}, "O", "outside_scope", id="from outside the EU"),
        pytest.param({"seller_country": "CH", "seller_tax_id": "CHE1", "buyer_country": "CH"}, "S", "",
                     id="within Switzerland"),
        pytest.param({"seller_tax_id": None}, "O", "not_registered", id="a seller without an id"),
        pytest.param({"seller_tax_id": None, "buyer_country": "FR", "buyer_tax_id": "FR1"}, "O", "not_registered",
                     id="a seller without an id, abroad"),
        pytest.param({"tax_class": "exempt"}, "E", "exempt", id="exempt"),
        pytest.param({"tax_class": "zero"}, "Z", "zero_rate", id="zero-rated"),
        pytest.param({"supply": "goods"}, "S", "", id="goods at home"),
        pytest.param({"supply": "goods", "buyer_country": "FR", "buyer_tax_id": "FR1"}, "K", "intra_community",
                     id="goods to a business in the EU"),
        pytest.param({"supply": "goods", "buyer_country": "FR"}, "S", "", id="goods to a business without an id"),
        pytest.param({"supply": "goods", "buyer_country": "US"}, "G", "export", id="goods that leave the EU"),
        pytest.param({"supply": "goods", "buyer_country": "US", "buyer_kind": "person"}, "G", "export",
                     id="goods that leave the EU, to a consumer"),
        pytest.param({"supply": "goods", "buyer_country": "FR", "buyer_kind": "person"}, "S", "",
                     id="goods to a consumer in the EU"),
        pytest.param({"supply": "goods", "seller_country": "CH", "seller_tax_id": "CHE1"}, "G", "export",
                     id="goods from outside the EU"),
        pytest.param({"buyer_country": "FR", "buyer_kind": "person", "one_stop_shop": True, "tax_class": "exempt"},
                     "E", "exempt", id="exempt, whoever declares"),
        pytest.param({"override_category": "E", "override_reason": "§ 4 Nr. 21 UStG"}, "E", "§ 4 Nr. 21 UStG",
                     id="a person decided otherwise"),
        pytest.param({"buyer_country": "US", "override_category": "S", "override_reason": "event in Berlin"}, "S", "",
                     id="a person decided that it is taxed; taxed sales print no reason"),
    ],
)
def test_treatment(sale: dict[str, Any], category: str, reason: str) -> None:
    [found] = treated(frame(SALE, sale)).select("tax_category", "tax_reason").rows()
    assert found == (category, reason)


def test_every_row_of_the_table_decides_something_and_has_its_words() -> None:
    countries, kinds = ("DE", "FR", "US"), ("business", "person")
    sales: list[dict[str, Any]] = [
        {"seller_country": seller, "seller_tax_id": seller_id, "buyer_country": buyer, "buyer_tax_id": buyer_id,
         "buyer_kind": kind, "tax_class": tax_class}
        for seller in countries for seller_id in (None, "1") for buyer in countries for buyer_id in (None, "1")
        for kind in kinds for tax_class in ("standard", "exempt", "zero")
    ]
    sales += [sale | {"supply": "goods"} for sale in sales] + [sale | {"one_stop_shop": True} for sale in sales]
    found = treated(frame(SALE, *sales))
    assert found.null_count().select("tax_category", "tax_reason").row(0) == (0, 0)
    assert set(found.select("tax_category", "tax_reason").rows()) == {(row.category, row.reason) for row in TREATMENTS}
    by_terms = {"voucher"}  # credit that its terms sell without tax, whatever the table says
    assert {row.reason for row in TREATMENTS if row.category != "S"} | by_terms == set(REASONS)
    assert all(set(texts) == {"en", "de", "fr"} and all(texts.values()) for texts in REASONS.values())


CONSUMER: Final = {"buyer_country": "FR", "buyer_kind": "person"}


@pytest.mark.parametrize(("sale", "country"), [
    (CONSUMER, "DE"), (CONSUMER | {"one_stop_shop": True}, "FR"),
    (CONSUMER | {"one_stop_shop": True, "supply": "goods"}, "FR"),
    (CONSUMER | {"one_stop_shop": True, "seller_country": "US", "seller_tax_id": "EU372000041"}, "FR"),
    (CONSUMER | {"one_stop_shop": True, "buyer_country": "US"}, "DE"),
    (CONSUMER | {"one_stop_shop": True, "override_category": "S", "override_reason": "supplied here"}, "DE"),
    ({"buyer_country": "FR", "one_stop_shop": True}, "DE"), ({"buyer_kind": "person", "one_stop_shop": True}, "DE"),
])
def test_whose_rates_hold(sale: dict[str, Any], country: str) -> None:
    found = treated(frame(SALE, sale))
    assert found.select("tax_category", "tax_country").row(0) == ("S", country)
    dated = frame(RATE, {"rate": "0.19"}, {"rate": "0.20", "country": "FR"})
    assert at_rates(found, dated)["tax_rate"].to_list() == [Decimal("0.20" if country == "FR" else "0.19")]


def test_without_the_columns_that_may_be_left_out_services_are_sold() -> None:
    sale = frame(SALE, {"buyer_country": "FR", "buyer_tax_id": "FR1"}).select(list(SALE)[:7])
    assert treated(sale).select("tax_category", "tax_country").row(0) == ("AE", "DE")


@pytest.mark.parametrize("override", [{"override_category": "E"}, {"override_category": "E", "override_reason": " "},
                                      {"override_category": "X", "override_reason": "so"}])
def test_an_override_has_a_known_category_and_a_reason(override: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="with a reason; not by"):
        treated(frame(SALE, {}, override))


def test_reasons_print_in_the_language_or_as_people_wrote_them() -> None:
    assert "Autoliquidation" in reason_text("reverse_charge", "fr")
    assert reason_text("§ 4 Nr. 21 UStG", "en") == "§ 4 Nr. 21 UStG"


def test_the_members_of_today_are_27() -> None:
    assert len(EU_COUNTRIES) == 27 == len(set(EU_COUNTRIES))
    assert {"DE", "HR", "GR"} < set(EU_COUNTRIES)
    assert not {"GB", "CH", "NO", "EL"} & set(EU_COUNTRIES)


@given(st.dates(date(1950, 1, 1), date(2030, 1, 1)), st.sampled_from([*EU_COUNTRIES, "GB", "CH"]))
def test_days_between_two_changes_of_membership_are_alike(day: date, country: str) -> None:
    since = pl.select(eu_since(pl.lit(day))).item()
    was, then = pl.select(in_eu(pl.lit(country), pl.lit(day)), then=in_eu(pl.lit(country), pl.lit(since))).row(0)
    assert was == then
    assert since <= day


RATES = [{"rate": "0.16", "valid_from": "2020-07-01", "valid_to": "2021-01-01"},
         {"rate": "0.19", "valid_from": "2007-01-01", "valid_to": "2020-07-01"},
         {"rate": "0.19", "valid_from": "2021-01-01"}, {"rate": "0.07", "tax_class": "reduced"},
         {"rate": "0.20", "country": "AT"}]


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ({"service_to": "2020-06-30"}, "0.19"),
        ({"service_to": "2020-07-01"}, "0.16"),
        ({"service_to": "2020-12-31"}, "0.16"),
        ({"service_to": "2021-01-01"}, "0.19"),
        ({"service_to": "2006-12-31"}, "0"),  # no rate is known, none is assumed; a check blocks it
        ({"tax_class": "reduced"}, "0.07"),
        ({"seller_country": "AT"}, "0.20"),
        ({"tax_category": "AE"}, "0"),
        ({"tax_category": "O"}, "0"),
    ],
)
def test_the_rate_is_that_of_the_tax_point(line: dict[str, Any], rate: str) -> None:
    assert at_rates(frame(LINE, line), frame(RATE, *RATES))["tax_rate"].to_list() == [Decimal(rate)]


def test_two_rates_on_one_day_are_refused() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="m:1"):
        at_rates(frame(LINE, {}), frame(RATE, {"rate": "0.19"}, {"rate": "0.20"}))


def taxed(*lines: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(category rate: base → tax) per group, and the tax of each line."""
    shares, groups = tax_lines(frame(LINE, *lines))
    printed = groups.select("category", "rate", "base", "tax").iter_rows()
    return ["{} {:.2f}: {:.2f} → {:.2f}".format(*row) for row in printed], [f"{tax:.2f}" for tax in shares["tax"]]


@pytest.mark.parametrize(
    ("lines", "groups", "shares"),
    [
        pytest.param([{"amount": "100"}], ["S 0.19: 100.00 → 19.00"], ["19.00"], id="one line"),
        pytest.param([{"amount": "0.10"}] * 3, ["S 0.19: 0.30 → 0.06"], ["0.02", "0.02", "0.02"],
                     id="on the sum, not the sum of roundings"),
        pytest.param([{"amount": "0.03"}] * 3, ["S 0.19: 0.09 → 0.02"], ["0.01", "0.01", "0.00"],
                     id="a cent more than the lines alone, shared by position"),
        pytest.param([{"amount": "50"}, {"amount": "10", "tax_rate": "0.07"}],
                     ["S 0.07: 10.00 → 0.70", "S 0.19: 50.00 → 9.50"], ["9.50", "0.70"], id="once per rate"),
        pytest.param([{"amount": "50"}, {"amount": "10", "tax_category": "E", "tax_rate": "0"}],
                     ["E 0.00: 10.00 → 0.00", "S 0.19: 50.00 → 9.50"], ["9.50", "0.00"], id="once per category"),
        pytest.param([{"amount": "-0.03"}] * 3, ["S 0.19: -0.09 → -0.02"], ["-0.01", "-0.01", "0.00"],
                     id="a credit mirrors its invoice"),
        pytest.param([{"amount": "100"}, {"amount": "-100"}], ["S 0.19: 0.00 → 0.00"], ["19.00", "-19.00"],
                     id="nothing in sum"),
        pytest.param([{"amount": "0.50", "tax_rate": "0.05"}], ["S 0.05: 0.50 → 0.03"], ["0.03"],
                     id="half a cent goes up"),
        pytest.param([{"amount": "1000.03"}, {"amount": "-1000"}], ["S 0.19: 0.03 → 0.01"], ["190.01", "-190.00"],
                     id="a line that takes away takes its own tax away"),
        pytest.param([{"amount": "-1000.03"}, {"amount": "1000"}], ["S 0.19: -0.03 → -0.01"], ["-190.01", "190.00"],
                     id="and its mirror"),
        pytest.param([{"amount": "0.03"}, {"amount": "-0.03"}, {"amount": "0.05"}], ["S 0.19: 0.05 → 0.01"],
                     ["0.00", "0.00", "0.01"], id="the cent to the largest remainder"),
    ],
)
def test_tax_lines(lines: list[dict[str, Any]], groups: list[str], shares: list[str]) -> None:
    assert taxed(*lines) == (groups, shares)


taxable = st.fixed_dictionaries({
    "document_key": st.integers(1, 3), "amount": st.integers(-(10**9), 10**9).map(lambda n: Decimal(f"{n}e-2")),
    "tax_category": st.sampled_from(["S", "E"]), "tax_rate": st.sampled_from(["0.19", "0.07", "0.055", "0"]),
})


@given(st.lists(taxable, min_size=1, max_size=12))
def test_net_plus_tax_is_total_and_lines_add_up_to_them(lines: list[dict[str, Any]]) -> None:
    """BR-CO-17 per group, and law 9: Σ lines = net, Σ tax lines = tax, net + tax = total."""
    shares, groups = tax_lines(frame(LINE, *lines))
    assert shares["amount"].to_list() == [line["amount"] for line in lines]
    for group in groups.iter_rows(named=True):
        mine = shares.filter(document_key=group["document_key"], tax_category=group["category"], tax_rate=group["rate"])
        assert mine["amount"].sum() == group["base"]
        assert mine["tax"].sum() == group["tax"]
        assert group["tax"] == round_quotient(Fraction(group["base"]) * Fraction(group["rate"]), 1, 2)
        for amount, tax in mine.select("amount", "tax").iter_rows():
            assert abs(Fraction(tax) - Fraction(amount) * Fraction(group["rate"])) * 100 < 1, "less than a cent off"
    for row in totals(shares, groups).iter_rows(named=True):
        of_document = pl.col("document_key") == row["document_key"]
        assert row["net"] == shares.filter(of_document)["amount"].sum() == groups.filter(of_document)["base"].sum()
        assert row["tax"] == shares.filter(of_document)["tax"].sum() == groups.filter(of_document)["tax"].sum()
        assert row["total"] == row["net"] + row["tax"]
    mirrored, _ = tax_lines(frame(LINE, *(line | {"amount": -line["amount"]} for line in lines)))
    assert mirrored["tax"].to_list() == [-tax for tax in shares["tax"]]


def test_the_order_of_documents_and_lines_makes_no_difference_to_sums() -> None:
    lines = [{"document_key": key, "amount": amount} for key, amount in ((2, "10"), (1, "0.07"), (2, "1"))]
    _, groups = tax_lines(frame(LINE, *lines))
    assert groups.equals(tax_lines(frame(LINE, *reversed(lines)))[1])
    assert groups["document_key"].to_list() == [1, 2]
