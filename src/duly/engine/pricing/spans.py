"""Which days of recurring and one-off charges are due: never a day twice, never a day of other terms.

A charge's days are cut at period boundaries and where its terms change. In advance a piece is due when it begins
before the end of the billed period, in arrears when it has ended by then.

Only a divisible proration (`proration.DIVISIBLE`) splits a period between two terms. Where a period has one price,
whole or none at all, the terms of its first day bill it to its end, and once, whatever was billed of it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from duly.engine.periods import Period, period_containing, periods_from
from duly.engine.pricing.proration import DIVISIBLE, units

ONE_DAY: Final = timedelta(days=1)


class Schedule(NamedTuple):
    """What the due pieces of a charge's terms follow from; many charges share one.

    The terms hold in [start, end); with its neighbours of the same rhythm the charge runs in [run_from, run_to).
    Everything before `since` is billed.
    """

    interval: str
    every: int
    alignment: str
    anchor: date
    timing: str
    proration: str
    start: date
    end: date | None
    since: date
    run_from: date
    run_to: date | None
    timezone: str
    through: date


class Piece(NamedTuple):
    """Days to bill, [start, end), of a period of `period_days`; `days` is the numerator that proration gives. Both
    are days or, by second, seconds."""

    span_from: date
    span_to: date
    days: int
    period_days: int


RHYTHM: Final = ("interval", "interval_count", "alignment", "_anchor", "timing", "proration")
SCHEDULE: Final = (*RHYTHM, "_start", "_end", "_since", "_run_from", "_run_to", "_timezone")

PIECES: Final = {"_schedule": pl.UInt32, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64,
                 "period_days": pl.Int64}


def due_spans(charges: pl.DataFrame, billed: pl.DataFrame, through: date,
              pauses: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per span to bill, the charge's columns with span_from, span_to, days, period_days (see `Piece`).

    charges   terms of recurring and one-off charges: charge_id, kind, price, quantity, interval, interval_count,
              alignment, anchor, timing, proration, due_on, [terms_from, terms_to), agreement_from, agreement_to (its
              last day); timezone where proration is by second
    billed    charge_id, span_from, span_to of what is billed already
    through   the exclusive end of the billed period
    pauses    charge_id, paused_from, paused_to (exclusive, null for open): days for which a recurring charge is not
              billed; where a period has one price, a pause breaks it, or takes all of it away
    """
    recurring = _recurring(charges.filter(pl.col("kind") == "recurring"), billed, through, pauses)
    once = _one_off(charges.filter(pl.col("kind") == "one_off"), billed, through)
    return pl.concat([recurring, once.select(recurring.columns)])


def _one_off(charges: pl.DataFrame, billed: pl.DataFrame, through: date) -> pl.DataFrame:
    """Once, on its date, by the first terms that do not end before it; never after the agreement's last day."""
    due, last_day = pl.col("due_on"), pl.col("agreement_to")
    return (
        charges.filter(pl.col("terms_to").is_null() | (due < pl.col("terms_to")))
        .filter(last_day.is_null() | (due <= last_day))
        .sort("charge_id", "terms_from").unique("charge_id", keep="first", maintain_order=True)
        .filter(due < pl.lit(through))
        .join(billed.select("charge_id").unique(), on="charge_id", how="anti", maintain_order="left")
        .with_columns(
            due.alias("span_from"), (due + ONE_DAY).alias("span_to"),
            pl.lit(1, dtype=pl.Int64).alias("days"), pl.lit(1, dtype=pl.Int64).alias("period_days"),
        )
    )


def _recurring(charges: pl.DataFrame, billed: pl.DataFrame, through: date, pauses: pl.DataFrame | None) -> pl.DataFrame:
    scheduled = _scheduled(charges, billed)
    schedules = scheduled.select(SCHEDULE).unique(maintain_order=True).with_row_index("_schedule")
    pieces = [(number, *piece) for number, *schedule in schedules.iter_rows()
              for piece in _pieces(Schedule._make((*schedule, through)))]
    due = scheduled.join(schedules, on=SCHEDULE, nulls_equal=True, maintain_order="left").join(
        pl.DataFrame(pieces, schema=PIECES, orient="row"), on="_schedule", maintain_order="left")
    return _without(due, _settled(due, billed, pauses)).drop(pl.selectors.starts_with("_"))


def _scheduled(charges: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """Terms with the columns of `SCHEDULE`."""
    timezone = pl.col("timezone") if "timezone" in charges.columns else pl.lit("UTC")
    by_second = pl.col("proration") == "by_second"
    runs = _in_runs(charges.with_columns(
        pl.when(by_second).then(timezone).otherwise(pl.lit("")).alias("_timezone"),
        pl.coalesce("anchor", "agreement_from").alias("_anchor"),
        pl.max_horizontal("terms_from", "agreement_from").alias("_start"),
        pl.min_horizontal("terms_to", pl.col("agreement_to") + ONE_DAY).alias("_end"),
    ))
    whole = runs.join(_billed_until(billed), on="charge_id", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("_first") <= pl.col("_start")).then(pl.max_horizontal("_start", "_until")).otherwise("_start")
        .alias("_since"),
    )
    split = pl.col("proration").is_in(DIVISIBLE)
    # By day only what lies ahead matters: charges billed up to one day share their schedule from there.
    return whole.with_columns(
        pl.when(split).then("_since").otherwise("_start").alias("_start"),
        pl.when(split).then("_since").otherwise("_run_from").alias("_run_from"),
        pl.when(split).then("_end").otherwise("_run_to").alias("_run_to"),
    )


