"""One charge of the set-up file: its terms in people's units, as percent, minutes and hours, in those of the books."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from duly.formats.setup_file import words
from duly.formats.setup_file.table import Table
from duly.formats.setup_file.terms import Charge, Limit, Phase, Tier

OF_MONEY: Final = ("percentage", "balance")
"""Kinds that price money, so that their tiers are percentages."""
ZERO: Final = Decimal(0)


def not_negative(table: Table, key: str) -> Decimal | None:
    number = table.number(key)
    if number is not None and number < 0:
        table.note(key, f"{number} is less than zero.", "Give zero or more.")
    return number


def percent(table: Table, key: str) -> Decimal | None:
    """A percentage as a fraction: 2.9 is 0.029."""
    number = not_negative(table, key)
    if number is not None and number != round(number, 6):
        table.note(key, f"{number} is too fine.", "Give a percentage with at most 6 decimals.")
    return None if number is None else number / 100


def charge(table: Table, card: str | None) -> Charge:
    """The charge; `card` prices time that names no rate card."""
    kind = table.choice("kind", words.CHARGE_KINDS)
    found = Charge(
        path=table.path, code=table.text("code", longest=40), kind=kind, name=table.text("name"),
        tax_class=table.choice("tax_class", words.TAX_CLASSES, "standard"),
        supply=table.choice("supply", words.SUPPLIES, "services"),
        **_of_work(table, kind, card), **_by_period(table, kind), **_by_quantity(table, kind), **_of_money(table),
        **_by_plan(table), **_covering(table))
    table.close()
    return found


def _of_work(table: Table, kind: str, card: str | None) -> dict[str, Any]:
    return {
        "project": table.maybe("project", longest=40),
        "rate_card": table.maybe("rate_card", longest=40) or (card if kind == "time" else None),
        "rounding": table.choice("rounding", words.ROUNDINGS, "exact"),
        "increment_seconds": 60 * table.whole("increment_minutes", 0, low=1, high=1440) or 1,
        "minimum_seconds": 60 * table.whole("minimum_minutes", 0, high=1440),
        "weekend_factor": not_negative(table, "weekend_factor"),
        "overtime_factor": not_negative(table, "overtime_factor"),
        "overtime_after_seconds": _seconds(table, "overtime_after_hours"),
        "markup": percent(table, "markup_percent") or ZERO, "limits": tuple(map(_limit, table.tables("limits"))),
    }


def _seconds(table: Table, key: str) -> int | None:
    hours = not_negative(table, key)
    if hours is not None and hours * 3600 % 1:
        table.note(key, f"{hours} hours are no whole seconds.", "Give quarters of an hour, as 8.25.")
    return None if hours is None else int(hours * 3600)


def _limit(table: Table) -> Limit:
    table.need("at_most", "150")
    found = Limit(path=table.path, category=table.text("category", longest=100, example='"hotel"'),
                  at_most=not_negative(table, "at_most") or ZERO)
    table.close()
    return found


def _by_period(table: Table, kind: str) -> dict[str, Any]:
    interval = _maybe(table, "interval", lambda: table.choice("interval", words.INTERVALS))
    anchor = table.maybe_day("anchor")
    return {
        "unit": table.text("unit", words.UNITS.get(kind, interval or ""), longest=20),
        "interval": interval, "interval_count": table.whole("every", 1, low=1, high=120), "anchor": anchor,
        "alignment": "anchored" if anchor else "calendar", "due_on": table.maybe_day("due_on"),
        "timing": table.choice("timing", words.TIMINGS, "arrears"),
        "proration": table.choice("proration", words.PRORATIONS, "by_day"),
        "proration_down": _maybe(table, "proration_down", lambda: table.choice("proration_down", words.PRORATIONS)),
    }


def _by_quantity(table: Table, kind: str) -> dict[str, Any]:
    quantity = not_negative(table, "quantity")
    return {
        "price": not_negative(table, "price"), "quantity": Decimal(1) if quantity is None else quantity,
        "model": table.choice("model", words.MODELS, kind if kind in OF_MONEY else "per_unit"),
        "tiers": tuple(_tier(one, kind) for one in table.tables("tiers")),
        "included": not_negative(table, "included") or ZERO, "package_size": not_negative(table, "size"),
        "minimum": not_negative(table, "minimum"), "maximum": not_negative(table, "maximum"),
        "metric": table.maybe("metric", longest=60),
    }


def _tier(table: Table, kind: str) -> Tier:
    """A tier; where money is priced its price is a percentage."""
    price, rate = not_negative(table, "price"), percent(table, "percent")
    if kind in OF_MONEY and price is not None:
        table.note("price", "Money is priced in percent.", "Give percent in place of price.")
    if kind not in OF_MONEY and rate is not None:
        table.note("percent", "Only money is priced in percent.", "Give price in place of percent.")
    found = Tier(path=table.path, up_to=not_negative(table, "up_to"), flat=not_negative(table, "flat") or ZERO,
                 price=(rate if kind in OF_MONEY else price) or ZERO)
    table.close()
    return found


def _of_money(table: Table) -> dict[str, Any]:
    return {
        "rate": percent(table, "percent"), "fixed": not_negative(table, "fixed") or ZERO,
        "minimum_fee": not_negative(table, "minimum_fee"), "maximum_fee": not_negative(table, "maximum_fee"),
        "free_count": table.whole("free_count", 0, high=2_147_483_647),
        "free_amount": not_negative(table, "free_amount") or ZERO,
        "basis": table.choice("basis", words.BASES, "average"),
        "day_count": table.choice("day_count", words.DAY_COUNTS, "act_365"),
    }


def _by_plan(table: Table) -> dict[str, Any]:
    """What changes by itself: phases and a trial."""
    return {
        "phases": tuple(map(_phase, table.tables("phases"))),
        "trial_days": _maybe(table, "trial_days", lambda: table.whole("trial_days", 1, low=1)),
        "trial_until": table.maybe_day("trial_until"), "trial_price": not_negative(table, "trial_price"),
    }


def _phase(table: Table) -> Phase:
    found = Phase(path=table.path, begins_on=table.day("from"), price=not_negative(table, "price"),
                  quantity=not_negative(table, "quantity"))
    table.close()
    return found


def _covering(table: Table) -> dict[str, Any]:
    """What a charge pays of others: a retainer's grant in hours or value, a commitment, prepaid credit."""
    seconds, value = _seconds(table, "grants_hours"), not_negative(table, "grants_value")
    if seconds is not None and value is not None:
        table.note("grants_value", "A retainer grants hours or value.", "Give grants_hours or grants_value.")
    return {
        "grants": value if seconds is None else Decimal(seconds),
        "grants_of": "value" if seconds is None and value is not None else "time",
        "rollover": table.whole("rollover", 0), "borrow": table.flag("borrow", False),
        "covers": table.texts("covers"), "priority": table.whole("priority", 0),
        "expires_on": table.maybe_day("expires_on"), "untaxed": table.flag("untaxed", False),
    }


def _maybe(table: Table, key: str, read: Callable[[], Any]) -> Any:
    """What is read of a key that has no usual value; None where it is absent."""
    return read() if table.has(key) else None
