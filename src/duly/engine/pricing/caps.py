"""Caps: an amount that an agreement's lines may come to. What goes beyond it stops, is only told, or asks first."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row
from duly.engine.pricing.lines import DataType
from duly.engine.pricing.netting import explained, less, with_net
from duly.engine.rounding import AMOUNT

ACTIONS: Final = ("stop", "warn", "ask")
"""What becomes of what is beyond: it is never billed; it is billed, and someone told; it is held until someone says."""

CAP: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "charges": pl.List(pl.Int64), "cap": AMOUNT, "billed_before": AMOUNT,
    "action": pl.String,
}
"""The cap of an agreement, at most one: of these charges, or null for all."""

REACHED: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "action": pl.String, "cap": AMOUNT, "billed_before": AMOUNT, "billed": AMOUNT,
    "stopped": AMOUNT, "held": AMOUNT, "beyond": AMOUNT,
}
"""A cap that is reached: what of these lines is billed, what stops at the cap, what is held to be asked for, and what
is beyond the cap, whichever of these became of it. Exactly reached nothing is beyond."""


@dataclass(frozen=True, slots=True)
class Capped:
    """`lines` with `net` within the cap and with `stopped` and `held`; `reached` (`REACHED`), for a finding each."""

    lines: pl.DataFrame
    reached: pl.DataFrame


def cap(lines: pl.DataFrame, caps: pl.DataFrame) -> Capped:
    """Hold the lines of agreements to their caps, in the order of their service; the one that meets it is split.

    lines   `lines.LINE` with line_key; what is left of them where they have `net`
    caps    `CAP`

    A line below zero makes room for those after it. Raises `ValueError` for an unknown action, and for an agreement
    with two caps.
    """
    if caps["agreement_id"].is_duplicated().any() or not caps["action"].is_in(ACTIONS).all():
        raise ValueError(f"an agreement has one cap, and it can {', '.join(ACTIONS)}")
    left = with_net(lines)
    room = pl.max_horizontal(pl.col("cap") - pl.col("billed_before"), pl.lit(0, AMOUNT))
    named = pl.col("charges").list.contains(pl.col("charge_id")).fill_null(True)
    theirs = left.join(caps, on="agreement_id").filter(named).sort("agreement_id", "service_to", "line_key")
    until = pl.col("net").cum_sum().over("agreement_id")
    over = (until - room).clip(lower_bound=0)
    before = (until - pl.col("net") - room).clip(lower_bound=0)
    parted = theirs.with_columns((over - before).cast(AMOUNT).alias("beyond"), room.alias("room"))
    off = parted.filter((pl.col("beyond") != 0) & (pl.col("action") != "warn"))
    told = row("cap", add=number(-pl.col("beyond")), cap=number(pl.col("cap")),
               before=number(pl.col("billed_before")))
    taken = off.select("line_key", pl.col("beyond").alias("amount"), told.alias("told"))
    kept = explained(less(left, taken), taken).join(
        off.select("line_key", *_by_action()), on="line_key", how="left", maintain_order="left")
    return Capped(kept.with_columns(pl.col("stopped", "held").fill_null(0)), _reached(parted))


def _by_action() -> tuple[pl.Expr, pl.Expr]:
    """What is beyond, as `stopped` or `held`."""
    named = (("stopped", "stop"), ("held", "ask"))
    stopped, held = (pl.when(pl.col("action") == action).then("beyond").otherwise(0).cast(AMOUNT).alias(name)
                     for name, action in named)
    return stopped, held


def _reached(parted: pl.DataFrame) -> pl.DataFrame:
    summed = parted.with_columns(*_by_action()).group_by("agreement_id", maintain_order=True).agg(
        pl.col("action", "cap", "billed_before", "room").first(), pl.col("net", "stopped", "held", "beyond").sum())
    return summed.filter(pl.col("net") >= pl.col("room")).with_columns(
        (pl.col("net") - pl.col("stopped") - pl.col("held")).alias("billed")
    ).select(pl.col(name).cast(kind) for name, kind in REACHED.items())
