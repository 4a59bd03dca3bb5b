"""The worker: runs jobs until it is stopped, or until none is left.

Every worker holds a shared advisory lock while it lives, which the database drops with its connection. One that
starts and can take it alone knows that no other is alive: then every job that claims to be running is an orphan
and runs again at once. Among several workers an orphan is known by its worker's heartbeat.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from procrastinate import App
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.contrib.django.utils import connector_params

from duly.billing.kernel import frames
from duly.interfaces.outbox.jobs import register
from duly.interfaces.outbox.sweeper import STALLED_AFTER, rescue

ALIVE: Final = 0x64756C79_776F726B  # "dulywork": the advisory lock that every living worker shares
MOMENT: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Left:
    """What a worker leaves behind: jobs that could run now, that wait for their time, and that failed for good."""

    ready: int
    waiting: int
    failed: int


def work(*, concurrency: int = 2, wait: bool = True) -> Left:
    """Run jobs until a signal stops the worker, or (`wait=False`) until no job is ready; then say what is left."""
    with alive():
        _until_done(_run(concurrency, wait))
    return left()


@contextmanager
def alive() -> Iterator[None]:
    """Be counted as a living worker while the block runs; let the jobs of dead ones run again before it."""
    with psycopg.connect(**connector_params(), autocommit=True) as session:
        [alone] = session.execute("select pg_try_advisory_lock(%s)", [ALIVE]).fetchone() or [False]
        _until_done(_rescued(0 if alone else STALLED_AFTER))
        session.execute("select pg_advisory_lock_shared(%s)", [ALIVE])
        if alone:
            session.execute("select pg_advisory_unlock(%s)", [ALIVE])
        yield


def _until_done(run: Coroutine[Any, Any, None]) -> None:
    """Run it in a loop of its own. When it ends or fails, or a signal ends it, other tasks have a moment to end too.

    `asyncio.run` would wait for them without end, and where the database died under the worker one may never end.
    """
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run)
    finally:
        if others := asyncio.all_tasks(loop):
            for task in others:
                task.cancel()
            loop.run_until_complete(asyncio.wait(others, timeout=MOMENT))
        loop.close()


def _queue() -> DjangoApp:
    """An app of its own: a job that defers another goes through the shared app, which uses Django's connection, so that
    both commit together. The worker's own traffic goes through its pool."""
    return DjangoApp(connector=app.connector.get_worker_connector())  # type: ignore[attr-defined]


async def _rescued(silent: float) -> None:
    async with _queue().open_async() as queue:
        await rescue(queue.job_manager, silent)


async def _run(concurrency: int, wait: bool) -> None:
    queue = _queue()
    register(queue)
    async with queue.open_async():
        await queue.run_worker_async(concurrency=concurrency, wait=wait)
        while not wait and await _more(queue):
            await queue.run_worker_async(concurrency=concurrency, wait=wait)


async def _more(queue: App) -> bool:
    """Whether a job deferred a further one while the worker was about to leave, and nothing keeps it waiting."""
    query = """select exists (select from procrastinate_jobs j
        where j.status = 'todo' and coalesce(j.scheduled_at, now()) <= now()
          and not exists (select from procrastinate_jobs o where o.status = 'doing' and o.lock = j.lock)) as more"""
    return bool((await queue.connector.execute_query_one_async(query))["more"])


def left() -> Left:
    """The jobs that are left, by what they wait for."""
    query = """select count(*) filter (where status = 'todo' and coalesce(scheduled_at, now()) <= now()),
                      count(*) filter (where status = 'todo' and scheduled_at > now()),
                      count(*) filter (where status = 'failed') from procrastinate_jobs"""
    return Left(*frames.rows(query)[0])
