"""Lines after what pays for them before true-ups and discounts: retainers by value, drawn commitments; and the cap."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from duly.engine.pricing.caps import cap
from duly.engine.pricing.commitments import COMMITMENT, draw_down
from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.netting import explained, less, with_net
from duly.engine.pricing.retainers import Statement
from duly.formats.price_document.model import PriceDocument, Retainer, Row, frame

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Covered:
    """`lines`, whose amount is what is left of them; the accounts of retainers and commitments, and caps reached."""

    lines: pl.DataFrame
    retainers: tuple[tuple[Retainer, Statement], ...]
    commitments: list[dict[str, Any]]
    caps: list[dict[str, Any]]


def covered(document: PriceDocument, lines: pl.DataFrame) -> Covered:
    """The priced lines (`lines.LINE` with line_key) of the document, less what covers them, within their cap."""
    accounts = tuple((one, one.statement(_used(one, lines))) for one in document.covers.retainers)
    own = frame(COMMITMENT, list(_by_value(document, accounts)))
    drawable = pl.concat([own, document.covers.commitments.with_columns(pl.col("part") + own.height)])
    drawn = draw_down(lines.with_columns(pl.lit(None, pl.Int64).alias("part")), drawable)
    told = drawn.drawn.join(drawable.select("part", "charge_name"), on="part", maintain_order="left").select(
        "line_key", "amount", row("draw_down", add=number(-pl.col("amount")), name=words(pl.col("charge_name"))).alias(
            "told"))
    once = told.group_by("line_key").agg(pl.col("amount").sum())
    capped = cap(explained(less(with_net(lines), once), told), document.covers.caps)
    statement = drawn.statement.join(drawable.select("part", "charge_name"), on="part", maintain_order="left").filter(
        pl.col("part") > own.height)
    return Covered(capped.lines.with_columns(pl.col("net").alias("amount")), accounts, statement.to_dicts(),
                   capped.reached.to_dicts())


def _used(retainer: Retainer, lines: pl.DataFrame) -> Decimal:
    """What was used of it: its charge's amounts, unless it is known already."""
    if retainer.used is not None:
        return retainer.used
    return max(sum(lines.filter(pl.col("charge_id") == retainer.charge_id)["amount"], ZERO), ZERO)


def _by_value(document: PriceDocument, accounts: tuple[tuple[Retainer, Statement], ...]) -> Iterator[Row]:
    """What a retainer by value covers is drawn from it as from a commitment of its charge."""
    period = document.period
    for part, (retainer, account) in enumerate((one for one in accounts if one[0].value), start=1):
        yield {
            "part": part, "document_key": 1, "agreement_id": 1, "charge_id": -part, "terms_id": -part,
            "charge_name": "Retainer", "tax_class": "standard", "exponent": document.exponent,
            "charges": [retainer.charge_id], "committed": account.covered, "used_before": ZERO,
            "span_from": period.start, "span_to": period.end, "days": period.days, "period_days": period.days}
