"""Two who send usage at the same moment: each event counts once, and what differs waits for a decision."""

from datetime import timedelta
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.billing.usage import actions
from tests.billing.races import ORDERS, race
from tests.billing.usage import NOON, ingest, metric
from tests.world import NOW, World

LATER = NOON + timedelta(hours=1)


@pytest.mark.parametrize("order", ORDERS)
def test_two_who_send_the_same_at_once_count_it_once(database: str, world: World, order: str) -> None:
    metric("calls")

    def send(change: dict[str, Any]) -> actions.Ingested:
        return ingest(world, *({"event_id": f"e{number}", **change} for number in range(50)))

    first, second = race(order, lambda: send({}), lambda: send({"at": LATER}))
    assert [type(one) for one in (first, second)] == [actions.Ingested, actions.Ingested]
    assert sorted([first.new, second.new]) == [0, 50]
    assert first.findings + second.findings == 50
    assert frames.rows("select count(*) from usage_event") == [(50,)]


@pytest.mark.parametrize("order", ORDERS)
def test_two_who_decide_at_once_count_it_once(database: str, world: World, order: str) -> None:
    metric("calls")
    ingest(world, {})
    ingest(world, {"at": LATER})
    finding = m.UsageFinding.objects.get().pk

    def decide() -> actions.Decided:
        return actions.decide(actor=world.actor("fin"), at=NOW, findings=[finding], decision="count", reason="It is.")

    outcomes = race(order, decide, decide)
    assert sorted(isinstance(one, Refused) for one in outcomes) == [False, True]
    assert frames.rows("select event_id from usage_event order by event_id") == [("e1",), (f"e1#{finding}",)]
