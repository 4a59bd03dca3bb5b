"""Commitments: an amount that a customer has agreed to use in a period, of named charges or all of the agreement.

Either use is billed as it comes and a true-up line bills what is missing of the committed amount at the end, or the
committed amount is billed for itself and use draws it down; what goes beyond it is billed at the charges' prices.
A period that is begun or ended in the middle commits to the share of its days.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.engine.pricing.explain import count, number, row
from duly.engine.pricing.lines import PRICE, DataType, finished
from duly.engine.pricing.netting import less, with_net
from duly.engine.rounding import AMOUNT, RATIO, round_quotient_expr

COMMITMENT: Final[dict[str, DataType]] = {
    "part": pl.Int64, "document_key": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "terms_id": pl.Int64,
    "charge_name": pl.String, "tax_class": pl.String, "exponent": pl.Int8, "charges": pl.List(pl.Int64),
    "committed": AMOUNT, "used_before": AMOUNT, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64,
    "period_days": pl.Int64,
}
"""A commitment on a document, itself a charge. `charges` are those that count, null for all of the agreement;
`committed` is for the full period, of which `days` of `period_days` are [span_from, span_to); `used_before` is what
earlier documents have billed, or drawn, of those days."""

DRAWN: Final[dict[str, DataType]] = {"part": pl.Int64, "line_key": pl.Int64, "amount": AMOUNT}

STATEMENT: Final[dict[str, DataType]] = {
    "part": pl.Int64, "committed": AMOUNT, "used_before": AMOUNT, "used": AMOUNT, "left": AMOUNT,
}


@dataclass(frozen=True, slots=True)
class DrawnDown:
    """`drawn` (`DRAWN`): how much of each line a commitment pays, above zero; `statement` (`STATEMENT`) of each
    commitment: for these days, used before, used now, and what is left."""

    drawn: pl.DataFrame
    statement: pl.DataFrame


def true_ups(lines: pl.DataFrame, commitments: pl.DataFrame) -> pl.DataFrame:
    """Lines (`lines.LINE`, of the kind true_up) of what is missing of commitments, for those whose period ends here.

    lines        `lines.LINE`: amounts before discounts, with earlier true-ups to a charge's minimum
    commitments  `COMMITMENT`
    """
    used = _counted(lines, commitments).group_by("part").agg(pl.col("amount").sum().alias("used"))
    due = _committed(commitments).join(used, on="part", how="left", maintain_order="left").with_columns(
        pl.col("used").fill_null(0))
    missing = (pl.col("due") - pl.col("used_before") - pl.col("used")).cast(AMOUNT)
    told = due.with_columns(missing.alias("missing")).filter(pl.col("missing") > 0).with_columns(
        pl.lit("true_up").alias("kind"), pl.col("charge_name").alias("description"), pl.lit("item").alias("unit"),
        pl.lit(1).alias("quantity"), pl.col("missing").cast(PRICE).alias("unit_price"),
        pl.col("missing").cast(RATIO).alias("numerator"), pl.lit(1, pl.Int64).alias("denominator"),
        pl.col("span_from").alias("service_from"), pl.col("span_to").dt.offset_by("-1d").alias("service_to"))
    partial, minus = pl.col("days") != pl.col("period_days"), pl.lit('"-1"')
    return finished(
        told, row("committed", add=number(pl.col("committed"))),
        pl.when(partial).then(row("days", times=number(pl.col("days")))),
        pl.when(partial).then(row("period_days", over=number(pl.col("period_days")))),
        pl.when(partial).then(row("rounded", exponent=count(pl.col("exponent")), amount=number(pl.col("due")))),
        pl.when(pl.col("used_before") != 0).then(row("billed_before", add=number(pl.col("used_before")), times=minus)),
        row("billed", add=number(pl.col("used")), times=minus), row("sum"))


def draw_down(lines: pl.DataFrame, commitments: pl.DataFrame) -> DrawnDown:
    """What commitments that are billed for themselves pay of the lines, in the order of their service.

    lines        `lines.LINE` with line_key; of what is left of them where they have `net`
    commitments  `COMMITMENT`; of several that count a line the first by `part` pays first

    Lines below zero draw nothing and give nothing back. What of the lines is not drawn is the overage: it is billed.
    """
    left, drawn = with_net(lines), [pl.DataFrame(schema=DRAWN)]
    turn = pl.col("part").rank("ordinal").over("agreement_id", "document_key").alias("turn")
    due = _committed(commitments).with_columns(turn).sort("turn", "part")
    for _, now in due.group_by("turn", maintain_order=True):
        served = _counted(left, now).filter(pl.col("net") > 0).sort("part", "service_to", "line_key")
        room = pl.max_horizontal(pl.col("due") - pl.col("used_before"), pl.lit(0, AMOUNT))
        until = pl.col("net").cum_sum().over("part")
        amount = (pl.min_horizontal(until, "room") - pl.min_horizontal(until - pl.col("net"), "room")).cast(AMOUNT)
        taken = served.with_columns(room.alias("room")).select("part", "line_key", amount.alias("amount")).filter(
            pl.col("amount") > 0)
        drawn.append(taken)
        left = less(left, taken)
    together = pl.concat(drawn)
    used = due.join(together.group_by("part").agg(pl.col("amount").sum().alias("used")), on="part", how="left").sort(
        "part").with_columns(pl.col("used").fill_null(0))
    statement = used.with_columns(pl.col("due").alias("committed"), pl.max_horizontal(
        pl.col("due") - pl.col("used_before") - pl.col("used"), pl.lit(0, AMOUNT)).alias("left"))
    return DrawnDown(together, statement.select(pl.col(name).cast(kind) for name, kind in STATEMENT.items()))


def _committed(commitments: pl.DataFrame) -> pl.DataFrame:
    """With `due`: what the days commit to, rounded once."""
    exact = pl.col("committed").cast(RATIO) * pl.col("days").cast(RATIO)
    return commitments.with_columns(
        round_quotient_expr(exact, pl.col("period_days"), pl.col("exponent")).alias("due"))


def _counted(lines: pl.DataFrame, commitments: pl.DataFrame) -> pl.DataFrame:
    """The lines that count towards each commitment, with its `part`; its own billing does not."""
    theirs = commitments.select("part", "document_key", "agreement_id", "charges", pl.col("charge_id").alias("own"),
                                *(name for name in ("due", "used_before") if name in commitments.columns))
    named = pl.col("charges").list.contains(pl.col("charge_id")).fill_null(pl.col("charge_id") != pl.col("own"))
    return lines.drop("part").join(theirs, on=["document_key", "agreement_id"], maintain_order="left").filter(named)