def _in_runs(terms: pl.DataFrame) -> pl.DataFrame:
    """Terms with `_run_from` and `_run_to`: as long as they follow each other in one rhythm, whatever the price."""
    apart = [pl.col(name).ne_missing(pl.col(name).shift()) for name in ("charge_id", *RHYTHM)]
    after_a_gap = pl.col("_start").ne_missing(pl.col("_end").shift())
    return (
        terms.sort("charge_id", "terms_from")
        .with_columns(pl.any_horizontal(after_a_gap, *apart).cum_sum().alias("_run"))
        .with_columns(
            pl.col("_start").first().over("_run").alias("_run_from"),
            pl.col("_end").last().over("_run").alias("_run_to"),
        )
    )


def _billed_until(billed: pl.DataFrame) -> pl.DataFrame:
    """Charges whose billed days have no gap: charge_id, their first day and the day after their last."""
    days = (pl.col("span_to") - pl.col("span_from")).dt.total_days().sum()
    spread = (pl.col("span_to").max() - pl.col("span_from").min()).dt.total_days()
    return (
        billed.group_by("charge_id")
        .agg(pl.col("span_from").min().alias("_first"), pl.col("span_to").max().alias("_until"),
             (days == spread).alias("whole"))
        .filter("whole").drop("whole")
    )


@lru_cache(maxsize=4096)
def _pieces(schedule: Schedule) -> tuple[Piece, ...]:
    return tuple(_cut(schedule))


def _cut(s: Schedule) -> Iterator[Piece]:
    """The schedule's due pieces, in order."""
    if s.end is not None and s.end <= s.since:
        return
    for period in periods_from(s.since, s.interval, s.every, s.alignment, s.anchor):
        if s.end is not None and period.start >= s.end:
            return
        piece = _divided(s, period) if s.proration in DIVISIBLE else _of_one_price(s, period)
        if piece is None:
            continue
        if (piece.span_from if s.timing == "advance" else piece.span_to - ONE_DAY) >= s.through:
            return
        if piece.days:
            yield piece


def _divided(s: Schedule, period: Period) -> Piece:
    """The period's days under these terms, each at its share of the price."""
    span = Period(max(period.start, s.start), min(period.end, s.end or period.end))
    here, whole = (units(s.proration, each, period, s.interval, s.every, s.timezone) for each in (span, period))
    return Piece(span.start, span.end, here, whole)


def _of_one_price(s: Schedule, period: Period) -> Piece | None:
    """The period by the terms of its first day in the run: at the whole price, or where it is broken at none."""
    start, end = max(period.start, s.run_from), min(period.end, s.run_to or period.end)
    if start < s.start:
        return None
    broken = (end - start).days < period.days
    return Piece(start, end, 0 if broken and s.proration == "none" else period.days, period.days)


def _settled(due: pl.DataFrame, billed: pl.DataFrame, pauses: pl.DataFrame | None) -> pl.DataFrame:
    """_piece, _from, _to: the stretches within each due piece that are billed or paused."""
    spans = billed.select("charge_id", pl.col("span_from").alias("_from"), pl.col("span_to").alias("_to"))
    if pauses is not None:
        spans = pl.concat([spans, pauses.select(
            "charge_id", pl.col("paused_from").alias("_from"), pl.col("paused_to").fill_null(date.max).alias("_to"),
        )], how="vertical_relaxed")
    pieces = due.with_row_index("_piece").select("_piece", "charge_id", "span_from", "span_to", "proration")
    touched = pieces.join(spans.with_row_index("_settled"), on="charge_id").filter(
        (pl.col("_from") < pl.col("span_to")) & (pl.col("_to") > pl.col("span_from")))
    paused = pl.col("_settled") >= billed.height
    # A period at the whole price stays due while any of its days is not paused.
    part = (pl.col("_from") > pl.col("span_from")) | (pl.col("_to") < pl.col("span_to"))
    return touched.filter(~(paused & part & (pl.col("proration") == "whole_period"))).select("_piece", "_from", "_to")


def _without(due: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Pieces of which nothing is settled; where they divide, what is left of others, one stretch each."""
    numbered = due.with_row_index("_piece")
    free = numbered.join(settled, on="_piece", how="anti", maintain_order="left").drop("_piece")
    touched = numbered.filter(pl.col("proration").is_in(DIVISIBLE)).join(settled, on="_piece").sort("_piece", "_from")
    left = [
        (piece, start, end, days)
        for (piece,), spans in touched.group_by("_piece", maintain_order=True)
        for start, end, days in _stretches(spans) if days
    ]
    if not left:
        return free
    schema = {"_piece": pl.UInt32, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64}
    rest = numbered.drop("span_from", "span_to", "days").join(
        pl.DataFrame(left, schema=schema, orient="row"), on="_piece", maintain_order="left")
    return pl.concat([free, rest.select(free.columns)])


def _stretches(spans: pl.DataFrame) -> Iterator[tuple[date, date, int]]:
    """What is left of one piece, whose settled stretches are the rows: [start, end) and its units."""
    piece = spans.row(0, named=True)
    interval, count = piece["interval"], piece["interval_count"]
    period = period_containing(piece["span_from"], interval, count, piece["alignment"], piece["_anchor"])
    for start, end in gaps(piece["span_from"], piece["span_to"], spans.select("_from", "_to").rows()):
        yield start, end, units(piece["proration"], Period(start, end), period, interval, count, piece["_timezone"])


def gaps(start: date, end: date, spans: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """The stretches of [start, end) that no span covers; spans in order of their begin."""
    for covered_from, covered_to in spans:
        if covered_from >= end:
            break
        if covered_from > start:
            yield start, covered_from
        start = max(start, covered_to)
    if start < end:
        yield start, end
