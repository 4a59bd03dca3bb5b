"""Metrics: defined once, renamed, dropped where nothing bills them, refused with everything that is wrong."""

from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.metrics import FilterInput, drop_metric, put_metric
from duly.billing.kernel.errors import NotFound, Refused
from tests.world import NOW, World

GIVEN: dict[str, Any] = {"code": "calls", "name": "Calls", "aggregation": "sum", "unit": "call", "group_by": ["region"],
                         "filters": [FilterInput("tier", ["free"], excluded=True)]}


def put(world: World, **change: Any) -> str:
    return put_metric(actor=world.actor("fin"), at=NOW, **{**GIVEN, **change}).outcome


def test_the_same_again_changes_nothing_and_its_name_may_change(world: World) -> None:
    assert [put(world), put(world), put(world, name="API calls", unit="")] == ["added", "unchanged", "changed"]
    made = m.Metric.objects.get()
    assert (made.name, made.unit, made.filters) == ("API calls", "", [
        {"property": "tier", "values": ["free"], "excluded": True}])


@pytest.mark.parametrize(("change", "path"), [
    ({"aggregation": "max"}, "aggregation"), ({"event": "other"}, "event"), ({"group_by": []}, "group_by"),
    ({"filters": []}, "filters"), ({"property": "user"}, "property")])
def test_how_it_counts_stays(world: World, change: dict[str, Any], path: str) -> None:
    put(world)
    with pytest.raises(Refused) as refusal:
        put(world, **change)
    assert [problem.path for problem in refusal.value.problems] == [path]


@pytest.mark.parametrize(("change", "path"), [
    ({"code": "a/b"}, "code"), ({"code": ""}, "code"), ({"name": " "}, "name"),
    ({"aggregation": "mean"}, "aggregation"), ({"aggregation": "unique_count"}, "property"),
    ({"group_by": ["it's"]}, "group_by"), ({"group_by": [""]}, "group_by"),
    ({"filters": [FilterInput("tier", [])]}, "filters[0].values"),
    ({"filters": [FilterInput("a\\b", ["x"])]}, "filters[0].property")])
def test_what_no_metric_can_be(world: World, change: dict[str, Any], path: str) -> None:
    with pytest.raises(Refused) as refusal:
        put(world, **change)
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_one_that_is_there_is_not_new(world: World) -> None:
    put(world)
    with pytest.raises(Refused) as refusal:
        put(world, new=True)
    assert [problem.path for problem in refusal.value.problems] == ["code"]


def test_one_that_nothing_bills_can_go(world: World) -> None:
    put(world)
    drop_metric(actor=world.actor("fin"), at=NOW, code="calls")
    assert not m.Metric.objects.exists()
    with pytest.raises(NotFound):
        drop_metric(actor=world.actor("fin"), at=NOW, code="calls")
