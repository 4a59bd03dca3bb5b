"""SIGKILL of a process at twenty seeded moments of a month: nothing is left half done, and beginning again ends it.

What the month came to is compared by a digest of everything but ids and instants with that of an undisturbed month.
"""

import hashlib
import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections

from duly.billing.audit.seals import seal
from duly.billing.reporting.audits import verify
from tests.billing.violations import session
from tests.conftest import _clone
from tests.faults import month
from tests.world import World

SEED, MOMENTS = 20261102, 20
PATIENCE = 60.0

CAME_TO = {
    "work": "select description, quantity, approved_by_id is not null from work_item order by source_key",
    "files": "select count(*) from import_batch union all select count(*) from import_row",
    "documents": """select i.number, a.number, i.state, i.net, i.tax, i.total, i.issued_on, i.due_on, o.balance
                      from invoice i join account a on a.id = i.account_id
                      left join open_item o on o.id = i.open_item_id order by i.number""",
    "lines": """select i.number, l.position, l.description, l.quantity, l.amount, l.tax, l.explanation::text
                  from invoice_line l join invoice i on i.id = l.invoice_id order by i.number, l.position""",
    "evidence": """select w.source_key, i.number, x.quantity, x.amount from work_allocation x
                     join work_item w on w.id = x.work_item_id join invoice_line l on l.id = x.line_id
                     join invoice i on i.id = l.invoice_id order by 1, 2""",
    "ledger": """select e.kind, e.booked_on, d.role, c.role, t.currency, t.amount, t.base_amount from transfer t
                   join entry e on e.id = t.entry_id join chart_account d on d.id = t.debit_id
                   join chart_account c on c.id = t.credit_id order by 1, 2, 3, 4, 5, 6""",
    "cash": """select r.number, r.amount, o.balance from receipt r join open_item o on o.id = r.open_item_id
                order by r.number""",
    "counters": "select last_number, last_issued_on from number_counter order by 1, 2",
    "events": """select verb, subject_type, count(*) from event where verb not like 'setting.%%' group by 1, 2
                  order by 1, 2""",
}


def came_to(database: str) -> str:
    with session(database) as sql:
        content = {name: sql(query) for name, query in CAME_TO.items()}
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()


class Month:
    """A process that lives the month, started from a server of its own that has imported everything already."""

    def __init__(self, database: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.month"])
        self.heard, said = context.Pipe(duplex=False)
        settings = {"HOST": connections["default"].settings_dict["HOST"], "NAME": database}
        self.process = context.Process(target=month.live, args=(settings, said))
        self.process.start()
        said.close()
        assert self.heard.poll(PATIENCE), "the process does not begin"
        assert self.heard.recv() == "begun"
        self.begun = time.perf_counter()

    def end(self) -> float:
        """Wait for its end; the seconds that it took."""
        assert self.heard.poll(PATIENCE), "the month does not end"
        assert self.heard.recv() == "ended"
        took = time.perf_counter() - self.begun
        self.process.join(PATIENCE)
        assert self.process.exitcode == 0
        return took

    def kill_after(self, seconds: float) -> bool:
        """SIGKILL it that long after it began; whether it was still alive."""
        self.process.join(seconds - (time.perf_counter() - self.begun))
        alive = self.process.is_alive()
        if alive:
            os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join(PATIENCE)
        return alive


def until_alone(database: str) -> None:
    """Wait until the server has ended the killed process's session, and so its transaction."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    with session(database, "owner") as sql:
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        while sql.one(others):
            sql.cursor.connection.commit()
            assert time.monotonic() < deadline, "the server still works for the killed process"
            pause.wait(0.005)


@pytest.fixture(scope="module")
def undisturbed(template: str) -> Iterator[tuple[str, float]]:
    """What an undisturbed month comes to, and the seconds it takes."""
    with _clone(template, f"undisturbed_{os.getpid()}") as name:
        Month(name).end()
        with _clone(template, f"timed_{os.getpid()}") as timed:
            took = Month(timed).end()
            assert came_to(timed) == came_to(name)
        yield came_to(name), took


def test_a_month_begun_again_changes_nothing(template: str, undisturbed: tuple[str, float]) -> None:
    with _clone(template, f"again_{os.getpid()}") as name:
        Month(name).end()
        Month(name).end()
        assert came_to(name) == undisturbed[0]


def test_a_month_killed_at_any_moment_is_sound_and_can_be_finished(
    template: str, undisturbed: tuple[str, float]
) -> None:
    digest, took = undisturbed
    chance, killed, between = random.Random(SEED), 0, set()
    for _ in range(MOMENTS):
        with _clone(template, f"killed_{os.getpid()}") as name:
            alive = Month(name).kill_after(chance.uniform(0, took))
            until_alone(name)
            killed += alive
            between.add(came_to(name))
            assert wrong() == [], "something was left half done"
            Month(name).end()
            assert came_to(name) == digest, "begun again, the month came to something else"
            assert wrong() == []
    assert killed >= MOMENTS // 2, "the month ended before it was killed"
    assert len(between) >= 5, "the moments were all alike"


def wrong() -> list[str]:
    world = World()
    seal(actor=world.actor("audra"), at=world.at)
    return [finding.text for finding in verify(actor=world.actor("audra")) if not finding.note]
