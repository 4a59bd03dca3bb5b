"""Laws of any price document, over documents made at random: what adds up, and what must not change an answer."""

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from duly.engine.pricing import replay
from duly.formats.price_document import priced, read_price_document

FIRST: Final = date(2026, 10, 1)
PLACES: Final = {"EUR": 2, "JPY": 0, "KWD": 3}
Table = dict[str, Any]
laws: Final = settings(max_examples=5, deadline=None, derandomize=True)
few: Final = settings(laws, max_examples=3)
"""For laws that price a document four or five times."""


def numbers(high: int, places: int = 2) -> st.SearchStrategy[str]:
    return st.decimals(0, high, places=places).map(lambda number: f"{number:f}")


def days(first: int = 0, last: int = 30) -> st.SearchStrategy[date]:
    return st.integers(first, last).map(lambda day: FIRST + timedelta(days=day))


def tables(needed: Table, maybe: Table | None = None) -> st.SearchStrategy[Table]:
    """Tables with all that is needed, and some of the rest; what is no strategy is itself."""
    parts = [{key: one if isinstance(one, st.SearchStrategy) else st.just(one) for key, one in some.items()}
             for some in (needed, maybe or {})]
    return st.fixed_dictionaries(parts[0], optional=parts[1])


TIERS: Final = st.tuples(st.integers(1, 500), numbers(9, 4), numbers(9, 4), numbers(20)).map(lambda drawn: [
    {"up_to": str(drawn[0]), "price": drawn[1]}, {"price": drawn[2], "flat": drawn[3]}])
BOUNDS: Final = {"minimum": numbers(50), "maximum": st.integers(60, 900).map(str)}
USED: Final = {"quantity": numbers(900, 6)}
EVENTS: Final = st.lists(tables({"at": days(), "quantity": numbers(50)}), max_size=4)
ENTRIES: Final = st.lists(tables(
    {"on": days(), "time": st.sampled_from(["0:20", "1:01:07", "8:00"])}, {"person": st.sampled_from(["ada", "bob"])}),
    max_size=4)
CHARGE: Final = st.one_of(
    tables(USED | {"model": "per_unit", "price": numbers(9, 8)}, BOUNDS | {"late_quantity": numbers(9)}),
    tables({"model": "per_unit", "price": numbers(9), "usage": tables({"events": EVENTS})}),
    tables(USED | {"model": st.sampled_from(["graduated", "volume"]), "tiers": TIERS}, BOUNDS),
    tables(USED | {"model": "package", "price": numbers(9), "size": "7.5"}, BOUNDS),
    tables({"model": "percentage", "percent": numbers(9, 6), "fixed": numbers(1), "transactions": st.lists(
        tables({"amount": numbers(900)}), max_size=3)}, BOUNDS),
    tables({"model": "balance", "percent": numbers(9), "balances": st.tuples(tables({"balance": numbers(9999)}))}),
    tables({"model": "time", "price": numbers(99), "entries": ENTRIES}, {"weekend_factor": "1.5", "rounding": "up",
                                                                        "increment_minutes": 15}),
    tables({"model": "expense", "entries": st.lists(tables({"cost": numbers(99)}), max_size=3)}),
    tables({"model": "recurring", "price": numbers(99), "quantity": st.integers(1, 9).map(str), "from": days(0, 20)},
           {"interval": st.sampled_from(["day", "week", "month"]), "until": days(20, 40), "pauses": st.tuples(
               tables({"from": days(0, 5), "to": days(6, 12)}))}),
)
CHARGES: Final = st.lists(CHARGE, min_size=1, max_size=4).map(
    lambda charges: [{"code": f"c{place}"} | charge for place, charge in enumerate(charges)])
SALE: Final = {"prices": "inclusive", "tax_rates": st.just([
    {"percent": "16"}, {"percent": "19", "from": "2026-10-16"}])}
DOCUMENT: Final = tables({"currency": st.sampled_from([*PLACES]), "period": "2026-10", "charges": CHARGES}, SALE)
OFF: Final = {
    "discounts": st.just([{"percent": "12.5"}, {"amount": "7", "charges": ["c0"]}]),
    "commitments": st.just([{"amount": "500"}]), "cap": tables({"amount": "300"}),
    "draw_downs": st.just([{"amount": "40"}]), "deposits": st.just([{"net": "30", "tax_percent": "7"}]),
    "credits": st.just([{"amount": "20", "tax_percent": "19"}, {"amount": "60"}]),
    "withholdings": st.just([{"percent": "15"}]), "payable_step": "5",
}


def answered(document: Table) -> Table:
    return priced(read_price_document(json.dumps(document, default=str).encode()))


def of_charges(answer: Table) -> dict[str, Decimal]:
    """What each charge comes to before anything is taken off."""
    sums: dict[str, Decimal] = {}
    for line in answer["lines"]:
        sums[line["charge"]] = sums.get(line["charge"], Decimal(0)) + line["amount"]
    return sums


