"""Editing drafts whose lines depend on one another: what would leave a wrong sum is refused with what to do instead."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.terms import ChargeInput, DiscountInput
from duly.billing.invoicing.actions import edit
from duly.billing.invoicing.editing import version_of
from duly.billing.kernel.errors import Refused
from tests.billing.models_world import NUMBER, agreed, billed, metric, month, stored, used
from tests.world import NOW, TODAY, World

OCTOBER = month(10)
HOURS = ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h")
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(60), interval="month")
CALLS = ChargeInput("calls", "usage", "API calls", interval="month", metric="calls", price=D(1))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def defer(world: World, draft: m.Invoice, line: int, **more: Any) -> None:
    edit.defer(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=version_of(draft.pk), line=line,
               reason="later", **more)


def hours(world: World, *seconds: int) -> list[m.WorkItem]:
    return [world.time(one, agreement=world.agreement(NUMBER), project=None, source_key=f"t:{place}",
                       on=date(2026, 10, 5 + place)) for place, one in enumerate(seconds)]


def test_a_discounted_line_is_deferred_whole_or_not_at_all(world: World) -> None:
    agreed(world, HOURS, SEATS, starts_on=OCTOBER[0], discounts=(DiscountInput("Partner", rate=D("0.1")),))
    items = hours(world, 3600, 7200)
    [draft] = billed(world, OCTOBER, issue=False)
    assert stored(draft) == [("time", "256.5"), ("recurring", "54")]
    with pytest.raises(Refused, match="reduced by a discount"):
        defer(world, draft, 1, items=[items[0].pk])
    defer(world, draft, 1)
    assert stored(draft) == [("recurring", "54")]


def test_nothing_is_deferred_where_other_lines_follow_from_it(world: World) -> None:
    metric()
    commit = ChargeInput("commit", "commitment", "Committed use", price=D(500), interval="month", covers=("calls",))
    agreed(world, HOURS, CALLS, commit, starts_on=OCTOBER[0])
    hours(world, 3600)
    used(world, ("calls", "2026-10-15T10:00:00Z", 10))
    [draft] = billed(world, OCTOBER, issue=False)
    assert stored(draft) == [("time", "95"), ("usage", "10"), ("true_up", "490")]
    with pytest.raises(Refused, match="missing of a commitment"):
        defer(world, draft, 1)
    with pytest.raises(Refused, match="follows from the rest"):
        defer(world, draft, 2)


def test_a_reduced_line_can_still_be_written_down(world: World) -> None:
    agreed(world, SEATS, replace(SEATS, code="more"), starts_on=OCTOBER[0],
           discounts=(DiscountInput("Partner", rate=D("0.1")),))
    [draft] = billed(world, OCTOBER, issue=False)
    edit.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=version_of(draft.pk), line=1,
                    to=D(50), reason="goodwill")
    assert stored(draft) == [("recurring", "50"), ("recurring", "54")]
    edit.restore(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=version_of(draft.pk), line=1)
    assert stored(draft) == [("recurring", "54"), ("recurring", "54")]
