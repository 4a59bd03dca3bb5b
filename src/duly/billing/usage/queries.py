"""What was used, as bill runs read it: quantities, transactions, balances, and what came after a period was billed."""

from typing import Final

import polars as pl

from duly.billing.agreements.metrics import MADE_OF
from duly.billing.agreements.queries import VISIBLE
from duly.billing.kernel import frames
from duly.billing.usage.reading import PERIODS, Snapshots, events, metrics_of, placed
from duly.engine.pricing.events import FINDING, INSTANT
from duly.engine.pricing.usage import LATEST, ORDERED, USAGE, Aggregated, Metric, aggregate, passes

__all__ = ["BALANCES", "LATE", "MEASURED", "PERIODS", "TRANSACTIONS", "balances", "has_late", "measured", "oldest",
           "transactions", "with_events"]

MEASURED: Final[frames.Schema] = {**USAGE, "metric_id": pl.Int64}
LATE: Final[frames.Schema] = {"agreement_id": pl.Int64, "metric_id": pl.Int64, "period_from": pl.Date}
TRANSACTIONS: Final[frames.Schema] = {**LATE, "place": pl.Int64, "amount": frames.QUANTITY, "late": pl.Boolean}
BALANCES: Final[frames.Schema] = {**LATE, "from_day": pl.Date, "to_day": pl.Date, "balance": frames.QUANTITY,
                                  "late": pl.Boolean}
OF: Final = list(LATE)

AT_ONCE: Final = 1_000_000
"""Events that are held in memory while many are aggregated."""

FOUND: Final = """
    select f.reason, f.source, f.event_id, f.agreement_id, f.metric, (extract(epoch from f.at) * 1000000)::bigint,
           (extract(epoch from f.received_at) * 1000000)::bigint, (extract(epoch from f.counted_at) * 1000000)::bigint
      from usage_finding f left join usage_decision d on d.finding_id = f.id
     where d.id is null and f.agreement_id = any(%(agreements)s)
     order by f.source collate "C", f.event_id collate "C", f.agreement_id, f.metric collate "C", f.at, f.received_at"""

LATER: Final = f"""
    select p.agreement_id, p.metric_id, p.period_from
      from unnest(%(agreements)s::bigint[], %(ids)s::bigint[], %(days)s::date[], %(metrics)s::text[],
                  %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(billed)s::text[])
           p (agreement_id, metric_id, period_from, metric, starts, ends, billed)
     where exists (
       select from usage_event e
        where e.agreement_id + 0 = p.agreement_id and e.metric = p.metric and e.at >= p.starts and e.at < p.ends
          and e.recorded_in >= pg_snapshot_xmin(p.billed::pg_snapshot) and e.recorded_in <= '18446744073709551615'::xid8
          and not pg_visible_in_snapshot(e.recorded_in, p.billed::pg_snapshot) and {VISIBLE.format("e")})
     order by 1, 2, 3"""
"""`agreement_id + 0` is what the index by receipt has, and no other: a period has many events, few of them late."""


def measured(periods: pl.DataFrame, *, snapshot: str | None = None) -> Aggregated:
    """The usage of each period (`PERIODS`): the engine's rows with `metric_id` (`MEASURED`), and what waits.

    Events that `snapshot` (text of a `pg_snapshot`) sees count, null for all that are committed. Those that the
    period's `billed_in` does not see are late: they are in late_quantity and late_events, not in what was billed.
    `findings` are the events of these agreements that wait for a decision. Memory stays bounded: many events are
    spooled to a temporary folder. Raises what `engine.pricing.usage.aggregate` raises.
    """
    if periods.is_empty():
        return Aggregated(pl.DataFrame(schema=MEASURED), pl.DataFrame(schema=FINDING))
    metrics, wanted, snapshots = _prepared(periods)
    held = [key for key, one in metrics.items() if one.aggregation == "time_weighted_sum"]
    asked = wanted.select("agreement_id", "metric", "period_from", "period_to", "time_zone", "received_until")
    with events(wanted, metrics, snapshots, snapshot=snapshot, holding=held) as found:
        usage = aggregate(found, list(metrics.values()), asked, at_once=AT_ONCE).usage
    ids = {one.name: key for key, one in metrics.items()}
    with_ids = usage.with_columns(pl.col("metric").replace_strict(ids, return_dtype=pl.Int64).alias("metric_id"))
    return Aggregated(with_ids, _waiting(periods))


