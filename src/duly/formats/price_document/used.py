"""What was used in the period of a price document: a quantity as it stands, or one that events come to."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from duly.engine.currencies import exponent
from duly.engine.periods import Period
from duly.engine.pricing.events import EVENT
from duly.engine.pricing.retainers import Use
from duly.engine.pricing.usage import AGGREGATIONS, PERIOD, Filter, Metric, aggregate, values_of
from duly.formats.identities import check_time_zone
from duly.formats.price_document.model import Retainer, Row, frame
from duly.formats.price_document.rows import Rows
from duly.formats.price_document.table import Node
from duly.formats.setup_file.table import _shown

ZERO: Final = Decimal(0)


class Used(NamedTuple):
    """What was used: by which group where there are some; `late` where the rest of it is billed already."""

    group: str
    quantity: Decimal
    late: Decimal | None


def quantities(table: Node, period: Period, findings: list[Row]) -> list[Used]:
    """The charge's quantity, or those of its groups; events that wait for a decision are added to the findings."""
    used = table.table("usage")
    if used is None:
        late = table.number("late_quantity", decimals=6, least=None)
        quantity = table.needed("quantity", decimals=6, example="1200")
        return _not_below_zero(table, "late_quantity", [Used("", quantity, late)])
    table.asked |= {"quantity", "late_quantity"}
    time_zone = zone(used)
    billed_until = instant(used, "billed_until", time_zone) if used.has("billed_until") else None
    metric = _metric(used)
    events = [_event(one, time_zone, number) for number, one in enumerate(used.tables("events"), start=1)]
    used.close()
    if metric is None:
        return []
    periods = [{"agreement_id": 1, "metric": "used", "period_from": period.start, "period_to": period.end,
                "time_zone": time_zone, "received_until": billed_until}]
    found = aggregate(frame(EVENT, events), [metric], frame(PERIOD, periods))
    findings += found.findings.to_dicts()
    return _not_below_zero(table, "usage", [
        Used(", ".join(values_of(one["group"])), one["quantity"],
             None if billed_until is None else one["late_quantity"])
        for one in found.usage.to_dicts()])


def _not_below_zero(table: Node, key: str, used: list[Used]) -> list[Used]:
    """The same; what would be less than nothing of a period is noted."""
    least = min((min(one.quantity, one.quantity + (one.late or ZERO)) for one in used), default=ZERO)
    if least < 0:
        table.note(key, f"All together comes to {least.normalize():f}, less than nothing.",
                   "Give at most as much below zero as was used.")
    return used


def zone(table: Node) -> str:
    """An IANA time zone; UTC where none is given."""
    before = len(table.problems)
    name = table.text("time_zone", "UTC", check=check_time_zone)
    return name if len(table.problems) == before else "UTC"


def _metric(table: Node) -> Metric | None:
    """What is made of the events; None where it is not said well."""
    before = len(table.problems)
    aggregation = table.choice("aggregation", AGGREGATIONS, "sum")
    counted = _named(table, "property", table.text("property", ""))
    if aggregation == "unique_count" and not counted:
        table.note("property", "A unique count is of a property.", "Say which, for example property: user.")
    filters = tuple(_filter(one) for one in table.tables("filters"))
    groups = _names(table, "group_by")
    if len(table.problems) > before:
        return None
    return Metric("used", aggregation, property=counted, filters=filters, group_by=groups)


def _names(table: Node, key: str) -> tuple[str, ...]:
    """A list of names of properties."""
    names = table.values.get(key, []) if table.has(key) else []
    if not isinstance(names, list) or not all(type(name) is str and name for name in names):
        table.note(key, "This is no list of properties.", f"Write {key}: [region].")
        return ()
    if len(set(names)) < len(names):
        table.note(key, "A property is there twice.", "Name each once.")
    return tuple(_named(table, key, name) for name in names)


def _named(table: Node, key: str, name: str) -> str:
    """The name of a property; one that the engine cannot ask for is noted."""
    if "'" in name or "\\" in name:
        table.note(key, f"A property cannot be called {name}.", "Name it without apostrophes and backslashes.")
    return name


def _filter(table: Node) -> Filter:
    values = table.values.get("values") if table.has("values") else None
    if not isinstance(values, list) or not values:
        table.note("values", "This is no list of values.", "Write values: [live, test].")
        values = []
    name = _named(table, "property", table.text("property", example="region"))
    found = Filter(name, tuple(_text(value) for value in values),
                   table.flag("excluded", False))
    table.close()
    return found


