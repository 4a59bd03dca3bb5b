"""Every charge model over its part of the input, and all lines in one order."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.engine.pricing.fixed import price_fixed
from duly.engine.pricing.items import price_expenses, price_milestones
from duly.engine.pricing.lines import ALLOCATION, KINDS, SPAN
from duly.engine.pricing.metered import metered_spans, price_metered, price_tiered
from duly.engine.pricing.time import price_time

WORK_KINDS: Final = ("time", "expense", "milestone")
SECTIONS: Final = {kind: rank for rank, kind in enumerate(KINDS)} | {"true_up": KINDS.index("usage")}
"""A true-up stands beside the charge whose minimum it is."""

PROBLEM: Final = {"work_id": pl.Int64, "document_key": pl.Int64, "text": pl.String}


@dataclass(frozen=True, slots=True)
class Priced:
    """lines (`lines.LINE` with line_key and position), allocations work → line, spans of charges, and problems:
    work that could not be priced, with the reason."""

    lines: pl.DataFrame
    allocations: pl.DataFrame
    spans: pl.DataFrame
    problems: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Metered:
    """Measured charges and what they are priced by, see `metered.price_metered`; `tiers` serve due charges too."""

    charges: pl.DataFrame
    tiers: pl.DataFrame
    transactions: pl.DataFrame | None = None
    balances: pl.DataFrame | None = None


def price(work: pl.DataFrame, fixed: pl.DataFrame, rates: pl.DataFrame, metered: Metered | None = None) -> Priced:
    """Price work items and due charges by their terms; lines are in the order in which documents print them.

    work    one row per work item with the terms of its charge: work_id, kind, document_key, agreement_id, charge_id,
            terms_id, person(_id), project(_id), role, task, worked_on, quantity, amount, cost_currency,
            exchange_rate, description, currency, exponent, and the terms' rate_card_id, rounding, increment_seconds,
            minimum_seconds, markup, grouping, charge_name, tax_class, unit; where a rate of tax changes between
            them `tax_part`, which keeps entries on lines of their own; where expenses have limits `at_most`; where
            hours count more than once `multipliers.AGREED`
    fixed   due spans of recurring and one-off charges, see `due_spans`
    rates   dated rates, see `with_rates`
    metered what was measured in its periods, where there is any

    A due charge with a column `model` other than per_unit is priced by its quantity in tiers or packages.

    The order of the rows given makes no difference. Raises `ValueError` for work of another kind.
    """
    by_kind = {kind: work.filter(pl.col("kind") == kind) for kind in WORK_KINDS}
    if sum(part.height for part in by_kind.values()) != work.height:
        raise ValueError(f"work is {', '.join(WORK_KINDS)}; there is work of another kind")
    time_lines, time_parts, unrated = price_time(by_kind["time"], rates)
    expense_lines, expense_parts, unconverted = price_expenses(by_kind["expense"])
    milestone_lines, milestone_parts = price_milestones(by_kind["milestone"])
    flat, tiered = _by_price(fixed)
    fixed_lines, spans = price_fixed(flat)
    models = {"time": time_lines, "expense": expense_lines, "milestone": milestone_lines, "fixed": fixed_lines}
    spans_of = {"fixed": spans}
    if metered is not None:
        in_tiers, spans_of["tiered"] = price_tiered(tiered, metered.tiers)
        models |= {"tiered": in_tiers, "metered": price_metered(
            metered.charges, metered.tiers, metered.transactions, metered.balances)}
        spans_of["metered"] = metered_spans(metered.charges)
    lines = _numbered(models)
    keys = lines.filter(pl.col("kind") != "true_up").select("model", "part", "line_key")
    allocations = {"time": time_parts, "expense": expense_parts, "milestone": milestone_parts}
    return Priced(
        lines=lines.drop("model", "part"),
        allocations=_keyed(allocations, keys).select("work_id", "line_key", *list(ALLOCATION)[2:]),
        spans=_keyed(spans_of, keys).select("line_key", *list(SPAN)[1:]),
        problems=pl.concat([unrated, unconverted]).cast(PROBLEM).sort("work_id"),  # type: ignore[arg-type]
    )


def _by_price(fixed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Due charges at one price for a unit, and those that need more to be said."""
    if "model" not in fixed.columns:
        return fixed, fixed.clear()
    plain = (pl.col("model") == "per_unit") & (pl.col("included") == 0) & pl.all_horizontal(
        pl.col("minimum", "maximum").is_null())
    return fixed.filter(plain), fixed.filter(~plain)


def _numbered(models: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """All lines in document order, with `line_key` over all and `position` within the document."""
    section = pl.col("kind").replace_strict(SECTIONS, return_dtype=pl.Int8)
    together = pl.concat([frame.with_columns(pl.lit(model).alias("model")) for model, frame in models.items()])
    return (
        together.sort("document_key", section, "charge_id", "service_from", pl.col("kind") == "true_up", "description",
                      "unit_price", "part")
        .with_row_index("line_key", offset=1)
        .with_columns(pl.col("line_key").cast(pl.Int64),
                      pl.int_range(1, pl.len() + 1).over("document_key").alias("position"))
    )


def _keyed(parts: dict[str, pl.DataFrame], keys: pl.DataFrame) -> pl.DataFrame:
    together = pl.concat([frame.with_columns(pl.lit(model).alias("model")) for model, frame in parts.items()])
    return together.join(keys, on=["model", "part"], maintain_order="left")
