"""Receiving money and saying what it pays."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from tests.billing.cash import balance, controls, issued, receive
from tests.world import TODAY, World


@pytest.fixture
def invoices(world: World) -> list[str]:
    """Acme owes 119.00 (due first), 200.00 and 50.00."""
    return [str(issued(world, "ACME", total, days=days).number)
            for total, days in (("119.00", 14), ("200.00", 30), ("50.00", 30))]


@pytest.mark.parametrize(
    ("amount", "allocate", "open_after", "on_account"),
    [
        pytest.param("119.00", [(0, None)], ["0", "200", "50"], "0.00", id="exact"),
        pytest.param("100.00", [(0, None)], ["19", "200", "50"], "0.00", id="partial"),
        pytest.param("130.00", [(0, None)], ["0", "200", "50"], "11.00", id="over: the rest stays on account"),
        pytest.param("260.00", [(0, "119"), (1, "141")], ["0", "59", "50"], "0.00", id="several, given amounts"),
        pytest.param("300.00", [(1, "100"), (2, None)], ["119", "100", "0"], "150.00", id="several and a rest"),
        pytest.param("250.00", None, ["119", "200", "50"], "250.00", id="on account"),
        pytest.param("50.00", "oldest", ["119", "200", "0"], "0.00", id="oldest: the one it equals"),
        pytest.param("150.00", "oldest", ["0", "169", "50"], "0.00", id="oldest first"),
        pytest.param("400.00", "oldest", ["0", "0", "0"], "31.00", id="oldest: more than is owed"),
    ],
)
def test_what_a_receipt_pays(world: World, invoices: list[str], amount: str, allocate: Any, open_after: list[str],
                             on_account: str) -> None:
    if isinstance(allocate, list):
        allocate = [(invoices[at], None if part is None else Decimal(part)) for at, part in allocate]
    received = receive(world, amount, allocate=allocate)
    assert [balance(number) for number in invoices] == [Decimal(left) for left in open_after]
    assert received.on_account == on_account
    assert balance(received.number) == -Decimal(on_account)
    ledger = controls()
    assert ledger["bank"] == Decimal(amount)
    assert ledger["receivable"] == sum(balance(number) for number in invoices)
    assert ledger.get("on_account") == -Decimal(on_account)


def test_the_receipt_says_what_it_did(world: World, invoices: list[str]) -> None:
    received = receive(world, "319.00", allocate=[(invoices[0], None), (invoices[1], Decimal("150.5"))],
                       bank_account="DE89 3704 0044 0532 0130 00")
    assert (received.number, received.amount, received.currency) == ("Q2026-00001", "319.00", "EUR")
    assert [(part["invoice"], part["amount"]) for part in received.allocated] == [
        (invoices[0], "119.00"), (invoices[1], "150.50"),
    ]
    [event] = m.Event.objects.filter(subject_type="receipt", subject_id=received.receipt)
    assert (event.verb, event.actor, event.data["number"]) == ("payments.receive", "ben", "Q2026-00001")
    assert event.data["reference"].startswith("sha256:")
    assert m.Receipt.objects.get(pk=received.receipt).bank_account.iban == "DE89370400440532013000"


def test_receipts_are_numbered_without_gaps_and_a_refused_one_takes_no_number(world: World) -> None:
    assert receive(world, "1").number == "Q2026-00001"
    with pytest.raises(NotFound):
        receive(world, "1", allocate=[("R2026-99999", None)])
    with pytest.raises(Refused, match="dated"):
        receive(world, "1", on=TODAY - timedelta(days=1), received_on=TODAY - timedelta(days=1))
    assert receive(world, "1").number == "Q2026-00002"


def test_the_same_key_receives_once(world: World, invoices: list[str]) -> None:
    again = {"key": "bank-line-1", "allocate": [(invoices[0], None)]}
    first, second = receive(world, "119", **again), receive(world, "119", **again)
    assert first == second
    assert m.Receipt.objects.count() == 1
    with pytest.raises(Refused, match="another command"):
        receive(world, "120", **again)


@pytest.mark.parametrize(
    ("changes", "path", "text"),
    [
        pytest.param({"amount": "0"}, "amount", "0 is no amount", id="nothing"),
        pytest.param({"amount": "-5"}, "amount", "-5 is no amount", id="negative"),
        pytest.param({"amount": "NaN"}, "amount", "NaN is no amount", id="not a number"),
        pytest.param({"amount": "1.001"}, "amount", "finer than EUR", id="a tenth of a cent"),
        pytest.param({"amount": "1.5", "currency": "JPY"}, "amount", "finer than JPY", id="yen have no decimals"),
        pytest.param({"amount": "1E+16"}, "amount", "larger", id="beyond the column"),
        pytest.param({"currency": "EURO"}, "currency", "“EURO” is no currency", id="currency"),
        pytest.param({"method": "barter"}, "method", "“barter” is no method", id="method"),
        pytest.param({"received_on": date(2026, 11, 3)}, "received_on", "after the booking date", id="later money"),
        pytest.param({"reference": "x" * 141}, "reference", "141 characters", id="long reference"),
    ],
)
def test_wrong_values_are_named(world: World, changes: dict[str, Any], path: str, text: str) -> None:
    with pytest.raises(Refused) as refused:
        receive(world, changes.pop("amount", "10"), **changes)
    [problem] = refused.value.problems
    assert problem.path == path
    assert text in problem.text
    assert problem.remedy


def test_all_wrong_values_are_named_at_once(world: World) -> None:
    with pytest.raises(Refused) as refused:
        receive(world, "-1", method="barter", received_on=date(2027, 1, 1))
    assert [problem.path for problem in refused.value.problems] == ["amount", "received_on", "method"]


def test_allocations_that_will_not_do_are_refused_with_their_reason(world: World, invoices: list[str]) -> None:
    later = issued(world, "ACME", "70", on=TODAY + timedelta(days=5)).number
    dollars = issued(world, "ACME", "70", on=TODAY + timedelta(days=5), currency="USD", base_rate="0.9").number
    receive(world, "50", allocate=[(invoices[2], None)])
    with pytest.raises(Refused) as refused:
        receive(world, "500", allocate=[(invoices[0], Decimal("0.001")), (invoices[0], None), (dollars, None),
                                        (later, None), (invoices[2], None)])
    assert [(problem.path, problem.text) for problem in refused.value.problems] == [
        ("allocate[0]", "0.001 is finer than EUR allows."),
        ("allocate[1]", "Invoice R2026-00001 is named twice."),
        ("allocate[2]", "Invoice R2026-00005 is in USD, the money in EUR."),
        ("allocate[3]", "Invoice R2026-00004 is booked on 7 Nov 2026, after 2 Nov 2026."),
        ("allocate[4]", "Invoice R2026-00003 has nothing open."),
    ]


@pytest.mark.parametrize(
    ("amount", "part", "said"),
    [
        pytest.param("500", "119.01", "119.01 EUR for R2026-00001 is more than the 119.00 EUR that the", id="item"),
        pytest.param("50", "60", "60.00 EUR for R2026-00001 is more than the 50.00 EUR that the receipt", id="receipt"),
    ],
)
def test_never_beyond_item_or_receipt(world: World, invoices: list[str], amount: str, part: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        receive(world, amount, allocate=[(invoices[0], Decimal(part))])
    assert refused.value.law == 9
    assert m.Receipt.objects.count() == 0


def test_a_locked_period_is_refused(world: World) -> None:
    frames.execute("update legal_entity set lock_date = %s", [TODAY])
    with pytest.raises(Refused, match="closed until") as refused:
        receive(world, "10")
    assert refused.value.law == 14


def test_who_may_receive(world: World) -> None:
    with pytest.raises(Forbidden, match="cash"):
        receive(world, "10", by="mara")
    m.RoleGrant.objects.create(user=m.User.objects.get(login="otto"), role="biller", scope="book")
    assert receive(world, "10", by="otto", account="ZED").number == "Q2026-00001"
    for unknown in ("ACME", "NOBODY"):
        with pytest.raises(NotFound, match=f"There is no account “{unknown}” in your book"):
            receive(world, "10", by="otto", account=unknown)


def test_money_may_pay_for_another_account_only_within_the_book(world: World, invoices: list[str]) -> None:
    assert receive(world, "119", account="ZED", allocate=[(invoices[0], None)]).on_account == "0.00"
    m.RoleGrant.objects.create(user=m.User.objects.get(login="otto"), role="biller", scope="book")
    for unknown in (invoices[1], "R2026-99999"):
        with pytest.raises(NotFound) as refused:
            receive(world, "10", by="otto", account="ZED", allocate=[(unknown, None)])
        assert str(refused.value.problems[0]) == f"allocate[0]: There is no issued invoice “{unknown}” in your book."


def test_money_in_another_currency_is_posted_at_the_days_rate_and_leaves_at_the_invoices(world: World) -> None:
    dollars = issued(world, "ZED", "100", currency="USD", base_rate="0.9").number
    with pytest.raises(Refused, match="no exchange rate from USD to EUR"):
        receive(world, "100", account="ZED", currency="USD", allocate=[(dollars, None)])
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=TODAY, rate=Decimal("0.95"), source="t")
    receive(world, "100", account="ZED", currency="USD", allocate=[(dollars, None)])
    assert frames.rows("""select e.kind, t.amount, t.base_amount from transfer t join entry e on e.id = t.entry_id
                           where e.kind <> 'invoice' order by e.id""") == [
        ("receipt", Decimal(100), Decimal(95)), ("allocation", Decimal(100), Decimal(90)),
        ("exchange_difference", Decimal(0), Decimal(5)),
    ]
