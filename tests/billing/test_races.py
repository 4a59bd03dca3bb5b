"""What two people do at the same moment: one of them comes first, the other is told, and nothing is done twice.

Each race is run in both orders, the second acting before the first has committed, and a few times without order.
After every one of them all audits must find the books sound.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from duly.billing import models as m
from duly.billing.accounts.actions.entities import set_lock_date
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions import Issued
from duly.billing.invoicing.actions.run import Drafted
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.payments.actions import Allocated, Received, Unallocated, allocate, receive, unallocate
from duly.billing.reporting.audits import verify
from duly.billing.work.actions import approve
from tests.billing.cash import balance, issued
from tests.billing.cash import receive as received
from tests.billing.races import ORDERS, race
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, OCTOBER, TODAY, World

TOMORROW = TODAY + timedelta(days=1)

pytestmark = pytest.mark.parametrize("order", ORDERS)


@pytest.fixture(autouse=True)
def _sound(database: str, world: World) -> Iterator[None]:
    """What commands commit; the books are sound afterwards."""
    yield
    assert [finding for finding in verify(actor=world.actor("audra")) if not finding.note] == []


def drafts_of(world: World) -> dict[str, int]:
    """Drafts of October by account: Acme's and Zed's need no review, Big Company's does."""
    world.time(3600)
    return {draft.account.number: draft.pk for draft in bill(world)}


def issue(world: World, *drafts: int, login: str = "ben", on: date = TODAY, **key: Any) -> Issued:
    return actions.issue(actor=world.actor(login), at=NOW, on=on, drafts=drafts, **key)


def discard(world: World, *drafts: int) -> int:
    return actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=drafts)


def numbers() -> list[str]:
    return list(m.Invoice.objects.exclude(number=None).order_by("sequence").values_list("number", flat=True))


def state(draft: int) -> str:
    return str(m.Invoice.objects.values_list("state", flat=True).get(pk=draft))


def test_two_issue_the_same_drafts(world: World, order: str) -> None:
    drafts = drafts_of(world)
    wanted = [drafts["ACME"], drafts["ZED"]]
    one, two = race(order, lambda: issue(world, *wanted), lambda: issue(world, *reversed(wanted), login="fin"))
    winner, loser = (one, two) if one.numbers else (two, one)
    assert sorted(winner.numbers.values()) == numbers() == ["R2026-00001", "R2026-00002"]
    assert loser == Issued({}, [[str(draft), "It is issued already."] for draft in sorted(wanted)])


def test_two_issue_different_drafts_of_one_series(world: World, order: str) -> None:
    drafts = drafts_of(world)
    one, two = race(order, lambda: issue(world, drafts["ACME"]), lambda: issue(world, drafts["ZED"], login="fin"))
    given = {**one.numbers, **two.numbers}
    assert set(given) == {str(drafts["ACME"]), str(drafts["ZED"])}
    assert sorted(given.values()) == numbers() == ["R2026-00001", "R2026-00002"]


def test_numbers_follow_the_dates_whoever_comes_first(world: World, order: str) -> None:
    drafts = drafts_of(world)
    today, tomorrow = race(order, lambda: issue(world, drafts["ACME"]),
                           lambda: issue(world, drafts["ZED"], on=TOMORROW))
    assert list(tomorrow.numbers) == [str(drafts["ZED"])]
    if isinstance(today, Refused):
        assert (today.law, numbers(), state(drafts["ACME"])) == (4, ["R2026-00001"], "draft")
    else:
        assert (today.numbers, tomorrow.numbers) == ({str(drafts["ACME"]): "R2026-00001"},
                                                     {str(drafts["ZED"]): "R2026-00002"})


def test_two_bill_runs_over_the_same_accounts(world: World, order: str) -> None:
    world.time(3600)

    def run(login: str) -> Drafted:
        actor = world.actor(login)
        launched = actions.launch(actor=actor, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                                  period_to=OCTOBER[1])
        return actions.draft_partition(actor=actor, at=NOW, partition=launched.partitions[0])

    one, two = race(order, lambda: run("ben"), lambda: run("fin"))
    assert sorted([one.drafts, two.drafts]) == [0, 3]
    assert m.WorkAllocation.objects.count() == 1
    assert m.Invoice.objects.count() == 3