def transactions(periods: pl.DataFrame, *, snapshot: str | None = None) -> pl.DataFrame:
    """Each event of the periods that passes its metric's filters, as `TRANSACTIONS`: its quantity is the amount.

    `place` counts from 1 in the order of time, late ones among the others. Snapshots as for `measured`.
    """
    rows = [pl.DataFrame(schema=TRANSACTIONS)]
    if periods.is_empty():
        return rows[0]
    metrics, wanted, snapshots = _prepared(periods)
    with events(wanted, metrics, snapshots, snapshot=snapshot) as found:
        for key, metric in metrics.items():
            mine = _of(metric, found, wanted.filter(pl.col("metric_id") == key))
            rows.append(mine.filter(pl.col("at") >= pl.col("starts")).sort(*OF, *LATEST).with_columns(
                pl.int_range(1, pl.len() + 1).over(OF).alias("place"), pl.col("quantity").alias("amount")).select(
                pl.col(name).cast(kind) for name, kind in TRANSACTIONS.items()))
    return pl.concat(rows)


def balances(periods: pl.DataFrame, *, snapshot: str | None = None) -> pl.DataFrame:
    """What was held on the days of each period, as `BALANCES`: the latest reading of a day, until that of a later day.

    The rows of a period cover it once, from the reading before it on; before the first there is nothing, zero. Rows
    of `late` False are what the period's `billed_in` saw. Where late readings change what a billed period held, it
    has rows of `late` True besides: the whole period, with them. Groups of the metric are not kept apart.
    """
    rows = [pl.DataFrame(schema=BALANCES)]
    if periods.is_empty():
        return rows[0]
    metrics, wanted, snapshots = _prepared(periods)
    with events(wanted, metrics, snapshots, snapshot=snapshot, holding=list(metrics)) as found:
        for key, metric in metrics.items():
            mine = wanted.filter(pl.col("metric_id") == key)
            readings = _of(metric, found, mine)
            on_time = _by_day(readings.filter(~pl.col("late")), mine)
            late = readings.filter("late").select(OF).unique()
            anew = _by_day(readings.join(late, on=OF, how="semi"), mine.join(late, on=OF, how="semi"))
            changed = anew.join(on_time, on=[*OF, "from_day", "to_day", "balance"], how="anti").select(OF).unique()
            rows += [on_time.with_columns(pl.lit(False).alias("late")), anew.join(
                changed, on=OF, how="semi").with_columns(pl.lit(True).alias("late"))]
    return pl.concat([part.select(pl.col(name).cast(kind) for name, kind in BALANCES.items()) for part in rows]).sort(
        *OF, "late", "from_day")


def has_late(periods: pl.DataFrame, *, snapshot: str | None = None) -> pl.DataFrame:
    """The billed ones of these periods (`PERIODS`) with events that their `billed_in` did not see, as `LATE`.

    Of readings that hold until the next one, those before a period count too. It looks at what was recorded since
    the period was billed, not at what was there before.
    """
    billed = periods.filter(pl.col("billed_in").is_not_null())
    if billed.is_empty():
        return pl.DataFrame(schema=LATE)
    metrics = metrics_of(billed["metric_id"].unique().to_list())
    holding = [key for key, one in metrics.items() if one.aggregation in ORDERED]
    wanted = placed(billed, metrics).with_columns(
        pl.when(pl.col("metric_id").is_in(holding)).then(pl.lit("-infinity"))
        .otherwise(pl.col("starts").dt.strftime("%Y-%m-%d %H:%M:%S+00")).alias("starts"))
    return frames.read(LATER, {
        "agreements": frames.array(wanted["agreement_id"]), "ids": frames.array(wanted["metric_id"]),
        "days": frames.array(wanted["period_from"]), "metrics": wanted["event"].to_list(),
        "starts": wanted["starts"].to_list(), "ends": wanted["ends"].to_list(),
        "billed": wanted["billed_in"].to_list(), "snapshot": snapshot}, LATE)


