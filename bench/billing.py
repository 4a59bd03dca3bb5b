"""Bill run plus issue of 10,000 accounts × 10 lines, against a bare COPY of every row that they leave.

The COPY goes back into the same tables with the same indexes, constraints, chunks and commits, only the triggers of
the laws off. Both run five times, interleaved, each in a fresh clone of one prepared database; medians count.

Partitions of the run are drafted two at once, as `duly worker` does by itself, and then issued one chunk after the
other, since numbers follow each other. `DULY_BENCH_WORKERS=1` drafts them one by one.
"""

import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import psutil

ACCOUNTS: Final = int(os.environ.get("DULY_BENCH_ACCOUNTS", "10000"))
ROUNDS: Final = int(os.environ.get("DULY_BENCH_ROUNDS", "5"))
WORKERS: Final = int(os.environ.get("DULY_BENCH_WORKERS", "2"))
AT: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ON: Final = date(2026, 11, 2)

ISSUE_TABLES: Final = ("number_counter", "open_item", "entry", "transfer", "open_item_movement", "account_month")
DRAFT_TABLES: Final = ("party_copy", "invoice", "invoice_line", "tax_line", "work_allocation", "charge_span", "finding")


def billing() -> dict[str, Any]:
    os.environ.setdefault("DULY_DATA", "/var/lib/duly/bench" if os.geteuid() == 0 else "/tmp/duly-bench")
    import django

    django.setup()
    from duly.config import database

    with database.running(), _prepared() as template:
        ours, bare, peaks, counts = [], [], [], {}
        for number in range(ROUNDS):
            with _clone(template, f"bench_ours_{number}"):
                seconds, peak, documents = _run()
                ours.append(seconds)
                peaks.append(peak)
                left = _rows_left()
                counts = {name: len(chunks) for name, chunks in left.items()} | {"documents": documents}
            with _clone(template, f"bench_bare_{number}"):
                bare.append(_copy_back(left))
    mine, limit = statistics.median(ours), statistics.median(bare)
    return {
        "ratio": round(limit / mine, 3), "goal": 0.5, "accounts": ACCOUNTS, "documents": counts["documents"],
        "workers": WORKERS,
        "seconds, run and issue": round(mine, 2), "seconds, bare COPY": round(limit, 2),
        "documents a second": round(counts["documents"] / mine), "peak memory above start, MiB": round(max(peaks)),
        "all ours": [round(s, 2) for s in ours], "all bare": [round(s, 2) for s in bare],
    }


@contextmanager
def _prepared() -> Iterator[str]:
    from django.db import connections, transaction

    from bench.firm import build

    with transaction.atomic():
        build(ACCOUNTS)
    with connections["owner"].cursor() as cursor:
        cursor.execute("vacuum analyze")
    name = connections["default"].settings_dict["NAME"]
    connections.close_all()
    try:
        yield name
    finally:
        _server(f'drop database if exists "{name}" with (force)')


@contextmanager
def _clone(template: str, name: str) -> Iterator[None]:
    from django.db import connections

    _server(f'drop database if exists "{name}" with (force)')
    _server(f'create database "{name}" template "{template}" strategy file_copy')
    _use(name)
    try:
        yield
    finally:
        connections.close_all()
        _server(f'drop database if exists "{name}" with (force)')
        _use(template)


def _use(name: str) -> None:
    from django.db import connections

    connections.close_all()
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = name


def _server(statement: str) -> None:
    import psycopg
    from django.db import connections

    settings = connections["owner"].settings_dict
    connections.close_all()
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True) as server:
        server.execute(statement)
        server.execute("checkpoint")


def _run() -> tuple[float, float, int]:
    """Seconds, peak MiB above the start, and documents of one bill run and issue."""
    from bench.firm import MONTH
    from duly.billing.accounts.queries import actor
    from duly.billing.invoicing import actions, queries

    who = actor("bench")
    with _peak() as peak:
        started = time.perf_counter()
        run = actions.launch(actor=who, at=AT, on=ON, entity="FIRM", period_from=MONTH[0], period_to=MONTH[1])
        with ThreadPoolExecutor(WORKERS) as workers:
            list(workers.map(_draft, run.partitions))
        drafted = time.perf_counter()
        drafts = queries.listed(actor=who, on=ON, run=run.run)["id"].to_list()
        issued = list(actions.issue_in_chunks(actor=who, at=AT, on=ON, drafts=drafts))
        seconds = time.perf_counter() - started
    print(f"  drafted {drafted - started:.2f} s, issued {seconds - drafted + started:.2f} s", flush=True)
    documents = sum(len(one.numbers) for one in issued)
    assert documents == ACCOUNTS, [one.skipped[:3] for one in issued]
    return seconds, peak[0], documents


def _draft(partition: int) -> None:
    from django.db import connection

    from duly.billing.accounts.queries import actor
    from duly.billing.invoicing import actions

    try:
        actions.draft_partition(actor=actor("bench"), at=AT, partition=partition)
    finally:
        connection.close()


