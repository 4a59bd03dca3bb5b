"""A line of time with less work on it than before, priced again by the engine at the line's own rate and terms."""

import json
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.invoicing.editing import DraftLine, allocate, put_line
from duly.billing.kernel import frames
from duly.billing.kernel.frames import PRICE, QUANTITY
from duly.billing.work.queries import UNBILLED
from duly.engine.pricing.reduction import with_adjustments
from duly.engine.pricing.time import price_time

KEPT: Final[frames.Schema] = {
    **UNBILLED, "document_key": pl.Int64, "terms_id": pl.Int64, "currency": pl.String, "exponent": pl.Int8,
    "charge_name": pl.String, "rate_card_id": pl.Int64, "rounding": pl.String, "increment_seconds": pl.Int64,
    "minimum_seconds": pl.Int64, "grouping": pl.String, "tax_class": pl.String, "unit": pl.String,
}
"""Work as the engine prices time, with the terms of its line."""


def priced_again(line: DraftLine, kept: pl.DataFrame, exponent: int) -> Decimal:
    """Let the line bill only this work (`allocations` of it): its rows, quantity, days, amount and shares; the amount.

    Each entry keeps the time that is billed of it, and the line the factor of its rate.

    What people changed on it stays: its words, and the same share written down.
    """
    lines, shares, _ = price_time(_work(line, kept), _own_rate(line))
    [new] = lines.iter_rows(named=True)
    renewed = DraftLine(
        line.id, line.position, line.kind, line.terms_id, line.description, line.unit_price, new["amount"],
        f"{new['numerator'].normalize():f}/{new['denominator']}", json.loads(new["explanation"]))
    amount = put_line(renewed, with_adjustments(renewed.explanation, line.explanation), quantity=new["quantity"],
                      service_from=new["service_from"], service_to=new["service_to"])
    allocate(renewed, shares.select(
        pl.col("work_id").alias("work_item_id"), pl.lit(line.id).alias("line_id"), "quantity", "billed_quantity",
    ), amount, exponent)
    return amount


def _work(line: DraftLine, kept: pl.DataFrame) -> pl.DataFrame:
    found = frames.read("""select w.id, w.kind, w.agreement_id, t.charge_id, w.project_id, nullif(w.project_name, ''),
            w.person_id, nullif(w.person_name, ''), nullif(w.role, ''), nullif(w.task, ''), w.worked_on, w.started_at,
            w.quantity, w.cost, nullif(w.cost_currency, ''), w.description, l.invoice_id, t.id, i.currency,
            currency_exponent(i.currency), t.name, t.rate_card_id, t.rounding, t.increment_seconds, t.minimum_seconds,
            v.grouping, l.tax_class, l.unit
        from invoice_line l join invoice i on i.id = l.invoice_id join charge_terms t on t.id = l.terms_id
        join agreement_version v on v.id = t.version_id join work_item w on w.id = any(%s)
        where l.id = %s order by w.id""", [kept["work_item_id"].to_list(), line.id], KEPT)
    quantities = kept.select(pl.col("work_item_id").alias("work_id"), "quantity",
                             pl.col("billed_quantity").cast(pl.Int64).alias("billed"))
    multiplied = _step(line, "multiplier")
    return found.drop("quantity").join(quantities, on="work_id", maintain_order="left").with_columns(
        pl.col("quantity").cast(QUANTITY), pl.lit(Decimal(multiplied.get("times", "1")), PRICE).alias("factor"),
        pl.lit(multiplied.get("why"), pl.String).alias("why"))


def _own_rate(line: DraftLine) -> pl.DataFrame:
    """The line's rate as a card of one rate for everybody: what the card says today is for the checks to compare."""
    rate = _step(line, "rate")
    [(card,)] = frames.rows("select rate_card_id from charge_terms where id = %s", [line.terms_id])
    keys = dict.fromkeys(("person_id", "project_id"), pl.Int64) | dict.fromkeys(("role", "task"), pl.String)
    return pl.DataFrame(
        [{"rate_card_id": card, "rate_id": rate.get("rate_id"), "price": Decimal(rate.get("times", line.unit_price)),
          "valid_from": date.min}],
        schema={"rate_card_id": pl.Int64, "rate_id": pl.Int64, **keys, "price": PRICE, "valid_from": pl.Date,
                "valid_to": pl.Date})


def _step(line: DraftLine, step: str) -> dict[str, Any]:
    """The row of the line's explanation of that step; empty where it has none."""
    return next((row for row in line.explanation if row["step"] == step), {})
