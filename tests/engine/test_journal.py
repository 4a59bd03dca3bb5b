"""Postings: what happened in money, by debit and credit roles."""

from collections import defaultdict
from decimal import Decimal
from typing import Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.journal import RULES, postings
from tests.engine.frames import MONEY, Defaults, frame

FACT: Final[Defaults] = {
    "key": (pl.Int64, 1), "currency": (pl.String, "EUR"), "exponent": (pl.Int8, 2),
    "base_rate": (pl.Decimal(38, 10), 1), "base_exponent": (pl.Int64, 2), "net": (MONEY, 0), "tax": (MONEY, 0),
    "amount": (MONEY, 0),
}


def posted(happened: str, **facts: object) -> list[str]:
    rows = postings(happened, frame(FACT, facts)).select("debit", "credit", "amount", "currency", "base_amount")
    return ["{} → {} {:.2f} {} = {:.2f}".format(*row) for row in rows.iter_rows()]


@pytest.mark.parametrize(
    ("happened", "facts", "expected"),
    [
        ("invoice", {"net": 1000, "tax": 190},
         ["receivable → revenue 1000.00 EUR = 1000.00", "receivable → tax 190.00 EUR = 190.00"]),
        ("invoice", {"net": 1000}, ["receivable → revenue 1000.00 EUR = 1000.00"]),  # no tax, no posting of tax
        ("invoice", {"net": -1000, "tax": -190},
         ["revenue → receivable 1000.00 EUR = 1000.00", "tax → receivable 190.00 EUR = 190.00"]),
        ("invoice", {}, []),
        ("receipt", {"amount": 1190}, ["bank → on_account 1190.00 EUR = 1190.00"]),
        ("receipt", {"amount": -1190}, ["on_account → bank 1190.00 EUR = 1190.00"]),
        ("allocation", {"amount": 500}, ["on_account → receivable 500.00 EUR = 500.00"]),
        ("receipt", {"amount": "100.01", "currency": "USD", "base_rate": "0.9217"},
         ["bank → on_account 100.01 USD = 92.18"]),
        ("receipt", {"amount": "0.5", "currency": "USD", "base_rate": "0.01"},  # a tie
         ["bank → on_account 0.50 USD = 0.01"]),
        ("receipt", {"amount": "100", "currency": "USD", "base_rate": "149.505", "base_exponent": 0},
         ["bank → on_account 100.00 USD = 14951.00"]),
    ],
)
def test_postings(happened: str, facts: dict[str, object], expected: list[str]) -> None:
    assert posted(happened, **facts) == expected


amounts = st.integers(-(10**12), 10**12).map(lambda n: Decimal(f"{n}e-2"))
facts = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=8)


@given(facts, st.sampled_from(sorted(RULES)))
def test_entries_balance_and_come_to_what_happened(many: list[tuple[Decimal, Decimal]], happened: str) -> None:
    frames = frame(FACT, *({"key": key, "net": net, "tax": tax, "amount": net} for key, (net, tax) in enumerate(many)))
    out = postings(happened, frames)
    assert out["key"].to_list() == sorted(out["key"])
    assert (out["amount"] > 0).all()
    balance: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for row in out.iter_rows(named=True):
        balance[row["key"], row["debit"]] += row["amount"]
        balance[row["key"], row["credit"]] -= row["amount"]
    main = {"invoice": "receivable", "receipt": "bank", "allocation": "on_account"}[happened]
    for key, (net, tax) in enumerate(many):
        assert balance[key, main] == net + (tax if happened == "invoice" else 0)
        assert sum(amount for (entry, _), amount in balance.items() if entry == key) == 0


@given(amounts, amounts)
def test_what_is_turned_undoes_itself(net: Decimal, tax: Decimal) -> None:
    there, back = (postings("invoice", frame(FACT, {"net": sign * net, "tax": sign * tax})) for sign in (1, -1))
    assert there.select("debit", "credit", "amount", "base_amount").rows() == back.select(
        "credit", "debit", "amount", "base_amount").rows()
