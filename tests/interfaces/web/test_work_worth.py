"""What work to approve is worth, shown before it is approved."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.test import Client

from tests.interfaces.web.test_work import WORK, body
from tests.world import World

ClientOf = Callable[..., Client]


def test_what_waits_shows_what_it_is_worth_or_why_it_has_no_price(
    world: World, client_of: ClientOf, count_queries: Any
) -> None:
    world.time(5400, approved=False)
    world.time(3600, person="grace", approved=False)
    world.expense("100.00", approved=False)
    ben, waiting = client_of("ben"), f"{WORK}entries/?state=waiting"
    page = body(ben.get(waiting))
    for amount in ("€142<small>.50", "€110<small>.00", "€105<small>.00"):  # by the hour, and cost with its mark-up
        assert amount in page
    assert "3 entries · on this page 2:30 h, €357.50" in page
    with count_queries() as few:
        ben.get(waiting)
    world.time(60, on=date(2025, 12, 31), approved=False)  # before the first rate
    page = body(ben.get(waiting))
    assert "1 without a price" in page
    assert "2025" in page.split("no rate", 1)[1][:200]
    with count_queries() as more:
        ben.get(waiting)
    assert len(more) == len(few)
    rows = b"".join(ben.get(f"{waiting}&format=csv")).decode().splitlines()
    assert len(rows) == 5
    assert any("142.50" in row for row in rows)


def test_where_nothing_waits_there_are_no_sums(world: World, client_of: ClientOf) -> None:
    page = body(client_of("ben").get(f"{WORK}entries/?state=waiting"))
    assert "0 entries" in page
    assert "on this page" not in page
