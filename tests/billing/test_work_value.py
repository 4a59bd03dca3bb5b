"""What is unbilled and what it is worth; and where a file asked for another amount than our agreements."""

from dataclasses import asdict
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, NotFound
from duly.billing.work.actions import approve
from duly.billing.work.queries import UNBILLED, unbilled_frame
from duly.billing.work.value import own_amount_differences, unbilled
from tests.billing import raw
from tests.billing.test_work_by_hand import accept
from tests.billing.test_work_imports import entry, read_in
from tests.world import NOW, TODAY, World

NOVEMBER = date(2026, 11, 1)

Rows = list[tuple[Any, ...]]


def frame(world: World, *numbers: str, period_to: date = NOVEMBER, snapshot: str | None = None) -> Rows:
    accounts = [world.account(number).pk for number in numbers or ("ACME", "BIG", "ZED")]
    found = unbilled_frame(world.entity().pk, accounts, period_to, snapshot)
    assert dict(found.schema) == dict(UNBILLED)
    return found.select("kind", "quantity", "amount").rows()


def value(world: World, by: str = "ben", on: date = TODAY) -> dict[str, dict[str, Any]]:
    return {one.agreement: asdict(one) for one in unbilled(actor=world.actor(by), entity="HALDEN", on=on).agreements}


@pytest.mark.parametrize(("item", "billed_in_october"), [
    ({}, True),
    ({"on": date(2026, 10, 31)}, True),
    ({"on": date(2026, 11, 1)}, False),
    ({"on": date(2026, 8, 1)}, True),
    ({"approved": False}, False),
    ({"billable": False}, False),
])
def test_a_bill_run_takes_approved_billable_work_up_to_the_end_of_its_period(
    world: World, item: dict[str, Any], billed_in_october: bool
) -> None:
    world.time(3600, **item)
    assert frame(world) == ([("time", Decimal(3600), None)] if billed_in_october else [])


def test_the_frame_holds_every_kind_of_work(world: World) -> None:
    world.time(60, started_at=time(9, 30), description="")
    world.expense("19.90", currency="CHF")
    accept(world, "0.25")
    assert frame(world) == [("time", 60, None), ("expense", 1, Decimal("19.90")), ("milestone", 1, 3000)]
    assert frame(world, "BIG") == [("milestone", 1, 3000)]
    found = unbilled_frame(world.entity().pk, [world.account("ACME").pk], NOVEMBER)
    assert found.select("started_at", "description", "cost_currency").rows() == [
        ("09:30:00", "", None), (None, "Train to Berlin", "CHF")]


@pytest.mark.parametrize(("billed", "left"), [(3600, []), (600, [("time", 3000, None)])])
def test_only_what_is_left_is_unbilled_until_a_draft_is_discarded(world: World, billed: int, left: Rows) -> None:
    item = world.time(3600).pk
    with connection.cursor() as cursor:
        sql = raw.Sql(cursor)
        invoice = raw.draft(sql)
        raw.allocate_work(sql, item, raw.first_line(sql, invoice), billed)
        assert frame(world) == left
        assert [one["seconds"] for one in value(world).values()] == [seconds for _, seconds, _ in left]
        sql("delete from work_allocation")
        assert frame(world) == [("time", 3600, None)]


def test_work_is_billed_to_the_account_that_pays_for_it(world: World) -> None:
    world.time(60)
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("ZED"))
    assert (len(frame(world, "ACME")), len(frame(world, "ZED"))) == (0, 1)


def test_a_snapshot_hides_what_was_approved_after_it(database: str, world: World) -> None:
    world.time(60)
    snapshot = frames.rows("select pg_current_snapshot()::text")[0][0]
    world.time(120)
    assert frame(world, snapshot=snapshot) == [("time", 60, None)]
    assert len(frame(world)) == 2


