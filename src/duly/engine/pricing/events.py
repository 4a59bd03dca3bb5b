"""Usage events, each counted exactly once however often it is sent.

An event is its (source, event_id), as CloudEvents 1.0 section 3.1 has it, at its time. Sent again as it was it changes
nothing. What comes again otherwise is a finding: at another time it waits for a decision and does not count, with other
content the first one stays. The first is the one received first, so that nothing that comes later changes a count.
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from duly.engine.pricing.lines import QUANTITY, DataType

INSTANT: Final = pl.Datetime("us", "UTC")

EVENT: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "metric": pl.String, "source": pl.String, "event_id": pl.String, "at": INSTANT,
    "received_at": INSTANT, "quantity": QUANTITY, "properties": pl.String,
}
"""What was used: `at` when it was, `received_at` when it was told; `properties` a JSON object, or null."""

IDENTITY: Final = ["source", "event_id"]
CONTENT: Final = ["agreement_id", "metric", "quantity", "properties"]
ORDER: Final = ["received_at", "at", *CONTENT]

FINDING: Final[dict[str, DataType]] = {
    "reason": pl.String, "source": pl.String, "event_id": pl.String, "agreement_id": pl.Int64, "metric": pl.String,
    "at": INSTANT, "received_at": INSTANT, "counted_at": INSTANT,
}
"""An event that is not counted: for `reason` another_time or other_content than the one counted, at `counted_at`."""


def counted_once(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The events that count, and `FINDING`s. `events` as `EVENT`, all that there are of an identity."""
    again = events.select(IDENTITY).is_duplicated()
    repeated = events.filter(again).sort(ORDER, nulls_last=True)
    first = repeated.unique(IDENTITY, keep="first", maintain_order=True)
    counted = first.select(*IDENTITY, *(pl.col(name).alias(f"counted_{name}") for name in ("at", *CONTENT)))
    another_time = pl.col("at") != pl.col("counted_at")
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"counted_{name}")) for name in CONTENT)
    reason = pl.when(another_time).then(pl.lit("another_time")).otherwise(pl.lit("other_content"))
    findings = (
        repeated.join(counted, on=IDENTITY, maintain_order="left").filter(another_time | other)
        .unique([*IDENTITY, "at", *CONTENT], keep="first", maintain_order=True)
        .select(pl.col(name) if name != "reason" else reason.alias(name) for name in FINDING)
    )
    return pl.concat([events.filter(~again), first]), findings


def in_parts(events: pl.DataFrame | pl.LazyFrame, at_once: int) -> Iterator[pl.DataFrame]:
    """The events in parts of about `at_once`, all of an identity in one part.

    A scan is read once to count and once for each part, by the streaming engine, and never held as a whole. Raises
    `TypeError` for columns of other types: a cast could round a quantity or move an instant.
    """
    schema = events.lazy().collect_schema()
    if wrong := [name for name, kind in EVENT.items() if schema.get(name) != kind]:
        raise TypeError(f"events need {', '.join(f'{name} as {EVENT[name]}' for name in wrong)}")
    lazy = events.lazy().select(list(EVENT))
    parts = max(1, -(-lazy.select(pl.len()).collect(engine="streaming").item() // at_once))
    for part in range(parts):
        mine = lazy.filter(pl.col("event_id").hash() % parts == part) if parts > 1 else lazy
        yield mine.collect(engine="streaming")
