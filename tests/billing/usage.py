"""Usage of the small world: metrics, events and periods as the tests write them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.usage import actions
from duly.billing.usage.actions import Ingested
from duly.billing.usage.queries import PERIODS
from duly.engine.pricing.events import SENT
from tests.engine.frames import Defaults, frame
from tests.world import NOW, OCTOBER, World

NOON: Final = datetime(2026, 10, 5, 12, tzinfo=ZoneInfo("Europe/Berlin"))
DEFAULTS: Final[Defaults] = {name: (kind, None) for name, kind in SENT.items()} | {
    "agreement": (pl.String, "ZED-SUB"), "metric": (pl.String, "calls"), "source": (pl.String, "meter"),
    "quantity": (frames.QUANTITY, 1), "at": (SENT["at"], NOON)}


def metric(code: str = "calls", aggregation: str = "sum", **more: Any) -> m.Metric:
    return m.Metric.objects.create(code=code, name=code.title(), aggregation=aggregation, **more)


def events(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Events as sent; unless said they are e1, e2 … of Zed's calls at noon of 5 October."""
    return frame(DEFAULTS, *({"row": number, "event_id": f"e{number}", **row} for number, row in enumerate(rows, 1)))


def ingest(world: World, *rows: Mapping[str, Any], login: str = "fin", **more: Any) -> Ingested:
    return actions.ingest(actor=world.actor(login), at=more.pop("at", NOW), events=events(*rows), **more)


def period(of: m.Metric, agreement: str = "ZED-SUB", days: tuple[date, date] = OCTOBER,
           billed_in: str | None = None) -> dict[str, Any]:
    return {"agreement_id": m.Agreement.objects.get(number=agreement).pk, "metric_id": of.pk, "period_from": days[0],
            "period_to": days[1], "time_zone": "Europe/Berlin", "billed_in": billed_in}


def periods(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PERIODS, orient="row")


def snapshot() -> str:
    return str(frames.rows("select pg_current_snapshot()::text")[0][0])


def days_after(days: float) -> datetime:
    return NOON + timedelta(days=days)
