"""Which days of recurring and one-off charges are due: never a day twice, never a day of other terms.

A charge's days are cut at period boundaries and where its terms change. In advance a piece is due when it begins
before the end of the billed period, in arrears when it has ended by then.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from duly.engine.periods import periods_from

ONE_DAY: Final = timedelta(days=1)


class Schedule(NamedTuple):
    """What the due pieces of a charge's terms follow from; many charges share one."""

    interval: str
    count: int
    alignment: str
    anchor: date
    timing: str
    proration: str
    start: date
    end: date | None
    through: date


class Piece(NamedTuple):
    """Days to bill, [start, end), of a period of `period_days`; `days` is the numerator that proration gives."""

    span_from: date
    span_to: date
    days: int
    period_days: int


PIECES: Final = {"schedule": pl.Int64, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64,
                 "period_days": pl.Int64}  # fmt: skip


def due_spans(charges: pl.DataFrame, billed: pl.DataFrame, through: date) -> pl.DataFrame:
    """One row per span to bill, the charge's columns with span_from, span_to, days, period_days.

    charges   terms of recurring and one-off charges: charge_id, kind, price, quantity, interval, interval_count,
              alignment, anchor, timing, proration, due_on, [terms_from, terms_to), agreement_from, agreement_to (last day)
    billed    charge_id, span_from, span_to of what is billed already
    through   the exclusive end of the billed period
    """
    recurring = _recurring(charges.filter(pl.col("kind") == "recurring"), billed, through)
    once = _one_off(charges.filter(pl.col("kind") == "one_off"), billed, through)
    return pl.concat([recurring, once.select(recurring.columns)])


def _one_off(charges: pl.DataFrame, billed: pl.DataFrame, through: date) -> pl.DataFrame:
    """Once, on its date, by the terms of that day (the first terms where the day lies before them)."""
    due = pl.col("due_on")
    first = pl.col("terms_from") == pl.col("terms_from").min().over("charge_id")
    holds = ((due >= pl.col("terms_from")) | first) & (pl.col("terms_to").is_null() | (due < pl.col("terms_to")))
    return (
        charges.filter((due < pl.lit(through)) & holds)
        .join(billed.select("charge_id").unique(), on="charge_id", how="anti", maintain_order="left")
        .with_columns(
            due.alias("span_from"), (due + ONE_DAY).alias("span_to"),
            pl.lit(1, dtype=pl.Int64).alias("days"), pl.lit(1, dtype=pl.Int64).alias("period_days"),
        )
    )  # fmt: skip


def _recurring(charges: pl.DataFrame, billed: pl.DataFrame, through: date) -> pl.DataFrame:
    last = pl.min_horizontal("terms_to", pl.col("agreement_to") + ONE_DAY)
    begun = pl.max_horizontal("terms_from", "agreement_from")
    contiguous = _billed_until(billed)
    keys = ["interval", "interval_count", "alignment", "_anchor", "timing", "proration", "_start", "_end"]
    dated = charges.join(contiguous, on="charge_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("anchor", "agreement_from").alias("_anchor"), last.alias("_end"), begun.alias("_begun"),
    ).with_columns(
        pl.when(pl.col("_first") <= pl.col("_begun")).then(pl.max_horizontal("_begun", "_until"))
        .otherwise("_begun").alias("_start"),
    )  # fmt: skip
    dated = dated.with_columns(pl.struct(keys).rank("dense").cast(pl.Int64).alias("schedule"))
    pieces = [
        (number, *piece)
        for number, *schedule in dated.select("schedule", *keys).unique().sort("schedule").iter_rows()
        for piece in _pieces(Schedule(*schedule, through))
    ]
    due = dated.join(pl.DataFrame(pieces, schema=PIECES, orient="row"), on="schedule", maintain_order="left")
    return _without_billed(due, billed).drop("_anchor", "_end", "_begun", "_start", "_first", "_until", "schedule")


def _billed_until(billed: pl.DataFrame) -> pl.DataFrame:
    """Charges whose billed days have no gap: charge_id, their first day and the day after their last."""
    days = (pl.col("span_to") - pl.col("span_from")).dt.total_days().sum()
    spread = (pl.col("span_to").max() - pl.col("span_from").min()).dt.total_days()
    return (
        billed.group_by("charge_id")
        .agg(pl.col("span_from").min().alias("_first"), pl.col("span_to").max().alias("_until"),
             (days == spread).alias("whole"))
        .filter("whole").drop("whole")
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _pieces(schedule: Schedule) -> tuple[Piece, ...]:
    return tuple(_cut(schedule))


def _cut(s: Schedule) -> Iterator[Piece]:
    if s.end is not None and s.end <= s.start:
        return
    for period in periods_from(s.start, s.interval, s.count, s.alignment, s.anchor):
        start = max(period.start, s.start)
        end = min(period.end, s.end) if s.end else period.end
        due = start < s.through if s.timing == "advance" else end <= s.through
        if not due:
            return
        days = (end - start).days
        if s.proration == "whole_period":
            yield Piece(start, end, period.days, period.days)
        elif s.proration == "by_day" or days == period.days:
            yield Piece(start, end, days, period.days)
        if s.end is not None and period.end >= s.end:
            return


def _without_billed(due: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """Pieces with no billed day; where a piece is billed in part, its remaining days are cut out one stretch each."""
    theirs = billed.select("charge_id", pl.col("span_from").alias("_from"), pl.col("span_to").alias("_to"))
    numbered = due.with_row_index("_piece")
    touched = numbered.join(theirs, on="charge_id").filter(
        (pl.col("_from") < pl.col("span_to")) & (pl.col("_to") > pl.col("span_from")))  # fmt: skip
    free = numbered.join(touched, on="_piece", how="anti", maintain_order="left").drop("_piece")
    if touched.is_empty():
        return free
    left = []
    for (piece,), spans in touched.sort("_piece", "_from").group_by("_piece", maintain_order=True):
        start, end, days, full = spans.select("span_from", "span_to", "days", "period_days").row(0)
        for gap_from, gap_to in _gaps(start, end, spans.select("_from", "_to").rows()):
            share = (gap_to - gap_from).days if days == (end - start).days else 0
            if share:
                left.append((piece, gap_from, gap_to, share, full))
    schema = {"_piece": pl.UInt32, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64, "period_days": pl.Int64}
    rest = numbered.drop("span_from", "span_to", "days", "period_days").join(
        pl.DataFrame(left, schema=schema, orient="row"), on="_piece")  # fmt: skip
    return pl.concat([free, rest.select(free.columns)])


def _gaps(start: date, end: date, spans: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """The stretches of [start, end) that no span covers; spans in order."""
    for covered_from, covered_to in spans:
        if covered_from > start:
            yield start, min(covered_from, end)
        start = max(start, covered_to)
    if start < end:
        yield start, end
