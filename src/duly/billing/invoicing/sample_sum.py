"""A sample's lines in the order of the sum: priced, covered by retainers, capped, true-ups, discounts, then what was
billed in advance. Frames in, frames out; everything that it comes to is the engine's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from duly.billing.agreements.terms import VersionInput
from duly.billing.invoicing import typical
from duly.billing.invoicing.deducting import NETTED, netted, settled_net
from duly.billing.invoicing.falling_due import Due
from duly.billing.invoicing.measuring import PRICED_AS
from duly.billing.invoicing.retaining import left_of, retainers
from duly.billing.kernel.frames import MONEY, PRICE, QUANTITY
from duly.engine.pricing import Metered, Priced, price
from duly.engine.pricing.balances import BALANCE
from duly.engine.pricing.caps import CAP, cap
from duly.engine.pricing.commitments import COMMITMENT, draw_down, true_ups
from duly.engine.pricing.discounts import DISCOUNT, discount
from duly.engine.pricing.lines import LINE
from duly.engine.pricing.netting import less, with_net
from duly.engine.pricing.percentages import TRANSACTION
from duly.engine.pricing.retainers import COVERED, overage
from duly.engine.rounding import AMOUNT

IN_ADVANCE: Final = ("deposit", "credit")
"""Kinds that are billed ahead, and taken off what is billed later."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`lines` (`lines.LINE` with line_key and position) with what is left of them as their amount, `before` what they
    were priced at; `covered` (charge, charge_id, seconds, by) the hours that retainers pay; `problems` of work."""

    lines: pl.DataFrame
    covered: tuple[dict[str, Any], ...]
    problems: pl.DataFrame


def summed(version: VersionInput, terms: pl.DataFrame, due: Due, work: pl.DataFrame, rates: pl.DataFrame,
           tiers: pl.DataFrame) -> Sheet:
    """The lines of one document, numbered 1.

    terms   `agreements.queries.TERMS` with `covered`, in the version's order, ids from 1
    due     one span of each charge
    work    with the terms of its charge
    """
    left, covered = _by_retainers(work, terms)
    ahead = pl.col("charge_kind").is_in(IN_ADVANCE)
    fixed = due.fixed.filter(~ahead)
    priced = price(left, fixed, rates, _metered(version, due.measured, tiers))
    lines = _capped(version, _by_value(_keyed(priced), terms))
    lines = _discounted(version, _with_true_ups(lines, due.committed))
    lines = _netted(lines, due.fixed.filter(ahead & ~pl.col("untaxed")))
    return Sheet(_numbered(lines), covered, priced.problems)


def _keyed(priced: Priced) -> pl.DataFrame:
    return with_net(priced.lines.with_columns(pl.lit(None, pl.Int64).alias("part")).select("line_key", *LINE))


def _by_retainers(work: pl.DataFrame, terms: pl.DataFrame) -> tuple[pl.DataFrame, tuple[dict[str, Any], ...]]:
    """The work that is left to be priced, and the hours that retainers pay, the first retainer first."""
    told: list[dict[str, Any]] = []
    for one in retainers(terms, "time").iter_rows(named=True):
        timed = (pl.col("kind") == "time") & (pl.lit(True) if one["covered"] is None else pl.col("charge_id").is_in(
            one["covered"]))
        mine = work.filter(timed).with_columns(pl.lit(1, pl.Int64).alias("retainer_id"))
        split = overage(mine, pl.DataFrame([(1, one["grants"])], schema=COVERED, orient="row"))
        for row in split.group_by("charge_id", maintain_order=True).agg(
                pl.col("charge_name").first(), pl.col("covered").sum()).filter(pl.col("covered") > 0).to_dicts():
            told.append({"charge": row["charge_name"], "seconds": row["covered"], "by": one["charge_name"]})
        work = left_of(work, split)
    return work, tuple(told)


def _metered(version: VersionInput, measured: pl.DataFrame, tiers: pl.DataFrame) -> Metered:
    """The measured charges with their typical use, each a part of its own."""
    used = {place: typical.use(charge) for place, charge in enumerate(version.charges, 1)}
    quantities = {place: found.quantity for place, found in used.items() if found}
    parts = measured.with_row_index("part", offset=1).with_columns(
        pl.col("part").cast(pl.Int64),
        pl.col("charge_id").replace_strict(quantities, default=None, return_dtype=QUANTITY).alias("quantity"),
        PRICED_AS, pl.lit(0, pl.Int64).alias("free_count"), pl.lit(0, QUANTITY).alias("free_amount"))
    of_each = parts.filter(pl.col("model") == "percentage")["part"]
    payments = [(part, place, typical.PAYMENT) for part in of_each for place in range(typical.PAYMENTS)]
    held = parts.filter(pl.col("model") == "balance").select(
        "part", pl.col("span_from").alias("from_day"), pl.col("span_to").alias("to_day"),
        pl.col("quantity").alias("balance"))
    return Metered(parts, tiers, pl.DataFrame(payments, schema=TRANSACTION, orient="row"),
                   held.select(pl.col(name).cast(kind) for name, kind in BALANCE.items()))


def _by_value(lines: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """What retainers by value leave of the lines."""
    own = retainers(terms, "value")
    if own.is_empty():
        return lines
    granted = own.with_columns(
        pl.col("charge_id").alias("part"), pl.col("grants").alias("committed"), pl.col("covered").alias("charges"),
        pl.lit(1).alias("document_key"), pl.lit(0).alias("used_before"), pl.col("terms_from").alias("span_from"),
        pl.col("terms_from").alias("span_to"), pl.lit(1).alias("days"), pl.lit(1).alias("period_days"))
    drawn = draw_down(lines, granted.select(pl.col(name).cast(kind) for name, kind in COMMITMENT.items())).drawn
    taken = drawn.group_by("line_key").agg(pl.col("amount").sum())
    return less(lines, taken)


def _capped(version: VersionInput, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines within a cap that stops; any other cap is for people to decide."""
    if version.cap is None or version.cap_behaviour != "stop":
        return lines
    row = {"agreement_id": 1, "charges": None, "cap": version.cap, "billed_before": 0, "action": "stop"}
    return cap(lines, pl.DataFrame([row], schema=CAP)).lines.drop("stopped", "held")


