"""Events of periods, read set-based: the ranges of all of them at once, and the readings before them that still hold.

An event is late for a period when the snapshot of the run that billed it did not see it. The snapshots, one taken
after the other, see ever more; so an event has one place among them: how many of them had been taken when it came.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from duly.billing.agreements.queries import VISIBLE
from duly.billing.kernel import frames
from duly.engine.pricing.events import EVENT, INSTANT
from duly.engine.pricing.usage import Filter, Metric, day_begins

PERIODS: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "metric_id": pl.Int64, "period_from": pl.Date, "period_to": pl.Date,
    "time_zone": pl.String, "billed_in": pl.String,
}
"""Periods to measure: half-open days in a time zone. `billed_in` is the snapshot (text of a `pg_snapshot`) of the run
that billed the period, null while nothing is billed."""

READ: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "metric": pl.String, "source": pl.String, "event_id": pl.String, "at": pl.Int64,
    "received_at": pl.Int64, "quantity": frames.QUANTITY, "properties": pl.String, "recorded_in": pl.Int64,
}

COLUMNS: Final = """e.agreement_id, e.metric, e.source, e.event_id, (extract(epoch from e.at) * 1000000)::bigint,
    (extract(epoch from e.received_at) * 1000000)::bigint, e.quantity, {} , e.recorded_in::text"""

WITHIN: Final = f"""
    select {COLUMNS.format("case when r.told then e.properties::text end")}
      from unnest(%(agreements)s::bigint[], %(metrics)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
                  %(told)s::boolean[]) r (agreement_id, metric, starts, ends, told)
      join usage_event e on e.agreement_id = r.agreement_id and e.metric = r.metric
                        and e.at >= r.starts and e.at < r.ends
     where e.at >= %(first)s and e.at < %(last)s and {VISIBLE.format("e")}"""

BEFORE: Final = f"""
    select distinct {COLUMNS.format("e.properties::text")}
      from jsonb_to_recordset(%(ranges)s::jsonb) as r (
             agreement_id bigint, metric text, starts timestamptz, keys text[], snapshots text[])
     cross join lateral (select null::text union all select unnest(r.snapshots)) s (snapshot)
     cross join lateral (
       select {{distinct}} e.* from usage_event e
        cross join lateral (select array(select e.properties ->> n.key
                                           from unnest(r.keys) with ordinality n (key, place) order by n.place)) k (key)
        where e.agreement_id = r.agreement_id and e.metric = r.metric and e.at < r.starts and {VISIBLE.format("e")}
          and (s.snapshot is null or pg_visible_in_snapshot(e.recorded_in, s.snapshot::pg_snapshot))
        order by {{key}} e.at desc, e.received_at desc, e.source desc, e.event_id desc {{limit}}) e"""
"""The last events before a range of each group, of all and of what each snapshot sees. Groups are finer than a metric
may need: by all properties that it groups or filters by."""

KEYLESS: Final = BEFORE.format(distinct="", key="", limit="limit 1")
KEYED: Final = BEFORE.format(distinct="distinct on (k.key)", key="k.key,", limit="")


def metrics_of(ids: Sequence[int]) -> dict[int, Metric]:
    """The metrics of these ids, as the engine takes them; their names are their codes."""
    query = """select id, code, aggregation, event, property, filters::text, group_by from metric
                where id = any(%s) order by id"""
    return {key: Metric(code, aggregation, event, prop, tuple(
        Filter(one["property"], tuple(one["values"]), bool(one.get("excluded"))) for one in json.loads(filters)),
        tuple(group_by)) for key, code, aggregation, event, prop, filters, group_by in frames.rows(query, [list(ids)])}


class Snapshots:
    """The snapshots of the runs that billed periods, in the order they were taken."""

    def __init__(self, texts: Sequence[str]) -> None:
        parsed = sorted((self._parsed(text), text) for text in set(texts))
        self.place = {text: place for place, (_, text) in enumerate(parsed)}
        self._ends = [ends for (ends, _), _ in parsed]
        self._open = [frozenset(under_way) for (_, under_way), _ in parsed]

    @staticmethod
    def _parsed(text: str) -> tuple[int, list[int]]:
        _, ends, under_way = text.split(":")
        return int(ends), sorted(int(one) for one in under_way.split(",") if one)

    def first_to_see(self, transaction: int) -> int:
        """The place of the first snapshot that sees what the transaction wrote; their number where none does."""
        place = bisect_right(self._ends, transaction)
        while place < len(self._open) and transaction in self._open[place]:
            place += 1
        return place

    def received(self) -> tuple[int, int]:
        """How to write a place and an instant of receipt as one instant: the factor, and the microseconds of a unit.

        It orders by place and then by receipt. Beyond two thousand snapshots receipts are told apart by milliseconds.
        """
        return (2**52, 1) if len(self._ends) < 2000 else (2**42, 1000)

    def until(self, billed_in: pl.Expr) -> pl.Expr:
        """The engine's `received_until` of periods: what their snapshot sees is received by then."""
        factor, _ = self.received()
        ends = {text: (place + 1) * factor - 1 for text, place in self.place.items()}
        return billed_in.replace_strict(ends, default=None, return_dtype=pl.Int64).cast(INSTANT)

    def mark(self, events: pl.DataFrame) -> pl.DataFrame:
        """`READ` rows as the engine's events, received in the place of the snapshot that sees them first."""
        factor, unit = self.received()
        written = events["recorded_in"].unique()
        places = pl.DataFrame({"recorded_in": written, "place": pl.Series(
            [self.first_to_see(one) for one in written], dtype=pl.Int64)})
        received = pl.col("place") * factor + pl.col("received_at") // unit
        return events.join(places, on="recorded_in", how="left", maintain_order="left").with_columns(
            received.alias("received_at")).select(pl.col(name).cast(kind) for name, kind in EVENT.items())


