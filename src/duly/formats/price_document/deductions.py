"""What a price document takes off or adds to the sum: commitments, discounts, credit, deposits, withholding,
and the step to which what is then to pay is rounded."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.engine.bill import WITHHOLDING, Deductions
from duly.engine.currencies import exponent
from duly.engine.pricing.commitments import COMMITMENT
from duly.engine.pricing.credits import Advance, Grant
from duly.engine.pricing.discounts import DISCOUNT
from duly.formats.price_document.model import Row, frame
from duly.formats.price_document.rows import Rows, sold_with
from duly.formats.price_document.table import Node

ZERO: Final = Decimal(0)


def deductions(top: Node, rows: Rows) -> Deductions:
    """All of them, each part empty where the document says nothing."""
    withholdings = [_withholding(one) for one in top.tables("withholdings")]
    return Deductions(
        commitments=frame(COMMITMENT, [
            commitment(one, rows, number) for number, one in enumerate(top.tables("commitments"), start=1)]),
        discounts=frame(DISCOUNT, [
            row for number, one in enumerate(top.tables("discounts"), start=1)
            for row in _discount(one, rows, number)]),
        withholdings=pl.DataFrame(withholdings, schema=WITHHOLDING, orient="row"),
        grants=_grants(top.tables("credits"), rows),
        advances=tuple(_advance(one, number, rows) for number, one in enumerate(top.tables("deposits"), start=1)),
        payable_step=_payable_step(top, exponent(rows.currency)),
    )


def charges_of(table: Node, rows: Rows) -> list[int] | None:
    """The charges that a list of codes names; None where the key is absent."""
    codes = {code: number for number, code in rows.codes.items()}
    if not table.has("charges"):
        return None
    return [codes[code] for code in table.words("charges", tuple(codes))]


def _payable_step(top: Node, places: int) -> Decimal | None:
    """The step to which what is to pay is rounded: whole minor units, above zero."""
    step = top.number("payable_step", decimals=places)
    if step is not None and step <= 0:
        top.note("payable_step", f"{step} is no step.", "Give an amount above zero, such as 0.05, or leave it out.")
        return None
    return step


def _discount(table: Node, rows: Rows, number: int) -> list[Row]:
    """A discount of some charges has a row for each, one of the whole document a single one."""
    rate, off = table.share("percent"), table.number("amount", decimals=exponent(rows.currency))
    if (rate is None) == (off is None) and table.has("percent") == table.has("amount"):
        table.note("percent", "A discount is a percentage or an amount.", "Give percent: 10, or amount: 50.")
    charges = charges_of(table, rows)
    common: Row = {"discount_id": number, "document_key": 1, "order": number, "name": table.text("name", "Discount"),
                   "agreement_id": 1, "rate": rate, "off": off}
    table.close()
    if charges is None:
        return [common | {"scope": "invoice"}]
    return [common | {"scope": "charge", "charge_id": charge} for charge in charges]


def commitment(table: Node, rows: Rows, number: int) -> Row:
    charge_id, places = max(rows.codes, default=0) + number, exponent(rows.currency)
    found: Row = {
        "part": number, "document_key": 1, "agreement_id": 1, "charge_id": charge_id, "terms_id": rows.terms + number,
        "charge_name": table.text("name", "Commitment"), "exponent": places,
        "charges": charges_of(table, rows),
        "tax_class": table.text("tax_class", "standard", longest=20),
        "committed": table.needed("amount", decimals=4, example="10000"),
        "used_before": table.number("used_before", decimals=places) or ZERO, "span_from": rows.period.start,
        "span_to": rows.period.end, "days": rows.period.days, "period_days": rows.period.days}
    table.close()
    return found


def _grants(tables: Sequence[Node], rows: Rows) -> tuple[Grant, ...]:
    """Credits, each with a name of its own."""
    found: dict[str, Grant] = {}
    for number, one in enumerate(tables, start=1):
        grant = _grant(one, number, rows)
        if grant.key in found:
            one.note("name", f"“{grant.key}” is the name of another credit.", "Give each credit a name of its own.")
        found[grant.key] = grant
    return tuple(found.values())


def _grant(table: Node, number: int, rows: Rows) -> Grant:
    """Credit, with the tax that it was sold with where it was."""
    category, rate = _sold_with(table)
    charges = charges_of(table, rows)
    if table.flag("untaxed", category is None) != (category is None):
        table.note("untaxed", "Credit is sold without tax, or with the tax that is named.",
                   "Write untaxed: true alone, or what it was sold with: tax_percent: 19.")
    found = Grant(
        key=table.text("name", f"Credit {number}"),
        amount=table.needed("amount", decimals=exponent(rows.currency), example="500"),
        granted_on=table.day("granted_on", date(2000, 1, 1)), expires_on=table.maybe_day("expires_on"),
        priority=table.whole("priority", 0), tax_category=category, tax_rate=rate,
        charges=None if charges is None else frozenset(map(str, charges)))
    table.close()
    return found


def _advance(table: Node, number: int, rows: Rows) -> Advance:
    category, rate = _sold_with(table)
    if category is None:
        table.need("tax_percent", "19")
    found = Advance(
        key=table.text("name", f"Deposit {number}"), kind=table.choice("kind", ("deposit", "progressive"), "deposit"),
        on=table.day("on", rows.period.start),
        net=table.needed("net", decimals=exponent(rows.currency), example="1000"),
        tax_category=category or "S", tax_rate=rate or ZERO)
    table.close()
    return found


def _sold_with(table: Node) -> tuple[str | None, Decimal | None]:
    """The category and rate of what was sold before; none where it was sold without tax."""
    if not table.has("tax_percent") and not table.has("tax_category"):
        return None, None
    return sold_with(table)


def _withholding(table: Node) -> tuple[int, str, Decimal]:
    table.need("percent", "20")
    found = 1, table.text("name", "Withholding"), table.share("percent") or ZERO
    table.close()
    return found
