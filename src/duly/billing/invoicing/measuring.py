"""Measured charges: what was used in the periods that are due, what money moved or was held, and what came too late."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.billing.invoicing import history
from duly.billing.invoicing.falling_due import MEASURED, Due, periods_of
from duly.billing.usage import queries as usage
from duly.engine.pricing import Metered
from duly.engine.pricing.balances import BALANCE
from duly.engine.pricing.late import late_lines
from duly.engine.pricing.lines import LINE, QUANTITY, SPAN
from duly.engine.pricing.metered import metered_spans
from duly.engine.pricing.percentages import TRANSACTION
from duly.engine.pricing.usage import values_of

PERIOD: Final = ["agreement_id", "metric_id", "period_from"]
BY_SUM: Final = "graduated_percentage"
PRICED_AS: Final = pl.when(pl.col("model") == BY_SUM).then(pl.lit("graduated")).otherwise("model").alias("model")
"""A percentage of a sum in tiers is priced as a quantity: a unit of money at a fraction."""
LATE_SPAN: Final = {**SPAN, "cause_id": pl.Int64}


@dataclass(frozen=True, slots=True)
class Late:
    """Lines of what came too late (`lines.LINE`), and whose days they answer: part, charge_id, span_from, span_to and
    cause_id, the line that billed the period first."""

    lines: pl.DataFrame
    spans: pl.DataFrame


def metered(due: Due, tiers: pl.DataFrame, snapshot: str | None) -> Metered:
    """The periods due, measured."""
    return measured_parts(due.measured.with_columns(pl.lit(None, pl.String).alias("billed_in")), tiers, snapshot)


def measured_parts(spans: pl.DataFrame, tiers: pl.DataFrame, snapshot: str | None) -> Metered:
    """Due spans of measured charges as the engine prices them: a part for each, or for each group of its metric. One in
    which nothing was used, moved or held has none, unless a minimum is to pay."""
    every = _parts(asked(spans), snapshot)
    moved, held = _transactions(every, snapshot, late=False), _balances(every, snapshot, late=False)
    used = [*moved["part"], *held.filter(pl.col("balance") != 0)["part"]]
    parts = every.filter((pl.col("quantity") != 0) | pl.col("part").is_in(used)
                         | (pl.col("minimum") > 0).fill_null(False))
    return Metered(parts, tiers, moved, held.join(parts, on="part", how="semi", maintain_order="left"))


def late(due: Due, tiers: pl.DataFrame, through: date, snapshot: str | None) -> Late:
    """What events that came after the bill change of periods before `through`."""
    periods = _with_late_events(due.planned, through, snapshot)
    if periods.is_empty():
        return Late(pl.DataFrame(schema=LINE), pl.DataFrame(schema=LATE_SPAN))
    parts = _parts(periods, snapshot)
    by_quantity = parts.filter(pl.col("late_quantity").fill_null(0) != 0)
    held = parts.filter(pl.col("model") == "balance")
    moved = parts.filter(pl.col("model") == "percentage")
    lines = late_lines(
        pl.concat([by_quantity, held, moved]), tiers,
        (_transactions(moved, snapshot, late=False), _balances(held, snapshot, late=False)),
        (_transactions(moved, snapshot, late=True), _balances(held, snapshot, late=True)))
    spans = metered_spans(parts.join(lines, on="part", how="semi")).join(
        parts.select("part", "cause_id"), on="part", maintain_order="left")
    return Late(lines, spans.select(pl.col(name).cast(kind) for name, kind in LATE_SPAN.items()))


def asked(spans: pl.DataFrame) -> pl.DataFrame:
    """Due spans with what the reads of usage ask for."""
    return spans.with_columns(pl.col("span_from").alias("period_from"), pl.col("span_to").alias("period_to"),
                              pl.col("timezone").alias("time_zone"))


def _with_late_events(planned: pl.DataFrame, through: date, snapshot: str | None) -> pl.DataFrame:
    """The billed periods of measured charges that something came late for: due spans with `cause_id`, `billed_in`."""
    terms = planned.filter(pl.col("charge_kind").is_in(MEASURED))
    billed = history.measured_spans(terms["charge_id"].unique().to_list()) if terms.height else pl.DataFrame()
    if billed.is_empty():
        return billed
    periods = asked(_as_billed(terms, billed.rename({"line_id": "cause_id"}), through))
    return periods.join(usage.has_late(_periods(periods), snapshot=snapshot), on=PERIOD, how="semi")


def _as_billed(terms: pl.DataFrame, billed: pl.DataFrame, through: date) -> pl.DataFrame:
    """The billed periods as due spans. One that new terms divided, or the agreement's end cut, after it was billed is
    still what it was: by the terms of its first day, as if nothing had ended them."""
    span = ["charge_id", "span_from", "span_to"]
    every = periods_of(terms, through)
    cut = billed.join(every, on=span, how="anti")
    spans = every.join(billed, on=span)
    if cut.is_empty():
        return spans.with_columns(pl.col("charge_kind").alias("kind"))
    endless = terms.join(cut, on="charge_id", how="semi").with_columns(
        pl.col("terms_to").fill_null(date.max).alias("held_to"),
        *(pl.lit(None, pl.Date).alias(name) for name in ("terms_to", "agreement_to")))
    whole = periods_of(endless, through).filter(pl.col("span_from") < pl.col("held_to")).join(cut, on=span)
    return pl.concat([spans, whole.select(spans.columns)]).with_columns(pl.col("charge_kind").alias("kind"))


def _periods(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(kind) for name, kind in usage.PERIODS.items()).unique(maintain_order=True)


def _parts(periods: pl.DataFrame, snapshot: str | None) -> pl.DataFrame:
    """A numbered part for each period, or each group of those that go by quantity, as `price_metered` takes them."""
    of_sums = (pl.col("charge_kind") == "usage") | (pl.col("model") == BY_SUM)
    used = _each(periods.filter(of_sums), lambda rows: usage.measured(_periods(rows), snapshot=snapshot).usage.select(
        *PERIOD, "group", pl.col("quantity").alias("used"), pl.col("late_quantity")))
    others = periods.filter(~of_sums).with_columns(
        pl.lit("{}").alias("group"), pl.lit(0, QUANTITY).alias("used"), pl.lit(None, QUANTITY).alias("late_quantity"))
    both = pl.concat([used, others.select(used.columns)])
    said = {group: "".join(f", {value}" for value in values_of(group)) for group in both["group"].unique()}
    named = pl.concat_str("charge_name", pl.col("group").replace_strict(said, return_dtype=pl.String))
    return (
        both.sort("document_key", "charge_id", "span_from", "group")
        .with_row_index("part", offset=1)
        .with_columns(pl.col("part").cast(pl.Int64), pl.col("used").alias("quantity"), named.alias("charge_name"),
                      PRICED_AS)
    )


def _each(rows: pl.DataFrame, read: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The rows joined with what is read of their periods, as often as charges measure one thing: a read takes no two
    periods of one metric that overlap."""
    layers = rows.with_columns(pl.col("charge_id").rank("dense").over("agreement_id", "metric_id").alias("layer"))
    found = [layer.join(read(layer), on=PERIOD, maintain_order="left")
             for _, layer in layers.group_by("layer", maintain_order=True)]
    if not found:
        return rows.with_columns(pl.lit(None, pl.String).alias("group"), pl.lit(None, QUANTITY).alias("used"),
                                 pl.lit(None, QUANTITY).alias("late_quantity"))
    return pl.concat(found).drop("layer")


