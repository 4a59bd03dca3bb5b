"""The charges of a price document: one reader for each model, from a table to the rows of the engine's frames."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from duly.engine.currencies import exponent
from duly.engine.periods import INTERVALS, Period
from duly.engine.pricing.balances import YEARS
from duly.engine.pricing.proration import PRORATIONS
from duly.engine.tax import CATEGORIES
from duly.formats.identities import check_currency
from duly.formats.price_document.model import Row
from duly.formats.price_document.table import Node
from duly.formats.price_document.used import covered, quantity, zone
from duly.formats.setup_file.words import GROUPINGS, ROUNDINGS, TIMINGS

ZERO: Final = Decimal(0)
LONG_AGO: Final = date(1900, 1, 1)
BY_QUANTITY: Final = ("per_unit", "graduated", "volume", "stair_step", "package")
TIERED: Final = ("graduated", "volume", "stair_step")


@dataclass(slots=True)
class Rows:
    """The rows read so far, by frame. Ids count up; equal names of people and projects have equal ids."""

    currency: str
    period: Period
    work: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    fixed: list[Row] = field(default_factory=list)
    metered: list[Row] = field(default_factory=list)
    tiers: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    pauses: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    prepaid: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    terms: int = 0

    def named(self, kind: str, name: str | None) -> dict[str, Any]:
        """The columns of someone or something named."""
        if name is None:
            return {kind: None, f"{kind}_id": None}
        return {kind: name, f"{kind}_id": self.ids.setdefault((kind, name), len(self.ids) + 1)}


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
    table.close()


def _ignored(table: Node, common: Row, rows: Rows) -> None:
    """A model that is not known is noted already; what stands beside it cannot be judged."""
    table.asked.update(table.values)


def _terms(rows: Rows) -> int:
    rows.terms += 1
    return rows.terms


def _bounds(table: Node) -> Row:
    return {limit: table.number(limit, decimals=4) for limit in ("minimum", "maximum")}


def _tiers(table: Node, rows: Rows, terms_id: int, *, priced: str = "price") -> None:
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
        rows.tiers.append({"terms_id": terms_id, "above": above, "up_to": up_to, "price": price or ZERO,
                           "flat": one.number("flat") or ZERO})
        one.close()
        above = up_to or above
    if read and rows.tiers[-1]["up_to"] is not None:
        rows.tiers.append({"terms_id": terms_id, "above": above, "up_to": None, "price": rows.tiers[-1]["price"],
                           "flat": ZERO})
        table.note("tiers", f"Nothing says what more than {above} costs.", "Leave up_to out of the last tier.")


def _by_quantity(table: Node, common: Row, rows: Rows) -> None:
    """Units, tiers and packages of what was used in the period."""
    terms_id, model = _terms(rows), str(table.values["model"])
    rows.metered.append(_measured(rows, common, terms_id) | _priced(table, rows, terms_id, model) | _bounds(table) | {
        "kind": "usage", "model": model, "quantity": quantity(table, rows.period, rows.findings)})


def _measured(rows: Rows, common: Row, terms_id: int) -> Row:
    """What all measured charges have; their period is the document's."""
    return common | {
        "terms_id": terms_id, "part": len(rows.metered) + 1, "included": ZERO, "fixed": ZERO, "free_count": 0,
        "free_amount": ZERO, "span_from": rows.period.start, "span_to": rows.period.end, "days": rows.period.days,
        "period_days": rows.period.days,
    }


def _priced(table: Node, rows: Rows, terms_id: int, model: str) -> Row:
    """The price of a quantity: tiers, a package, or a unit; and what of it is included."""
    found: Row = {"model": model, "included": table.number("included", decimals=6) or ZERO}
    if model in TIERED:
        _tiers(table, rows, terms_id)
        return found
    found["price"] = table.needed("price")
    if model == "package":
        size = table.needed("size", decimals=6, example="1000")
        if not size:
            table.note("size", "A package of nothing holds nothing.", "Give the units in one, for example size: 1000.")
        found["package_size"] = size or Decimal(1)
    return found


def _percentage(table: Node, common: Row, rows: Rows) -> None:
    row = _measured(rows, common, _terms(rows))
    rate = table.percent("percent")
    if rate is None:
        table.need("percent", "2.9")
    rows.metered.append(row | _bounds(table) | {
        "kind": "percentage", "model": "percentage", "quantity": ZERO, "rate": rate or ZERO,
        "fixed": table.number("fixed") or ZERO, "minimum_fee": table.number("minimum_fee"),
        "maximum_fee": table.number("maximum_fee"), "free_count": table.whole("free_count", 0, high=10**9),
        "free_amount": table.number("free_amount", decimals=6) or ZERO})
    for place, one in enumerate(table.tables("transactions")):
        rows.transactions.append({"part": row["part"], "place": place, "amount": one.needed("amount", decimals=6)})
        one.maybe_day("on")
        one.maybe("text")
        one.close()


