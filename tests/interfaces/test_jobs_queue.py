"""The job queue: a job is added with its data or not at all, runs as the application's role, outlives its worker."""

import json
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, transaction
from procrastinate.contrib.django.utils import connector_params

from duly.billing import models as m
from duly.billing.audit.actions import enqueue
from duly.billing.invoicing import actions as invoicing
from duly.billing.invoicing.actions import launch
from duly.billing.kernel import frames
from duly.interfaces.outbox import jobs, sweeper, worker
from duly.interfaces.outbox.worker import Left, work
from tests.world import NOW, OCTOBER, TODAY, World


def queued() -> list[tuple[str, str, Any]]:
    """Name, status and arguments of every job, oldest first."""
    found = frames.rows("select task_name, status::text, args::text from procrastinate_jobs order by id")
    return [(name, status, json.loads(arguments)) for name, status, arguments in found]


def orphan(name: str, lock: str | None = None, attempts: int = 0, **arguments: Any) -> int:
    """A job that a worker took and never finished, because it was killed; its id."""
    [(worker_id,)] = frames.rows("""insert into procrastinate_workers (last_heartbeat)
        values (now() - interval '1 hour') returning id""")
    query = """insert into procrastinate_jobs (queue_name, task_name, args, lock, queueing_lock, attempts, status,
                                               worker_id)
               values ('default', %s, %s, %s, %s, %s, 'doing', %s) returning id"""
    values = [name, json.dumps(arguments), lock, lock, attempts, worker_id]
    return int(frames.rows(query, values)[0][0])


def status(job: int) -> str:
    return str(frames.rows("select status::text from procrastinate_jobs where id = %s", [job])[0][0])


def test_every_job_that_verbs_defer_is_known() -> None:
    assert set(jobs.known()) == {"outbox.send", "invoicing.draft_partition", "audit.seal", "outbox.sweep",
                                 "usage.rate_bucket"}


def test_a_job_is_added_in_the_transaction_of_its_data(world: World) -> None:
    with transaction.atomic():
        enqueue("outbox.send", messages=[1])
        assert queued() == [("outbox.send", "todo", {"messages": [1]})]
        transaction.set_rollback(True)
    assert queued() == []
    enqueue("outbox.send", messages=[2])
    assert queued() == [("outbox.send", "todo", {"messages": [2]})]


def test_a_second_job_under_the_same_lock_is_enough_and_keeps_the_transaction(world: World) -> None:
    enqueue("audit.seal", lock="audit.seal")
    enqueue("audit.seal", lock="audit.seal")
    world.time(3600)
    assert [name for name, _, _ in queued()] == ["audit.seal"]


def test_a_job_may_defer_jobs_only_with_its_data(database: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(messages: list[int]) -> None:
        with transaction.atomic():
            enqueue("invoicing.draft_partition", partition=1)
            raise RuntimeError

    monkeypatch.setattr(jobs, "send", fails)
    enqueue("outbox.send", messages=[])
    assert work(wait=False) == Left(ready=0, waiting=0, failed=1)
    assert "invoicing.draft_partition" not in [name for name, _, _ in queued()]


def test_draining_runs_what_jobs_defer_and_leaves_nothing_ready(database: str, world: World) -> None:
    frames.execute("""insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
        values (gen_random_uuid(), 'test', 'ben', now(), 'test', 1, '{}')""")
    enqueue("audit.seal", lock="audit.seal")
    assert work(concurrency=1, wait=False) == Left(ready=0, waiting=0, failed=0)
    assert m.Seal.objects.count() == m.Event.objects.count() > 0


def test_a_bill_run_in_the_background_is_drafted_in_the_name_of_who_launched_it(database: str, world: World) -> None:
    world.time(3600)
    run = launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                 period_to=OCTOBER[1], partition_accounts=2, in_background=True)
    assert [status for name, status, _ in queued() if name == "invoicing.draft_partition"] == ["todo", "todo"]
    assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    assert m.BillRun.objects.get(pk=run.run).state == "done"
    assert set(m.Invoice.objects.values_list("created_by", flat=True)) == {"ben"}