@laws
@given(document=DOCUMENT, off=tables({}, OFF))
def test_an_answer_adds_up_and_explains_itself(document: Table, off: Table) -> None:
    answer = answered(document | off)
    lines, tax_lines, totals = answer["lines"], answer["tax_lines"], answer["totals"]
    assert sum(line["net"] for line in lines) == sum(one["base"] for one in tax_lines) == totals["net"]
    assert sum(line["tax"] for line in lines) == sum(one["tax"] for one in tax_lines) == totals["tax"]
    assert totals["net"] + totals["tax"] == totals["total"]
    paid = totals["prepaid"] + totals["withheld"] - totals.get("rounding", 0)
    assert totals["total"] - paid == totals["payable"] >= 0
    for line in lines:
        assert replay(line["explanation"]) == line.get("gross", line["net"])
        assert line["from"] <= line["to"]
        assert line["amount"] < 0 or line.get("gross", line["net"]) <= line["amount"]


@laws
@given(document=DOCUMENT, order=st.randoms(use_true_random=False))
def test_the_order_of_charges_entries_and_events_changes_nothing(document: Table, order: Any) -> None:
    charges = [dict(charge) for charge in document["charges"]]
    order.shuffle(charges)
    for charge in charges:
        for key in {"entries", "transactions"} & charge.keys():
            charge[key] = order.sample(charge[key], len(charge[key]))
    one, other = answered(document), answered(document | {"charges": charges})
    assert (of_charges(one), one["totals"]) == (of_charges(other), other["totals"])


@laws
@given(document=DOCUMENT, model=st.sampled_from(["per_unit", "package"]))
def test_a_charge_at_no_price_changes_nothing(document: Table, model: str) -> None:
    free = {"code": "free", "model": model, "price": "0", "quantity": "5"} | (
        {"size": "3"} if model == "package" else {})
    off = {"discounts": [{"percent": "12.5"}, {"amount": "7"}], "commitments": [{"amount": "500"}]}
    one, more = (answered(document | off | {"charges": charges})
                 for charges in (document["charges"], [*document["charges"], free]))
    assert of_charges(one) | {"free": 0} == of_charges(more)
    assert one["totals"] == more["totals"]


@few
@given(document=DOCUMENT, part=st.sampled_from(["0", "0.5", "1", "1.5"]))
def test_a_commitment_a_cap_and_a_draw_down_hold_the_sum(document: Table, part: str) -> None:
    document = {key: value for key, value in document.items() if key not in SALE}
    used = answered(document)["totals"]["net"]
    agreed = round(used * Decimal(part), PLACES[document["currency"]])
    nets = {key: answered(document | {key: value})["totals"]["net"] for key, value in {
        "commitments": [{"amount": str(agreed)}], "cap": {"amount": str(agreed)},
        "draw_downs": [{"amount": str(agreed)}], "discounts": [{"percent": "100"}]}.items()}
    assert nets == {"commitments": max(used, agreed), "cap": min(used, agreed), "draw_downs": max(used - agreed, 0),
                    "discounts": 0}


@few
@given(fee=tables({"price": numbers(99), "quantity": st.integers(1, 9).map(str), "from": days(0, 50)}, {
    "interval": st.sampled_from(["week", "month", "quarter"]), "timing": "advance", "alignment": "anchored",
    "until": days(60, 90), "trial_days": st.integers(0, 40), "pauses": st.tuples(tables({"from": days(10, 40),
                                                                                          "to": days(41, 70)})),
    "changes": st.tuples(tables({"from": days(51, 80), "price": numbers(99)}))}))
def test_months_bill_the_days_that_the_whole_span_bills_and_none_twice(fee: Table) -> None:
    def billed(period: str) -> list[tuple[date, date, Decimal]]:
        answer = answered({"currency": "EUR", "period": period, "charges": [{"model": "recurring"} | fee]})
        return [(line["from"], line["to"], line["amount"]) for line in answer["lines"]]

    months = [span for month in ("2026-10", "2026-11", "2026-12") for span in billed(month)]
    assert sorted(months) == sorted(billed("2026-10-01..2027-01-01"))
    spans = sorted(months)
    assert all(one[1] < two[0] for one, two in pairwise(spans))


@few
@given(seats=st.integers(1, 20), more=st.integers(1, 20), price=st.integers(1, 99).map(str), day=st.integers(1, 29))
def test_a_change_and_its_inverse_cancel_and_an_end_credits_the_unused_days(
        seats: int, more: int, price: str, day: int) -> None:
    on = FIRST + timedelta(days=day)

    def nets(billed: list[Table], **terms: Any) -> list[Decimal]:
        charge = {"model": "recurring", "timing": "advance", "price": price, "quantity": str(seats), "billed": billed}
        lines = answered({"currency": "EUR", "period": "2026-10", "charges": [charge | terms]})["lines"]
        return [line["net"] for line in lines]

    def line(first: date, to: date, amount: Decimal) -> Table:
        return {"from": first, "to": to, "amount": str(amount), "tax_percent": "19"}

    end = date(2026, 11, 1)
    whole = Decimal(price) * seats
    bought, back = nets([line(FIRST, end, whole)], changes=[{"from": on, "quantity": str(more)}])
    assert nets([line(FIRST, end, whole)], until=on - timedelta(days=1)) == [back] == [
        -round(whole * (31 - day) / 31 + Decimal("1e-9"), 2)]
    again = nets([line(FIRST, on, whole + back), line(on, end, bought)], changes=[{"from": on, "quantity": str(seats)}])
    assert abs(bought + back + sum(again)) <= Decimal("0.01")
