"""The worker: runs jobs until it is stopped, or until none is left.

Every worker holds a shared advisory lock while it lives, which the database drops with its connection. One that
starts and can take it alone knows that no other is alive: then every job that claims to be running is an orphan
and runs again at once. Among several workers an orphan is known by its worker's heartbeat.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from asgiref.sync import async_to_sync
from procrastinate import App
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.contrib.django.utils import connector_params

from duly.billing.kernel import frames
from duly.interfaces.outbox.jobs import register
from duly.interfaces.outbox.sweeper import STALLED_AFTER, rescue

ALIVE: Final = 0x64756C79_776F726B  # "dulywork": the advisory lock that every living worker shares


@dataclass(frozen=True, slots=True)
class Left:
    """What a worker leaves behind: jobs that could run now, that wait for their time, and that failed for good."""

    ready: int
    waiting: int
    failed: int


def work(*, concurrency: int = 2, wait: bool = True) -> Left:
    """Run jobs until a signal stops the worker, or (`wait=False`) until no job is ready; then say what is left."""
    with alive():
        try:
            asyncio.run(_run(concurrency, wait))
        except asyncio.CancelledError:
            sys.exit(128 + signal.SIGTERM)
    return left()


@contextmanager
def alive() -> Iterator[None]:
    """Be counted as a living worker while the block runs; let the jobs of dead ones run again before it."""
    with psycopg.connect(**connector_params(), autocommit=True) as session:
        [alone] = session.execute("select pg_try_advisory_lock(%s)", [ALIVE]).fetchone() or [False]
        async_to_sync(rescue)(app.job_manager, 0 if alone else STALLED_AFTER)
        session.execute("select pg_advisory_lock_shared(%s)", [ALIVE])
        if alone:
            session.execute("select pg_advisory_unlock(%s)", [ALIVE])
        yield


async def _run(concurrency: int, wait: bool) -> None:
    # An app of its own: a job that defers another goes through the shared app, which uses Django's connection, so
    # that both commit together. The worker's own traffic goes through its pool.
    queue = DjangoApp(connector=app.connector.get_worker_connector())  # type: ignore[attr-defined]
    register(queue)
    with _ended_by_sigterm():
        async with queue.open_async():
            await queue.run_worker_async(concurrency=concurrency, wait=wait)
            while not wait and await _more(queue):
                await queue.run_worker_async(concurrency=concurrency, wait=wait)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM cancel the task of the block, as Ctrl-C does, until the worker heeds it itself.

    An exit that is raised in the middle of the loop cancels all tasks at once, also those by which the worker reaches
    the database to take its leave: it would wait for them for ever.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)


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
