"""The jobs that verbs defer by name, and how long a failed one waits. Every job may run again without harm."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db import OperationalError, close_old_connections
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job

from duly.billing.kernel.authority import Actor
from duly.interfaces.outbox.sweeper import clear_away, rescue

WAITS: Final = (60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600)
"""Seconds between the tries of a message; the last one is used again."""

LOGIN: Final = "outbox"
"""Whose name the outbox's own events carry. It is no user and nobody can sign in as it."""


class StillQueued(Exception):
    """Some messages of a job were not sent; the job runs again after a while."""


class Later(BaseRetryStrategy):
    """Run again after the waits above, while messages are queued or the database does not answer; nothing else is."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, StillQueued | OperationalError):
            return None
        return RetryDecision(retry_in={"seconds": WAITS[min(job.attempts, len(WAITS) - 1)]})


def register(app: App) -> None:
    """Give a job queue its functions: the shared one, and each worker's. Jobs import their tools when they run."""
    app.task(send, name="outbox.send", retry=Later())
    app.task(draft_partition, name="invoicing.draft_partition", retry=Later())
    app.task(rate_bucket, name="usage.rate_bucket", retry=Later())
    sealing = app.task(seal, name="audit.seal", queueing_lock="audit.seal", lock="audit.seal")
    app.periodic(cron="* * * * *")(sealing)
    sweeping = app.task(sweep, name="outbox.sweep", queueing_lock="outbox.sweep", pass_context=True)
    app.periodic(cron="* * * * *")(sweeping)


def send(messages: list[int]) -> None:
    """Hand the messages that are still queued to the mail server, each in a transaction of its own."""
    from duly.billing.desk import actions, queries
    from duly.interfaces.outbox.mail import Courier

    actor = Actor(LOGIN, 0, frozenset({"send"}))
    with Courier() as courier:
        for message in queries.still_queued(messages):
            at = now()
            actions.deliver(actor=actor, at=at, on=at.date(), message=message, hand_over=courier)
    if left := queries.still_queued(messages):
        raise StillQueued(f"{len(left)} of {len(messages)} messages wait for the next try")


def draft_partition(partition: int) -> None:
    """Draft a partition of a bill run in the name of who launched it; what stops it is noted on the partition.

    A refusal ends there. A fault is raised again, so that the job has failed too.
    """
    from duly.billing.accounts.queries import actor
    from duly.billing.invoicing import actions
    from duly.billing.invoicing.models import BillRunPartition
    from duly.billing.kernel.errors import Busy, Refused

    login = BillRunPartition.objects.values_list("run__launched_by__login", flat=True).get(pk=partition)
    try:
        actions.draft_partition(actor=actor(login), at=now(), partition=partition)
    except Busy:
        return
    except OperationalError:
        close_old_connections()  # the next try needs one that is alive
        raise
    except Refused as refused:
        _note(partition, str(refused))
    except Exception as fault:
        _note(partition, f"A fault of the program ({type(fault).__name__}): the worker's log has the whole story.")
        raise


def _note(partition: int, error: str) -> None:
    """Note on the partition why it failed, in the outbox's own name: who launched the run may be gone by now."""
    from duly.billing.invoicing import actions
    from duly.billing.kernel.errors import Busy

    with suppress(Busy):  # another worker is drafting it, and will say
        actions.fail_partition(actor=Actor(LOGIN, 0, frozenset({"bill"})), at=now(), partition=partition, error=error)


def rate_bucket(folder: str, bucket: int) -> None:
    """Measure a bucket of the events that a rating names; what stays of it goes into the rating's folder."""
    from duly.interfaces.kit.rating import measure

    measure(Path(folder), bucket)


def seal(timestamp: int | None = None) -> None:
    """Seal the events that are not sealed yet; every minute, and when a verb asks for it."""
    from duly.billing.audit.seals import seal as seal_events

    seal_events(actor=Actor(LOGIN, 0, frozenset({"audit"})), at=now())


async def sweep(context: JobContext, timestamp: int | None = None) -> None:
    """Every minute: jobs of killed workers run again, finished ones are cleared away after some days."""
    await rescue(context.app.job_manager)
    await clear_away(context.app.job_manager)


def now() -> datetime:
    return datetime.now(UTC)


def known() -> dict[str, Any]:
    """The registered jobs by name."""
    from procrastinate.contrib.django import app

    return {name: task for name, task in app.tasks.items() if not name.startswith(("builtin:", "procrastinate."))}
