"""Retainers: so many hours, or so much value, included in each period; what is left, carried on, borrowed or beyond.

What is not used rolls over for as many periods as agreed, and the oldest is used first; then it expires. Where the
customer may borrow, what goes beyond a period comes out of the next one's grant; the rest is overage, billed at the
card's prices. Hours are whole seconds, value is an amount; exact, no rounding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import polars as pl

from duly.engine.periods import Period
from duly.engine.pricing.lines import QUANTITY, DataType

ZERO: Final = Decimal(0)

COVERED: Final[dict[str, DataType]] = {"retainer_id": pl.Int64, "covered": QUANTITY}
"""How much of its work a retainer covers in a period: `Statement.covered`."""


@dataclass(frozen=True, slots=True)
class Use:
    """A period, what it grants (its share, where it is begun or ended in the middle) and what was used in it."""

    period: Period
    granted: Decimal
    used: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """A period's account: carried_in + granted + borrowed = repaid + covered + expired + carried_out, and
    covered + overage = used. `repaid` is what the period before had borrowed."""

    period: Period
    carried_in: Decimal
    granted: Decimal
    repaid: Decimal
    used: Decimal
    borrowed: Decimal
    overage: Decimal
    expired: Decimal
    carried_out: Decimal

    @property
    def covered(self) -> Decimal:
        return self.used - self.overage

    @property
    def explanation(self) -> tuple[Mapping[str, Any], ...]:
        """Rows that inform, to stand before those of the overage's price; nothing that is zero but the grant."""
        steps = ("carried_in", "repaid", "used", "borrowed", "overage", "expired", "carried_out")
        told = {"granted": self.granted} | {step: getattr(self, step) for step in steps if getattr(self, step)}
        return tuple({"step": step, "quantity": f"{quantity.normalize():f}"} for step, quantity in told.items())


def statements(uses: Sequence[Use], *, rollover: int = 0, borrow: bool = False,
               following: Decimal | None = None) -> tuple[Statement, ...]:
    """The account of each period, from the agreement's first.

    rollover   how many further periods what is left may be used in
    borrow     whether a period may use the next one's grant
    following  what the period after the last will grant; None when the agreement ends with it: then nothing is
               borrowed from it and what is left expires

    Raises `ValueError` for quantities or a rollover below zero and for periods that do not follow each other.
    """
    _refuse(uses, rollover)
    told: list[Statement] = []
    carried: list[tuple[int, Decimal]] = []  # what is left of each grant, oldest first, and for how many periods yet
    repaid = ZERO
    for number, use in enumerate(uses):
        ends = number == len(uses) - 1
        ahead = following if ends else uses[number + 1].granted
        buckets = [*carried, (rollover, use.granted - repaid)]
        left, missing = _used(buckets, use.used)
        borrowed = min(missing, ahead) if borrow and ahead is not None else ZERO
        carried = [(periods - 1, rest) for periods, rest in left if periods and ahead is not None]
        carried_out = sum((rest for _, rest in carried), ZERO)
        told.append(Statement(
            use.period, carried_in=sum((rest for _, rest in buckets[:-1]), ZERO), granted=use.granted, repaid=repaid,
            used=use.used, borrowed=borrowed, overage=missing - borrowed, carried_out=carried_out,
            expired=sum((rest for _, rest in left), ZERO) - carried_out))
        repaid = borrowed
    return tuple(told)


def _used(buckets: Sequence[tuple[int, Decimal]], used: Decimal) -> tuple[list[tuple[int, Decimal]], Decimal]:
    """What is left of each bucket, the first taken first, and what none of them had."""
    left = []
    for periods, quantity in buckets:
        taken = min(quantity, used)
        used -= taken
        if quantity > taken:
            left.append((periods, quantity - taken))
    return left, used


def _refuse(uses: Sequence[Use], rollover: int) -> None:
    if rollover < 0 or any(use.granted < ZERO or use.used < ZERO for use in uses):
        raise ValueError("what a retainer grants, is used of it and rolls over is not below zero")
    if any(one.period.end != two.period.start for one, two in pairwise(uses)):
        raise ValueError("the periods of a retainer follow each other without a gap")


def overage(work: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """`work` with `covered` and `beyond`, parts of its quantity: retainers cover work in the order of its days, and
    the item in which the cover ends is split. `beyond` is what the card prices.

    work     retainer_id, work_id, worked_on, quantity (seconds, or the work's value), of one period
    covered  `COVERED`; nothing is covered by a retainer that is not there
    """
    in_time = work.sort("retainer_id", "worked_on", "work_id").join(
        covered.rename({"covered": "_room"}), on="retainer_id", how="left", maintain_order="left", validate="m:1")
    until, room = pl.col("quantity").cum_sum().over("retainer_id"), pl.col("_room").fill_null(0)
    part = pl.min_horizontal(until, room) - pl.min_horizontal(until - pl.col("quantity"), room)
    return in_time.with_columns(part.cast(QUANTITY).alias("covered")).with_columns(
        (pl.col("quantity") - pl.col("covered")).cast(QUANTITY).alias("beyond")).drop("_room")