def _event(table: Node, time_zone: str, number: int) -> Row:
    """An event; where it says no id of its own its place is one, so that it counts by itself."""
    at = instant(table, "at", time_zone)
    properties = table.values.get("properties") if table.has("properties") else None
    if properties is not None and not isinstance(properties, dict):
        table.note("properties", "These are no names with values.", "Write properties: {region: eu}.")
        properties = None
    found: Row = {
        "agreement_id": 1, "metric": "used", "source": table.text("source", "document"),
        "event_id": table.text("id", f"#{number}"), "at": at, "received_at": _received(table, at, time_zone),
        "quantity": table.number("quantity", decimals=6, least=None) if table.has("quantity") else Decimal(1),
        "properties": None if properties is None else json.dumps(_texts(properties), ensure_ascii=False)}
    table.close()
    return found


def _text(value: Any) -> str:
    """A value of a property as it is compared: as JSON writes it."""
    return json.dumps(value) if isinstance(value, bool | type(None)) else str(value)


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, bool | int | type(None)) else str(value)
            for name, value in values.items()}


def _received(table: Node, at: datetime, time_zone: str) -> datetime:
    return instant(table, "received_at", time_zone) if table.has("received_at") else at


def instant(table: Node, key: str, time_zone: str) -> datetime:
    """An instant as ISO 8601, in the usage's time zone where it names none; a day is its first instant."""
    table.need(key, "2026-10-05T14:30:00Z")
    value = table.values.get(key)
    try:
        given = datetime.combine(value, time()) if isinstance(value, date) else datetime.fromisoformat(str(value))
        return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        if key in table.values:
            table.note(key, f"{_shown(value)} is no instant.", f"Write it as {key}: 2026-10-05T14:30:00Z.")
        return datetime(2000, 1, 1, tzinfo=UTC)


def covered(table: Node, entries: Sequence[Row], charge_id: int, rows: Rows) -> list[Row]:
    """The work that a retainer of hours leaves to be billed; one by value is kept until there are prices."""
    found = _retainer(table, charge_id, rows)
    if found is None:
        return list(entries)
    if found.value:
        rows.retainers.append(found)
        return list(entries)
    used = sum((entry["quantity"] for entry in entries), ZERO)
    rows.retainers.append(replace(found, used=used))
    return _beyond(entries, found.statement(used).covered)


def _retainer(table: Node, charge_id: int, rows: Rows) -> Retainer | None:
    one = table.table("retainer")
    if one is None:
        return None
    value = one.has("value") or "time" not in one.values
    places = exponent(rows.currency) if value else None
    earlier = [_earlier(each, places) for each in one.tables("earlier")]
    granted, carried = _share(one, "value" if value else "time", places), ZERO
    if one.has("carried_in"):
        carried = _share(one, "carried_in", places)
    following = _share(one, "following", places) if one.has("following") else granted
    uses = (*earlier, Use(rows.period, granted + carried, ZERO))
    found = Retainer(charge_id, value, uses, one.whole("rollover", 0, high=120), one.flag("borrow", False),
                     None if one.flag("ends", False) else following)
    one.close()
    for number, (before, after) in enumerate(pairwise(uses)):
        if before.period.end != after.period.start:
            one.note(f"earlier[{number}]", f"It ends on {before.period.last}, the next period begins on "
                     f"{after.period.start}.", "Give each period up to this document's, without a gap.")
            return replace(found, uses=uses[-1:])
    return found


def _earlier(table: Node, places: int | None) -> Use:
    used = Use(table.period("period"), _share(table, "time" if places is None else "value", places),
               _share(table, "used", places))
    table.close()
    return used


def _share(table: Node, key: str, places: int | None) -> Decimal:
    """An amount of so many decimals, or where there are none a time in seconds."""
    return Decimal(table.seconds(key)) if places is None else table.needed(key, decimals=places)


def _beyond(entries: Sequence[Row], room: Decimal) -> list[Row]:
    """The entries in the order of their days without the time that is covered; the one in which it ends is split."""
    left = []
    for entry in sorted(entries, key=lambda entry: (entry["worked_on"], entry["work_id"])):
        taken = min(room, entry["quantity"])
        room -= taken
        if entry["quantity"] > taken:
            left.append(entry | {"quantity": entry["quantity"] - taken})
    return left
