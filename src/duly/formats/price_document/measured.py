"""Charges by what was measured in the period: quantities, money that moved, money that was held."""

from decimal import Decimal
from typing import Final

from duly.engine.pricing.balances import YEARS
from duly.engine.pricing.tiers import TIERED
from duly.formats.price_document.model import Row
from duly.formats.price_document.rows import ZERO, Rows
from duly.formats.price_document.table import Node
from duly.formats.price_document.used import quantities

BY_QUANTITY: Final = ("per_unit", "graduated", "volume", "stair_step", "package")


def bounds(table: Node) -> Row:
    """The least and the most of the period's amount."""
    return _limits(table, "minimum", "maximum", 4)


def _limits(table: Node, least: str, most: str, decimals: int) -> Row:
    low, high = table.number(least, decimals=decimals), table.number(most, decimals=decimals)
    if low is not None and high is not None and low > high:
        table.note(least, f"{low} is more than {high}, the {most.replace('_', ' ')}.",
                   f"Give at most {high}, or leave one out.")
    return {least: low, most: high}


def _tiers(table: Node, rows: Rows, terms_id: int, *, priced: str = "price", steps: bool = False) -> None:
    """Tiers from zero on, each up to its bound, the last one open."""
    read = table.tables("tiers")
    if not read:
        table.note("tiers", "There are no tiers.", "Write tiers: [{up_to: 100, price: 2}, {price: 1.5}].")
    above = ZERO
    for number, one in enumerate(read, start=1):
        last = number == len(read)
        up_to = one.number("up_to", decimals=6)
        if up_to is None and not last:
            one.note("up_to", "Only the last tier is open.", "Say up to where this one goes, for example up_to: 100.")
        if up_to is not None and up_to <= above:
            one.note("up_to", f"{up_to} is not beyond {above}, where the tier begins.", "Write tiers in rising order.")
        price = one.percent("percent") if priced == "percent" else one.number("price")
        flat = one.number("flat")
        if steps and price and flat is None:
            one.note("price", "The price of a stair step is flat, not of a unit.", f"Write flat: {price}.")
        rows.tiers.append({"terms_id": terms_id, "above": above, "up_to": up_to, "price": price or ZERO,
                           "flat": flat or ZERO})
        one.close()
        above = up_to or above
    if read and rows.tiers[-1]["up_to"] is not None:
        rows.tiers.append({"terms_id": terms_id, "above": above, "up_to": None, "price": rows.tiers[-1]["price"],
                           "flat": ZERO})
        table.note("tiers", f"Nothing says what more than {above} costs.", "Leave up_to out of the last tier.")


def by_quantity(table: Node, common: Row, rows: Rows) -> None:
    """Units, tiers and packages of what was used in the period."""
    terms_id, model = rows.new_terms(), str(table.values["model"])
    said = priced(table, rows, terms_id, model) | bounds(table) | {"kind": "usage"}
    for one in quantities(table, rows.period, rows.findings):
        name = f"{common['charge_name']}, {one.group}" if one.group else common["charge_name"]
        row = _measured(rows, common, terms_id) | said | {"charge_name": name, "quantity": one.quantity}
        if one.late is None:
            rows.metered.append(row)
        else:
            rows.late.append(row | {"part": len(rows.late) + 1, "late_quantity": one.late})


def _measured(rows: Rows, common: Row, terms_id: int) -> Row:
    """What all measured charges have; their period is the document's."""
    return common | {
        "terms_id": terms_id, "part": len(rows.metered) + 1, "included": ZERO, "fixed": ZERO, "free_count": 0,
        "free_amount": ZERO, "span_from": rows.period.start, "span_to": rows.period.end, "days": rows.period.days,
        "period_days": rows.period.days,
    }


def priced(table: Node, rows: Rows, terms_id: int, model: str, before: Row | None = None) -> Row:
    """The price of a quantity: tiers, a package, or a unit; and what of it is included.

    Where a price comes after the one `before`, what is included and in a package stays unless it is said again.
    """
    kept, included = before or {}, table.number("included", decimals=6)
    found: Row = {"model": model, "included": kept.get("included", ZERO) if included is None else included}
    if model in TIERED:
        _tiers(table, rows, terms_id, steps=model == "stair_step")
        return found
    found["price"] = table.needed("price")
    if model == "package" and kept and not table.has("size"):
        found["package_size"] = kept["package_size"]
    elif model == "package":
        size = table.needed("size", decimals=6, example="1000")
        if not size:
            table.note("size", "A package of nothing holds nothing.", "Give the units in one, for example size: 1000.")
        found["package_size"] = size or Decimal(1)
    return found


def percentage(table: Node, common: Row, rows: Rows) -> None:
    row = _measured(rows, common, rows.new_terms())
    rate = table.percent("percent")
    if rate is None:
        table.need("percent", "2.9")
    rows.metered.append(row | bounds(table) | {
        "kind": "percentage", "model": "percentage", "quantity": ZERO, "rate": rate or ZERO,
        "fixed": table.number("fixed") or ZERO, **_limits(table, "minimum_fee", "maximum_fee", 8),
        "free_count": table.whole("free_count", 0, high=10**9),
        "free_amount": table.number("free_amount", decimals=6) or ZERO})
    for place, one in enumerate(table.tables("transactions")):
        rows.transactions.append({"part": row["part"], "place": place, "amount": one.needed("amount", decimals=6)})
        one.maybe_day("on")
        one.maybe("text")
        one.close()


def graduated_percentage(table: Node, common: Row, rows: Rows) -> None:
    """Tiers over the sum of the amounts: the sum is the quantity, rates are the prices."""
    terms_id = rows.new_terms()
    _tiers(table, rows, terms_id, priced="percent")
    rows.metered.append(_measured(rows, common, terms_id) | bounds(table) | {
        "kind": "percentage", "model": "graduated", "quantity": table.needed("amount", decimals=6),
        "included": table.number("free_amount", decimals=6) or ZERO})


def balance_fee(table: Node, common: Row, rows: Rows) -> None:
    terms_id = rows.new_terms()
    row = _measured(rows, common, terms_id)
    if table.has("tiers"):
        _tiers(table, rows, terms_id, priced="percent")
    else:
        table.need("percent", "0.75")
        rate = table.percent("percent") or ZERO
        rows.tiers.append({"terms_id": terms_id, "above": ZERO, "up_to": None, "price": rate, "flat": ZERO})
    rows.metered.append(row | bounds(table) | {
        "kind": "balance", "model": "balance", "quantity": ZERO, "basis": table.choice("basis", ("average", "closing"),
                                                                                       "average"),
        "day_count": table.choice("day_count", tuple(YEARS), "act_365")})
    days = [(one.day("from", rows.period.start), one.needed("balance", decimals=4), one)
            for one in table.tables("balances")]
    for number, (begins, balance, one) in enumerate(days):
        ends = days[number + 1][0] if number + 1 < len(days) else rows.period.end
        if not rows.period.start <= begins < ends:
            one.note("from", f"{begins} is not before {ends}, where the next balance begins.",
                     f"Give days of the period {rows.period.start} to {rows.period.last}, in order.")
        rows.balances.append({"part": row["part"], "from_day": begins, "to_day": max(ends, begins), "balance": balance})
        one.close()
