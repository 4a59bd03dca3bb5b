"""Usage: events become the quantities of metrics, per agreement, period and group.

Periods are half-open days in the agreement's time zone; a day begins at its first instant there, so those on which
the clock changes have 23 or 25 hours. What is received after a period was billed is kept apart: it changes no quantity
that was billed, and says by how much it would have, which is what a later line of its own bills.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from duly.engine.pricing.events import FINDING, INSTANT, Told, apart, counted_once, in_parts
from duly.engine.pricing.lines import QUANTITY, DataType

AGGREGATIONS: Final = ("count", "sum", "max", "unique_count", "latest", "time_weighted_sum")

PERIOD: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "metric": pl.String, "period_from": pl.Date, "period_to": pl.Date,
    "time_zone": pl.String, "received_until": INSTANT,
}
"""A period of a metric of an agreement. `received_until` is the instant up to which what was received is billed, null
while nothing is: what comes after it is late."""

USAGE: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "metric": pl.String, "period_from": pl.Date, "period_to": pl.Date, "group": pl.String,
    "quantity": QUANTITY, "events": pl.Int64, "late_quantity": QUANTITY, "late_events": pl.Int64,
}
"""What was used in a period. `group` is a JSON object of the properties grouped by, {} where there are none;
`late_quantity` is what the late events change the quantity by, and may be below zero."""

KEY: Final = ["agreement_id", "period", "group"]
LATEST: Final = ["at", "received_at", "source", "event_id"]
ORDERED: Final = ("latest", "time_weighted_sum")
APART: Final = {"unique_count": ["value"], "time_weighted_sum": ["held_from"]}
"""What an aggregation must tell apart within a key; of the rest one row remains."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Only events whose property is one of `values`, or with `excluded` none of them. Values are compared as text;
    an event without the property has none of them."""

    property: str
    values: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """What is made of the events whose metric is `event` (`name`, where it is empty).

    `aggregation` is one of `AGGREGATIONS`: the number of events, the sum or the largest of their quantities, how many
    values `property` has, the latest quantity of the period, or the quantity that is held on average: each one holds
    until the next of its group, from before the period too, and until the first there is none; Σ quantity × time held
    ÷ time of the period, rounded once, half away from zero, to six decimals. Raises `ValueError` for another
    aggregation, and for a unique count of no property.
    """

    name: str
    aggregation: str
    event: str = ""
    property: str = ""
    filters: tuple[Filter, ...] = ()
    group_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATIONS or (self.aggregation == "unique_count" and not self.property):
            raise ValueError(f"metric {self.name} is one of {', '.join(AGGREGATIONS)}, a unique_count of a property")

    def made_of(self) -> str:
        """The name of the events that it is made of."""
        return self.event or self.name


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`usage` (`USAGE`): each period has a row; `findings` (`events.FINDING`): events that wait for a decision."""

    usage: pl.DataFrame
    findings: pl.DataFrame

    @property
    def digest(self) -> str:
        """SHA-256 of the rows: the same for the same events, in whatever order and however they are read."""
        return sha256((self.usage.write_csv() + self.findings.write_csv()).encode()).hexdigest()


def aggregate(events: pl.DataFrame | pl.LazyFrame, metrics: Sequence[Metric], periods: pl.DataFrame, *,
              at_once: int = 4_000_000) -> Aggregated:
    """The usage of the periods, every event counted once.

    events    `events.EVENT`, a frame or a scan: those of the periods, besides them the readings before them that still
              hold, and all others that could be one of them sent again
    metrics   one of each name that `periods` have
    periods   `PERIOD`, of which no two of a metric of an agreement overlap

    A scan streams by; what must be ordered or compared is read in parts of about `at_once` events. What stays in memory
    beyond one part is a row per period and group, per value of a unique count, and per reading of a time-weighted sum,
    and eight bytes for each identity that is told again.

    Raises `ValueError` for periods that overlap and metrics that are unknown or there twice, `OverflowError` when a
    sum could leave 38 digits, `TypeError` for events whose columns have other types.
    """
    return merged([partial(events, metrics, periods, at_once=at_once)], metrics, periods)


@dataclass(frozen=True, slots=True)
class Partial:
    """What stays of a part of the events, for `merged`: rows by the name of their metric, and findings."""

    kept: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame


def in_bucket(events: pl.LazyFrame, bucket: int, buckets: int) -> pl.LazyFrame:
    """The events of a bucket, all of an identity in one: the same on every machine with the same Polars."""
    return events.filter(pl.col("event_id").hash() % buckets == bucket)


