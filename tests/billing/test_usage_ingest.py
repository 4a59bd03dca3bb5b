"""Usage comes in exactly once; what comes again otherwise waits for a decision; nothing that is wrong gets lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.kernel.listing import Query
from duly.billing.usage import actions, lists
from tests.billing.usage import NOON, ingest, metric
from tests.world import NOW, World

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _calls(world: World) -> None:
    metric("calls")


def counted() -> list[tuple[str, Decimal]]:
    return frames.rows("select event_id, quantity from usage_event order by event_id, at")


def test_events_count_once_however_often_they_are_sent(world: World) -> None:
    rows = [{"quantity": Decimal("1.5")}, {"quantity": Decimal("-2")}, {"properties": '{"region":"eu","size":1}'}]
    first = ingest(world, *rows)
    assert (first.rows, first.new, first.again, first.findings, first.rejected) == (3, 3, 0, 0, 0)
    again = ingest(world, *rows[:2], {"properties": '{"size": 1.0, "region": "eu"}'}, at=NOW + timedelta(days=1))
    assert (again.new, again.again, again.findings, again.batch) == (0, 3, 0, 0)
    assert counted() == [("e1", Decimal("1.5")), ("e2", Decimal(-2)), ("e3", Decimal(1))]
    assert m.UsageBatch.objects.get().pk == first.batch


def test_what_comes_again_otherwise_is_a_finding_once(world: World) -> None:
    ingest(world, {}, {})
    changed: list[dict[str, Any]] = [{"at": LATER}, {"quantity": 2}]
    first, second = ingest(world, *changed), ingest(world, *changed)
    assert (first.new, first.again, first.findings) == (0, 0, 2)
    assert (second.new, second.again, second.findings) == (0, 2, 0)
    assert list(m.UsageFinding.objects.order_by("event_id").values_list("event_id", "reason", "at", "counted_at")) == [
        ("e1", "another_time", LATER, NOON), ("e2", "other_content", NOON, NOON)]
    assert counted() == [("e1", 1), ("e2", 1)]


def test_of_one_batch_the_earliest_counts(world: World) -> None:
    answer = ingest(world, {"event_id": "e", "at": LATER}, {"event_id": "e"}, {"event_id": "e"}, {"event_id": "f"})
    assert (answer.rows, answer.new, answer.again, answer.findings) == (4, 2, 1, 1)
    assert frames.rows("select at from usage_event where event_id = 'e'") == [(NOON,)]


@pytest.mark.parametrize(("decision", "counts"), [("count", 2), ("ignore", 1)])
@pytest.mark.parametrize("change", [{"at": LATER}, {"quantity": 1, "properties": "{}"}])
def test_a_finding_is_decided_once(world: World, decision: str, counts: int, change: dict[str, Any]) -> None:
    ingest(world, {})
    ingest(world, change)
    finding = m.UsageFinding.objects.get()
    decide = {"actor": world.actor("fin"), "at": NOW, "findings": [finding.pk]}
    with pytest.raises(Refused, match="reason"):
        actions.decide(**decide, decision=decision, reason=" ")
    actions.decide(**decide, decision=decision, reason="The meter was restarted.")
    assert len(counted()) == counts
    assert counted()[1:] == [(f"e1#{finding.pk}", 1)][:counts - 1]
    with pytest.raises(Refused, match="stays"):
        actions.decide(**decide, decision="ignore", reason="Anew.")
    assert ingest(world, change).again == 1


def test_every_bad_row_is_told_and_none_is_lost(world: World) -> None:
    bad = [{"agreement": "NONE"}, {"metric": "unknown"}, {"event_id": ""}, {"at": None},
           {"quantity": 10**14}, {"quantity": None, "source": "s" * 201}]
    with pytest.raises(NotFound) as refusal:
        ingest(world, {"event_id": "good"}, *bad)
    assert [problem.path for problem in refusal.value.problems] == [
        "row 2, agreement", "row 3, metric", "row 4, event_id", "row 5, at", "row 6, quantity", "row 7, quantity",
        "row 7, source"]
    assert counted() == []
    kept = ingest(world, {"event_id": "good"}, *bad, keep_good=True)
    assert (kept.rows, kept.new, kept.rejected) == (7, 1, 6)
    assert [(one["row"], one["field"], one["value"]) for one in kept.bad][:2] == [
        (2, "agreement", "NONE"), (3, "metric", "unknown")]


def test_an_agreement_outside_the_book_is_not_there(world: World) -> None:
    answers = [ingest(world, {"agreement": number}, login="mara", keep_good=True).bad[0]
               for number in ("ZED-SUB", "NONE")]
    assert answers[0]["text"].replace("ZED-SUB", "NONE") == answers[1]["text"]
    assert ingest(world, {"agreement": "ACME-TM"}, login="mara").new == 1


def test_a_key_makes_a_batch_act_once(world: World) -> None:
    first = ingest(world, {}, key="k1")
    assert ingest(world, {}, key="k1") == replace(first, bad=[])
    with pytest.raises(Refused, match="another command"):
        ingest(world, {"quantity": 2}, key="k1")


@pytest.mark.parametrize("day", [
    datetime(1950, 1, 1, tzinfo=UTC), datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 10, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)])
def test_events_lie_in_the_part_of_their_month(world: World, day: datetime) -> None:
    ingest(world, {"at": day})
    part = "other" if day.year in (1950, 2262) else f"{day:%Y_%m}"
    assert frames.rows("select tableoid::regclass::text from usage_event") == [(f"usage_event_{part}",)]


@pytest.mark.parametrize(("change", "differs"), [
    ({"quantity": Decimal("2.50")}, "quantity 1 → 2.5"),
    ({"at": LATER}, "5 Oct 2026 12:00:00 → 5 Oct 2026 13:00:00"),
    ({"properties": '{"region": "eu"}', "quantity": 2}, 'quantity 1 → 2; no properties → {"region": "eu"}'),
    ({"metric": "seats"}, "calls → seats"),
    ({"agreement": "ACME-TM", "quantity": 5}, "counts for another agreement"),
])
def test_a_finding_says_what_differs(world: World, change: dict[str, Any], differs: str) -> None:
    metric("seats")
    ingest(world, {})
    ingest(world, change)
    [row] = lists.every_finding(actor=world.actor("fin"), on=NOW.date(), query=Query({}, "received"))
    assert row["differs"] == differs