def test_unbilled_work_has_its_value_and_what_waits_stands_apart(world: World) -> None:
    world.time(3600, on=date(2026, 10, 2))  # Ada: 95 an hour
    world.time(1800, person="grace")  # Grace: 110 an hour
    world.time(7200, approved=False)
    world.expense("100")  # with 5 % mark-up
    world.time(9999, billable=False)
    accept(world)
    assert value(world) == {
        "ACME-TM": {
            "account": "ACME", "account_name": "Acme GmbH", "agreement": "ACME-TM",
            "agreement_name": "Website relaunch", "currency": "EUR", "oldest": "2026-10-02", "items": 3,
            "seconds": 5400, "amount": "255.00", "waiting_items": 1, "waiting_seconds": 7200,
            "waiting_amount": "190.00", "unpriced": 0,
        },
        "BIG-MS": {
            "account": "BIG", "account_name": "Big Company SARL", "agreement": "BIG-MS", "agreement_name": "Migration",
            "currency": "EUR", "oldest": "2026-10-05", "items": 1, "seconds": 0, "amount": "12000.00",
            "waiting_items": 0, "waiting_seconds": 0, "waiting_amount": "0.00", "unpriced": 0,
        },
    }


def test_work_that_nothing_prices_is_counted_and_said(world: World) -> None:
    m.Person.objects.create(code="eve", name="Eve", role="Tester")
    world.time(3600, person="eve")
    world.expense("50", currency="USD")
    world.expense("50", agreement=world.agreement("BIG-MS"))
    found = unbilled(actor=world.actor("ben"), entity="HALDEN", on=TODAY)
    assert [(one.agreement, one.items, one.seconds, one.amount, one.unpriced) for one in found.agreements] == [
        ("ACME-TM", 2, 3600, "0.00", 2), ("BIG-MS", 1, 0, "0.00", 1)]
    assert found.problems == [
        "no rate for Eve on 5 Oct 2026; add one to the rate card.",
        "no exchange rate from USD to EUR on 7 Oct 2026; add one.",
        "the agreement has no charge for work of the kind “expense”; add one.",
    ]


def test_unbilled_work_counts_up_to_the_day_and_in_the_book(world: World) -> None:
    world.time(3600, on=date(2026, 11, 2))
    assert list(value(world, on=date(2026, 11, 1))) == []
    assert list(value(world, on=date(2026, 11, 2))) == list(value(world, by="mara")) == ["ACME-TM"]
    assert value(world, by="otto") == {}
    with pytest.raises(NotFound):
        unbilled(actor=world.actor("ben"), entity="NOBODY", on=TODAY)


def test_rows_that_ask_for_another_amount_are_listed_with_both(world: World) -> None:
    rows = [
        entry(2, own_amount=Decimal("95.00"), own_currency="EUR"),
        entry(3, own_amount=Decimal("90.00"), own_currency="EUR"),
        entry(4, own_amount=Decimal("95.00"), own_currency="USD"),
        entry(5, billable=False, own_amount=Decimal("0.00"), own_currency="EUR"),
        entry(6, billable=False, own_amount=Decimal("95.00"), own_currency="EUR"),
        entry(7),
        entry(8, seconds=7382, own_amount=Decimal("194.75"), own_currency="EUR"),  # 194.802… of 2:03:02
        entry(9, client="", own_amount=Decimal("1.00"), own_currency="EUR"),
    ]
    batch = read_in(world, rows, by="mara").batch
    with connection.cursor() as cursor:  # that a row is billed already changes nothing of what it should cost
        billed = m.ImportRow.objects.get(batch_id=batch, row_number=3).work_item_id
        assert billed is not None
        approve(actor=world.actor("mara"), at=NOW, on=TODAY, items=[billed])
        raw.draft(raw.Sql(cursor), work=[billed])
    found = own_amount_differences(actor=world.actor("mara"), batch=batch, on=TODAY)
    assert [(one.row_number, one.own, one.own_currency, one.ours, one.difference) for one in found] == [
        (3, "90.00", "EUR", "95.00", "5.00"),
        (4, "95.00", "USD", "95.00", None),
        (6, "95.00", "EUR", "0.00", "-95.00"),
        (8, "194.75", "EUR", "194.80", "0.05"),
    ]
    with pytest.raises(NotFound):
        own_amount_differences(actor=world.actor("otto"), batch=batch, on=TODAY)
    with pytest.raises(NotFound):
        own_amount_differences(actor=world.actor("mara"), batch=batch + 1, on=TODAY)


def test_the_value_of_work_is_for_those_who_may_read(world: World) -> None:
    from dataclasses import replace

    stranger = replace(world.actor("ben"), everywhere=frozenset(), in_book=frozenset())
    with pytest.raises(Forbidden):
        unbilled(actor=stranger, entity="HALDEN", on=TODAY)