def background(world: World) -> int:
    """The one partition of a run that Ben has left to the worker."""
    world.time(3600)
    return launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                  period_to=OCTOBER[1], in_background=True).partitions[0]


def noted(partition: int) -> tuple[str, str]:
    """The state of a partition, and why it failed."""
    part = m.BillRunPartition.objects.get(pk=partition)
    return part.state, part.error


def test_a_run_whose_launcher_has_left_is_noted_as_failed(database: str, world: World) -> None:
    partition = background(world)
    m.User.objects.filter(login="ben").update(is_active=False)
    assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    state, error = noted(partition)
    assert (state, error.startswith("There is no active user “ben”.")) == ("failed", True)
    event = m.Event.objects.filter(verb="invoicing.fail_partition").get()
    assert event.actor == "outbox"


def test_a_fault_is_noted_on_the_partition_and_fails_the_job(
    database: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: Any) -> None:
        raise KeyError("Ada Lovelace")

    partition = background(world)
    monkeypatch.setattr(invoicing, "draft_partition", fails)
    assert work(wait=False) == Left(ready=0, waiting=0, failed=1)
    assert noted(partition) == (
        "failed", "A fault of the program (KeyError): the worker's log has the whole story.")


def test_a_database_that_does_not_answer_is_asked_again_later(
    database: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    partition = background(world)
    with monkeypatch.context() as patched:
        patched.setattr(invoicing, "draft_partition", fails)
        assert work(wait=False) == Left(ready=0, waiting=1, failed=0)
    assert noted(partition) == ("waiting", "")
    frames.execute("update procrastinate_jobs set scheduled_at = now() where status = 'todo'")
    assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    assert noted(partition) == ("done", "")


def test_the_jobs_of_a_killed_worker_run_at_once_when_no_other_lives(database: str, world: World) -> None:
    job = orphan("audit.seal", lock="audit.seal")
    assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    assert status(job) == "succeeded"


def test_among_others_an_orphan_is_known_by_its_workers_heartbeat(database: str, world: World) -> None:
    dead = orphan("outbox.send", messages=[])
    [(beating,)] = frames.rows("insert into procrastinate_workers (last_heartbeat) values (now()) returning id")
    alive = orphan("outbox.send", messages=[])
    frames.execute("update procrastinate_jobs set worker_id = %s where id = %s", [beating, alive])
    with psycopg.connect(**connector_params(), autocommit=True) as other:
        other.execute("select pg_advisory_lock_shared(%s)", [worker.ALIVE])
        work(wait=False)
        assert (status(dead), status(alive)) == ("succeeded", "doing")
    work(wait=False)
    assert status(alive) == "succeeded"


def test_an_orphan_whose_twin_waits_already_is_closed(database: str, world: World) -> None:
    job = orphan("audit.seal", lock="audit.seal")
    enqueue("audit.seal", lock="audit.seal")
    assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    assert status(job) == "aborted"


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(database: str, world: World) -> None:
    job = orphan("outbox.send", attempts=sweeper.MOST_RUNS, messages=[])
    assert work(wait=False).failed == 1
    assert status(job) == "failed"


def test_finished_jobs_are_cleared_away_after_some_days_and_failed_ones_kept(database: str, world: World) -> None:
    done, recent, failed = (orphan("outbox.send", messages=[]) for _ in range(3))
    for job, end in ((done, "succeeded"), (recent, "succeeded"), (failed, "failed")):
        frames.execute("update procrastinate_jobs set status = %s where id = %s", [end, job])
    frames.execute("""update procrastinate_events set at = now() - make_interval(hours => %s)
                       where job_id = any(%s)""", [sweeper.KEPT_HOURS + 1, [done, failed]])
    enqueue("outbox.sweep")
    work(wait=False)
    assert {row[0] for row in frames.rows("select id from procrastinate_jobs where id = any(%s)",
                                          [[done, recent, failed]])} == {recent, failed}