def _graduated_percentage(table: Node, common: Row, rows: Rows) -> None:
    """Tiers over the sum of the amounts: the sum is the quantity, rates are the prices."""
    terms_id = _terms(rows)
    _tiers(table, rows, terms_id, priced="percent")
    rows.metered.append(_measured(rows, common, terms_id) | _bounds(table) | {
        "kind": "percentage", "model": "graduated", "quantity": table.needed("amount", decimals=6),
        "included": table.number("free_amount", decimals=6) or ZERO})


def _balance(table: Node, common: Row, rows: Rows) -> None:
    terms_id = _terms(rows)
    row = _measured(rows, common, terms_id)
    if table.has("tiers"):
        _tiers(table, rows, terms_id, priced="percent")
    else:
        table.need("percent", "0.75")
        rate = table.percent("percent") or ZERO
        rows.tiers.append({"terms_id": terms_id, "above": ZERO, "up_to": None, "price": rate, "flat": ZERO})
    rows.metered.append(row | _bounds(table) | {
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


def _recurring(table: Node, common: Row, rows: Rows) -> None:
    """A price for each period, in phases where terms change; of a broken period the share that proration gives."""
    begins, last = table.day("from", rows.period.start), table.maybe_day("until")
    rhythm: Row = {
        "kind": "recurring", "interval": table.choice("interval", INTERVALS, "month"),
        "interval_count": table.whole("every", 1, low=1, high=1200),
        "alignment": table.choice("alignment", ("calendar", "anchored"), "calendar"),
        "anchor": table.maybe_day("anchor"), "timing": table.choice("timing", TIMINGS, "arrears"),
        "proration": table.choice("proration", PRORATIONS, "by_day"), "timezone": zone(table),
        "agreement_from": begins, "agreement_to": last,
    }
    model = table.choice("pricing", BY_QUANTITY, "per_unit")
    phases = [(begins, table), *((one.day("from"), one) for one in table.tables("changes"))]
    price: Row = {}
    for number, (starts, one) in enumerate(phases):
        terms_id = _terms(rows)
        if number == 0 or one.has("price") or one.has("tiers"):
            price = _priced(one, rows, terms_id, model)
        seats = one.number("quantity", decimals=6)
        ends = phases[number + 1][0] if number + 1 < len(phases) else None
        if ends is not None and ends <= starts:
            phases[number + 1][1].note("from", f"{ends} is not after {starts}.", "Write changes in the order of days.")
        rows.fixed.append(common | rhythm | price | _bounds(table) | {
            "terms_id": terms_id, "terms_from": starts, "terms_to": ends,
            "quantity": seats if seats is not None else
            (rows.fixed[-1]["quantity"] if number else Decimal(1))})
        if number:
            one.close()
    first = rows.fixed[-len(phases)]
    _trial(table, first["charge_id"], rows)
    _pauses(table, first["charge_id"], rows)
    _billed(table, first, rows)


def _trial(table: Node, charge_id: int, rows: Rows) -> None:
    """Days at the beginning that are free, or have a price of their own."""
    if table.has("trial_days") or table.has("trial_until"):
        days = table.whole("trial_days", 0, high=3660)
        rows.trials.append({"charge_id": charge_id, "trial_days": days or None,
                            "trial_until": table.maybe_day("trial_until"), "price": table.number("trial_price")})


def _pauses(table: Node, charge_id: int, rows: Rows) -> None:
    for one in table.tables("pauses"):
        rows.pauses.append({"charge_id": charge_id, "paused_from": one.day("from"), "paused_to": one.maybe_day("to")})
        one.close()


def _billed(table: Node, first: Row, rows: Rows) -> None:
    """What is billed of the charge already: unused days of it are credited, days billed are not billed again."""
    lines = table.tables("billed")
    if lines:
        rows.before.append(first | {"terms_to": None, "agreement_to": None})
    for one in lines:
        begins, ends = one.day("from"), one.day("to")
        if ends <= begins:
            one.note("to", f"{ends} is not after {begins}.", "Give the first day that is not billed any more.")
        rows.prepaid.append({
            "line_id": len(rows.prepaid) + 1, "document_key": 1, "agreement_id": 1, "charge_id": first["charge_id"],
            "terms_id": first["terms_id"], "description": first["charge_name"], "tax_class": first["tax_class"],
            "tax_category": one.choice("tax_category", CATEGORIES, "S"),
            "tax_rate": one.percent("tax_percent") or ZERO, "amount": one.needed("amount", decimals=4),
            "exponent": first["exponent"], "span_from": begins, "span_to": max(begins, ends)})
        one.close()


def _one_off(table: Node, common: Row, rows: Rows) -> None:
    count = table.number("quantity", decimals=6)
    rows.fixed.append(common | {
        "kind": "one_off", "model": "per_unit", "included": ZERO, "terms_id": _terms(rows), "interval": None,
        "interval_count": 1, "price": table.needed("price"), "quantity": Decimal(1) if count is None else count,
        "due_on": table.day("on", rows.period.start), "alignment": "calendar", "timing": "arrears",
        "proration": "by_day", "agreement_from": LONG_AGO, "terms_from": LONG_AGO})


def _time(table: Node, common: Row, rows: Rows) -> None:
    terms_id = _terms(rows)
    flat = table.number("price")
    card = common["charge_id"]
    if flat is not None:
        rows.rates.append({"rate_card_id": card, "rate_id": len(rows.rates) + 1, "price": flat, "valid_from": LONG_AGO,
                           **rows.named("person", None), **rows.named("project", None)})
    for one in table.tables("rates"):
        rows.rates.append({
            "rate_card_id": card, "rate_id": len(rows.rates) + 1, "price": one.needed("price"),
            "role": one.maybe("role", longest=60), "task": one.maybe("task", longest=100),
            "valid_from": one.day("from", LONG_AGO), "valid_to": one.maybe_day("to"),
            **rows.named("person", one.maybe("person")), **rows.named("project", one.maybe("project"))})
        one.close()
    rounded: Row = {
        "kind": "time", "terms_id": terms_id, "rate_card_id": card,
        "rounding": table.choice("rounding", ROUNDINGS, "exact"),
        "increment_seconds": 60 * table.whole("increment_minutes", 0, high=1440) or 1,
        "minimum_seconds": 60 * table.whole("minimum_minutes", 0, high=1440),
        "grouping": table.choice("grouping", GROUPINGS, "rate"), "markup": ZERO,
        "unit": "h" if common["unit"] == "item" else common["unit"],
    }
    entries: list[Row] = []
    for one in table.tables("entries"):
        entries.append(common | rounded | _entry(one, rows, len(entries)) | {
            "quantity": Decimal(one.seconds("time")), "role": one.maybe("role", longest=60),
            "task": one.maybe("task", longest=100), **rows.named("person", one.maybe("person")),
            **rows.named("project", one.maybe("project"))})
        one.close()
    rows.work += covered(table, entries, rows.period)[0]


def _entry(one: Node, rows: Rows, before: int = 0) -> Row:
    return {"work_id": len(rows.work) + before + 1, "worked_on": one.day("on", rows.period.start),
            "description": one.text("text", "", longest=2000)}


def _expense(table: Node, common: Row, rows: Rows) -> None:
    terms_id, markup = _terms(rows), table.percent("markup_percent") or ZERO
    for one in table.tables("entries"):
        rows.work.append(common | _entry(one, rows) | {
            "kind": "expense", "terms_id": terms_id, "markup": markup, "grouping": "rate", "quantity": Decimal(1),
            "amount": one.needed("cost", decimals=4), "rounding": "exact", "increment_seconds": 1, "minimum_seconds": 0,
            "cost_currency": one.text("currency", rows.currency, check=check_currency),
            "exchange_rate": one.number("exchange_rate", decimals=10)})
        one.close()


def _milestone(table: Node, common: Row, rows: Rows) -> None:
    """The agreed amount, or the accepted part of it."""
    accepted = table.percent("accepted_percent")
    rows.work.append(common | _entry(table, rows) | {
        "kind": "milestone", "terms_id": _terms(rows), "markup": ZERO, "grouping": "rate", "rounding": "exact",
        "increment_seconds": 1, "minimum_seconds": 0, "amount": table.needed("amount", decimals=4, example="10000"),
        "quantity": Decimal(1) if accepted is None else accepted})


READERS: Final[dict[str, Callable[[Node, Row, Rows], None]]] = {
    "time": _time, "expense": _expense, "milestone": _milestone, "recurring": _recurring, "one_off": _one_off,
    **dict.fromkeys(BY_QUANTITY, _by_quantity), "percentage": _percentage,
    "graduated_percentage": _graduated_percentage, "balance": _balance,
}
"""The models, by the word that names them, and how each is read."""