def placed(periods: pl.DataFrame, metrics: dict[int, Metric]) -> pl.DataFrame:
    """`PERIODS` with `starts` and `ends` as instants, and the `metric` (code) and `event` that they are of."""
    for name, day in (("starts", "period_from"), ("ends", "period_to")):
        days = periods.select(day, "time_zone").unique()
        begins = pl.Series(name, [day_begins(*row) for row in days.iter_rows()], dtype=INSTANT)
        periods = periods.join(days.with_columns(begins), on=[day, "time_zone"], maintain_order="left")
    codes = {key: one.name for key, one in metrics.items()}
    names = {key: one.made_of() for key, one in metrics.items()}
    return periods.with_columns(
        pl.col("metric_id").replace_strict(codes, return_dtype=pl.String).alias("metric"),
        pl.col("metric_id").replace_strict(names, return_dtype=pl.String).alias("event"))


def ranges(periods: pl.DataFrame) -> pl.DataFrame:
    """The instants that periods (`placed`) cover, each once: agreement_id, event, starts, ends."""
    ordered = periods.sort("agreement_id", "event", "starts")
    of = ["agreement_id", "event"]
    reached = pl.col("ends").cum_max().shift().over(of)
    island = (pl.col("starts") > reached).fill_null(False).cum_sum().over(of)
    return ordered.with_columns(island.alias("island")).group_by(*of, "island", maintain_order=True).agg(
        pl.col("starts").min(), pl.col("ends").max()).drop("island")


@contextmanager
def events(periods: pl.DataFrame, metrics: dict[int, Metric], snapshots: Snapshots, *, snapshot: str | None,
           holding: Sequence[int] = ()) -> Iterator[pl.LazyFrame]:
    """The events (`EVENT`) of `placed` periods that `snapshot` sees, and the readings before those of `holding`.

    Each event is there once. Where they are many they are spooled to a temporary folder, which is gone afterwards.
    """
    wanted = ranges(periods)
    before = _before(periods.filter(pl.col("metric_id").is_in(holding)), metrics, snapshot)
    inside = before.with_row_index().join(wanted.rename({"event": "metric"}), on=["agreement_id", "metric"]).filter(
        pl.col("at").is_between(pl.col("starts").cast(pl.Int64), pl.col("ends").cast(pl.Int64), closed="left"))
    once = before.with_row_index().join(inside, on="index", how="anti").drop("index")
    parts = (snapshots.mark(part) for part in _within(wanted, periods, metrics, snapshot))
    first = pl.concat([snapshots.mark(once), next(parts)])
    second = next(parts, None)
    if second is None:
        yield first.lazy()
        return
    with TemporaryDirectory(prefix="duly-usage-") as folder:
        for number, part in enumerate(chain([first, second], parts)):
            part.write_parquet(Path(folder) / f"{number}.parquet", compression="lz4")
        yield pl.scan_parquet(Path(folder) / "*.parquet")


def _within(wanted: pl.DataFrame, periods: pl.DataFrame, metrics: dict[int, Metric],
            snapshot: str | None) -> Iterator[pl.DataFrame]:
    told = {one.made_of() for one in metrics.values() if one.property or one.filters or one.group_by}
    return frames.read_parts(WITHIN, {
        "agreements": frames.array(wanted["agreement_id"]), "metrics": wanted["event"].to_list(),
        "starts": wanted["starts"].to_list(), "ends": wanted["ends"].to_list(),
        "told": wanted["event"].is_in(list(told)).to_list(), "snapshot": snapshot,
        "first": periods["starts"].min(), "last": periods["ends"].max()}, READ)


def _before(periods: pl.DataFrame, metrics: dict[int, Metric], snapshot: str | None) -> pl.DataFrame:
    """The readings that hold when a period begins, `READ`; more than are needed where groups are finer."""
    asked: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    grouped = periods.group_by("agreement_id", "metric_id", "event", "starts", maintain_order=True).agg(
        pl.col("billed_in").drop_nulls().unique())
    for agreement, metric, event, starts, billed_in in grouped.iter_rows():
        one = metrics[metric]
        keys = sorted({*one.group_by, *(filtered.property for filtered in one.filters)})
        asked[bool(keys)].append({"agreement_id": agreement, "metric": event, "starts": starts.isoformat(),
                                  "keys": keys, "snapshots": billed_in})
    found = [frames.read(query, {"ranges": json.dumps(asked[keyed]), "snapshot": snapshot}, READ)
             for keyed, query in ((False, KEYLESS), (True, KEYED)) if asked[keyed]]
    return pl.concat([pl.DataFrame(schema=READ), *found]).unique(["source", "event_id", "at"], maintain_order=True)
