"""Postings: what happened in money, by debit and credit roles."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.journal import RULES, earned, in_base, parts_of_documents, postings, role_of_line
from duly.engine.rounding import round_quotient
from tests.engine.frames import MONEY, Defaults, frame

PART: Final[Defaults] = {
    "key": (pl.Int64, 1), "what": (pl.String, "amount"), "currency": (pl.String, "EUR"),
    "base_rate": (pl.Decimal(38, 10), 1), "base_exponent": (pl.Int64, 2), "amount": (MONEY, 0),
}
DOCUMENT: Final[Defaults] = {
    "key": (pl.Int64, 1), "document_kind": (pl.String, "invoice"), "booked_on": (pl.Date, date(2026, 11, 2)),
    "tax": (MONEY, 0), "prepaid": (MONEY, 0), "rounding": (MONEY, 0),
}
LINE: Final[Defaults] = {
    "key": (pl.Int64, 1), "line_kind": (pl.String, "recurring"), "charge_kind": (pl.String, "recurring"),
    "timing": (pl.String, "arrears"), "position": (pl.Int64, None), "service_from": (pl.Date, date(2026, 11, 1)),
    "service_to": (pl.Date, date(2026, 11, 30)), "amount": (MONEY, 0),
}
DEFERRED: Final[Defaults] = {
    "period_from": (pl.Date, date(2026, 1, 1)), "period_to": (pl.Date, date(2027, 1, 1)),
    "until": (pl.Date, date(2026, 1, 31)), "amount": (MONEY, 0), "base_amount": (MONEY, 0), "exponent": (pl.Int8, 2),
    "base_exponent": (pl.Int8, 2),
}


def said(out: pl.DataFrame) -> list[str]:
    rows = out.select("debit", "credit", "amount", "currency", "base_amount")
    return ["{} → {} {:.2f} {} = {:.2f}".format(*row) for row in rows.iter_rows()]


def posted(happened: str, *parts: dict[str, object]) -> list[str]:
    return said(postings(happened, in_base(frame(PART, *parts))))


def billed(*lines: dict[str, object], tax: object = 0, kind: str = "invoice", rate: object = 1,
           prepaid: object = 0, rounding: object = 0) -> list[str]:
    documents = frame(DOCUMENT, {"tax": tax, "document_kind": kind, "prepaid": prepaid, "rounding": rounding})
    parts = parts_of_documents(documents, frame(LINE, *lines)).with_columns(
        pl.lit("EUR").alias("currency"), pl.lit(rate).cast(pl.Decimal(38, 10)).alias("base_rate"),
        pl.lit(2).alias("base_exponent"))
    return said(postings("document", in_base(parts)))


@pytest.mark.parametrize(
    ("happened", "part", "expected"),
    [
        ("receipt", {"amount": 1190}, ["bank → on_account 1190.00 EUR = 1190.00"]),
        ("receipt", {"amount": -1190}, ["on_account → bank 1190.00 EUR = 1190.00"]),
        ("allocation", {"amount": 500}, ["on_account → receivable 500.00 EUR = 500.00"]),
        ("revenue_release", {"amount": 100}, ["deferred_revenue → revenue 100.00 EUR = 100.00"]),
        ("breakage", {"amount": 40}, ["deposits → revenue 40.00 EUR = 40.00"]),
        ("receipt", {"amount": "100.01", "currency": "USD", "base_rate": "0.9217"},
         ["bank → on_account 100.01 USD = 92.18"]),
        ("receipt", {"amount": "0.5", "currency": "USD", "base_rate": "0.01"},  # a tie
         ["bank → on_account 0.50 USD = 0.01"]),
        ("receipt", {"amount": "100", "currency": "USD", "base_rate": "149.505", "base_exponent": 0},
         ["bank → on_account 100.00 USD = 14951.00"]),
        ("receipt", {}, []),
        ("receipt", {"amount": 15, "what": "withheld"}, ["withholding_tax → on_account 15.00 EUR = 15.00"]),
    ],
)
def test_postings(happened: str, part: dict[str, object], expected: list[str]) -> None:
    assert posted(happened, part) == expected


def test_an_exchange_difference_moves_no_amount_but_a_base_amount() -> None:
    for base, expected in (("3.10", "on_account → exchange_difference"), ("-3.10", "exchange_difference → on_account")):
        given = frame({**PART, "base_amount": (MONEY, 0)}, {"currency": "USD", "base_amount": base})
        assert said(postings("exchange_difference", given)) == [f"{expected} 0.00 USD = 3.10"]


ADVANCE: Final[dict[str, object]] = {"timing": "advance", "position": 1}


@pytest.mark.parametrize(
    ("lines", "document", "expected"),
    [
        ([{"amount": 1000}], {"tax": 190}, ["receivable → revenue 1000.00 EUR = 1000.00",
                                            "receivable → tax 190.00 EUR = 190.00"]),
        ([{"amount": 1000}], {}, ["receivable → revenue 1000.00 EUR = 1000.00"]),  # no tax, no posting of tax
        ([{"amount": -1000}], {"tax": -190, "kind": "credit_note"}, ["revenue → receivable 1000.00 EUR = 1000.00",
                                                                     "tax → receivable 190.00 EUR = 190.00"]),
        ([{"amount": 1000}, {"amount": -100, "line_kind": "discount"}], {},
         ["receivable → revenue 900.00 EUR = 900.00"]),
        ([], {}, []),
        # in advance: deferred while one of its days is still to come
        ([{**ADVANCE, "amount": 300}], {"tax": 57}, ["receivable → deferred_revenue 300.00 EUR = 300.00",
                                                     "receivable → tax 57.00 EUR = 57.00"]),
        ([{**ADVANCE, "amount": 300, "service_to": date(2026, 11, 2)}], {},
         ["receivable → deferred_revenue 300.00 EUR = 300.00"]),
        ([{**ADVANCE, "amount": 300, "service_to": date(2026, 11, 1)}], {},
         ["receivable → revenue 300.00 EUR = 300.00"]),
        ([{**ADVANCE, "amount": 300}, {**ADVANCE, "position": 2, "amount": 40}, {"amount": 10}], {},
         ["receivable → revenue 10.00 EUR = 10.00", "receivable → deferred_revenue 340.00 EUR = 340.00"]),
        ([{**ADVANCE, "amount": 300}, {**ADVANCE, "position": 2, "amount": -40}], {},  # unused time comes back
         ["receivable → deferred_revenue 300.00 EUR = 300.00", "deferred_revenue → receivable 40.00 EUR = 40.00"]),
        # deposits, prepaid credit sold, and what is netted of either
        ([{**ADVANCE, "amount": 300}], {"kind": "deposit", "tax": 57},
         ["receivable → deposits 300.00 EUR = 300.00", "receivable → tax 57.00 EUR = 57.00"]),
        ([{"amount": 80, "line_kind": "progressive_bill"}], {}, ["receivable → deposits 80.00 EUR = 80.00"]),
        ([{"amount": 500, "charge_kind": "credit"}], {}, ["receivable → deposits 500.00 EUR = 500.00"]),
        *(([{"amount": 1000}, {"amount": -300, "line_kind": kind}], {},
           ["receivable → revenue 1000.00 EUR = 1000.00", "deposits → receivable 300.00 EUR = 300.00"])
          for kind in ("deposit", "progressive", "credit")),
        # what a voucher pays leaves the deposits that it was sold into, tax included
        ([{"amount": 50}], {"tax": "9.50", "prepaid": "59.50"},
         ["receivable → revenue 50.00 EUR = 50.00", "receivable → tax 9.50 EUR = 9.50",
          "deposits → receivable 59.50 EUR = 59.50"]),
        # what is to pay is rounded, to either side; a document may come to nothing by it
        ([{"amount": "99.61"}], {"tax": "8.07", "rounding": "0.02"},
         ["receivable → revenue 99.61 EUR = 99.61", "receivable → tax 8.07 EUR = 8.07",
          "receivable → rounding 0.02 EUR = 0.02"]),
        ([{"amount": "0.02"}], {"rounding": "-0.02", "rate": "0.9217"},
         ["receivable → revenue 0.02 EUR = 0.01", "rounding → receivable 0.02 EUR = 0.01"]),
        # a document is worth its total × rate: 10.01 + 5.01 − 15.02 at 0.9217 is nothing, part by part 0.01
        ([{"amount": "15.02"}, {"amount": "-10.01", "line_kind": "deposit"}], {"tax": "-5.01", "rate": "0.9217"},
         ["receivable → revenue 15.02 EUR = 13.84", "deposits → receivable 10.01 EUR = 9.22",
          "tax → receivable 5.01 EUR = 4.62"]),
    ],
)
def test_what_a_document_posts(lines: list[dict[str, object]], document: dict[str, Any], expected: list[str]) -> None:
    assert billed(*lines, **document) == expected


def test_work_without_terms_is_revenue() -> None:
    line = frame({**LINE, "document_kind": (pl.String, "invoice"), "booked_on": (pl.Date, date(2026, 11, 2))},
                 {"timing": None, "charge_kind": None, "line_kind": "time"})
    assert line.select(role_of_line()).item() == "revenue"


amounts = st.integers(-(10**12), 10**12).map(lambda n: Decimal(f"{n}e-2"))
rates = st.integers(1, 10**7).map(lambda n: Decimal(f"{n}e-5"))
many = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=8)


@given(many, rates)
def test_entries_balance_and_come_to_what_happened(facts: list[tuple[Decimal, Decimal]], rate: Decimal) -> None:
    out = postings("document", in_base(frame(PART, *(
        {"key": key, "what": what, "amount": amount, "base_rate": rate}
        for key, both in enumerate(facts) for what, amount in zip(("revenue", "tax"), both, strict=True)))))
    assert out["key"].to_list() == sorted(out["key"])
    assert (out["amount"] > 0).all()
    assert (out["base_amount"] >= 0).all()
    balance: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
    base: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in out.iter_rows(named=True):
        balance[row["key"], row["debit"]] += row["amount"]
        balance[row["key"], row["credit"]] -= row["amount"]
        base[row["key"]] += row["base_amount"] if row["debit"] == "receivable" else -row["base_amount"]
    for key, (net, tax) in enumerate(facts):
        assert balance[key, "receivable"] == net + tax
        assert base[key] == round_quotient((net + tax) * rate, 1, 2)
        assert sum(amount for (entry, _), amount in balance.items() if entry == key) == 0


@given(amounts, amounts)
def test_what_is_turned_undoes_itself(net: Decimal, tax: Decimal) -> None:
    there, back = (postings("document", in_base(frame(
        PART, {"what": "revenue", "amount": sign * net}, {"what": "tax", "amount": sign * tax}))) for sign in (1, -1))
    assert there.select("debit", "credit", "amount", "base_amount").rows() == back.select(
        "credit", "debit", "amount", "base_amount").rows()


def test_every_rule_moves_between_two_roles() -> None:
    assert all(debit != credit for rules in RULES.values() for debit, credit in rules.values())


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (date(2025, 12, 31), "0.00"), (date(2026, 1, 1), "2.74"), (date(2026, 1, 31), "84.93"),
        (date(2026, 2, 28), "161.64"), (date(2026, 12, 30), "997.26"), (date(2026, 12, 31), "1000.00"),
        (date(2027, 12, 31), "1000.00"),
    ],
)
def test_what_is_earned_of_a_year_in_advance(until: date, expected: str) -> None:
    rows = earned(frame(DEFERRED, {"until": until, "amount": 1000, "base_amount": "921.70"},
                        {"until": until, "amount": -1000, "base_amount": "-921.70"}))
    assert rows["earned"].to_list() == [Decimal(expected), -Decimal(expected)]
    assert rows["earned_base"][0] == round_quotient(Decimal("921.70") * Decimal(expected), 1000, 2)


@given(amounts.filter(bool), rates, st.integers(1, 800), st.lists(st.integers(-3, 900), min_size=1, max_size=12))
def test_releases_never_drift(amount: Decimal, rate: Decimal, days: int, until: list[int]) -> None:
    """Whatever the days on which it is released: no step goes back, and all of it is earned in the end."""
    first, base = date(2026, 1, 31), round_quotient(amount * rate, 1, 2)
    when = [first + timedelta(days=day) for day in [*sorted(until), days - 1]]
    rows = earned(frame(DEFERRED, *({
        "period_from": first, "period_to": first + timedelta(days=days), "until": day, "amount": amount,
        "base_amount": base} for day in sorted(when))))
    for name, whole in (("earned", amount), ("earned_base", base)):
        steps = rows[name].abs().to_list()
        assert steps == sorted(steps)
        assert steps[-1] == abs(whole)
