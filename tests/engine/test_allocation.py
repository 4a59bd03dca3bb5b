"""What a receipt pays, in tables; and the laws of spreading, by property."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.allocation import Beyond, Item, Part, named, named_in, oldest_first, proposals

MAY, JUNE, JULY = date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31)


def item(key: str, due_on: date, owed: str) -> Item:
    return Item(key, due_on, Decimal(owed))


def parts(**amounts: str) -> tuple[Part, ...]:
    return tuple(Part(key, Decimal(amount)) for key, amount in amounts.items())


OWED = [item("B", JUNE, "200"), item("A", MAY, "119.50"), item("C", JULY, "200")]


@pytest.mark.parametrize(
    ("received", "paid"),
    [
        pytest.param("119.50", parts(A="119.50"), id="equals the oldest"),
        pytest.param("200", parts(B="200"), id="equals two: the older of them"),
        pytest.param("100", parts(A="100"), id="less than the oldest"),
        pytest.param("219.50", parts(A="119.50", B="100"), id="the oldest, then a part of the next"),
        pytest.param("519.50", parts(A="119.50", B="200", C="200"), id="everything"),
        pytest.param("600", parts(A="119.50", B="200", C="200"), id="more than is owed stays on account"),
    ],
)
def test_oldest_first(received: str, paid: tuple[Part, ...]) -> None:
    assert oldest_first(Decimal(received), OWED) == paid


def test_nothing_owed_pays_nothing() -> None:
    assert oldest_first(Decimal(10), []) == ()


@pytest.mark.parametrize(
    ("received", "wanted", "paid"),
    [
        pytest.param("150", [("B", "100")], parts(B="100"), id="part of an item; the rest on account"),
        pytest.param("300", [("C", None), ("B", None)], parts(C="200", B="100"), id="as much as there is, in order"),
        pytest.param("250", [("C", None), ("A", "100")], parts(C="150", A="100"), id="given amounts come first"),
        pytest.param("100", [("A", "100"), ("B", None)], parts(A="100"), id="nothing left for the second"),
    ],
)
def test_named(received: str, wanted: list[tuple[str, str | None]], paid: tuple[Part, ...]) -> None:
    asked = [(key, None if amount is None else Decimal(amount)) for key, amount in wanted]
    assert named(Decimal(received), {owed.key: owed for owed in OWED}, asked) == paid


@pytest.mark.parametrize(
    ("received", "wanted", "key", "left"),
    [
        pytest.param("500", [("B", Decimal("200.01"))], "B", "200", id="more than the item"),
        pytest.param("150", [("B", Decimal(100)), ("A", Decimal(51))], "A", "50", id="more than the receipt"),
    ],
)
def test_named_beyond(received: str, wanted: list[tuple[str, Decimal | None]], key: str, left: str) -> None:
    with pytest.raises(Beyond) as refused:
        named(Decimal(received), {owed.key: owed for owed in OWED}, wanted)
    assert (refused.value.key, refused.value.left) == (key, Decimal(left))


cents = st.integers(1, 10**9).map(lambda value: Decimal(value) / 100)
owed_items = st.lists(st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), cents), max_size=8).map(
    lambda rows: [Item(f"R{at}", due_on, owed) for at, (due_on, owed) in enumerate(rows)]
)


@given(cents, owed_items)
def test_spreading_stays_within_receipt_and_items_and_spreads_all(received: Decimal, owed: list[Item]) -> None:
    paid = oldest_first(received, owed)
    open_by_key = {each.key: each.open for each in owed}
    assert len({part.key for part in paid}) == len(paid)
    assert all(0 < part.amount <= open_by_key[part.key] for part in paid)
    assert sum(part.amount for part in paid) == min(received, sum(open_by_key.values()))


@given(cents, owed_items, st.data())
def test_named_parts_are_those_asked_for_or_refused(received: Decimal, owed: list[Item], data: st.DataObject) -> None:
    wanted = [(each.key, data.draw(st.none() | cents)) for each in owed]
    items = {each.key: each for each in owed}
    given_amounts = {key: amount for key, amount in wanted if amount is not None}
    too_much = any(amount > items[key].open for key, amount in given_amounts.items())
    if too_much or sum(given_amounts.values()) > received:
        with pytest.raises(Beyond):
            named(received, items, wanted)
        return
    paid = {part.key: part.amount for part in named(received, items, wanted)}
    assert given_amounts.items() <= paid.items()
    assert all(0 < amount <= items[key].open for key, amount in paid.items())
    assert sum(paid.values()) <= received


@pytest.mark.parametrize(
    ("amount", "reference", "found"),
    [
        pytest.param("200", "", {"exact": parts(B="200"), "oldest": parts(A="119.50", B="80.50")}, id="equals one"),
        pytest.param("200", "for C", {"reference": parts(C="200"), "exact": parts(B="200"),
                                      "oldest": parts(A="119.50", B="80.50")}, id="the reference comes first"),
        pytest.param("119.50", "A", {"reference": parts(A="119.50")}, id="three ways to the same"),
        pytest.param("219.50", "B, A", {"reference": parts(A="119.50", B="100")}, id="several named, oldest first"),
        pytest.param("0", "A", {}, id="nothing to spread"),
    ],
)
def test_proposals(amount: str, reference: str, found: dict[str, tuple[Part, ...]]) -> None:
    assert {one.why: one.parts for one in proposals(Decimal(amount), reference, OWED)} == found


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("INV-2026-0042", True), ("Rg. inv 2026/0042, thanks", True), ("INV20260042", True), ("xINV-2026-0042", False),
        ("INV-2026-00421", False), ("2026-0042", False), ("", False),
    ],
)
def test_a_reference_names_whole_numbers(reference: str, names: bool) -> None:
    assert bool(list(named_in(reference, [item("INV-2026-0042", MAY, "1")]))) is names


@given(st.decimals(0, 1000, places=2), st.lists(st.decimals("0.01", 500, places=2), max_size=6), st.text(max_size=20))
def test_no_proposal_goes_beyond(amount: Decimal, owed: list[Decimal], reference: str) -> None:
    items = {f"I-{place}": Item(f"I-{place}", MAY, left) for place, left in enumerate(owed)}
    for proposal in proposals(amount, f"{reference} I-0", items.values()):
        assert sum(part.amount for part in proposal.parts) <= amount
        assert all(0 < part.amount <= items[part.key].open for part in proposal.parts)
