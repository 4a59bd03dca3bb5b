"""Ingestion of ten million usage events, against a bare COPY; then their usage, read from the database.

Ours takes batches in as every door does: judged, each identity claimed for all times, exactly once, laws and indexes.
The limit is a COPY of the same rows, in the same batches and commits, into a table like the one of a month with the
unique key that it must have, and nothing else. Both take turns batch by batch. Afterwards another process measures
the month of all agreements, so that its memory is its own too.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from bench.billing import _server
from bench.usage import AGREEMENTS, EVENTS, _peak, some

BATCH: Final = int(os.environ.get("DULY_BENCH_BATCH", "250000"))
AT: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MONTH: Final = (date(2026, 3, 1), date(2026, 4, 1))
COLUMNS: Final = ("agreement_id", "metric", "source", "event_id", "at", "received_at", "quantity", "properties")
BARE: Final = """create table bare_events (like usage_event including defaults);
                 alter table bare_events add primary key (source, event_id, at);
                 grant select, insert on bare_events to duly_app"""


def ingestion() -> dict[str, Any]:
    os.environ.setdefault("DULY_DATA", "/var/lib/duly/bench" if os.geteuid() == 0 else "/tmp/duly-bench")
    import django

    django.setup()
    from duly.config import database

    with database.running(), _prepared() as numbers:
        ours, bare, counted = _taken_in(numbers)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            read, peak, rows = pool.apply(_measured)
    assert counted == rows, f"{counted} events were taken in and {rows} are counted"
    return {
        "ratio": round(bare / ours, 3), "goal": 0.25, "events": EVENTS, "batch": BATCH,
        "seconds, ours": round(ours, 1), "seconds, bare COPY": round(bare, 1), "events a second": round(EVENTS / ours),
        "seconds, usage of the month": round(read, 1), "peak memory of that, MiB": round(peak),
    }


@contextmanager
def _prepared() -> Iterator[list[str]]:
    """The numbers of the agreements, in a database that is gone afterwards."""
    from django.db import connections, transaction

    from bench import firm
    from duly.billing import models as m

    with transaction.atomic():
        firm._accounts(firm._seller(), AGREEMENTS)  # with an agreement each, which needs no terms here
        m.Metric.objects.create(code="calls", name="Calls", aggregation="sum")
    with connections["owner"].cursor() as cursor:
        cursor.execute(BARE)
        cursor.execute("vacuum analyze")
    name = connections["default"].settings_dict["NAME"]
    try:
        yield list(m.Agreement.objects.order_by("id").values_list("number", flat=True)[:AGREEMENTS])
    finally:
        connections.close_all()
        _server(f'drop database if exists "{name}" with (force)')


def _taken_in(numbers: list[str]) -> tuple[float, float, int]:
    """The seconds of ours and of the bare COPY, and how many events count."""
    from django.db import transaction

    from duly.billing.accounts.queries import actor
    from duly.billing.kernel import frames
    from duly.billing.usage.actions import ingest
    from duly.formats.usage_events.model import sent

    ours = bare = 0.0
    counted, who = 0, actor("bench")
    for begin in range(0, EVENTS, BATCH):
        batch = some(begin, min(begin + BATCH, EVENTS))
        events = sent(batch.drop("received_at").with_row_index("row").with_columns(
            pl.lit(pl.Series(numbers)).gather(pl.col("agreement_id")).alias("agreement")))
        started = time.perf_counter()
        counted += ingest(actor=who, at=AT, events=events).new
        ours += time.perf_counter() - started
        once = batch.unique(["source", "event_id", "at"], maintain_order=True).select(COLUMNS)
        started = time.perf_counter()
        with transaction.atomic():
            frames.write("bare_events", once)
        bare += time.perf_counter() - started
    return ours, bare, counted


def _measured() -> tuple[float, float, int]:
    """Seconds, the MiB that it took at most, and the events of the month."""
    import django

    django.setup()
    from duly.billing.kernel import frames
    from duly.billing.usage.queries import PERIODS, measured

    [(metric,)] = frames.rows("select id from metric")
    asked = frames.read("select id from agreement", [], {"agreement_id": pl.Int64}).with_columns(
        pl.lit(metric, pl.Int64).alias("metric_id"), pl.lit(MONTH[0]).alias("period_from"),
        pl.lit(MONTH[1]).alias("period_to"), pl.lit("UTC").alias("time_zone"),
        pl.lit(None, pl.String).alias("billed_in")).select(list(PERIODS))
    before, started = _peak(), time.perf_counter()
    usage = measured(asked).usage
    return time.perf_counter() - started, _peak() - before, int(usage["events"].sum())
