"""Retainers: what a recurring charge grants each period pays for the work and charges that it covers.

Hours that are covered stand on a line of their own at nothing, so that everyone sees what the retainer was used for;
value is drawn from the lines. What is beyond is billed at its own price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.invoicing import history
from duly.billing.invoicing.falling_due import Due, begun
from duly.engine.periods import Period
from duly.engine.pricing.commitments import COMMITMENT, draw_down
from duly.engine.pricing.explain import as_json, number, row, words
from duly.engine.pricing.lines import LINE, QUANTITY, DataType
from duly.engine.pricing.netting import TAKEN, explained, less, with_net
from duly.engine.pricing.retainers import COVERED, Statement, Use, overage, statements
from duly.engine.rounding import AMOUNT, distribute_frame, round_quotient

ZERO: Final = Decimal(0)

GRANT: Final[dict[str, DataType]] = {
    "grant_id": pl.Int64, "charge_id": pl.Int64, "agreement_id": pl.Int64, "turn": pl.Int64, "span_from": pl.Date,
    "span_to": pl.Date, "granted": QUANTITY, "before": QUANTITY,
}
"""A period of a retainer, numbered: what it grants, and what of it is used on earlier drafts and documents. Of several
retainers of an agreement the first by `turn` pays first."""
SERVED: Final = (pl.col("service_to") >= pl.col("span_from")) & (pl.col("service_to") < pl.col("span_to"))
"""Whether a line's service ends within a period."""


@dataclass(frozen=True, slots=True)
class Covered:
    """`work` that is left to be priced, `lines` (`lines.LINE`) of what is covered with the allocations that they take
    (work_id, part, quantity)."""

    work: pl.DataFrame
    lines: pl.DataFrame
    allocations: pl.DataFrame


ALLOCATED: Final[dict[str, DataType]] = {"work_id": pl.Int64, "part": pl.Int64, "quantity": QUANTITY}


def retainers(terms: pl.DataFrame, of: str) -> pl.DataFrame:
    """The terms (`falling_due.Due.planned`, or as agreed) that grant time or value each period."""
    return terms.filter(pl.col("grants").is_not_null() & (pl.col("grants_of") == of))


def cover_time(work: pl.DataFrame, due: Due, through: date) -> Covered:
    """Take the hours off the work that retainers cover, in the order of its days; the entry in which it ends is split.

    work   with the terms of its charge (`work.pricing.with_terms`), of any kind
    """
    terms = retainers(due.planned, "time")
    left, lines, allocated = work, [pl.DataFrame(schema=LINE)], [pl.DataFrame(schema=ALLOCATED)]
    if terms.height and work.height:
        grants = _grants(terms, history.covered_time(terms["charge_id"].unique().to_list()), due.pauses, through)
        for turn in grants["turn"].unique().sort():
            mine = grants.filter(pl.col("turn") == turn)
            left, found, taken = _cover(left, mine, terms, sum(one.height for one in lines))
            lines.append(found)
            allocated.append(taken)
    return Covered(left, pl.concat(lines), pl.concat(allocated))


