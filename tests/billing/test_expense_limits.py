"""Limits of expenses in the books: what values, previews, runs and edits come to, and what the database refuses."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from duly.billing import models as m
from duly.billing.agreements.terms import ChargeInput, LimitInput
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import version_of
from duly.billing.kernel import frames
from duly.billing.work.value import unbilled
from duly.engine.pricing import replay
from tests.billing.models_world import NUMBER, agreed, amended, lines, month, previewed
from tests.billing.raw import Sql
from tests.billing.test_invoicing_run import bill
from tests.billing.violations import Attempt, as_owner, violation
from tests.world import NOW, TODAY, World

OCTOBER = month(10)
TRAVEL = ChargeInput("travel", "expense", "Travel", markup=D("0.05"), limits=(LimitInput("Hotel", D(150)),))
HOURS = ChargeInput("hours", "time", "Consulting", rate_card="STD")


def spent(world: World, cost: str, category: str, day: int = 7, **changes: Any) -> m.WorkItem:
    """An expense on the agreement, which has no project."""
    return world.expense(cost, agreement=world.agreement(NUMBER), project=None, project_name="", task=category,
                         description=f"{category.strip()} {cost}", worked_on=date(2026, 10, day), **changes)


def travelled(world: World) -> None:
    spent(world, "180", " HOTEL", 1)
    spent(world, "100", "hotel", 2)
    spent(world, "180", "Taxi", 3)
    spent(world, "-180", "hotel", 4)


def told(world: World) -> list[tuple[str, D]]:
    return [(line.description, line.amount) for line in lines(world, OCTOBER)]


def value(world: World) -> list[str]:
    return [one.amount for one in unbilled(actor=world.actor("ben"), entity="HALDEN", on=TODAY).agreements]


def test_a_preview_and_the_value_of_work_are_at_the_limit(world: World) -> None:
    agreed(world, TRAVEL, starts_on=OCTOBER[0])
    travelled(world)
    assert told(world) == [("Travel – HOTEL 180", D(150)), ("Travel – hotel 100", D(105)),
                           ("Travel – Taxi 180", D(189)), ("Travel – hotel -180", D(-189))]
    assert value(world) == ["255.00"]
    expenses = previewed(world, OCTOBER).lines.filter(kind="expense")
    assert expenses["unit_price"].to_list() == expenses["amount"].to_list() == [150, 105, 189, -189]


def test_the_limit_is_after_the_exchange_rate(world: World) -> None:
    m.ExchangeRate.objects.create(base="CHF", quote="EUR", rate=D("0.9"), valid_from=date(2026, 10, 1), source="test")
    agreed(world, TRAVEL, starts_on=OCTOBER[0])
    spent(world, "150", "hotel", 1, currency="CHF")
    spent(world, "160", "hotel", 2, currency="CHF")
    assert [amount for _, amount in told(world)] == [D("141.75"), D(150)]


def test_each_expense_has_the_limit_of_its_day(world: World) -> None:
    agreed(world, TRAVEL, starts_on=OCTOBER[0])
    amended(world, date(2026, 10, 16), replace(TRAVEL, limits=(LimitInput("hotel", D(90)), LimitInput("taxi", D(20)))))
    amended(world, date(2026, 10, 20), replace(TRAVEL, limits=()))
    for day in (15, 16, 20):
        spent(world, "180", "Hotel", day)
        spent(world, "30", "Taxi", day)
    assert [f"{amount:f}" for _, amount in told(world)] == [
        "150.0000", "31.5000", "90.0000", "20.0000", "189.0000", "31.5000"]


def test_a_run_bills_the_work_whole_and_what_is_edited_stays_at_the_limit(database: str, world: World) -> None:
    agreed(world, TRAVEL, starts_on=OCTOBER[0])
    travelled(world)
    draft = next(one for one in bill(world) if one.lines.filter(description__startswith="Travel").exists())
    first, second, *_ = found = list(draft.lines.filter(kind="expense").order_by("position"))
    assert [(one.quantity, one.unit_price, one.amount) for one in found] == [
        (D(1), D(amount), D(amount)) for amount in (150, 105, 189, -189)]
    assert all(replay(one.explanation) == one.amount for one in found)
    shares = frames.rows("select quantity, billed_quantity, amount from work_allocation where line_id = %s", [first.pk])
    assert shares == [(D(1), D(1), D(150))]
    assert value(world) == [], "nothing of it stays unbilled"
    edit: dict[str, Any] = {"actor": world.actor("ben"), "at": NOW, "on": TODAY, "draft": draft.pk}
    actions.write_down(**edit, version=version_of(draft.pk), line=first.position, to=D(120), reason="A favour")
    actions.defer(**edit, version=version_of(draft.pk), line=second.position, reason="Later")
    first.refresh_from_db()
    assert (first.amount, replay(first.explanation)) == (120, 120)
    assert [row["step"] for row in first.explanation] == ["cost", "markup", "maximum", "write_down", "round"]
    assert value(world) == ["105.00"]


@pytest.mark.parametrize(("category", "at_most", "kind", "refused"), [
    ("hotel", "90", "expense", "expense_limit_once"),
    (" HOTEL ", "90", "expense", "expense_limit_once"),
    ("  ", "90", "expense", "expense_limit_category"),
    ("meals", "0", "expense", "expense_limit_above_zero"),
    ("meals", "0.005", "expense", "A limit of 0.0050 EUR for “meals”"),
    ("meals", "90", "time", "on a charge of the kind time"),
])
def test_the_database_refuses_limits_that_cannot_be(
    world: World, category: str, at_most: str, kind: str, refused: str
) -> None:
    agreed(world, TRAVEL, HOURS, starts_on=OCTOBER[0])
    with pytest.raises(DatabaseError, match=refused), transaction.atomic():
        frames.execute("""insert into expense_limit (terms_id, category, at_most) select t.id, %s, %s
            from charge_terms t join charge h on h.id = t.charge_id join agreement a on a.id = h.agreement_id
            where a.number = %s and h.kind = %s""", [category, D(at_most), NUMBER, kind])


@violation("DU003", given="grant update on expense_limit to duly_app",
           without="drop trigger expense_limit_frozen on expense_limit")
def test_an_agreed_limit_is_raised(sql: Sql, attempt: Attempt) -> None:
    as_owner(sql, "alter table expense_limit disable trigger expense_limit_with_terms",
             """insert into expense_limit (terms_id, category, at_most)
                select id, 'hotel', 150 from charge_terms where name = 'Travel' limit 1""")
    with attempt(sql):
        sql("update expense_limit set at_most = 200")
