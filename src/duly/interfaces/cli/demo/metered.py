"""What the demo's customers use: events made of the plan, the same on every machine and in any order."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

import polars as pl

from duly.engine.pricing.events import SENT
from duly.formats.usage_events.model import sent
from duly.interfaces.cli.demo.plan import Plan
from duly.interfaces.cli.demo.sheets import SEED

ZONE: Final = "Europe/Berlin"
FIRST_HOUR: Final = 8

Row = tuple[str, str, str, str, datetime, Decimal]
"""Agreement, metric, source, event, when in `ZONE`'s clock, quantity."""


def used(plan: Plan, first: date, last: date) -> pl.DataFrame:
    """The events of the days from `first` to `last`, both included, weekends too: columns as `SENT`."""
    begins = {agreed.number: agreed.versions[0].valid_from for agreed in plan.set_up.agreements}
    return _sent(event for use in plan.story["usage"] if use["agreement"] in begins
                 for day in _days(max(first, begins[use["agreement"]]), last) for event in _day(use, day))


def slips(plan: Plan, first: date, last: date) -> Iterator[tuple[date, pl.DataFrame]]:
    """Events that come in by themselves on a day from `first` to `last`, each with that day."""
    known = {agreed.number for agreed in plan.set_up.agreements}
    sources = {(use["agreement"], use["metric"]): use["source"] for use in plan.story["usage"]}
    for agreement, metric, event, at, quantity, received_on in plan.story["usage_slips"]["list"]:
        if agreement in known and first <= received_on <= last:
            yield received_on, _sent([(agreement, metric, sources[agreement, metric], event, at, Decimal(quantity))])


def _day(use: Mapping[str, Any], day: date) -> Iterator[Row]:
    """What is used on a day: some events, an hour apart."""
    dice = Random(f"{SEED}:{use['agreement']}:{use['metric']}:{day}")
    scale = 10 ** int(use.get("decimals", 0))
    lowest, highest = use["quantity"]
    for number in range(1, dice.randint(*use["times"]) + 1):
        at = datetime.combine(day, time(FIRST_HOUR)) + timedelta(hours=number)
        quantity = Decimal(dice.randint(lowest * scale, highest * scale)) / scale
        yield use["agreement"], use["metric"], use["source"], f"{use['metric']}-{day}-{number}", at, quantity


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _sent(events: Iterable[Row]) -> pl.DataFrame:
    """The events as a client sends them."""
    names = ("agreement", "metric", "source", "event_id", "at", "quantity")
    kinds = {name: pl.Datetime("us") if name == "at" else SENT[name] for name in names}
    frame = pl.DataFrame(list(events), schema=kinds, orient="row").with_row_index("row", offset=1)
    return sent(frame.with_columns(pl.col("at").dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")))