def _transactions(parts: pl.DataFrame, snapshot: str | None, *, late: bool) -> pl.DataFrame:
    """`percentages.TRANSACTION`: those that were there when the period was billed, or also those that came later."""
    mine = parts.filter(pl.col("model") == "percentage")
    if mine.is_empty():
        return pl.DataFrame(schema=TRANSACTION)
    moved = _each(mine, lambda rows: usage.transactions(_periods(rows), snapshot=snapshot).select(
        *PERIOD, "place", pl.col("amount").alias("moved"), pl.col("late").alias("came_late")))
    known = pl.lit(late) | ~pl.col("came_late")
    return moved.filter(known).select("part", "place", pl.col("moved").alias("amount"))


def _balances(parts: pl.DataFrame, snapshot: str | None, *, late: bool) -> pl.DataFrame:
    """`balances.BALANCE`: as they were billed, or as they are with the late readings."""
    mine = parts.filter(pl.col("model") == "balance")
    if mine.is_empty():
        return pl.DataFrame(schema=BALANCE)
    held = _each(mine, lambda rows: usage.balances(_periods(rows), snapshot=snapshot).select(
        *PERIOD, "from_day", "to_day", "balance", pl.col("late").alias("came_late")))
    anew = held.filter("came_late").select("part").unique()
    as_billed = ~pl.col("came_late")
    chosen = held.filter(as_billed) if not late else pl.concat([
        held.filter("came_late"), held.filter(as_billed).join(anew, on="part", how="anti")])
    return chosen.sort("part", "from_day").select(list(BALANCE))
