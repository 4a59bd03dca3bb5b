"""The charges of a price document: one reader for each model, from a table to the rows of the engine's frames."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from duly.engine.currencies import exponent
from duly.engine.pricing.rates import folded
from duly.formats.identities import check_currency
from duly.formats.price_document.measured import (
    BY_QUANTITY,
    balance_fee,
    by_quantity,
    graduated_percentage,
    percentage,
)
from duly.formats.price_document.model import Row
from duly.formats.price_document.recurring import recurring
from duly.formats.price_document.rows import LONG_AGO, ZERO, Rows, until_next
from duly.formats.price_document.sizes import note_too_large
from duly.formats.price_document.table import Node
from duly.formats.price_document.used import covered
from duly.formats.setup_file.words import GROUPINGS, ROUNDINGS

A_DAY: Final = 86_400


def charge(table: Node, rows: Rows) -> None:
    """Read one charge into the rows."""
    charge_id = len(rows.codes) + 1
    model = table.choice("model", tuple(READERS))
    name = table.text("name", model.replace("_", " ").capitalize())
    code = table.text("code", f"{charge_id}", longest=40)
    if code in rows.codes.values():
        table.note("code", f"“{code}” is the code of another charge.", "Give each charge a code of its own.")
    rows.codes[charge_id] = code
    common: Row = {
        "document_key": 1, "agreement_id": 1, "charge_id": charge_id, "charge_name": name,
        "unit": table.text("unit", "item", longest=20), "tax_class": table.text("tax_class", "standard", longest=20),
        "currency": rows.currency, "exponent": exponent(rows.currency),
    }
    READERS.get(model, _ignored)(table, common, rows)
    note_too_large(table, rows, charge_id)
    table.close()


def _ignored(table: Node, common: Row, rows: Rows) -> None:
    """A model that is not known is noted already; what stands beside it cannot be judged."""
    table.asked.update(table.values)


def _one_off(table: Node, common: Row, rows: Rows) -> None:
    count, due = table.number("quantity", decimals=6), table.day("on", rows.period.start)
    if not rows.period.start <= due < rows.period.end:
        table.note("on", f"{due} is not in the period.", f"Give a day from {rows.period.start} to {rows.period.last}.")
    rows.fixed.append(common | {
        "kind": "one_off", "model": "per_unit", "included": ZERO, "terms_id": rows.new_terms(), "interval": None,
        "interval_count": 1, "price": table.needed("price"), "quantity": Decimal(1) if count is None else count,
        "due_on": due, "alignment": "calendar", "timing": "arrears",
        "proration": "by_day", "agreement_from": LONG_AGO, "terms_from": LONG_AGO})


def _time(table: Node, common: Row, rows: Rows) -> None:
    terms_id = rows.new_terms()
    flat = table.number("price")
    card = common["charge_id"]
    before, given = len(rows.rates), table.tables("rates")
    if flat is not None:
        rows.rates.append({"rate_card_id": card, "rate_id": before + 1, "price": flat, "valid_from": LONG_AGO,
                           "valid_to": None, **rows.named("person", None), **rows.named("project", None)})
    for one in given:
        rows.rates.append({
            "rate_card_id": card, "rate_id": len(rows.rates) + 1, "price": one.needed("price"),
            "role": one.maybe("role", longest=60), "task": one.maybe("task", longest=100),
            "valid_from": one.day("from", LONG_AGO), "valid_to": one.maybe_day("to"),
            **rows.named("person", one.maybe("person")), **rows.named("project", one.maybe("project"))})
        one.close()
    dated = given if flat is None else [table, *given]
    until_next(dated, rows.rates[before:], ("person", "project", "role", "task"))
    rounded: Row = {
        "kind": "time", "terms_id": terms_id, "rate_card_id": card,
        "rounding": table.choice("rounding", ROUNDINGS, "exact"),
        "increment_seconds": 60 * table.whole("increment_minutes", 0, high=1440) or 1,
        "minimum_seconds": 60 * table.whole("minimum_minutes", 0, high=1440),
        "grouping": table.choice("grouping", GROUPINGS, "rate"), "markup": ZERO,
        "unit": "h" if common["unit"] == "item" else common["unit"], **_multipliers(table),
    }
    entries: list[Row] = []
    for one in table.tables("entries"):
        entries.append(common | rounded | _entry(one, rows, len(entries)) | {
            "quantity": Decimal(one.seconds("time")), "role": one.maybe("role", longest=60),
            "task": one.maybe("task", longest=100), **rows.named("person", one.maybe("person")),
            **rows.named("project", one.maybe("project"))})
        one.close()
    _count_days(entries)
    rows.work += covered(table, entries, card, rows)


def _multipliers(table: Node) -> Row:
    """How many times hours at weekends, and beyond so many a day, count."""
    begins, before = table.has("overtime_after_hours"), len(table.problems)
    if table.has("overtime_factor") != begins:
        table.note("overtime_factor" if begins else "overtime_after_hours",
                   "Overtime has a factor, and the hours of a day after which it begins.",
                   "Give overtime_factor and overtime_after_hours, or neither.")
    after = table.seconds("overtime_after_hours") if begins else None
    if after is not None and not 0 < after <= A_DAY and len(table.problems) == before:
        table.note("overtime_after_hours", f"{table.values['overtime_after_hours']} is not within a day.",
                   "Give more than nothing, at most 24 hours.")
    return {"weekend_factor": _factor(table, "weekend_factor"), "overtime_factor": _factor(table, "overtime_factor"),
            "overtime_after_seconds": after}


def _factor(table: Node, key: str) -> Decimal | None:
    found = table.number(key, decimals=2)
    if found is not None and not 0 < found <= 10:
        table.note(key, f"{found} is no factor.", "Give more than 0, at most 10.")
    return found


def _count_days(entries: list[Row]) -> None:
    """What each person has worked of the charge on the day through each entry, in the order of the list."""
    days: dict[tuple[object, object], int] = {}
    for one in entries:
        key = one["person_id"], one["worked_on"]
        one["day_until"] = days[key] = days.get(key, 0) + int(one["quantity"])


def _entry(one: Node, rows: Rows, before: int = 0) -> Row:
    work_id = len(rows.work) + before + 1
    rows.places[work_id] = one.path
    return {"work_id": work_id, "worked_on": one.day("on", rows.period.start),
            "description": one.text("text", "", longest=2000)}


def _expense(table: Node, common: Row, rows: Rows) -> None:
    terms_id, markup, limits = rows.new_terms(), table.percent("markup_percent") or ZERO, _limits(table, common)
    for one in table.tables("entries"):
        category = one.maybe("category", longest=100)
        one.need("cost", "67.90")
        rows.work.append(common | _entry(one, rows) | _exchange(one, rows) | {
            "kind": "expense", "terms_id": terms_id, "markup": markup, "grouping": "rate", "quantity": Decimal(1),
            "amount": one.number("cost", decimals=4, least=None) or ZERO, "rounding": "exact", "increment_seconds": 1,
            "minimum_seconds": 0, "task": category, "at_most": limits.get(folded(category or ""))})
        one.close()


def _exchange(one: Node, rows: Rows) -> Row:
    """What an expense was paid in, and where that is another currency than the document's, the day's rate."""
    currency = one.text("currency", rows.currency, check=check_currency)
    rate = one.number("exchange_rate", decimals=10)
    if currency != rows.currency and not one.has("exchange_rate"):
        one.note("exchange_rate", f"Nothing says what {currency} is in {rows.currency}.",
                 f"Give the {rows.currency} for 1 {currency} on the day, for example exchange_rate: 0.9213.")
    elif currency == rows.currency and rate is not None and rate != 1:
        one.note("exchange_rate", f"{currency} is the document's own currency.",
                 "Leave it out, or name the currency that was paid.")
    elif rate == 0:
        one.note("exchange_rate", "At 0 nothing would be billed.", "Give more than zero.")
    return {"cost_currency": currency, "exchange_rate": rate}


def _limits(table: Node, common: Row) -> dict[str, Decimal]:
    """The most that an expense of each category is billed at, by the category as it is compared."""
    found: dict[str, Decimal] = {}
    for one in table.tables("limits"):
        category = one.text("category", longest=100, example="hotel")
        one.need("at_most", "150")
        at_most = one.number("at_most", decimals=common["exponent"])
        if at_most == 0:
            one.note("at_most", "Nothing would be billed.", "Give more than zero, or leave the limit out.")
        if folded(category) in found:
            one.note("category", f"“{category}” has another limit.", "Give each category one, whatever its case.")
        found[folded(category)] = at_most or ZERO
        one.close()
    return found


def _milestone(table: Node, common: Row, rows: Rows) -> None:
    """The agreed amount, or the accepted part of it."""
    accepted = table.share("accepted_percent")
    rows.work.append(common | _entry(table, rows) | {
        "kind": "milestone", "terms_id": rows.new_terms(), "markup": ZERO, "grouping": "rate", "rounding": "exact",
        "increment_seconds": 1, "minimum_seconds": 0, "amount": table.needed("amount", decimals=4, example="10000"),
        "quantity": Decimal(1) if accepted is None else accepted})


READERS: Final[dict[str, Callable[[Node, Row, Rows], None]]] = {
    "time": _time, "expense": _expense, "milestone": _milestone, "recurring": recurring, "one_off": _one_off,
    **dict.fromkeys(BY_QUANTITY, by_quantity), "percentage": percentage,
    "graduated_percentage": graduated_percentage, "balance": balance_fee,
}
"""The models, by the word that names them, and how each is read."""

