"""Recurring charges: their rhythm, their phases, trials and pauses, and what of them is billed already."""

from decimal import Decimal

from duly.engine.periods import INTERVALS, Period
from duly.engine.pricing.proration import PRORATIONS
from duly.formats.price_document.measured import BY_QUANTITY, bounds, priced
from duly.formats.price_document.model import Row
from duly.formats.price_document.rows import Rows, sold_with
from duly.formats.price_document.table import Node
from duly.formats.price_document.used import zone
from duly.formats.setup_file.words import TIMINGS


def recurring(table: Node, common: Row, rows: Rows) -> None:
    """A price for each period, in phases where terms change; of a broken period the share that proration gives."""
    begins, last = table.day("from", rows.period.start), table.maybe_day("until")
    rhythm: Row = {
        "kind": "recurring", "interval": table.choice("interval", INTERVALS, "month"),
        "interval_count": table.whole("every", 1, low=1, high=1200),
        "alignment": table.choice("alignment", ("calendar", "anchored"), "calendar"),
        "anchor": table.maybe_day("anchor"), "timing": table.choice("timing", TIMINGS, "arrears"),
        "proration": table.choice("proration", PRORATIONS, "by_day"), "timezone": zone(table),
        "proration_down": table.choice("proration_down", PRORATIONS) if table.has("proration_down") else None,
        "agreement_from": begins, "agreement_to": last,
    }
    model = table.choice("pricing", BY_QUANTITY, "per_unit")
    phases = [(begins, table), *((one.day("from"), one) for one in table.tables("changes"))]
    price: Row = {}
    for number, (starts, one) in enumerate(phases):
        terms_id = rows.new_terms()
        if number == 0 or one.has("price") or one.has("tiers"):
            price = priced(one, rows, terms_id, model, price)
        else:
            rows.tiers += [tier | {"terms_id": terms_id} for tier in rows.tiers if tier["terms_id"] == terms_id - 1]
        seats = one.number("quantity", decimals=6)
        ends = phases[number + 1][0] if number + 1 < len(phases) else None
        if ends is not None and ends <= starts:
            phases[number + 1][1].note("from", f"{ends} is not after {starts}.", "Write changes in the order of days.")
        rows.fixed.append(common | rhythm | price | bounds(table) | {
            "terms_id": terms_id, "terms_from": starts, "terms_to": ends,
            "quantity": seats if seats is not None else
            (rows.fixed[-1]["quantity"] if number else Decimal(1))})
        if number:
            one.close()
    if last is not None and last < begins and not table.has("billed"):
        table.note("until", f"{last} is before {begins}, where it begins.", "Give the last day, or leave it out.")
    first = rows.fixed[-len(phases)]
    _trial(table, first["charge_id"], rows)
    _pauses(table, first["charge_id"], rows)
    _billed(table, first, rows)


def _trial(table: Node, charge_id: int, rows: Rows) -> None:
    """Days at the beginning that are free, or have a price of their own."""
    days, until, price = (table.whole("trial_days", 0, high=3660), table.maybe_day("trial_until"),
                          table.number("trial_price"))
    if table.has("trial_days") and table.has("trial_until"):
        table.note("trial_until", "A trial is so many days, or it is until a day.", "Give trial_days, or trial_until.")
    elif table.has("trial_days") or table.has("trial_until"):
        rows.trials.append({"charge_id": charge_id, "trial_days": days or None, "trial_until": until, "price": price})
    elif table.has("trial_price"):
        table.note("trial_price", "Nothing says how long the trial is.", "Give trial_days, or trial_until.")


def _pauses(table: Node, charge_id: int, rows: Rows) -> None:
    for one in table.tables("pauses"):
        begins, ends = one.day("from"), one.maybe_day("to")
        if ends is not None and ends <= begins:
            one.note("to", f"{ends} is not after {begins}.", "Give the first day that is billed again.")
        rows.pauses.append({"charge_id": charge_id, "paused_from": begins, "paused_to": ends})
        one.close()


def _billed(table: Node, first: Row, rows: Rows) -> None:
    """What is billed of the charge already: unused days of it are credited, days billed are not billed again."""
    lines = table.tables("billed")
    if lines:
        rows.before.append(first | {"terms_to": None, "agreement_to": None})
    earlier: list[Period] = []
    for one in lines:
        begins, ends = one.day("from"), one.day("to")
        if ends <= begins:
            one.note("to", f"{ends} is not after {begins}.", "Give the first day that is not billed any more.")
        elif any(begins < span.end and span.start < ends for span in earlier):
            one.note("from", "Some of its days are in a line before it; no day is billed twice.",
                     "Give each line without the days and the amount that were credited of it.")
        else:
            earlier.append(Period(begins, ends))
        category, rate = sold_with(one)
        known = category != "S" or one.has("tax_percent")
        rows.prepaid.append({
            "line_id": len(rows.prepaid) + 1, "document_key": 1, "agreement_id": 1, "charge_id": first["charge_id"],
            "terms_id": first["terms_id"], "description": first["charge_name"], "tax_class": first["tax_class"],
            "tax_category": category if known else None, "tax_rate": rate if known else None,
            "amount": one.needed("amount", decimals=first["exponent"]), "exponent": first["exponent"],
            "span_from": begins, "span_to": max(begins, ends)})
        one.close()
