"""An agreement of any terms in the small world, and what a bill run makes of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from duly.billing import models as m
from duly.billing.agreements.actions.agree import agree, amend
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.run import preview
from duly.billing.invoicing.drafting import Drafts
from duly.engine.pricing import replay
from tests.billing.usage import ingest
from tests.world import NOW, World

JANUARY = date(2026, 1, 1)
NUMBER = "M-1"


def agreed(world: World, *charges: ChargeInput, starts_on: date = JANUARY, ends_on: date | None = None,
           **version: Any) -> m.Agreement:
    """An agreement with Zed (in Switzerland: no tax) that needs no review."""
    terms = VersionInput(starts_on, charges, **{"review": "none", **version})
    agree(actor=world.actor("fin"), at=NOW, on=world.today, number=NUMBER, name="Models", entity="HALDEN",
          account="ZED", currency="EUR", terms=terms, ends_on=ends_on)
    return world.agreement(NUMBER)


def amended(world: World, valid_from: date, *charges: ChargeInput, **version: Any) -> None:
    amend(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER,
          terms=VersionInput(valid_from, charges, **{"review": "none", **version}))


def metric(code: str = "calls", aggregation: str = "sum", **values: Any) -> None:
    m.Metric.objects.create(code=code, name=code.title(), aggregation=aggregation, **values)


def used(world: World, *events: tuple[str, str, Any], at: Any = NOW) -> None:
    """Take in events: metric, instant (ISO 8601), and a quantity or a pair of quantity and properties as JSON."""
    rows = []
    for place, (code, when, what) in enumerate(events):
        quantity, properties = what if isinstance(what, tuple) else (what, None)
        rows.append({"agreement": NUMBER, "metric": code, "event_id": f"{code}/{when}/{place}/{quantity}",
                     "at": datetime.fromisoformat(when), "quantity": Decimal(str(quantity)), "properties": properties})
    ingest(world, *rows, login="ben", at=at)


@dataclass(frozen=True, slots=True)
class Told:
    """A line: kind, description, quantity, amount, first and last day of service."""

    kind: str
    description: str
    quantity: Decimal
    amount: Decimal
    begins: date
    ends: date


def month(number: int, year: int = 2026) -> tuple[date, date]:
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


def previewed(world: World, period: tuple[date, date]) -> Drafts:
    return preview(actor=world.actor("ben"), on=period[1], entity="HALDEN", period_from=period[0], period_to=period[1],
                   accounts=[world.account("ZED").pk])


def lines(world: World, period: tuple[date, date]) -> list[Told]:
    """The agreement's lines that a run would draft; each explanation leads to its amount."""
    found = previewed(world, period).lines.filter(pl.col("agreement_id") == world.agreement(NUMBER).pk)
    rows = found.sort("document_key", "position").iter_rows(named=True)
    told = []
    for row in rows:
        assert replay(row["explanation"]) == row["amount"], row["explanation"]
        told.append(Told(row["kind"], row["description"], row["quantity"], row["amount"], row["service_from"],
                         row["service_to"]))
    return told


def amounts(world: World, period: tuple[date, date]) -> list[tuple[str, str]]:
    """Kind and amount of each line."""
    return [(line.kind, f"{line.amount.normalize():f}") for line in lines(world, period)]


def billed(world: World, period: tuple[date, date], *, issue: bool = True) -> list[m.Invoice]:
    """Run the billing of Zed, and issue what it drafts; the documents of this agreement."""
    actor = world.actor("ben")
    run = actions.launch(actor=actor, at=NOW, on=period[1], entity="HALDEN", period_from=period[0], period_to=period[1],
                         accounts=[world.account("ZED").pk])
    for partition in run.partitions:
        actions.draft_partition(actor=actor, at=NOW, partition=partition)
    drafts = list(m.Invoice.objects.filter(run_partition__run_id=run.run).order_by("id"))
    mine = [one for one in drafts if one.lines.filter(agreement__number=NUMBER).exists()]
    if issue and mine:
        issued = actions.issue(actor=actor, at=NOW, on=period[1], drafts=[one.pk for one in mine])
        assert not issued.skipped, issued.skipped
    return [m.Invoice.objects.get(pk=one.pk) for one in mine]


def stored(invoice: m.Invoice) -> list[tuple[str, str]]:
    return [(kind, f"{amount.normalize():f}") for kind, amount in
            invoice.lines.order_by("position").values_list("kind", "amount")]