def test_two_draft_one_partition(world: World, order: str) -> None:
    world.time(3600)
    ben = world.actor("ben")
    run = actions.launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])

    def draft() -> Drafted:
        return actions.draft_partition(actor=ben, at=NOW, partition=run.partitions[0])

    outcomes = race(order, draft, draft)
    fresh = [each for each in outcomes if isinstance(each, Drafted) and not each.already]
    others = [each for each in outcomes if each not in fresh]
    assert [each.drafts for each in fresh] == [m.Invoice.objects.count()] == [3]
    assert [str(each) if isinstance(each, Refused) else each.digest for each in others] in (
        [f"Another worker is drafting partition {run.partitions[0]}. Nothing needs to be done."], [fresh[0].digest])


def test_two_allocate_the_same_money(world: World, order: str) -> None:
    invoices = [str(issued(world, "ACME", "100.00").number) for _ in range(2)]
    receipt = received(world, "150.00")

    def pay(number: str) -> Allocated:
        return allocate(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", receipt=receipt.number,
                        to=[(number, Decimal(100))])

    outcomes = race(order, lambda: pay(invoices[0]), lambda: pay(invoices[1]))
    assert sorted(type(each) for each in outcomes if isinstance(each, Allocated)) == [Allocated]
    assert [each.law for each in outcomes if isinstance(each, Refused)] == [9]
    assert (sorted(balance(number) for number in invoices), balance(receipt.number)) == ([0, 100], -50)


def test_two_receipts_pay_one_invoice(world: World, order: str) -> None:
    number = str(issued(world, "ACME", "100.00").number)

    def pay(amount: str) -> Received:
        return receive(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", account="ACME", currency="EUR",
                       amount=Decimal(amount), received_on=TODAY, method="cash", allocate="oldest")

    one, two = race(order, lambda: pay("70.00"), lambda: pay("80.00"))
    assert {one.number, two.number} == {"Q2026-00001", "Q2026-00002"}
    assert balance(number) == 0
    assert Decimal(one.on_account) + Decimal(two.on_account) == 50


def test_two_undo_one_allocation(world: World, order: str) -> None:
    number = str(issued(world, "ACME", "100.00").number)
    [made] = received(world, "100.00", allocate=[(number, None)]).allocated

    def undo() -> Unallocated:
        return unallocate(actor=world.actor("ben"), at=NOW, on=TODAY, allocation=made["allocation"], reason="Wrong")

    outcomes = race(order, undo, undo)
    assert [each.amount for each in outcomes if isinstance(each, Unallocated)] == ["100.00"]
    assert [each.law for each in outcomes if isinstance(each, Refused)] == [3]
    assert balance(number) == 100


def test_two_discard_the_same_drafts(world: World, order: str) -> None:
    drafts = list(drafts_of(world).values())
    outcomes = race(order, lambda: discard(world, *drafts), lambda: discard(world, *reversed(drafts)))
    assert [each for each in outcomes if each == 3] == [3]
    [refusal] = [each for each in outcomes if isinstance(each, Refused)]
    assert "discarded cannot be moved" in str(refusal)
    assert m.WorkAllocation.objects.count() == 0


def test_one_issues_what_the_other_discards(world: World, order: str) -> None:
    draft = drafts_of(world)["ACME"]
    given, thrown = race(order, lambda: issue(world, draft), lambda: discard(world, draft))
    if given.numbers:
        assert (isinstance(thrown, Refused), state(draft), m.WorkAllocation.objects.count()) == (True, "issued", 1)
    else:
        assert given.skipped == [[str(draft), "It was discarded."]]
        assert (thrown, state(draft), m.WorkAllocation.objects.count()) == (1, "discarded", 0)


def edit(draft: int, text: str, *, first: str = "") -> int:
    """Change the draft's lines by SQL, as Ben."""
    with transaction.atomic():
        frames.rows("select set_config('duly.actor', 'ben', true)")
        if first:
            frames.execute(first, [draft])
        return frames.execute("update invoice_line set description = %s where invoice_id = %s", [text, draft])


def text_of(draft: int) -> str:
    return str(m.InvoiceLine.objects.values_list("description", flat=True).get(invoice=draft))


def test_one_issues_what_the_other_edits(world: World, order: str) -> None:
    draft = drafts_of(world)["ACME"]
    before = text_of(draft)
    given, edited = race(order, lambda: issue(world, draft), lambda: edit(draft, "Edited"))
    assert given.numbers == {str(draft): "R2026-00001"}
    assert text_of(draft) == (before if isinstance(edited, DatabaseError) else "Edited")
    assert isinstance(edited, DatabaseError) or order != "one-acts-first"