def partial(events: pl.DataFrame | pl.LazyFrame, metrics: Sequence[Metric], periods: pl.DataFrame, *,
            at_once: int = 4_000_000) -> Partial:
    """What stays of events that hold all of each identity that they hold: all events, or a bucket of them.

    Takes and raises what `aggregate` does.
    """
    bounded = _bounded(periods, metrics)
    if len({metric.name for metric in metrics}) < len(metrics):
        raise ValueError("metrics have a name each")
    once, again = apart(events, at_once)
    _refuse_beyond(events.lazy())
    kept = {metric.name: _of_once(metric, once, bounded, at_once) for metric in metrics}
    findings = [pl.DataFrame(schema=FINDING)]
    for part in in_parts(again, at_once):
        counted, found = counted_once(part)
        findings.append(found)
        for metric in metrics:
            kept[metric.name].append(_kept(metric, _measured(metric, counted.lazy(), bounded.lazy())).collect())
    return Partial({name: pl.concat(frames) for name, frames in kept.items()}, pl.concat(findings))


def merged(parts: Sequence[Partial], metrics: Sequence[Metric], periods: pl.DataFrame) -> Aggregated:
    """The usage of the periods, from what stayed of all parts of the events: as if they had been read at once."""
    bounded = _bounded(periods, metrics)
    answered = [_answered(metric, pl.concat([part.kept[metric.name] for part in parts]), bounded)
                for metric in metrics]
    findings = [pl.DataFrame(schema=FINDING), *(part.findings for part in parts)]
    usage = pl.concat([pl.DataFrame(schema=USAGE), *answered]).sort(list(USAGE)[:5])
    return Aggregated(usage, pl.concat(findings).sort(list(FINDING)[1:]))


def values_of(group: str) -> list[str]:
    """The values of a `group`; of a property that its events lack there is none."""
    return [str(value) for value in json.loads(group).values() if value is not None]


def day_begins(day: date, time_zone: str) -> datetime:
    """The first instant of a day, in UTC: the earlier midnight of two, and the clock's change where there is none."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def _bounded(periods: pl.DataFrame, metrics: Iterable[Metric]) -> pl.DataFrame:
    """Periods by number, with their instants [start, end)."""
    ordered = periods.sort("agreement_id", "metric", "period_from").with_row_index("period")
    overlap = (pl.col("period_from") < pl.col("period_to").shift()) & pl.all_horizontal(
        pl.col(name) == pl.col(name).shift() for name in ("agreement_id", "metric"))
    wrong = ordered.filter(overlap | (pl.col("period_to") <= pl.col("period_from"))
                           | ~pl.col("metric").is_in([metric.name for metric in metrics]))
    if not wrong.is_empty():
        row = wrong.row(0, named=True)
        raise ValueError(f"the period from {row['period_from']} of metric {row['metric']} of agreement "
                         f"{row['agreement_id']} is empty, overlaps another, or its metric is unknown")
    for name, day in (("start", "period_from"), ("end", "period_to")):
        days = ordered.select(day, "time_zone").unique()
        begins = pl.Series(name, [day_begins(*row) for row in days.iter_rows()], dtype=INSTANT)
        ordered = ordered.join(days.with_columns(begins), on=[day, "time_zone"], maintain_order="left")
    return ordered


def _of_once(metric: Metric, told: Told, periods: pl.DataFrame, at_once: int) -> list[pl.DataFrame]:
    """What is kept of events told once: those that need an order part by part, others as they stream by."""
    parts = (part.lazy() for part in in_parts(told, at_once)) if metric.aggregation in ORDERED else (told.events,)
    return [_kept(metric, _measured(metric, part, periods.lazy())).collect(engine="streaming") for part in parts]


def _refuse_beyond(events: pl.LazyFrame) -> None:
    """Raise when a quantity held for a hundred years of microseconds, or as many quantities, could leave 38 digits."""
    largest = events.select(pl.col("quantity").to_physical().abs().max().fill_null(0)).collect(
        engine="streaming").item()
    if largest * 3_155_760_000_000_000 >= 10**38:
        raise OverflowError(f"quantities of up to {largest}e-6 cannot be summed exactly")


def _property(name: str) -> pl.Expr:
    """A property as text. Raises `ValueError` for a name that no JSON path can say."""
    if "'" in name or "\\" in name:
        raise ValueError(f"a property cannot be called {name}")
    return pl.col("properties").str.json_path_match(f"$['{name}']")


def passes(metric: Metric) -> list[pl.Expr]:
    """Which events (`events.EVENT`) the metric is made of: those of its name that pass all of its filters."""
    return [pl.col("metric") == metric.made_of(), *(
        _property(one.property).is_in(one.values).fill_null(False) ^ one.excluded for one in metric.filters)]


def _measured(metric: Metric, events: pl.LazyFrame, periods: pl.LazyFrame) -> pl.LazyFrame:
    """The metric's events in their periods, with group, value, `late`, and from when a reading holds."""
    named = [_property(name).alias(name) for name in metric.group_by]
    group = pl.struct(named).struct.json_encode() if named else pl.lit("{}")
    mine = events.filter(*passes(metric)).select(
        "agreement_id", *LATEST, "quantity", group.alias("group"),
        (_property(metric.property) if metric.property else pl.lit(None, pl.String)).alias("value"))
    theirs = periods.filter(pl.col("metric") == metric.name).select(
        "agreement_id", "period", "start", "end", "received_until")
    within = pl.col("at") >= pl.col("start")
    inside = (pl.col("at") < pl.col("end")) & (within | (metric.aggregation == "time_weighted_sum"))
    return mine.join(theirs, on="agreement_id").filter(inside).select(
        *KEY, *LATEST, "quantity", "value", within.cast(pl.Int64).alias("events"),
        (pl.col("received_at") > pl.col("received_until")).fill_null(False).alias("late"),
        pl.max_horizontal("at", "start").alias("held_from"))


