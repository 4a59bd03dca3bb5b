"""Processes that are killed by SIGKILL at a moment of their work."""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import connections

from duly.billing.kernel import frames
from tests.faults import acts

KILLS: Final = 20
PATIENCE: Final = 60.0  # seconds that a process may take that nobody kills

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.acts"])


def moments(seed: str, within: float, kills: int = KILLS) -> Iterator[float]:
    """Random seconds, the same for a seed but for the time that the work takes undisturbed."""
    chance = random.Random(seed)
    return (chance.uniform(0, within) for _ in range(kills))


def undisturbed(act: Callable[..., Any], *arguments: Any) -> float:
    """The seconds that a process of its own takes for it, from its connection to its end."""
    process = _begin(act, arguments)
    started = time.monotonic()
    process.join(PATIENCE)
    assert process.exitcode == 0
    return time.monotonic() - started


def killed(after: float, act: Callable[..., Any], *arguments: Any) -> bool:
    """Kill a process that many seconds after it began to act; whether it was still at it.

    Returns when the server has noticed too, that is when nothing of it is under way any more.
    """
    process = _begin(act, arguments)
    process.join(after)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL)
    _until_alone()
    return process.exitcode != 0


def _begin(act: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    connections.close_all()
    database = connections["default"].settings_dict
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    hears, tells = _context.Pipe(duplex=False)
    process = _context.Process(
        target=acts.perform, args=(database["NAME"], database["HOST"], tells, act, arguments), daemon=True)
    process.start()
    tells.close()
    assert hears.poll(PATIENCE)
    assert hears.recv()
    return process


def _until_alone() -> None:
    others = """select count(*) from pg_stat_activity where datname = current_database()
                   and pid <> pg_backend_pid() and backend_type = 'client backend'"""
    deadline = time.monotonic() + PATIENCE
    while frames.rows(others) != [(0,)]:
        assert time.monotonic() < deadline, "the server does not let go of what was killed"
