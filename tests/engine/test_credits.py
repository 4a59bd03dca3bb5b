"""Credit: drawn unit by unit by hand, expiring, and netted with its own tax; and the worked examples."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.engine.pricing.credits import PAYABLE, Advance, Demand, Grant, draw, net_credit, net_off, pay

EXAMPLES: Final = Path(__file__).with_name("examples") / "adjustments" / "credits.yaml"
START: Final = date(2026, 10, 1)

days = st.integers(0, 20).map(lambda n: START + timedelta(days=n))
units = st.integers(0, 12).map(Decimal)
some_grants = st.lists(st.builds(
    Grant, st.just(""), units, days, st.none() | days, st.integers(0, 2),
    st.none() | st.frozensets(st.sampled_from(["calls", "storage"]))), max_size=5)
some_demands = st.lists(st.builds(Demand, st.just(""), days, units, st.sampled_from(["calls", "storage"])), max_size=5)


def unit_by_unit(grants: list[Grant], demands: list[Demand]) -> dict[tuple[str, str], int]:
    """Every unit of every demand, in time, takes one unit of the grant that the rule says."""
    left = {grant.key: grant.amount for grant in grants}
    taken: dict[tuple[str, str], int] = {}
    for demand in sorted(demands, key=lambda demand: demand.on):
        for _ in range(int(demand.amount)):
            open_ones = [grant for grant in grants if left[grant.key]
                         and grant.granted_on <= demand.on < (grant.expires_on or date.max)
                         and (grant.charges is None or demand.charge in grant.charges)]
            if open_ones:
                best = min(open_ones, key=lambda one: (one.priority, one.expires_on or date.max, one.granted_on))
                left[best.key] -= 1
                taken[best.key, demand.key] = taken.get((best.key, demand.key), 0) + 1
    return taken


@given(some_grants, some_demands, days)
def test_draws(unnamed_grants: list[Grant], unnamed: list[Demand], until: date) -> None:
    grants = [replace(grant, key=f"g{number}") for number, grant in enumerate(unnamed_grants)]
    demands = [replace(demand, key=f"d{number}") for number, demand in enumerate(unnamed)]
    found = draw(grants, demands, until=until)
    assert {(one.grant, one.demand): one.amount for one in found.draws} == unit_by_unit(grants, demands)
    for grant in grants:
        drawn = sum(one.amount for one in found.draws if one.grant == grant.key)
        expired = sum(one.amount for one in found.expired if one.grant == grant.key)
        assert drawn + expired + found.left[grant.key] == grant.amount
        assert not expired or (grant.expires_on is not None and grant.expires_on <= until)
    for demand in demands:
        drawn = sum(one.amount for one in found.draws if one.demand == demand.key)
        assert drawn + found.unmet[demand.key] == demand.amount


@given(some_grants, some_demands, units)
def test_vouchers_pay(unnamed: list[Grant], parts: list[Demand], payable: Decimal) -> None:
    """No more than is to pay, than they have, nor than what they cover comes to; and as much as they can."""
    vouchers = [replace(voucher, key=f"v{number}") for number, voucher in enumerate(unnamed)]
    parts = [replace(part, key=f"p{number}", on=START) for number, part in enumerate(parts)]
    found = pay(vouchers, parts, payable, on=START)
    paid = {one.grant: one.amount for one in found.draws}
    assert sum(paid.values()) + found.unmet[PAYABLE] == payable
    for voucher in vouchers:
        alive = voucher.granted_on <= START < (voucher.expires_on or date.max)
        covers = [part for part in parts if voucher.charges is None or part.charge in voucher.charges]
        covered = sum((part.amount for part in covers if alive), Decimal(0))
        expired = sum(one.amount for one in found.expired if one.grant == voucher.key)
        assert paid.get(voucher.key, 0) <= min(voucher.amount, covered, payable)
        assert paid.get(voucher.key, 0) + expired + found.left[voucher.key] == voucher.amount
        assert len(vouchers) > 1 or paid.get(voucher.key, 0) == min(voucher.amount, covered, payable)


@pytest.mark.parametrize(("vouchers", "payable", "expected"), [
    # voucher: amount, turn, the charges that it covers
    (["100 0"], "59.50", ["59.50"]),
    (["40.50 0"], "59.50", ["40.50"]),
    (["50 1", "20 0"], "59.50", ["39.50", "20"]),
    (["100 0 calls"], "59.50", ["23.80"]),
    (["100 0 calls", "100 1"], "59.50", ["23.80", "35.70"]),
    (["100 0 calls"], "20.00", ["20.00"]),  # a part of it is withheld
    (["100 0"], "-5.00", ["0"]),
])
def test_what_vouchers_pay(vouchers: list[str], payable: str, expected: list[str]) -> None:
    """Of calls that come to 23.80 with their tax, storage to 47.60, and something below zero beside them."""
    parts = [Demand(name, START, Decimal(amount), name)
             for name, amount in (("calls", "23.80"), ("storage", "47.60"), ("deposit", "-11.90"))]
    given_ = [Grant(str(number), Decimal(amount), START, None, int(turn), frozenset(charges) if charges else None)
              for number, (amount, turn, *charges) in enumerate(voucher.split() for voucher in vouchers)]
    paid = {one.grant: one.amount for one in pay(given_, parts, Decimal(payable), on=START).draws}
    assert [paid.get(str(number), Decimal(0)) for number in range(len(vouchers))] == [*map(Decimal, expected)]


def test_credit_sold_with_tax_pays_nothing_after_it() -> None:
    taxed = Grant("g", Decimal(1), START, tax_category="S", tax_rate=Decimal("0.19"))
    with pytest.raises(ValueError, match="before tax"):
        pay([taxed], [], Decimal(1), on=START)


def advance(key: str, net: str, on: date = START, rate: str = "0.19") -> Advance:
    return Advance(key, "deposit", on, Decimal(net), "S", Decimal(rate))


@given(st.integers(-50, 200), st.lists(st.tuples(days, units), max_size=5), st.booleans())
def test_advances_are_netted_oldest_first_and_not_below_zero(total: int, given_advances: list[tuple[date, Decimal]],
                                                            final: bool) -> None:
    advances = [advance(str(n), str(net), on) for n, (on, net) in enumerate(given_advances)]
    found = net_off(Decimal(total), advances, exponent=2, final=final)
    whole = sum((one.net for one in advances), Decimal(0))
    assert -sum(one.amount for one in found) == (whole if final else min(whole, max(total, 0)))
    assert [replay(one.explanation) for one in found] == [one.amount for one in found]


def test_each_advance_keeps_its_own_rate() -> None:
    found = net_off(Decimal(1000), [advance("I-2", "200", START), advance("I-1", "300", date(2020, 8, 1), "0.16")],
                    exponent=2)
    assert [(one.key, one.amount, one.tax_rate) for one in found] == [
        ("I-1", Decimal(-300), Decimal("0.16")), ("I-2", Decimal(-200), Decimal("0.19"))]
    assert found[0].explanation[0] == {"step": "deposit", "add": "-300", "document": "I-1", "on": "2020-08-01",
                                       "open": "300"}


def test_taxed_credit_is_netted_with_the_rate_that_it_was_sold_with() -> None:
    grants = [Grant("V-1", Decimal(100), START, tax_category="S", tax_rate=Decimal("0.07"))]
    drawn = draw(grants, [Demand("1", START, Decimal(30)), Demand("2", START, Decimal(20))], until=START)
    (netting,) = net_credit(drawn, grants, exponent=2)
    assert (netting.kind, netting.amount, netting.tax_category, netting.tax_rate) == (
        "credit", Decimal(-50), "S", Decimal("0.07"))
    assert replay(netting.explanation) == Decimal(-50)


@pytest.mark.parametrize("grants", [
    [Grant("a", Decimal(1), START), Grant("b", Decimal(1), START, tax_category="S", tax_rate=Decimal("0.19"))],
    [Grant("a", Decimal(1), START), Grant("a", Decimal(1), START)], [Grant("a", Decimal(-1), START)]])
def test_grants_that_cannot_be_drawn_together_are_refused(grants: list[Grant]) -> None:
    with pytest.raises(ValueError):
        draw(grants, [], until=START)


def test_an_advance_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        net_off(Decimal(1), [advance("a", "-1")], exponent=2)


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    day = date.fromisoformat
    grants = [Grant(one["key"], Decimal(one["amount"]), day(one["granted_on"]),
                    day(one["expires_on"]) if "expires_on" in one else None, int(one.get("priority", 0)),
                    frozenset(one["charges"]) if "charges" in one else None) for one in example["grants"]]
    demands = [Demand(one["key"], day(one["on"]), Decimal(one["amount"]), one.get("charge", ""))
               for one in example["demands"]]
    found = draw(grants, demands, until=day(example.get("until", "2026-10-31")))
    assert [f"{one.demand}: {one.amount} of {one.grant}" for one in found.draws] == example["draws"]
    assert [f"{one.amount} of {one.grant} on {one.on}" for one in found.expired] == example.get("expired", [])
    assert {key: str(amount) for key, amount in found.left.items()} == example["left"]
