"""Overtime and weekends through bill runs: what counts more, however late, deferred or covered. Worked by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.queries import terms_frame
from duly.billing.agreements.terms import ChargeInput
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import version_of
from duly.billing.invoicing.left_out import left_out
from duly.billing.kernel import frames
from duly.billing.work.pricing import with_day_hours, with_terms
from duly.billing.work.queries import unbilled_frame
from duly.billing.work.value import unbilled
from duly.engine.pricing import replay
from tests.billing.models_world import NUMBER, agreed, amended, billed, lines, month
from tests.billing.test_sample import sampled
from tests.world import NOW, TODAY, World

HOUR = 3_600
OCTOBER = month(10)
FRIDAY, SATURDAY = date(2026, 10, 9), date(2026, 10, 10)
HOURS = ChargeInput("hours", "time", "Consulting", rate_card="STD", unit="h", overtime_factor=D("1.5"),
                    overtime_after_seconds=8 * HOUR)
WEEKEND = replace(HOURS, weekend_factor=D(2))


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def worked(world: World, hours: float, at: str | None = "08:00", *, on: date = FRIDAY, **more: Any) -> m.WorkItem:
    return world.time(int(hours * HOUR), on=on, agreement=world.agreement(NUMBER), project=None, started_at=at, **more)


def told(world: World) -> list[tuple[float, str]]:
    """Hours and amount of each line that a run would draft."""
    return [(float(line.quantity / HOUR), f"{line.amount.normalize():f}") for line in lines(world, OCTOBER)]


def test_hours_of_a_weekend_have_a_line_of_their_own(world: World) -> None:
    agreed(world, WEEKEND, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 2)
    worked(world, 3, on=SATURDAY)
    assert told(world) == [(2, "190"), (3, "570")]


def test_overtime_is_the_tail_of_a_day_by_its_clock(world: World) -> None:
    agreed(world, WEEKEND, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 3, "17:00")  # recorded first, worked last: 2 of 3 hours
    worked(world, 7, "08:00")
    worked(world, 9, on=SATURDAY)  # the weekend counts more than overtime does
    worked(world, 5, "19:00", person="grace")  # a day of her own
    assert told(world) == [(8, "760"), (5, "550"), (2, "285"), (9, "1710")]


def test_one_entry_on_two_lines_is_billed_once(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0], grouping="rate")
    item = worked(world, 10)
    [invoice] = billed(world, OCTOBER)
    found = [(line.unit_price, one.quantity, one.amount) for line in invoice.lines.order_by("position")
             for one in line.allocations.all()]
    assert found == [(95, 8 * HOUR, 760), (D("142.5"), 2 * HOUR, 285)]
    assert {one.work_item_id for line in invoice.lines.all() for one in line.allocations.all()} == {item.pk}
    assert told(world) == []
    plain, more = (line.explanation for line in invoice.lines.order_by("position"))
    assert [row["step"] for row in plain] == ["seconds", "rate", "hour", "round"]
    assert more[2] == {"step": "multiplier", "times": "1.5", "why": "overtime"}


def test_an_hour_that_is_found_after_the_day_was_billed(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 9)
    billed(world, OCTOBER)
    worked(world, 1, "06:00")
    worked(world, 1, "06:00", on=date(2026, 10, 8))
    assert told(world) == [(1, "95"), (1, "142.5")]  # of the 9th the one that was plain is billed, so it is overtime


def test_what_waits_for_approval_does_not_count_before_what_is_billed(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 6, "07:00", approved=False)
    worked(world, 6, "13:00")
    assert told(world) == [(6, "570")]


def test_a_retainer_covers_the_front_and_leaves_the_overtime(world: World) -> None:
    support = ChargeInput("support", "recurring", "Support", price=D(900), interval="month", grants=D(5 * HOUR))
    agreed(world, HOURS, support, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 10)
    assert told(world)[:3] == [(3, "285"), (2, "285"), (5, "0")]


def test_deferring_what_is_plain_leaves_the_overtime_as_it_is(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0], grouping="rate")
    first, second = worked(world, 6, "08:00"), worked(world, 4, "14:00")
    [draft] = billed(world, OCTOBER, issue=False)
    edit(world, draft, line=1, items=[second.pk])
    assert amounts(draft) == [(6 * HOUR, "570"), (2 * HOUR, "285")]
    [left] = left_out(actor=world.actor("ben"), on=TODAY, draft=draft.pk)
    assert (left.work_id, left.quantity, left.now_on) == (second.pk, 2 * HOUR, None)
    assert told(world) == [(2, "190")]
    edit(world, draft, line=2, items=[second.pk])
    [left] = left_out(actor=world.actor("ben"), on=TODAY, draft=draft.pk)
    assert (left.work_id, left.quantity) == (second.pk, 4 * HOUR)
    assert told(world) == [(2, "190"), (2, "285")]
    assert first.pk not in {left.work_id}


def test_a_line_of_overtime_with_less_work_keeps_rate_and_factor(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 10)
    other = worked(world, 9, on=date(2026, 10, 8))
    [draft] = billed(world, OCTOBER, issue=False)
    edit(world, draft, line=2, items=[other.pk])
    line = draft.lines.get(position=2)
    assert (line.quantity, line.unit_price, line.amount) == (2 * HOUR, D("142.5"), 285)
    assert [row["step"] for row in line.explanation] == ["seconds", "rate", "multiplier", "hour", "round"]
    assert line.explanation[1]["times"] == "95"
    assert line.explanation[1]["rate_id"] is not None
    assert replay(line.explanation) == 285


def test_a_multiplied_rate_is_the_cards(world: World) -> None:
    agreed(world, WEEKEND, starts_on=OCTOBER[0], grouping="rate")
    worked(world, 10)
    worked(world, 2, on=SATURDAY)
    [draft] = billed(world, OCTOBER, issue=False)
    assert findings(world, draft) == []
    rate = m.Rate.objects.get(price=95)
    m.Rate.objects.create(card=rate.card, person=rate.person, role=rate.role, task=rate.task, price=100,
                          valid_from=OCTOBER[0])
    overtime, weekend = [text for text in findings(world, draft) if " times the rate; " in text]
    assert overtime.startswith("The line charges 142.5 EUR an hour, 1.5 times the rate; the rate card says 100 for Ada")
    assert weekend.startswith("The line charges 190 EUR an hour, 2 times the rate; the rate card says 100 for Ada")


def test_unbilled_overtime_has_its_value(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0])
    worked(world, 10)
    found = unbilled(actor=world.actor("ben"), entity="HALDEN", on=TODAY)
    assert [(one.agreement, one.seconds, one.amount) for one in found.agreements] == [(NUMBER, 10 * HOUR, "1045.00")]


def test_a_charge_without_overtime_asks_for_no_day(world: World) -> None:
    agreed(world, replace(HOURS, overtime_factor=None, overtime_after_seconds=None, weekend_factor=D(2)))
    worked(world, 10)
    zed = [world.account("ZED").pk]
    terms = terms_frame(world.entity().pk, zed)
    work = with_terms(unbilled_frame(world.entity().pk, zed, OCTOBER[1]), terms)
    with CaptureQueriesContext(connection) as asked:
        assert with_day_hours(work, terms) is work
    assert not asked.captured_queries


def test_the_factors_are_kept_with_the_terms_and_change_with_them(world: World) -> None:
    agreed(world, HOURS, starts_on=OCTOBER[0])
    amended(world, date(2026, 10, 15), WEEKEND)
    first, second = agreed_versions(world.agreement(NUMBER))
    kept = replace(HOURS, project=first.charges[0].project)
    assert (first.charges[0], second.charges[0]) == (kept, replace(kept, weekend_factor=D(2)))


@pytest.mark.parametrize("wrong", [
    "weekend_factor = 0", "weekend_factor = 10.01", "overtime_factor = 1.5", "overtime_after_seconds = 28800",
    "overtime_factor = 2, overtime_after_seconds = 86401", "overtime_factor = 2, overtime_after_seconds = 0",
])
def test_the_database_holds_the_factors(world: World, wrong: str) -> None:
    columns = [one.split(" = ") for one in wrong.split(", ")]
    names, values = ", ".join(name for name, _ in columns), ", ".join(value for _, value in columns)
    frames.execute("""create temp table wrong_terms (like charge_terms including constraints)""")
    with pytest.raises(IntegrityError, match=r"charge_terms_(weekend|overtime)"), transaction.atomic():
        frames.execute(f"""insert into wrong_terms select (jsonb_populate_record(t, to_jsonb(x))).* from charge_terms t,
            (select {values}) as x ({names}) where t.rate_card_id is not null limit 1""")
    frames.execute("drop table wrong_terms")


def test_the_sample_shows_an_hour_that_counts_more(world: World) -> None:
    found = sampled(WEEKEND)
    assert [(line.quantity, line.price) for line in found.lines if line.price not in (95, 110)] == [
        (1, D("142.5")), (1, 190)]
    assert found.assumed[-2:] == ("an hour of Consulting at a weekend", "an hour of Consulting in overtime")


def edit(world: World, draft: m.Invoice, **more: Any) -> None:
    actions.defer(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk, version=version_of(draft.pk),
                  reason="Not accepted yet", **more)


def findings(world: World, draft: m.Invoice) -> list[str]:
    """What the check of rates finds now."""
    actions.check(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[draft.pk])
    found = m.Finding.objects.filter(invoice_id=draft.pk, check_name="rate_differs_from_card").order_by("id")
    return list(found.values_list("text", flat=True))


def amounts(draft: m.Invoice) -> list[tuple[D, str]]:
    return [(line.quantity, f"{line.amount.normalize():f}") for line in draft.lines.order_by("position")]
