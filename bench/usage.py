"""Usage of ten million events from a Parquet file, against Polars' own sum of the same scan.

The events of a month, of a thousand agreements, one in a thousand of them sent twice. Ours counts each once, in the
periods of its agreement's time zone, on time and late apart, and finds what came again otherwise. The limit is what a
bare `group_by(agreement, metric).sum(quantity)` of the same file costs, by the streaming engine: it looks at no
identity, no period and no zone. Both take turns, each in a process of its own, so that memory is its own too.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from duly.engine.pricing.events import EVENT
from duly.engine.pricing.usage import PERIOD, Metric, aggregate

EVENTS: Final = int(os.environ.get("DULY_BENCH_EVENTS", "10000000"))
ROUNDS: Final = int(os.environ.get("DULY_BENCH_ROUNDS", "3"))
AT_ONCE: Final = 1_000_000
GOAL: Final = 0.1
AGREEMENTS: Final = 1_000
SENT_TWICE: Final = 1_000
CHUNK: Final = 1_000_000
MONTH: Final = 31 * 86_400_000_000


def usage() -> dict[str, Any]:
    return _of_a_file()


def _of_a_file() -> dict[str, Any]:
    """The ratio of the medians of both, and the memory that each took beyond what it began with."""
    with tempfile.TemporaryDirectory() as folder:
        for number, begin in enumerate(range(0, EVENTS, CHUNK)):
            some(begin, min(begin + CHUNK, EVENTS)).write_parquet(Path(folder, f"{number:04}.parquet"))
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(_apart(partial(_aggregated, folder)))
            bare.append(_apart(partial(_summed, folder)))
    mine, limit = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, bare))
    return {
        "ratio": round(limit / mine, 3), "goal": GOAL, "events": EVENTS, "at once": AT_ONCE,
        "seconds, ours": round(mine, 2), "seconds, bare sum": round(limit, 2), "events a second": round(EVENTS / mine),
        "peak memory of ours, MiB": round(max(peak for _, peak in ours)),
        "peak memory of the bare sum, MiB": round(max(peak for _, peak in bare)),
        "all ours": [round(seconds, 2) for seconds, _ in ours], "all bare": [round(seconds, 2) for seconds, _ in bare],
    }


def _apart(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the MiB that a fresh process took at most beyond what it had before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (call,))


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    before, started = _peak(), time.perf_counter()
    call()
    return time.perf_counter() - started, _peak() - before


def _peak() -> float:
    """The most memory that this process ever had, MiB (not getrusage's, which begins with that of its parent)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _aggregated(folder: str) -> None:
    found = aggregate(pl.scan_parquet(f"{folder}/*.parquet"), [Metric("calls", "sum")], _periods(), at_once=AT_ONCE)
    counted = found.usage.select(pl.col("events").sum()).item()
    if counted != EVENTS - EVENTS // SENT_TWICE:
        raise AssertionError(f"{counted} events of {EVENTS} count")


def _summed(folder: str) -> None:
    scan = pl.scan_parquet(f"{folder}/*.parquet")
    scan.group_by("agreement_id", "metric").agg(pl.col("quantity").sum()).collect(engine="streaming")


def _periods() -> pl.DataFrame:
    return pl.select(agreement_id=pl.int_range(AGREEMENTS, dtype=pl.Int64)).select(
        "agreement_id", pl.lit("calls").alias("metric"), pl.lit(date(2026, 3, 1)).alias("period_from"),
        pl.lit(date(2026, 4, 1)).alias("period_to"), pl.lit("UTC").alias("time_zone"),
        pl.lit(None, PERIOD["received_until"]).alias("received_until"))


def some(begin: int, end: int) -> pl.DataFrame:
    """`EVENT`s from number `begin` to `end`, nothing random; the last of each thousand is the one before it again."""
    number = pl.int_range(begin, end, dtype=pl.Int64)
    again = pl.when(number % SENT_TWICE == SENT_TWICE - 1).then(number - 1).otherwise(number)
    at = pl.lit(date(2026, 3, 1)).cast(EVENT["at"]) + pl.duration(microseconds=pl.col("n") * (MONTH // EVENTS))
    quantity = (pl.col("n") * 7919 % 100_000).cast(pl.Decimal(38, 0)) * pl.lit(Decimal("0.001")).cast(EVENT["quantity"])
    return pl.select(n=again).select(
        (pl.col("n") * 31 % AGREEMENTS).alias("agreement_id"), pl.lit("calls").alias("metric"),
        pl.format("meter-{}", pl.col("n") % 16).alias("source"),
        pl.format("evt-{}", pl.col("n").cast(pl.String).str.zfill(12)).alias("event_id"), at.alias("at"),
        (at + pl.duration(seconds=3)).alias("received_at"), quantity.alias("quantity"),
        pl.when(pl.col("n") % 2 == 0).then(pl.lit('{"region":"eu"}')).otherwise(pl.lit('{"region":"us"}'))
        .alias("properties"),
    ).cast(EVENT)  # type: ignore[arg-type]
