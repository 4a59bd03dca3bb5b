"""What a price document comes to: its priced lines with their explanation, tax lines and totals, as plain values."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from duly.engine.bill import Bill, bill
from duly.engine.pricing import Metered, due_spans, price
from duly.engine.pricing.credits import PAYABLE
from duly.engine.pricing.late import late_lines
from duly.engine.pricing.phases import with_trials
from duly.engine.pricing.unused import settle
from duly.engine.rounding import round_quotient
from duly.engine.tax import reason_text
from duly.formats.price_document.accounts import accounts, money, plain
from duly.formats.price_document.covering import covered
from duly.formats.price_document.model import PriceDocument
from duly.formats.price_document.untaxed import untaxed
from duly.formats.setup_file.table import Problem

Answer = dict[str, Any]
HOUR = 3600


def priced(document: PriceDocument) -> Answer:
    """Lines, tax lines and totals of the document; numbers are exact decimals, dates days.

    Raises `Unpriced` when some of the work has no price, or a line no tax rate; nothing is left out in silence.
    """
    due, credits = _due(document)
    found = price(document.work, due, document.rates, Metered(
        document.metered, document.tiers, document.transactions, document.balances))
    if found.problems.height:
        raise Unpriced(_said(document.places[one["work_id"]], one["text"]) for one in found.problems.to_dicts())
    lines = found.lines.drop("position")
    late = late_lines(document.late, document.tiers).drop("part").with_row_index("line_key", offset=lines.height + 1)
    held = covered(document, pl.concat([lines, late.cast({"line_key": pl.Int64}).select(lines.columns)]))
    summed = bill(held.lines, document.deductions, document.sale, document.issued_on, credits)
    if unknown := list(untaxed(document, summed.lines)):
        raise Unpriced(unknown)
    return _told(document, summed) | accounts(document, held)


class Unpriced(ValueError):
    """What has no price, or no tax rate; `problems` says of each where it stands, why, and what to do."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(map(str, self.problems)))


def _said(path: str, text: str) -> Problem:
    """What a pricing says, whose remedy stands behind the semicolon."""
    what, _, remedy = text.partition("; ")
    return Problem(path, f"{what[:1].upper()}{what[1:].rstrip('.')}.", f"{remedy[:1].upper()}{remedy[1:]}")


def _due(document: PriceDocument) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The spans of fixed charges that become due in the period, and credits of what is billed and unused.

    What had become due before the period is none of it, except days that the document says are billed: these are billed
    as they are now.
    """
    charges = with_trials(document.fixed, document.trials)
    prepaid, pauses = document.prepaid, document.pauses
    changing = pl.col("charge_id").is_in(prepaid["charge_id"].implode())
    settled = settle(document.before, charges.filter(changing), prepaid, document.period.end, pauses)
    nothing = prepaid.clear().select("charge_id", "span_from", "span_to")
    until_end = due_spans(charges.filter(~changing), nothing, document.period.end, pauses)
    until_start = due_spans(charges, nothing, document.period.start, pauses)
    key = ["charge_id", "span_from", "span_to"]
    again = settled.due.select(key).join(prepaid.select(key), on="charge_id", suffix="_billed").filter(
        (pl.col("span_from") < pl.col("span_to_billed")) & (pl.col("span_from_billed") < pl.col("span_to")))
    before = until_start.select(key).join(again, on=key, how="anti")
    due = pl.concat([until_end, settled.due.select(until_end.columns)])
    return due.join(before, on=key, how="anti", maintain_order="left"), settled.credits


def _told(document: PriceDocument, found: Bill) -> Answer:
    places = document.exponent
    return {
        "currency": document.currency,
        "period": {"from": document.period.start, "to": document.period.end - timedelta(days=1)},
        "lines": [_line(one, document.charges, places) for one in found.lines.to_dicts()],
        "tax_lines": [{
            "name": one.get("name") or "", "category": one["category"],
            "rate_percent": plain(one["rate"] * 100), "base": money(one["base"], places),
            "tax": money(one["tax"], places), "reason": reason_text(one["reason"], "en") if one["reason"] else "",
        } for one in found.tax_lines.to_dicts()],
        "withheld": [{
            "name": one["name"], "rate_percent": plain(one["rate"] * 100), "base": money(one["base"], places),
            "withheld": money(one["withheld"], places)} for one in found.withheld.to_dicts()],
        "credits": [{"name": one.grant, "drawn": money(one.amount, places), "on": one.on,
                     "untaxed": one.demand == PAYABLE} for one in found.draws],
        "expired": [{"name": one.grant, "expired": money(one.amount, places), "on": one.on} for one in found.expired],
        "findings": [{name: one[name] for name in ("reason", "source", "event_id", "at", "counted_at")}
                     for one in document.findings],
        "totals": {name: money(amount, places) for name, amount in found.totals.items()},
    }


def _line(line: Mapping[str, Any], codes: Mapping[int, str], places: int) -> Answer:
    timed = line["kind"] == "time"
    quantity = round_quotient(line["quantity"], HOUR, 4) if timed else line["quantity"]
    seconds = {"seconds": int(line["quantity"])} if timed else {}
    gross = {"gross": money(line["gross"], places)} if "gross" in line else {}
    return {
        "position": line["position"], "charge": codes.get(line["charge_id"]), "kind": line["kind"],
        "description": line["description"], "quantity": plain(quantity), **seconds, "unit": line["unit"],
        "unit_price": plain(line["unit_price"]), "amount": money(line["priced"], places), **gross,
        "net": money(line["amount"], places), "tax_category": line["tax_category"],
        "tax_percent": plain(line["tax_rate"] * 100), "tax": money(line["tax"], places),
        "from": line["service_from"], "to": line["service_to"], "explanation": json.loads(line["explanation"]),
    }

