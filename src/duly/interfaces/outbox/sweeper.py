"""What killed workers left behind runs again; what is finished is cleared away."""

from typing import Final

from procrastinate import exceptions
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

STALLED_AFTER: Final = 30.0  # seconds without a heartbeat; a worker's heart beats every ten
KEPT_HOURS: Final = 14 * 24
MOST_RUNS: Final = 20  # a job that kills its worker again and again is given up


async def rescue(jobs: JobManager, stalled_after: float = STALLED_AFTER) -> int:
    """Let the jobs of workers whose heart stopped run again; how many there were.

    One whose twin waits under the same queueing lock is closed; one that was begun too often has failed.
    """
    stalled = list(await jobs.get_stalled_jobs(seconds_since_heartbeat=stalled_after))
    for job in stalled:
        if job.attempts >= MOST_RUNS:
            await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
            continue
        try:
            await jobs.retry_job(job)
        except (exceptions.UniqueViolation, exceptions.AlreadyEnqueued):
            await jobs.finish_job(job, status=Status.ABORTED, delete_job=False)
    return len(stalled)


async def clear_away(jobs: JobManager) -> None:
    """Delete jobs that succeeded, or were closed for their twin, some days ago; failed ones are kept."""
    await jobs.delete_old_jobs(nb_hours=KEPT_HOURS, include_aborted=True)