def _kept(metric: Metric, measured: pl.LazyFrame, apart: Sequence[str] = ("late",)) -> pl.LazyFrame:
    """One row of what an aggregation must tell apart: its events and its sum, largest or latest quantity."""
    by, quantity = [*KEY, *apart, *APART.get(metric.aggregation, [])], pl.col("quantity")
    chosen = {"sum": quantity.sum(), "max": quantity.max()}.get(metric.aggregation, quantity.last())
    if metric.aggregation in ORDERED:
        return measured.sort(LATEST).group_by(by).agg(chosen, pl.col("events").sum(), pl.col(LATEST).last())
    return measured.group_by(by).agg(chosen, pl.col("events").sum())


def _answered(metric: Metric, kept: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """`USAGE`: what is on time, and what the late events add to it; a period without events has a row of nothing."""
    on_time, together = (_quantities(metric, rows, periods) for rows in (kept.filter(~pl.col("late")), kept))
    theirs = periods.filter(pl.col("metric") == metric.name)
    both = theirs.join(together.join(on_time, on=KEY, how="left", suffix="_on_time"), how="left",
                       on=["agreement_id", "period"])
    billed, events = pl.col("quantity_on_time").fill_null(0), pl.col("events_on_time").fill_null(0)
    return both.with_columns(
        pl.col("group").fill_null("{}"), billed.alias("quantity"), events.alias("events"),
        (pl.col("quantity").fill_null(0) - billed).alias("late_quantity"),
        (pl.col("events").fill_null(0) - events).alias("late_events"),
    ).select(pl.col(name).cast(kind) for name, kind in USAGE.items())


def _quantities(metric: Metric, rows: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """The key's columns, quantity and events."""
    kept = _kept(metric, rows.lazy(), ()).collect()
    if metric.aggregation == "time_weighted_sum":
        return _held(kept, periods)
    quantity = {"count": pl.col("events").sum(), "unique_count": pl.col("value").n_unique() - pl.col(
        "value").is_null().any()}.get(metric.aggregation, pl.col("quantity").first())
    return kept.group_by(KEY).agg(quantity.cast(QUANTITY).alias("quantity"), pl.col("events").sum())


def _held(readings: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Σ quantity × microseconds held ÷ those of the period, half away from zero to six decimals."""
    bounds = periods.select("period", "start", "end", (pl.col("end") - pl.col("start")).dt.total_microseconds().cast(
        pl.Int128).alias("whole"))
    until = pl.col("held_from").shift(-1).over(KEY, order_by="held_from").fill_null(pl.col("end"))
    timed = readings.join(bounds, on="period").with_columns(
        (until - pl.col("held_from")).dt.total_microseconds().cast(pl.Int128).alias("held"))
    summed = timed.group_by(KEY).agg(
        (pl.col("quantity").to_physical().cast(pl.Int128) * pl.col("held")).sum().alias("sum"),
        pl.col("whole").first(), pl.col("events").sum())
    half_up = (pl.col("sum").abs() * 2 + pl.col("whole")) // (pl.col("whole") * 2) * pl.col("sum").sign()
    return summed.select(*KEY, (half_up.cast(pl.Decimal(38, 0)) * pl.lit("0.000001").cast(QUANTITY)).cast(
        QUANTITY).alias("quantity"), "events")