def _cover(work: pl.DataFrame, grants: pl.DataFrame, terms: pl.DataFrame,
           placed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What one retainer of each agreement covers: the work left, its lines from part `placed` on, and allocations."""
    inside = (pl.col("worked_on") >= pl.col("span_from")) & (pl.col("worked_on") < pl.col("span_to"))
    granted = grants.join(latest(terms).select("charge_id", "covered"), on="charge_id").drop("charge_id")
    served = work.filter(pl.col("kind") == "time").join(granted, on="agreement_id").filter(
        inside & (pl.col("covered").is_null() | pl.col("covered").list.contains(pl.col("charge_id"))))
    used = served.group_by("grant_id").agg(pl.col("quantity").sum().alias("now"))
    accounts = {account.grant: account for account in _accounts(grants.join(used, on="grant_id", how="left"), terms)}
    room = pl.DataFrame([(key, one.room) for key, one in accounts.items()], orient="row",
                        schema={"retainer_id": pl.Int64, "covered": QUANTITY})
    split = overage(served.with_columns(pl.col("grant_id").alias("retainer_id")), room.select(list(COVERED)))
    taken = split.filter(pl.col("covered") > 0)
    parts = taken.select("grant_id").unique().sort("grant_id").with_row_index("part", offset=placed + 1).with_columns(
        pl.col("part").cast(pl.Int64))
    lines = _lines(taken.join(parts, on="grant_id"), accounts, terms)
    return left_of(work, split), lines, taken.join(parts, on="grant_id").sort("part", "worked_on", "work_id").select(
        "work_id", "part", pl.col("covered").alias("quantity"))


def left_of(work: pl.DataFrame, split: pl.DataFrame) -> pl.DataFrame:
    """The work that is left to be priced beyond what is covered of it, as `retainers.overage` splits it."""
    return work.join(split.select("work_id", "beyond"), on="work_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("beyond", "quantity").alias("quantity")).filter(pl.col("quantity") > 0).drop("beyond")


def latest(terms: pl.DataFrame) -> pl.DataFrame:
    """Of each charge the latest terms, whose policies count."""
    return terms.sort("terms_from").unique("charge_id", keep="last", maintain_order=True)


def _policies(terms: pl.DataFrame) -> dict[int, dict[str, Any]]:
    return {row["charge_id"]: row for row in latest(terms).iter_rows(named=True)}


def _grants(terms: pl.DataFrame, before: pl.DataFrame, pauses: pl.DataFrame, through: date) -> pl.DataFrame:
    """The periods of retainers from their first on, up to the one in which `through` lies: `GRANT`. Nothing is granted
    for days for which nothing is billed."""
    periods = begun(terms, through, pauses).sort("charge_id", "span_from")
    granted = [_granted(row) for row in periods.select("grants", "grants_of", "exponent", "days", "period_days").rows()]
    turn = pl.col("charge_id").rank("dense").over("agreement_id").cast(pl.Int64)
    numbered = periods.with_columns(
        pl.Series("granted", granted, dtype=QUANTITY), turn.alias("turn")).with_row_index("grant_id", offset=1)
    used = numbered.select("grant_id", "charge_id", "span_from", "span_to").join(before, on="charge_id").filter(
        (pl.col("day") >= pl.col("span_from")) & (pl.col("day") < pl.col("span_to"))).group_by("grant_id").agg(
        pl.col("covered").sum().alias("before"))
    return numbered.join(used, on="grant_id", how="left", maintain_order="left").with_columns(
        pl.col("before").fill_null(0)).select(pl.col(name).cast(kind) for name, kind in GRANT.items())


def _granted(row: tuple[Any, ...]) -> Decimal:
    """A period's grant, its share where it is begun or ended in the middle: whole seconds or minor units."""
    grants, of, exponent, days, whole = row
    return round_quotient(grants * days, whole, 0 if of == "time" else exponent)


@dataclass(frozen=True, slots=True)
class Account:
    """What a retainer's period came to, and how much more it pays now (`room`)."""

    grant: int
    charge: int
    statement: Statement
    room: Decimal


def _accounts(grants: pl.DataFrame, terms: pl.DataFrame) -> Iterator[Account]:
    """The accounts of each retainer's periods with what is used `now`; policies are those of its latest terms.

    Days that no terms grant for, between two periods, are counted to the later one, so that they follow each other.
    """
    policies = _policies(terms)
    for (charge,), rows in grants.sort("span_from").group_by(["charge_id"], maintain_order=True):
        policy = policies[charge]
        uses = [Use(Period(start, end), granted, before + (now or ZERO)) for start, end, granted, before, now in
                rows.select(pl.col("span_to").shift(1).fill_null(pl.col("span_from")).alias("start"), "span_to",
                            "granted", "before", "now").rows()]
        ends = policy["agreement_to"] is not None and policy["agreement_to"] < uses[-1].period.end
        told = statements(uses, rollover=policy["rollover"], borrow=policy["borrow"],
                          following=None if ends else uses[-1].granted)
        for grant, before, statement in zip(rows["grant_id"], rows["before"], told, strict=True):
            yield Account(grant, int(str(charge)), statement, max(statement.covered - before, ZERO))


def _lines(taken: pl.DataFrame, accounts: dict[int, Account], terms: pl.DataFrame) -> pl.DataFrame:
    """A line at nothing for each period of a retainer that covers work."""
    if taken.is_empty():
        return pl.DataFrame(schema=LINE)
    summed = taken.group_by("grant_id", "part", "document_key", "agreement_id", maintain_order=True).agg(
        pl.col("covered").sum().alias("quantity"), pl.col("worked_on").min().alias("service_from"),
        pl.col("worked_on").max().alias("service_to"))
    policies, rows = _policies(terms), []
    for one in summed.iter_rows(named=True):
        account = accounts[one["grant_id"]]
        agreed = policies[account.charge]
        told = [*account.statement.explanation, {"step": "covered", "add": "0", "quantity": f"{one['quantity']:.0f}"},
                {"step": "round", "exponent": agreed["exponent"], "amount": "0"}]
        rows.append(one | {
            "charge_id": account.charge, "terms_id": agreed["terms_id"], "kind": "covered", "unit": "h",
            "description": agreed["charge_name"], "unit_price": ZERO, "numerator": ZERO, "denominator": 1,
            "amount": ZERO, "exponent": agreed["exponent"], "tax_class": agreed["tax_class"],
            "explanation": as_json(told)})
    return pl.DataFrame(rows, schema_overrides=LINE).select(pl.col(name).cast(kind) for name, kind in LINE.items())


def draw_value(lines: pl.DataFrame, due: Due, through: date) -> pl.DataFrame:
    """The lines (`lines.LINE` with line_key) with `net`, what retainers by value do not pay of them."""
    terms = retainers(due.planned, "value")
    left = with_net(lines)
    if terms.is_empty() or lines.is_empty():
        return left
    grants = _grants(terms, history.covered_value(terms["agreement_id"].unique().to_list()), due.pauses, through)
    names = latest(terms).select(
        "charge_id", "terms_id", "charge_name", "tax_class", "exponent", "document_key", "covered")
    told = []
    for _, mine in grants.join(names, on="charge_id").sort("turn", "span_from").group_by(
            ["turn"], maintain_order=True):
        given = _given_back(left, mine, due.including)
        told.append(given)
        left = less(left, given)
        for _, now in _with_room(left, mine, terms).group_by(["span_from"], maintain_order=True):
            taken = _drawn(left, now)
            told.append(taken)
            left = less(left, taken)
    return explained(left, pl.concat(told)) if told else left


def _given_back(lines: pl.DataFrame, grants: pl.DataFrame, including: Sequence[int]) -> pl.DataFrame:
    """What corrections of use give back to the retainers' periods that paid for it, as `_drawn` answers it, below zero:
    what they take off beyond what was billed of that use."""
    paid = grants.filter(pl.col("before") > 0).select("grant_id", "agreement_id", "covered", "span_from", "span_to",
                                                      "before", "charge_name", pl.col("charge_id").alias("own"))
    wanted = (pl.col("charge_id") != pl.col("own")) & SERVED & (
        pl.col("covered").is_null() | pl.col("covered").list.contains(pl.col("charge_id")))
    less_used = lines.filter(pl.col("net") < 0).join(paid, on="agreement_id").filter(wanted)
    if less_used.is_empty():
        return pl.DataFrame(schema=TAKEN)
    billed = history.billed_amounts(less_used["agreement_id"].unique().to_list(), including).join(
        paid, on="agreement_id").filter(wanted).group_by("grant_id").agg(pl.col("amount").sum().alias("beyond"))
    off = -pl.col("net").sum().over("grant_id") - pl.col("beyond").fill_null(ZERO)
    back = pl.max_horizontal(pl.min_horizontal(off, "before"), pl.lit(ZERO)).cast(AMOUNT).alias("back")
    shared = distribute_frame(
        less_used.join(billed, on="grant_id", how="left").with_columns(back, (-pl.col("net")).alias("off")),
        by="grant_id", total="back", weight="off", out="back_here")
    said = row("draw_down", add=number(pl.col("back_here")), name=words(pl.col("charge_name")),
               charge=pl.col("own").cast(pl.String))
    return shared.filter(pl.col("back_here") > 0).select(
        "line_key", (-pl.col("back_here")).cast(TAKEN["amount"]).alias("amount"), said.alias("told"))


def _with_room(lines: pl.DataFrame, grants: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The periods in which lines are covered by one retainer of each agreement, with the `charges` of these lines and
    what it pays of them (`committed`): all its periods make one account, so that what is left or borrowed is carried
    on."""
    wanted = (pl.col("charge_id") != pl.col("own")) & (
        pl.col("covered").is_null() | pl.col("covered").list.contains(pl.col("charge_id")))
    served = grants.select("grant_id", "agreement_id", "covered", "span_from", "span_to",
                           pl.col("charge_id").alias("own")).join(
        lines.select("agreement_id", "charge_id", "service_to", "net"), on="agreement_id").filter(
        wanted & SERVED & (pl.col("net") > 0))
    used = served.group_by("grant_id").agg(pl.col("net").sum().cast(QUANTITY).alias("now"),
                                           pl.col("charge_id").unique().alias("charges"))
    accounts = _accounts(grants.join(used.drop("charges"), on="grant_id", how="left"), terms)
    room = pl.DataFrame([(one.grant, one.room) for one in accounts], orient="row",
                        schema={"grant_id": pl.Int64, "committed": QUANTITY})
    return grants.join(used, on="grant_id").join(room, on="grant_id").sort("span_from", "grant_id")


def _drawn(lines: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """What these retainers' periods (`_with_room`), at most one of each agreement, pay of the lines whose service ends
    in them: `netting.TAKEN`."""
    within = lines.join(periods.select("agreement_id", "span_from", "span_to"), on="agreement_id").filter(SERVED).drop(
        "span_from", "span_to")
    rows = periods.with_columns(
        pl.col("grant_id").alias("part"), pl.lit(0).alias("used_before"), pl.lit(1).alias("days"),
        pl.lit(1).alias("period_days"))
    drawn = draw_down(within, rows.select(pl.col(name).cast(kind) for name, kind in COMMITMENT.items())).drawn
    said = row("draw_down", add=number(-pl.col("amount")), name=words(pl.col("charge_name")),
               charge=pl.col("charge_id").cast(pl.String))
    return drawn.join(rows.select("part", "charge_name", "charge_id"), on="part", maintain_order="left").select(
        "line_key", "amount", said.alias("told"))
