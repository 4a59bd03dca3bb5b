"""Each kind of task: a situation in which it is there, for whom, and what it says."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.reporting.tasks import KINDS
from duly.billing.reporting.today import Task, Waiting, today, unbilled
from tests.billing.cash import issued, receive
from tests.billing.usage import ingest, metric
from tests.world import NOW, OCTOBER, TODAY, World


def draft(world: World, account: str) -> int:
    run = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], accounts=[world.account(account).pk])
    actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=run.partitions[0])
    return int(frames.rows("select max(id) from invoice")[0][0])


def submitted(world: World) -> None:
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft(world, "BIG")])


def blocked(world: World) -> None:
    found = draft(world, "BIG")
    m.Finding.objects.create(invoice_id=found, check_name="x", severity="blocks", path="", text="The PO is missing.")


def overdue(world: World) -> None:
    issued(world, "ACME", "12400.00", on=date(2026, 9, 1), days=28)
    issued(world, "ACME", "10.00", on=TODAY)


def failed_mail(world: World) -> None:
    invoice = issued(world, "ACME", "10.00")
    message = m.Message.objects.create(
        entity=world.entity(), account=world.account("ACME"), invoice=invoice, recipients=[], subject="Invoice 1",
        body="", message_id="<1@x>", state="failed", queued_at=NOW, queued_by="ben")
    m.DeliveryAttempt.objects.create(message=message, at=NOW, outcome="failed", answer="550 No such user")


def told_twice(world: World) -> None:
    metric("calls")
    ingest(world, {}, {}, {})
    ingest(world, {"quantity": 2}, {"quantity": 3})


def capped(world: World) -> None:
    issued(world, "ACME", "950.00")
    version = m.AgreementVersion.objects.get(agreement__number="ACME-EUR")
    m.AgreementVersion.objects.create(agreement=version.agreement, valid_from=TODAY, review="none", cap=D(1000))


def ordered(world: World) -> None:
    m.PurchaseOrder.objects.create(account=world.account("ACME"), number="PO-7", currency="EUR", amount=D(100),
                                   expires_on=date(2026, 11, 12))


def milestone(world: World) -> None:
    charge = m.Charge.objects.create(agreement=world.agreement("BIG-MS"), code="done", kind="milestone")
    version = m.AgreementVersion.objects.create(agreement=charge.agreement, valid_from=date(2026, 10, 1), review="none")
    m.ChargeTerms.objects.create(version=version, charge=charge, name="Acceptance", price=D(500),
                                 due_on=date(2026, 10, 30))


def ending(world: World) -> None:
    m.Agreement.objects.filter(number="ACME-TM").update(ends_on=date(2026, 11, 30))


def covered(world: World) -> None:
    frames.rows("select set_config('duly.actor', 'fin', true)")
    m.Account.objects.filter(number="ZED").update(cover=m.User.objects.get(login="mara"), cover_from=TODAY,
                                                  cover_until=date(2026, 11, 9))


TASKS: list[tuple[str, Callable[[World], object], str, str, str, D | None]] = [
    # kind           situation     for     account  why                                        amount
    ("review",       submitted,    "rita", "BIG",   "Ben submitted it today",                  D("1500.00")),
    ("blocked",      blocked,      "ben",  "BIG",   "The PO is missing.",                      D("1500.00")),
    ("issue",        lambda w: draft(w, "ZED"), "ben", "ZED", "approved, drafted today",       D("7500.00")),
    ("submit",       lambda w: draft(w, "BIG"), "mara", "BIG", "drafted today, nothing blocks it", D("1500.00")),
    ("overdue",      overdue,      "mara", "ACME",  "34 days late",                            D("12400.00")),
    ("unallocated",  lambda w: receive(w, "80.00"), "ben", "ACME", "received today, pays nothing yet", D("80.00")),
    ("mail",         failed_mail,  "mara", "ACME",  "550 No such user",                        None),
    ("approve_work", lambda w: w.time(60, approved=False), "mara", "ACME", "1 entry, the oldest from 28 days ago",
     None),
    ("usage_finding", told_twice,  "otto", "ZED",   "2 events told twice, not alike; the oldest today", None),
    ("cap",          capped,       "mara", "ACME",  "95% of 1,000.00 EUR is billed",           D("50.00")),
    ("purchase_order", ordered,    "mara", "ACME",  "expires in 10 days",                      D("100.00")),
    ("milestone",    milestone,    "mara", "BIG",   "was due 3 days ago, nobody has accepted it", D("500.00")),
    ("ending",       ending,       "mara", "ACME",  "ends in 28 days",                         None),
    ("covered",      covered,      "mara", "ZED",   "for Otto, ends in 7 days",                None),
]  # fmt: skip


def waiting(login: str, kind: str) -> list[Waiting]:
    return [each for each in today(actor=actor(login), on=TODAY).kinds if each.kind == kind]


def test_every_kind_has_its_row() -> None:
    assert [kind for kind, *_ in TASKS] == [kind.key for kind in KINDS]


@pytest.mark.parametrize(("kind", "situation", "login", "account", "why", "amount"), TASKS,
                         ids=[kind for kind, *_ in TASKS])
def test_a_task_says_why_it_waits(world: World, kind: str, situation: Callable[[World], object], login: str,
                                  account: str, why: str, amount: D | None) -> None:
    assert waiting(login, kind) == []
    situation(world)
    [found] = waiting(login, kind)
    [task] = found.tasks
    assert (found.count, task.account, task.why) == (1, account, why)
    assert task.amount == amount
    assert task.act
    for other in ("otto" if account != "ZED" else "mara",) if kind != "covered" else ("ben",):
        assert waiting(other, kind) == []


def test_a_task_of_a_covered_account_says_whose_it_is(world: World) -> None:
    covered(world)
    issued(world, "ZED", "5.00", on=date(2026, 9, 1), days=10)
    issued(world, "ACME", "5.00", on=date(2026, 9, 1), days=10)
    [late] = waiting("mara", "overdue")
    assert {task.account: task.covers for task in late.tasks} == {"ZED": "Otto", "ACME": ""}


def test_a_task_names_the_document_that_one_step_settles(world: World) -> None:
    invoice = issued(world, "ACME", "5.00", on=date(2026, 9, 1), days=10)
    receipt = receive(world, "80.00")
    found = {task.kind: task.subject for task in today(actor=actor("ben"), on=TODAY).tasks}
    assert found == {"overdue": str(invoice.pk), "unallocated": str(receipt.receipt)}


def test_a_reviewer_is_not_asked_to_review_what_they_launched(world: World) -> None:
    frames.execute("insert into role_grant (user_id, role, scope) select id, 'reviewer', 'all' from app_user "
                   "where login = 'ben'")
    submitted(world)
    assert waiting("ben", "review") == []
    assert waiting("fin", "review")[0].count == 1


def test_the_largest_and_latest_come_first_and_all_are_counted(world: World) -> None:
    for day, total in ((1, "10.00"), (2, "1000.00"), (3, "20.00")):
        issued(world, "ACME", total, on=date(2026, 9, day), days=10)
    found = today(actor=actor("mara"), on=TODAY, rows=2)
    [late] = [each for each in found.kinds if each.kind == "overdue"]
    assert [task.amount for task in late.tasks] == [D(1000), D(20)]
    assert (late.count, found.count, late.filters) == (3, 3, {"settled": "overdue"})


def test_nobody_is_asked_for_what_they_may_not_do(world: World) -> None:
    overdue(world)
    submitted(world)
    assert today(actor=actor("audra"), on=TODAY).kinds == ()
    assert {task.kind for task in today(actor=actor("rita"), on=TODAY).tasks} == {"review"}
    assert all(isinstance(task, Task) for task in today(actor=actor("fin"), on=TODAY).tasks)


def test_unbilled_work_is_a_task_once_its_month_is_over(world: World) -> None:
    world.time(3600, on=date(2026, 8, 30), approved=False)
    world.time(5400, on=date(2026, 9, 14))
    world.expense("20.00")
    world.expense("9.5", currency="JPY")
    world.time(3600, on=TODAY)
    world.time(3600, billable=False, approved=False)
    found = unbilled(actor=actor("mara"), on=TODAY)
    [task] = found.tasks
    assert (found.count, task.subject, task.account, task.title) == (1, "HALDEN", "ACME", "Work since September 2026")
    assert task.why == "1.5 h, 10 JPY of expenses, 20.00 EUR of expenses; 1 not approved yet"
    assert (task.since, task.days) == (date(2026, 9, 14), 49)
    assert unbilled(actor=actor("otto"), on=TODAY).count == 0
    assert unbilled(actor=actor("fin"), on=TODAY).count == 1
    assert unbilled(actor=actor("fin"), on=TODAY, mine=True).count == 0


def test_work_on_a_draft_or_not_approved_is_not_left_over(database: str, world: World) -> None:
    world.time(3600, approved=False)
    assert unbilled(actor=actor("ben"), on=TODAY).count == 0
    world.time(5400)
    assert unbilled(actor=actor("ben"), on=TODAY).tasks[0].title == "Work of October 2026"
    drafted = draft(world, "ACME")
    assert unbilled(actor=actor("ben"), on=TODAY).count == 0
    actions.discard(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafted])
    assert unbilled(actor=actor("ben"), on=TODAY).count == 1


def test_work_is_left_over_with_who_pays_for_it(world: World) -> None:
    frames.rows("select set_config('duly.actor', 'fin', true)")
    m.Account.objects.filter(number="ACME").update(bill_to=world.account("ZED"))
    world.time(5400)
    world.time(1800, agreement=world.agreement("ZED-SUB"))
    [task] = unbilled(actor=actor("otto"), on=TODAY).tasks
    assert (task.account, task.why) == ("ZED", "2.0 h")
    assert unbilled(actor=actor("mara"), on=TODAY).count == 0