def test_one_issues_what_the_other_takes_back_from_its_review(world: World, order: str) -> None:
    """Nothing is issued that its reviewer has not seen."""
    draft = drafts_of(world)["BIG"]
    before = text_of(draft)
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft])
    actions.approve(actor=world.actor("rita"), at=NOW, on=TODAY, drafts=[draft])
    take_back = "update invoice set state = 'draft' where id = %s"
    given, edited = race(order, lambda: issue(world, draft), lambda: edit(draft, "Edited", first=take_back))
    if given.numbers:
        assert (isinstance(edited, DatabaseError), state(draft), text_of(draft)) == (True, "issued", before)
    else:
        assert (edited, state(draft), text_of(draft)) == (1, "draft", "Edited")
        assert given.skipped == [[str(draft), "Its agreement demands a review: submit it first."]]


def test_two_waive_one_finding(world: World, order: str) -> None:
    world.time(25 * 3600)
    [draft] = [each.pk for each in bill(world) if each.account.number == "ACME"]

    def waive(login: str) -> int:
        return actions.waive(actor=world.actor(login), at=NOW, on=TODAY, draft=draft,
                             check_name="day_over_24_hours", reason="Two shared a login")

    outcomes = race(order, lambda: waive("ben"), lambda: waive("fin"))
    assert [each for each in outcomes if each == 1] == [1]
    [refusal] = [each for each in outcomes if isinstance(each, Refused)]
    assert "no open finding" in str(refusal)
    assert m.Waiver.objects.count() == 1


def test_one_key_issues_once_and_answers_both(world: World, order: str) -> None:
    drafts = drafts_of(world)

    def act() -> Issued:
        return issue(world, drafts["ACME"], drafts["ZED"], key="month-end")

    one, two = race(order, act, act)
    assert one == two
    assert sorted(one.numbers.values()) == numbers() == ["R2026-00001", "R2026-00002"]


def test_one_key_receives_once_and_answers_both(world: World, order: str) -> None:
    number = str(issued(world, "ACME", "100.00").number)

    def act() -> Received:
        return received(world, "100.00", allocate=[(number, None)], key="line-17")

    one, two = race(order, act, act)
    assert one == two
    assert (one.number, m.Receipt.objects.count(), balance(number)) == ("Q2026-00001", 1, 0)


def test_one_key_for_two_bodies_acts_for_one_of_them(world: World, order: str) -> None:
    outcomes = race(order, lambda: received(world, "1.00", key="k"), lambda: received(world, "2.00", key="k"))
    assert [each.law for each in outcomes if isinstance(each, Refused)] == [8]
    assert [each.number for each in outcomes if isinstance(each, Received)] == ["Q2026-00001"]


def test_one_closes_the_books_while_the_other_issues(world: World, order: str) -> None:
    """Whoever comes first: nothing is booked on a day that is closed already."""
    draft = drafts_of(world)["ACME"]
    closed, given = race(
        order, lambda: set_lock_date(actor=world.actor("fin"), at=NOW, entity="HALDEN", lock_date=TODAY),
        lambda: issue(world, draft))
    assert closed.outcome == "changed"
    if isinstance(given, Refused):
        assert (given.law, state(draft)) == (14, "draft")
    elif not given.numbers:
        assert "closed until" in given.skipped[0][1]
        assert state(draft) == "draft"
    else:
        assert order != "one-acts-first"
        assert state(draft) == "issued"


def test_one_approves_work_while_the_other_bills_it(world: World, order: str) -> None:
    """A run takes what was approved before it began, or leaves it for the next."""
    world.time(3600)
    later = world.time(7200, approved=False)
    approved, drafts = race(
        order, lambda: approve(actor=world.actor("mara"), at=NOW, on=TODAY, items=[later.pk]), lambda: bill(world))
    assert approved.items == 1
    billed = m.WorkAllocation.objects.filter(work_item=later).count()
    assert sum(draft.net for draft in drafts if draft.account.number == "ACME") == (285 if billed else 95)
    bill(world)
    assert m.WorkAllocation.objects.filter(work_item=later).count() == 1


def test_a_draft_that_is_not_there_stops_neither(world: World, order: str) -> None:
    draft = drafts_of(world)["ACME"]
    one, two = race(order, lambda: issue(world, draft, 999_999), lambda: issue(world, draft))
    assert isinstance(one, NotFound)
    assert two.numbers == {str(draft): "R2026-00001"}
