"""The demo company is lived through by the real verbs: the same each time, and unharmed by being stopped."""

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from duly.billing.desk.actions import Delivered, deliver
from duly.billing.kernel import frames
from duly.billing.reporting.audits import verify
from duly.interfaces.cli.demo import load as demo
from duly.interfaces.cli.demo.payers import Owed, transfers
from duly.interfaces.cli.demo.plan import BEGINS, TODAY, months, read_plan
from tests.conftest import _clone

UNTIL = date(2025, 7, 31)

CONTENT = {
    "work": """select person_name, project_name, task, description, worked_on, started_at, quantity, cost, billable,
                      approved_at, source_key from work_item""",
    "documents": "select number, state, issued_on, due_on, currency, net, tax, total from invoice",
    "lines": """select i.number, l.position, l.description, l.quantity, l.unit_price, l.amount, l.tax
                  from invoice_line l join invoice i on i.id = l.invoice_id""",
    "receipts": "select number, received_on, currency, amount, reference from receipt",
    "open items": "select label, booked_on, due_on, amount, balance from open_item",
    "mail": "select message_id, subject, body, state, queued_at, queued_by from message",
    "tries": """select m.message_id, t.at, t.outcome, t.answer
                  from delivery_attempt t join message m on m.id = t.message_id""",
    "decisions": """select i.number, d.verdict, d.reason, d.decided_by, d.decided_at
                      from decision d join invoice i on i.id = d.invoice_id""",
    "events": """select verb, actor, case when left(verb, 8) <> 'setting.' then at end, subject_type, count(*)
                   from event group by 1, 2, 3, 4""",
}
"""Events of settings are the database's own, by its own clock."""


def content() -> dict[str, tuple[int, str]]:
    """Rows and digest of what the demo wrote, by kind, without ids."""
    found = {}
    for kind, query in CONTENT.items():
        rows = sorted(map(repr, frames.rows(query)))
        found[kind] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


class Stopped(Exception):
    """As if the process had been killed."""


def stopping_after(calls: int) -> Callable[..., Delivered]:
    """`deliver` that works so many times and then ends everything."""
    left = [calls]

    def hand(**arguments: object) -> Delivered:
        if not left[0]:
            raise Stopped
        left[0] -= 1
        return deliver(**arguments)  # type: ignore[arg-type]

    return hand


def test_it_is_the_same_each_time_and_goes_on_where_it_was_stopped(
    schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, lived = read_plan(), []
    with _clone(schema, f"{schema}_demo_once"):
        demo.load(plan, lived.append, UNTIL)
        once = content()
        assert [one for one in verify(actor=demo.actor("quentin")) if not one.note] == []
    assert lived == [1, 1, 1]
    assert all(count for count, _ in once.values())
    with _clone(schema, f"{schema}_demo_again"):
        monkeypatch.setattr(demo, "deliver", stopping_after(35))
        with pytest.raises(Stopped):
            demo.load(plan, lived.append, UNTIL)
        monkeypatch.undo()
        demo.load(plan, lived.append, UNTIL)
        assert content() == once
        demo.load(plan, lived.append, UNTIL)
        assert content() == once, "a loaded demo is left alone"


def test_the_set_up_comes_month_by_month_and_comes_whole() -> None:
    plan = read_plan()
    parts = [plan.set_up_of(month) for month in months(BEGINS, TODAY)]
    assert {one.number for part in parts for one in part.accounts} == {one.number for one in plan.set_up.accounts}
    assert {one.number for part in parts for one in part.agreements} == {one.number for one in plan.set_up.agreements}
    assert sum(len(part.exchange_rates) for part in parts) == len(plan.set_up.exchange_rates)
    for month, part in zip(months(BEGINS, TODAY), parts, strict=True):
        assert all(version.valid_from < month[1] for one in part.agreements for version in one.versions)
    assert 40 <= len(plan.set_up.accounts) <= 50
    roles = {role for user in plan.set_up.users for role, _ in user.roles}
    assert roles == {"administrator", "finance_lead", "biller", "reviewer", "auditor", "account_manager"}


def test_invoices_are_paid_after_they_are_issued_and_never_by_more_than_they_ask_for() -> None:
    plan = read_plan()
    issued, due = date(2026, 6, 3), date(2026, 7, 3)
    owed = [Owed("HAMBURG", account.number, f"LH-{account.number}", "EUR", Decimal("1234.57"), issued, due)
            for account in plan.set_up.accounts]
    found = transfers(plan, owed)
    paid = {number: amount for one in found for number, amount in one.pays}
    assert all(one.on > issued and one.on.weekday() < 5 for one in found)
    assert all(sum(amount for _, amount in one.pays) <= one.amount for one in found)
    assert set(paid) == {one.number for one in owed if one.account != "5005"}, "who stopped paying pays no more"
    halves = [amount for one in found for number, amount in one.pays if number == "LH-3004"]
    assert len(halves) == 2
    assert sum(halves) == owed[0].total
