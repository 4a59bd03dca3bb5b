"""Changes of what is agreed: new terms from a day on, an end; and what follows for the time that is already billed.

A change on day D: D is the first day of the new terms. An agreement that ends on D bills D. Time that is billed and no
longer agreed is credited from the line that billed it, by its own amount and span; then the same days may be billed by
their new terms. Nothing else is computed: what is due after a change is what a bill run would find due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from duly.engine.periods import DAYS, MONTHS, period_containing
from duly.engine.pricing.proration import DIVISIBLE

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """From `on` a charge has the new `values` (price, quantity, interval: columns of `due_spans`' charges), as terms
    `terms_id`. `at_once` is what the agreement says; None: upgrades at once, downgrades when the period is over."""

    charge_id: int
    on: date
    terms_id: int
    values: Terms
    at_once: bool | None = None


class NoOnePrice(ValueError):
    """Nobody can tell an upgrade from a downgrade: `Change.at_once` says which."""


def changed(charges: pl.DataFrame, change: Change) -> tuple[pl.DataFrame, date]:
    """`charges` with the change, and the first day of its terms.

    Terms that were to begin later are replaced. A charge whose periods do not divide, being billed whole or not at all,
    changes with its next period, whatever the agreement says. Raises `ValueError` for a charge that has no terms on
    that day, `NoOnePrice` where nobody can tell an upgrade from a downgrade: `at_once` says which.
    """
    mine = pl.col("charge_id") == change.charge_id
    on = pl.lit(change.on)
    holding = charges.filter(mine & (pl.col("terms_from") <= on) & (pl.col("terms_to").is_null() | (
        on < pl.col("terms_to")))).to_dicts()
    if not holding:
        raise ValueError(f"charge {change.charge_id} has no terms on {change.on} that could be changed")
    first = _first_day(holding[0], change)
    new = holding[0] | dict(change.values) | {"terms_id": change.terms_id, "terms_from": first, "terms_to": None}
    until = pl.when(mine).then(pl.min_horizontal("terms_to", pl.lit(first))).otherwise("terms_to")
    kept = charges.filter(~mine | (pl.col("terms_from") < first)).with_columns(until.alias("terms_to"))
    return pl.concat([kept, pl.DataFrame([new], schema=charges.schema)]), first


def _first_day(old: Terms, change: Change) -> date:
    """The day of the change where it counts at once, otherwise that of the next period."""
    anchor = old["anchor"] or old["agreement_from"]
    period = period_containing(change.on, old["interval"], old["interval_count"], old["alignment"], anchor)
    if change.on == period.start:
        return change.on
    at_once = _upgrades(old, {**old, **change.values}) if change.at_once is None else change.at_once
    return change.on if at_once and old["proration"] in DIVISIBLE else period.end


def _upgrades(old: Terms, new: Terms) -> bool:
    """Whether the new terms cost at least as much in a year."""
    before, after = _yearly(old), _yearly(new)
    if before is None or after is None:
        raise NoOnePrice(f"charge {old['charge_id']} has no one price, so nobody can tell whether this is an upgrade; "
                         "say whether it counts at once")
    return after >= before


def _yearly(terms: Terms) -> Fraction | None:
    if terms["price"] is None or terms.get("model", "per_unit") != "per_unit":
        return None
    interval, count = terms["interval"], terms["interval_count"]
    periods = Fraction(12, MONTHS[interval] * count) if interval in MONTHS else Fraction(365, DAYS[interval] * count)
    return Fraction(terms["price"]) * Fraction(terms["quantity"]) * periods


def ended(charges: pl.DataFrame, agreement_id: int, on: date) -> pl.DataFrame:
    """`charges` with the agreement's last day, unless it ends before."""
    last = pl.min_horizontal(pl.col("agreement_to"), pl.lit(on))
    return charges.with_columns(
        pl.when(pl.col("agreement_id") == agreement_id).then(last).otherwise("agreement_to").alias("agreement_to"))
