"""Two commands at the same time, each on a connection of its own, as two people or processes would act."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError, connections, transaction

from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused

ORDERS: Final = ("one-acts-first", "two-acts-first", *(f"together-{n}" for n in range(1, 3)))
"""First to act means: it has acted and not yet committed when the other one begins."""

PATIENCE: Final = 30.0  # seconds that two commands may take to wait for each other

Act = Callable[[], Any]


def race(order: str, one: Act, two: Act) -> list[Any]:
    """What each of the two answered, or the refusal that it met."""
    if order == "two-acts-first":
        return _behind(two, one)[::-1]
    return _behind(one, two) if order == "one-acts-first" else together(one, two)


def together(*acts: Act) -> list[Any]:
    """All start at one moment."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int) -> None:
        connections["default"].ensure_connection()
        barrier.wait(PATIENCE)
        outcomes[place] = outcome(acts[place])

    _run([threading.Thread(target=_closing, args=(run, place)) for place in range(len(acts))])
    return outcomes


def _behind(first: Act, second: Act) -> list[Any]:
    """The second acts while the first has acted and holds its locks; it either ends by itself or waits for them."""
    acted, outcomes, follower = threading.Event(), [None, None], [0]

    def lead() -> None:
        def held() -> Any:
            with transaction.atomic():
                answer = first()
                acted.set()
                _until_waiting(follower, threads[1])
                return answer

        try:
            outcomes[0] = outcome(held)
        finally:
            acted.set()

    def follow() -> None:
        follower[0] = frames.rows("select pg_backend_pid()")[0][0]
        assert acted.wait(PATIENCE)
        outcomes[1] = outcome(second)

    threads = [threading.Thread(target=_closing, args=(run,)) for run in (lead, follow)]
    _run(threads)
    return outcomes


def outcome(act: Act) -> Any:
    """What it answers, or how it is refused; whatever else is raised shows as a failure of the comparison."""
    try:
        return act()
    except (Refused, DatabaseError) as refusal:
        return refusal


def _until_waiting(pid: list[int], thread: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE
    waits = "select cardinality(pg_blocking_pids(%s)) > 0"
    while thread.is_alive() and not frames.rows(waits, pid)[0][0]:
        assert time.monotonic() < deadline, "the second neither waits nor ends"
        thread.join(0.005)


def _closing(run: Callable[..., None], *arguments: Any) -> None:
    try:
        run(*arguments)
    finally:
        connections.close_all()


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
        assert not thread.is_alive(), "the two still wait for each other"
