"""Usage for people: quantities of periods in the actor's book, and the same of events that lie in files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book, unseen
from duly.billing.agreements.metrics import MADE_OF
from duly.billing.agreements.queries import agreements_in_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.usage.queries import AT_ONCE, measured
from duly.billing.usage.reading import PERIODS, metrics_of, placed
from duly.engine.pricing.events import EVENT
from duly.engine.pricing.usage import USAGE, Aggregated, Metric, aggregate

Period = tuple[date, date]

MEASURABLE: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "agreement": pl.String, "metric_id": pl.Int64, "time_zone": pl.String,
}
"""An agreement with a metric that has events of it."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one metric of one agreement made of each period: rows of period_from, period_to, group, quantity, events."""

    agreement: str
    agreement_name: str
    account: str
    account_name: str
    metric: str
    metric_name: str
    unit: str
    aggregation: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Usage rows (agreement by number), the findings that wait, and the digest of both: of the same events the same."""

    rows: list[dict[str, Any]]
    findings: int
    digest: str


def shown(*, actor: Actor, on: date, periods: Sequence[Period], agreements: Sequence[str] = (),
          metrics: Sequence[str] = ()) -> Shown:
    """What the named agreements used by the named metrics, all of the book and all metrics unless named.

    Raises `NotFound` for an agreement that is not in the book and a metric that is not there.
    """
    found = _measurable(actor, on, agreements, metrics)
    return told(measured(_times(found, periods)), found)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of events in files: the metrics, the `periods` (`engine.pricing.usage.PERIOD`), and the agreements
    with their numbers (agreement_id, agreement)."""

    metrics: list[Metric]
    periods: pl.DataFrame
    names: pl.DataFrame


def of_files(*, actor: Actor, at: datetime, events: pl.LazyFrame, period: Period) -> Shown:
    """What events that lie in files (`engine.pricing.events.SENT` without row) make of a period, every metric.

    Nothing is stored; memory stays bounded. Raises `Refused` where a row lacks what an event needs, `NotFound` for
    agreements that are not in the book.
    """
    found = asked_of(actor=actor, at=at, events=events, period=period)
    mine = known_events(events, found.names, at)
    return told(aggregate(mine, found.metrics, found.periods, at_once=AT_ONCE), found.names)


def known_events(events: pl.LazyFrame, names: pl.DataFrame, at: datetime) -> pl.LazyFrame:
    """The events of files with their agreements' ids, received `at` where they do not say when."""
    ids = dict(names.select("agreement", "agreement_id").iter_rows())
    return events.with_columns(
        pl.col("agreement").replace_strict(ids, default=None, return_dtype=pl.Int64).alias("agreement_id"),
        pl.col("received_at").fill_null(at)).select(pl.col(name).cast(kind) for name, kind in EVENT.items())


def asked_of(*, actor: Actor, at: datetime, events: pl.LazyFrame, period: Period) -> Asked:
    """What `of_files` asks of the events; raises as it does."""
    refuse_outside_book(actor, "read", [], at.date())
    needed = ["agreement", "metric", "source", "event_id", "at", "quantity"]
    missing = events.select(pl.any_horizontal(pl.col(needed).is_null()).sum()).collect(engine="streaming").item()
    if missing:
        raise Refused(f"{missing} rows lack agreement, metric, source, id, time or quantity, or have it inexactly.",
                      "Import the file with --preview to see which; then correct it.")
    numbers = events.select(pl.col("agreement").unique()).collect(engine="streaming")["agreement"].to_list()
    found = _measurable(actor, at.date(), numbers, ()) if numbers else pl.DataFrame(schema=MEASURABLE)
    wanted, metrics = _times(found, [period]), metrics_of(found["metric_id"].unique().to_list())
    asked = placed(wanted, metrics).with_columns(pl.lit(None, EVENT["at"]).alias("received_until"))
    return Asked(list(metrics.values()), asked.select(
        "agreement_id", "metric", "period_from", "period_to", "time_zone", "received_until"),
        found.select("agreement_id", "agreement").unique().sort("agreement_id"))


def used(*, actor: Actor, on: date, agreement: str, metric: str, periods: Sequence[Period]) -> Used:
    """One metric of one agreement through periods; raises `NotFound`."""
    found = _measurable(actor, on, [agreement], [metric])
    names = frames.rows("""select g.name, a.number, a.name, m.name, m.unit, m.aggregation
          from agreement g join account a on a.id = g.account_id, metric m
         where g.number = %s and m.code = %s""", [agreement, metric])[0]
    usage = measured(_times(found, periods)).usage
    rows = usage.select("period_from", "period_to", "group", "quantity", "events").rows(named=True)
    return Used(agreement, names[0], names[1], names[2], metric, names[3], names[4], names[5], rows)


def _measurable(actor: Actor, on: date, agreements: Sequence[str], metrics: Sequence[str]) -> pl.DataFrame:
    """The agreements with the metrics that have events of theirs, as `MEASURABLE`."""
    refuse_outside_book(actor, "read", [], on)
    values = {"everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on,
              "agreements": list(agreements), "metrics": list(metrics)}
    if strange := sorted(set(agreements) - set(agreements_in_book(actor, "read", agreements, on))):
        raise unseen(actor, "read", f"agreement “{strange[0]}”")
    known = {code for (code,) in frames.rows("select code from metric where code = any(%(metrics)s)", values)}
    if strange := sorted(set(metrics) - known):
        raise NotFound(f"There is no metric “{strange[0]}”.", "Choose one of the list.")
    return frames.read(f"""
        select g.id, g.number, m.id, n.time_zone from agreement g join account a on a.id = g.account_id
          join legal_entity n on n.id = g.entity_id cross join metric m
         where (%(everywhere)s or {IN_BOOK})
           and (cardinality(%(agreements)s::text[]) = 0 or g.number = any(%(agreements)s))
           and (cardinality(%(metrics)s::text[]) = 0 or m.code = any(%(metrics)s))
           and (cardinality(%(agreements)s::text[]) > 0 or exists (
                 select from usage_event e where e.agreement_id = g.id and e.metric = {MADE_OF}))
         order by g.id, m.id""", values, MEASURABLE)


def _times(found: pl.DataFrame, periods: Sequence[Period]) -> pl.DataFrame:
    days = pl.DataFrame(periods, schema={"period_from": pl.Date, "period_to": pl.Date}, orient="row")
    return found.join(days, how="cross").with_columns(pl.lit(None, pl.String).alias("billed_in")).select(list(PERIODS))


def told(found: Aggregated, names: pl.DataFrame) -> Shown:
    """Usage with its agreements' numbers, and the digest that is the same wherever the events lie."""
    usage = found.usage.select(list(USAGE)).join(
        names.select("agreement_id", "agreement").unique(), on="agreement_id", maintain_order="left")
    rows = usage.filter(pl.col("events") > 0).drop("agreement_id", "late_quantity", "late_events")
    written = (usage.sort("agreement", *list(USAGE)[1:5]).drop("agreement_id").write_csv()
               + found.findings.drop("received_at").write_csv())
    return Shown(rows.select("agreement", *[name for name in rows.columns if name != "agreement"]).rows(named=True),
                 found.findings.height, sha256(written.encode()).hexdigest())
