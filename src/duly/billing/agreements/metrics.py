"""Metrics as people read them: the list of what is measured, and one of them."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.agreements.models import Metric
from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.listing import Page, Query, Sort, Source

MADE_OF: Final = "coalesce(nullif(m.event, ''), m.code)"
"""SQL: the name of the events that metric `m` is made of."""

METRICS: Final = Source(
    columns={
        "id": "m.id", "code": "m.code", "name": "m.name", "unit": "m.unit", "aggregation": "m.aggregation",
        "event": MADE_OF, "property": "m.property",
        "groups": "array_to_string(m.group_by, ', ')", "filters": "jsonb_array_length(m.filters)",
    },
    tables="metric m", id="m.id", book="true", sorts={"code": Sort("m.code", "text")},
    filters={"text": "position(lower(%(value)s) in lower(m.code || ' ' || m.name)) > 0",
             "aggregation": "m.aggregation = %(value)s"},
)
"""Metrics serve any account: whoever may read sees them all."""


def metrics(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of metrics; columns, filters and sorts as `METRICS`."""
    return listing.page(METRICS, query, actor=actor, on=on)


def every_metric(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(METRICS, query, actor=actor, on=on)


def metric(*, actor: Actor, on: date, code: str) -> Metric:
    """The metric of that code. Raises `NotFound`, `Forbidden` without the right to read."""
    refuse_outside_book(actor, "read", [], on)
    found = Metric.objects.filter(code=code).first()
    if found is None:
        raise NotFound(f"There is no metric “{code}”.", "Choose one of the list.")
    return found
