"""Receiving many payments at once leaves the rows that receiving them one by one leaves, or none."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.payments import receiving
from duly.billing.payments.actions import receive, receive_many
from duly.billing.payments.receiving import Incoming
from tests.billing.cash import balance, controls, issued
from tests.world import NOW, TODAY, World

LEFT = {
    "receipts": """select r.number, r.fiscal_year, r.sequence, a.number, r.booked_on, r.received_on, r.currency,
                          r.amount, r.method, r.reference, b.iban, r.language, r.seller_id, r.buyer_id, o.balance
                     from receipt r join account a on a.id = r.account_id join open_item o on o.id = r.open_item_id
                     left join bank_account b on b.id = r.bank_account_id order by r.sequence""",
    "allocations": """select s.label, t.label, c.amount, c.booked_on, c.reason from cash_allocation c
                       join open_item s on s.id = c.source_id join open_item t on t.id = c.target_id order by c.id""",
    "postings": """select e.kind, e.booked_on, e.source, d.role, c.role, t.currency, t.amount, t.base_amount
                     from transfer t join entry e on e.id = t.entry_id join chart_account d on d.id = t.debit_id
                     join chart_account c on c.id = t.credit_id order by e.kind, e.source, t.amount""",
    "items": "select label, control, amount, balance, booked_on, due_on from open_item order by label",
    "events": """select e.data - 'allocated' - 'reference', jsonb_array_length(e.data -> 'allocated'), p.path, p.value
                   from event e left join personal_value p on p.event_id = e.id
                  where e.subject_type = 'receipt' order by e.data ->> 'number'""",
    "counter": "select last_number, last_issued_on from number_counter order by series_id",
}


def left() -> dict[str, list[tuple[Any, ...]]]:
    return {name: frames.rows(query) for name, query in LEFT.items()}


def money(amount: str, days: int = 0, account: str = "ACME", **more: Any) -> Incoming:
    on = TODAY + timedelta(days=days)
    return Incoming("HALDEN", account, Decimal(amount), "EUR", on, on, "bank_transfer", **more)


@pytest.fixture
def some(world: World) -> list[Incoming]:
    """Parts of one invoice, several invoices, the oldest, on account, of another's, from abroad; over two days."""
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=TODAY, rate=Decimal("0.9"), source="test")
    first, second, other = (str(issued(world, account, total).number)
                            for account, total in (("ACME", "100"), ("ACME", "250"), ("BIG", "30")))
    dollars = str(issued(world, "ZED", "70", currency="USD", base_rate="0.8").number)
    return [
        money("60", reference=f"{first} in part", allocate=[(first, None)], bank_account="DE89 3704 0044 0532 0130 00"),
        money("90", allocate=[(first, None), (second, Decimal(20))]),
        replace(money("70", account="ZED", allocate=[(dollars, None)]), currency="USD"),
        money("100", 1, reference="a tab\there", allocate="oldest"),
        money("45", 1, allocate=[(other, None)]),
        money("12.34", 1, account="BIG"),
    ]


def one_by_one(actor: Actor, incoming: Sequence[Incoming]) -> list[dict[str, Any]]:
    made = []
    for one in incoming:
        facts = {name: value for name, value in vars_of(one).items() if name != "booked_on"}
        made.append(asdict(receive(actor=actor, at=NOW, on=one.booked_on, **facts)))
    return made


def vars_of(one: Incoming) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def plain(received: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the ids."""
    return [{**one, "receipt": 0, "allocated": [{**each, "allocation": 0} for each in one["allocated"]]}
            for one in received]


def test_many_at_once_leave_the_rows_of_one_by_one(world: World, some: list[Incoming]) -> None:
    actor = world.actor("ben")
    before = transaction.savepoint()
    singly = one_by_one(actor, some)
    rows = left()
    transaction.savepoint_rollback(before)
    together = receive_many(actor=actor, at=NOW, on=TODAY, receipts=some).receipts
    frames.execute("set constraints all immediate")
    assert plain(together) == plain(singly)
    assert left() == rows
    assert len({event for (event,) in frames.rows("select command_id from event where subject_type = 'receipt'")}) == 1


def test_they_are_numbered_by_date_and_answered_as_given(world: World) -> None:
    done = receive_many(actor=world.actor("ben"), at=NOW, on=TODAY, receipts=[money("2", 2), money("1"), money("3", 2)])
    assert [(one["number"], one["amount"]) for one in done.receipts] == [
        ("Q2026-00002", "2.00"), ("Q2026-00001", "1.00"), ("Q2026-00003", "3.00")]
    with pytest.raises(Refused, match="is dated 4 Nov 2026"):
        receive_many(actor=world.actor("ben"), at=NOW, on=TODAY, receipts=[money("1", 1)])


def test_a_year_ends_among_them(world: World) -> None:
    late = NOW.replace(month=12, day=31)
    done = receive_many(actor=world.actor("ben"), at=late, on=late.date(), receipts=[money("1", 59), money("2", 60)])
    assert [one["number"] for one in done.receipts] == ["Q2026-00001", "Q2027-00001"]


def test_one_that_is_wrong_refuses_all_and_is_named(world: World, some: list[Incoming]) -> None:
    wrong = [*some, money("-1"), replace(money("1"), method="barter", received_on=TODAY + timedelta(days=1))]
    with pytest.raises(Refused, match="none was") as refused:
        receive_many(actor=world.actor("ben"), at=NOW, on=TODAY, receipts=wrong)
    assert [problem.path for problem in refused.value.problems] == [
        "receipts[6].amount", "receipts[7].received_on", "receipts[7].method"]
    number = some[0].allocate[0][0]  # type: ignore[index]
    with pytest.raises(Refused, match="none was") as refused:
        receive_many(actor=world.actor("ben"), at=NOW, on=TODAY,
                     receipts=[money("80", allocate=[(number, None)]), money("21", allocate=[(number, Decimal(21))])])
    [problem] = refused.value.problems
    assert (problem.path, problem.text) == (
        "receipts[1]", f"21.00 EUR for {number} is more than the 20.00 EUR that the item still has.")
    assert not m.Receipt.objects.exists()
    assert balance(str(number)) == 100
    assert "bank" not in controls()


def test_one_outside_the_book_refuses_all(world: World) -> None:
    m.RoleGrant.objects.create(user=m.User.objects.get(login="otto"), role="biller", scope="book")
    otto = replace(world.actor("otto"), in_book=frozenset({"cash"}))
    other = str(issued(world, "BIG", "30").number)
    for bad, path in ((money("1"), "receipts[1]"),
                      (money("1", account="ZED", allocate=[(other, None)]), "receipts[1].allocate[0]")):
        with pytest.raises(NotFound) as refused:
            receive_many(actor=otto, at=NOW, on=TODAY, receipts=[money("1", account="ZED"), bad])
        assert [problem.path for problem in refused.value.problems] == [path]


def test_none_and_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ben = world.actor("ben")
    assert receive_many(actor=ben, at=NOW, on=TODAY, receipts=[]).receipts == []
    monkeypatch.setattr(receiving, "AT_ONCE", 2)
    with pytest.raises(Refused, match="at most 2"):
        receive_many(actor=ben, at=NOW, on=TODAY, receipts=[money("1")] * 3)


def test_the_same_key_books_once(world: World) -> None:
    ben = world.actor("ben")
    again = {"actor": ben, "at": NOW, "on": TODAY, "receipts": [money("1"), money("2")], "key": "statement-7"}
    assert receive_many(**again) == receive_many(**again)
    assert m.Receipt.objects.count() == 2
