"""Discounts: taken one after the other in the agreement's order, each rounded once and spread over its lines.

A percentage is of what the discounts before it have left. No line goes below zero, and one that is below zero already
(a credit) is neither discounted nor counted. The lines' own amounts and exact quotients stay as they were priced.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.engine.pricing.explain import number, row, words
from duly.engine.pricing.lines import PRICE, DataType
from duly.engine.pricing.netting import explained, less, with_net
from duly.engine.rounding import AMOUNT, RATIO, distribute_frame, round_quotient_expr

SCOPES: Final = {
    "charge": ["document_key", "agreement_id", "charge_id"], "agreement": ["document_key", "agreement_id"],
    "invoice": ["document_key"],
}
"""What a discount is taken on: the columns in which it and its lines agree."""

DISCOUNT: Final[dict[str, DataType]] = {
    "discount_id": pl.Int64, "document_key": pl.Int64, "order": pl.Int64, "name": pl.String, "scope": pl.String,
    "agreement_id": pl.Int64, "charge_id": pl.Int64, "rate": PRICE, "off": AMOUNT,
}
"""A discount of a document: `rate` (0.1 is ten per cent) or else `off`, an amount of its currency. Those with the same
`order` are taken by their `discount_id`; rows of one `discount_id` are one discount, of the lines of all of them."""

SHARE: Final[dict[str, DataType]] = {"line_key": pl.Int64, "discount_id": pl.Int64, "amount": AMOUNT}


@dataclass(frozen=True, slots=True)
class Discounted:
    """`lines` as given, with `net` and the rows of their discounts in `explanation`; `shares` (`SHARE`): what of each
    discount is taken off each line, above zero, which is `amount` less `net` in sum."""

    lines: pl.DataFrame
    shares: pl.DataFrame


def discount(lines: pl.DataFrame, discounts: pl.DataFrame) -> Discounted:
    """Take the discounts of all documents.

    lines      `lines.LINE` with line_key
    discounts  `DISCOUNT`

    Raises `ValueError` for a discount below zero, of an unknown scope, or with both or neither of `rate` and `off`.
    """
    _refuse(discounts)
    turn = pl.struct("order", "discount_id").rank("dense").over("document_key")
    in_turn = discounts.with_columns(turn.alias("turn")).sort("turn")
    netted = with_net(lines)
    taken = [pl.DataFrame(schema=SHARE | {"told": pl.String})]
    for _, now in in_turn.group_by("turn", maintain_order=True):
        shares = _shares(netted, now)
        taken.append(shares)
        netted = less(netted, shares)
    together = pl.concat(taken)
    return Discounted(explained(netted, together), together.drop("told"))


def _refuse(discounts: pl.DataFrame) -> None:
    given = pl.coalesce("rate", "off")
    wrong = discounts.filter((pl.col("rate").is_null() == pl.col("off").is_null()) | (given < 0)
                             | ~pl.col("scope").is_in(list(SCOPES)))
    if not wrong.is_empty():
        raise ValueError(f"discount {wrong['discount_id'][0]} is not a rate or an amount, from zero, of a charge, "
                         "an agreement or an invoice")


def _shares(lines: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """`SHARE` of one discount per document, with `told`, its row for each line."""
    scoped = pl.concat([
        lines.select("line_key", "exponent", "net", *columns).join(
            now.filter(pl.col("scope") == scope).select("discount_id", "name", "rate", "off", *columns),
            on=columns, maintain_order="left").drop(columns[1:])
        for scope, columns in SCOPES.items()
    ]).filter(pl.col("net") > 0).unique("line_key", keep="first", maintain_order=True)
    base = pl.col("net").sum().over("document_key")
    percent = round_quotient_expr(pl.col("base").cast(RATIO) * pl.col("rate").cast(RATIO), pl.lit(1),
                                  pl.col("exponent"))
    off = pl.min_horizontal("base", pl.coalesce(percent, "off")).cast(AMOUNT)
    summed = scoped.with_columns(base.alias("base")).with_columns(off.alias("taken"))
    spread = distribute_frame(summed, by="document_key", total="taken", weight="net", out="share")
    told = row("discount", add=number(-pl.col("share")), name=words(pl.col("name")), of=number(pl.col("base")),
               rate=pl.coalesce(number(pl.col("rate")), pl.lit("null")), taken=number(pl.col("taken")))
    return spread.filter(pl.col("share") > 0).select(
        "line_key", "discount_id", pl.col("share").alias("amount"), told.alias("told"))
