"""Progressive billing: what has run up is billed when it reaches a threshold, and netted when the period ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is billed `at` an instant: `amount`, all that has run up and is not billed, for the `threshold` reached."""

    at: datetime
    amount: Decimal
    threshold: Decimal


def reached(run_up: Decimal, billed: Decimal, thresholds: Sequence[Decimal], every: Decimal | None = None,
            ) -> Decimal | None:
    """The highest threshold that `run_up` has reached and that is beyond what is `billed`; None where there is none.

    thresholds  amounts of a period that lead to a bill when they are reached, each above the one before
    every       beyond the last threshold (or from zero) each such step is a further one

    Raises `ValueError` for thresholds that do not rise from above zero, and for a step that does not.
    """
    if any(one >= two for one, two in zip([ZERO, *thresholds], thresholds, strict=False)) or (
            every is not None and every <= ZERO):
        raise ValueError("thresholds rise, each above the one before, the first above zero")
    highest = max((threshold for threshold in thresholds if threshold <= run_up), default=ZERO)
    last = thresholds[-1] if thresholds else ZERO
    if every is not None and run_up >= last + every:
        highest = last + (run_up - last) // every * every
    return highest if highest > billed else None


def bills(run_ups: Iterable[tuple[datetime, Decimal]], thresholds: Sequence[Decimal], *,
          every: Decimal | None = None, billed: Decimal = ZERO) -> tuple[Bill, ...]:
    """The bills of a period, given the amount that had run up in it at each instant, in order of time.

    The amounts are those of the whole period so far, priced on all of its use, so that tiers are reached as they are
    at its end. Each bill takes what has run up; the next one what has come since. `billed` is what was billed before.
    At the period's end the lines are those of all its use, and the bills are netted as advances (`credits.net_off`,
    as of the kind `progressive`, in the final document).
    """
    found = []
    for at, run_up in run_ups:
        threshold = reached(run_up, billed, thresholds, every)
        if threshold is not None:
            found.append(Bill(at, run_up - billed, threshold))
            billed = run_up
    return tuple(found)
