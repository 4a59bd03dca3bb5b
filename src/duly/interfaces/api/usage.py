"""Usage events from programs: in batches, each event counted once, a batch acting once under its key."""

from dataclasses import asdict
from typing import Annotated, Any, Final

import polars as pl
from ninja import Header, Router, Schema
from pydantic import ConfigDict, Field

from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.usage.actions import ingest
from duly.formats.usage_events import canonical_of
from duly.formats.usage_events.model import TEXTS, Part
from duly.formats.usage_events.reader import typed
from duly.interfaces.api.tokens import Sender
from duly.interfaces.kit.usage import unread

MOST: Final = 10_000
"""Events of a batch."""

router = Router(tags=["usage"])


class Event(Schema):
    """Something that was used. (source, event_id) counts once, however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    agreement: str = Field(description="The agreement's number.")
    metric: str = Field(description="The name of what happened, as metrics name it.")
    source: str = Field(description="Where it was measured.", max_length=200)
    event_id: str = Field(description="What the source calls it.", max_length=200)
    at: str = Field(description="When it was, with its zone.", examples=["2026-10-05T12:00:00+02:00"])
    quantity: str = Field("1", description="Exact, at most six decimals, as a string.", examples=["1.5"])
    properties: dict[str, Any] | None = Field(None, description="What metrics filter and group by.")


class Batch(Schema):
    """Events to take in: all of them or none, or with `keep_good` those that can be."""

    model_config = ConfigDict(extra="forbid")

    events: list[Event] = Field(min_length=1, max_length=MOST)
    keep_good: bool = False


class Bad(Schema):
    """An event that was left out: its place in the batch, from 0, and why."""

    row: int
    field: str
    value: str
    text: str
    remedy: str


class Answer(Schema):
    """How the batch came out: rows = new + again + findings + rejected. A finding waits for somebody's decision."""

    rows: int
    new: int
    again: int
    findings: int
    rejected: int
    bad: list[Bad]


class Failure(Schema):
    """A problem as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[dict[str, str]] = []


@router.post("/usage-events", operation_id="sendUsageEvents", summary="Send usage events", response={
    200: Answer, 400: Failure, 401: Failure, 403: Failure, 404: Failure, 413: Failure, 422: Failure, 429: Failure})
def send(request: Sender, batch: Batch,
         idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=100)] = None) -> Any:
    """Take a batch of events in. The same event again changes nothing; otherwise than before it becomes a finding.

    Nothing is taken in where an event cannot be, unless `keep_good`. With an Idempotency-Key the batch acts once.
    """
    actor, part = request.auth, _read(batch)
    key = f"api:{actor.login}:{idempotency_key}" if idempotency_key else None
    try:
        done = ingest(actor=actor, at=request.at, events=part.events, name="API",  # type: ignore[call-arg]
                      rejected=unread(part), keep_good=batch.keep_good, key=key)
    except NotFound as error:  # an agreement of a row, and not this address
        raise Refused(error.text, error.remedy, problems=error.problems) from None
    return asdict(done)


def _read(batch: Batch) -> Part:
    """The events through the reader of files, so that both doors take and refuse the same."""
    texts = (*TEXTS, "at", "quantity")
    rows = [{"row": place, **{name: getattr(event, name) or None for name in texts},
             "properties": _properties(event.properties)} for place, event in enumerate(batch.events)]
    return typed(pl.DataFrame(rows, schema={"row": pl.Int64, **dict.fromkeys((*texts, "properties"), pl.String)}))


def _properties(given: dict[str, Any] | None) -> str | None:
    """The object as text; one that has no canonical form as a text that is refused like a file's."""
    if given is None:
        return None
    try:
        return canonical_of(given)
    except ValueError:
        return "?"