def _with_true_ups(lines: pl.DataFrame, committed: pl.DataFrame) -> pl.DataFrame:
    """With what would be missing of commitments, were this all that is used of their period."""
    if committed.is_empty():
        return lines
    asked = committed.with_row_index("part", offset=1).with_columns(
        pl.col("price").alias("committed"), pl.col("covered").alias("charges"), pl.lit(0).alias("used_before"))
    own = committed["charge_id"].implode()
    counted = lines.filter(~pl.col("charge_id").is_in(own)).with_columns(pl.col("net").alias("amount"))
    shaped = asked.select(pl.col(name).cast(kind) for name, kind in COMMITMENT.items())
    return _appended(lines, true_ups(counted.select(list(LINE)), shaped))


def _appended(lines: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    last = int(lines["line_key"].max() or 0)  # type: ignore[arg-type]
    added = more.with_columns((pl.int_range(1, pl.len() + 1) + last).cast(pl.Int64).alias("line_key"),
                              pl.col("amount").alias("net"))
    return pl.concat([lines, added.select(pl.col(name).cast(kind) for name, kind in lines.schema.items())])


def _discounted(version: VersionInput, lines: pl.DataFrame) -> pl.DataFrame:
    if not version.discounts:
        return lines
    rows = pl.DataFrame(list(_discounts(version)), schema=DISCOUNT, orient="row")
    return discount(lines, rows).lines


def _discounts(version: VersionInput) -> Iterator[tuple[Any, ...]]:
    places = {charge.code: place for place, charge in enumerate(version.charges, 1)}
    for order, one in enumerate(version.discounts):
        of: list[int | None] = [places[code] for code in one.charges]
        yield from ((order, 1, order, one.name, one.scope, 1, charge, one.rate, one.off) for charge in of or [None])


def _netted(lines: pl.DataFrame, ahead: pl.DataFrame) -> pl.DataFrame:
    """With what is taken off for what was billed ahead: prepaid credit off what it covers, deposits off the rest."""
    before = lines.with_columns(pl.col("amount").alias("before"))
    if ahead.is_empty() or lines.is_empty():
        return settled_net(before)
    on = lines["service_to"].max()
    advances = ahead.select(
        pl.col("charge_id").alias("line_id"), "agreement_id", "charge_id", "terms_id",
        pl.col("charge_kind").alias("kind"), pl.col("charge_name").alias("name"), pl.lit("in advance").alias("number"),
        pl.lit(lines["service_from"].min(), pl.Date).alias("on"), pl.col("price").cast(AMOUNT).alias("left"),
        "tax_class", pl.lit("S").alias("tax_category"), pl.lit(0, PRICE).alias("tax_rate"), "covers", "priority",
        pl.lit(None, pl.Date).alias("expires_on"), "covered")
    taken = netted(lines, advances, on).drop([name for name in NETTED if name not in LINE])  # type: ignore[arg-type]
    return settled_net(_appended(before, taken.with_columns(pl.col("amount").cast(MONEY).alias("before"))))


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines in the order in which they were made, advances behind."""
    return lines.sort("line_key").with_columns(pl.int_range(1, pl.len() + 1).alias("position"))