def with_events(periods: pl.DataFrame) -> pl.DataFrame:
    """The `periods` (agreement_id, metric_id, period_from, period_to, time_zone …) in which something was used."""
    if periods.is_empty():
        return periods
    named = periods.with_row_index("place")
    columns = ("place", "agreement_id", "metric_id", "period_from", "period_to")
    found = frames.read(f"""select p.place
          from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::date[], %s::date[], %s::text[])
               p (place, agreement_id, metric_id, period_from, period_to, zone)
          join metric m on m.id = p.metric_id
         where exists (select from usage_event e where e.agreement_id = p.agreement_id
            and e.metric = {MADE_OF} and e.at >= p.period_from::timestamp at time zone p.zone
            and e.at < p.period_to::timestamp at time zone p.zone) order by 1""",
                        [*(frames.array(named[name]) for name in columns), named["time_zone"].to_list()],
                        {"place": pl.Int64})
    return named.filter(pl.col("place").is_in(found["place"].implode())).drop("place")


def oldest(pairs: pl.DataFrame, *, snapshot: str | None = None) -> pl.DataFrame:
    """The day (UTC) of the oldest event for each agreement_id and metric_id of `pairs`: those and `day`."""
    query = f"""select p.agreement_id, p.metric_id, o.at::date
          from unnest(%(agreements)s::bigint[], %(metrics)s::bigint[]) p (agreement_id, metric_id)
          join metric m on m.id = p.metric_id
         cross join lateral (select e.at at time zone 'UTC' as at from usage_event e
                              where e.agreement_id = p.agreement_id and e.metric = {MADE_OF}
                                and {VISIBLE.format("e")} order by e.at limit 1) o
         order by 1, 2"""
    wanted = pairs.select("agreement_id", "metric_id").unique()
    return frames.read(query, {"agreements": frames.array(wanted["agreement_id"]), "snapshot": snapshot,
                               "metrics": frames.array(wanted["metric_id"])},
                       {"agreement_id": pl.Int64, "metric_id": pl.Int64, "day": pl.Date})


def _prepared(periods: pl.DataFrame) -> tuple[dict[int, Metric], pl.DataFrame, Snapshots]:
    metrics = metrics_of(periods["metric_id"].unique().to_list())
    snapshots = Snapshots(periods["billed_in"].drop_nulls().to_list())
    return metrics, placed(periods, metrics).with_columns(
        snapshots.until(pl.col("billed_in")).alias("received_until")), snapshots


def _waiting(periods: pl.DataFrame) -> pl.DataFrame:
    schema = {name: pl.Int64 if kind == INSTANT else kind for name, kind in FINDING.items()}
    found = frames.read(FOUND, {"agreements": frames.array(periods["agreement_id"].unique())}, schema)
    return found.with_columns(pl.col(name).cast(INSTANT) for name, kind in FINDING.items() if kind == INSTANT)


def _of(metric: Metric, found: pl.LazyFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """The metric's events before the end of each of its periods, with the period's columns and `late`."""
    mine = found.filter(*passes(metric)).join(periods.lazy().drop("metric"), on="agreement_id").filter(
        pl.col("at") < pl.col("ends"))
    return mine.with_columns(
        (pl.col("received_at") > pl.col("received_until")).fill_null(False).alias("late")).collect()


def _by_day(readings: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """The latest reading of each day as what is held from that day on, from the first day of each period on."""
    parts = [pl.DataFrame(schema={**LATE, "from_day": pl.Date, "quantity": frames.QUANTITY})]
    for (zone,), some in readings.group_by("time_zone"):
        day = pl.max_horizontal(pl.col("at").dt.convert_time_zone(str(zone)).dt.date(), "period_from")
        parts.append(some.sort(*LATEST).group_by(*OF, day.alias("from_day")).agg(pl.col("quantity").last()))
    nothing = periods.select(*OF, pl.col("period_from").alias("from_day"), pl.lit(0, frames.QUANTITY).alias("quantity"))
    held = pl.concat(parts)
    whole = pl.concat([held, nothing.join(held, on=[*OF, "from_day"], how="anti")]).sort(*OF, "from_day")
    return whole.join(periods.select(*OF, "period_to"), on=OF, maintain_order="left").with_columns(
        pl.col("from_day").shift(-1).over(OF).fill_null(pl.col("period_to")).alias("to_day"),
        pl.col("quantity").alias("balance"))