@contextmanager
def _peak() -> Iterator[list[float]]:
    """The highest resident memory while the block runs, above what it was before, in MiB."""
    process, stop, peak = psutil.Process(), threading.Event(), [0.0]
    before = process.memory_info().rss

    def watch() -> None:
        while not stop.wait(0.02):
            peak[0] = max(peak[0], (process.memory_info().rss - before) / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def _rows_left() -> dict[str, list[bytes]]:
    """Every row that the run left, as COPY text, in the chunks of its commits."""
    from duly.billing.invoicing.actions.issue import CHUNK

    issue_of = f"select id, (row_number() over (order by id) - 1) / {CHUNK} as chunk from invoice"
    part_of = """select i.id, p.ordinal - 1 as chunk from invoice i
                   join bill_run_partition p on p.id = i.run_partition_id"""
    by_invoice = {"invoice": "x.id"} | dict.fromkeys(("invoice_line", "tax_line", "finding"), "x.invoice_id")
    left = {table: [_dump(f"select * from {table}")] for table in ("bill_run", "bill_run_partition", "number_counter")}
    left["party_copy"] = _chunks(f"""select distinct on (c.id) c.*, k.chunk from party_copy c
        join invoice x on c.id in (x.seller_id, x.buyer_id) join ({part_of}) k on k.id = x.id order by c.id, k.chunk""")
    for table, key in by_invoice.items():
        left[table] = _chunks(f"select x.*, k.chunk from {table} x join ({part_of}) k on k.id = {key} order by x.id")
    for table in ("work_allocation", "charge_span"):
        left[table] = _chunks(f"select x.*, k.chunk from {table} x join invoice_line l on l.id = x.line_id "
                              f"join ({part_of}) k on k.id = l.invoice_id order by x.id")
    items = f"select i.open_item_id as id, k.chunk from invoice i join ({issue_of}) k on k.id = i.id"
    left["open_item"] = _chunks(f"select x.*, k.chunk from open_item x join ({items}) k on k.id = x.id order by x.id")
    moves = f"select x.*, k.chunk from open_item_movement x join ({items}) k on k.id = x.open_item_id order by x.id"
    left["open_item_movement"] = _chunks(moves)
    entries = f"select m.entry_id as id, m.chunk from ({moves}) m"
    left["entry"] = _chunks(f"select x.*, k.chunk from entry x join ({entries}) k on k.id = x.id order by x.id")
    transfers = f"select x.*, k.chunk from transfer x join ({entries}) k on k.id = x.entry_id order by x.id"
    left["transfer"] = _chunks(transfers)
    left["account_month"] = _chunks(f"""select m.*, k.chunk from account_month m join invoice i
        on i.account_id = m.account_id join ({issue_of}) k on k.id = i.id order by m.id""")
    for name, verb, chunks in (("event_issue", "issue", issue_of), ("event_draft", "draft_partition", part_of)):
        left[name] = _chunks(f"select x.*, k.chunk from event x join ({chunks}) k on k.id = x.subject_id "
                             f"where x.subject_type = 'invoice' and x.verb = 'invoicing.{verb}' order by x.id")
    return left


def _dump(query: str) -> bytes:
    from django.db import connection

    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout") as copy:
        return b"".join(copy)


def _chunks(query: str) -> list[bytes]:
    """The query's rows as COPY text without the last column, `chunk`, cut where it changes."""
    chunks: dict[int, list[bytes]] = {}
    for row in _dump(query).splitlines(keepends=True):
        values, _, chunk = row.rstrip(b"\n").rpartition(b"\t")
        chunks.setdefault(int(chunk), []).append(values + b"\n")
    return [b"".join(chunks[number]) for number in sorted(chunks)]


def _copy_back(left: dict[str, list[bytes]]) -> float:
    """Seconds to COPY the rows into a clone whose triggers are off, committed in the same chunks."""
    import psycopg
    from django.db import connections

    settings = connections["owner"].settings_dict
    tables = ("bill_run", "bill_run_partition", *ISSUE_TABLES, *DRAFT_TABLES, "event")
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]) as owner:
        for table in tables:
            owner.execute(f"alter table {table} disable trigger user")
        owner.commit()
        started = time.perf_counter()
        for commit in _commits(left):
            for table, rows in commit:
                with owner.cursor().copy(f"copy {table} from stdin") as copy:
                    copy.write(rows)
            owner.commit()
        return time.perf_counter() - started


def _commits(left: dict[str, list[bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    yield [("bill_run", left["bill_run"][0]), ("bill_run_partition", left["bill_run_partition"][0]),
           ("number_counter", left["number_counter"][0])]
    for number in range(len(left["open_item"])):
        tables = ("open_item", "entry", "transfer", "open_item_movement", "account_month")
        yield [*((table, left[table][number]) for table in tables), ("event", left["event_issue"][number])]
    for number in range(len(left["invoice"])):
        present = [(table, left[table][number]) for table in DRAFT_TABLES if number < len(left[table])]
        yield [*present, ("event", left["event_draft"][number])]
