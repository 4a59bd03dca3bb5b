"""Usage events, each counted exactly once however often it is sent.

An event is its (source, event_id), as CloudEvents 1.0 section 3.1 has it, at its time. Sent again as it was it changes
nothing. What comes again otherwise is a finding: at another time it waits for a decision and does not count, with other
content the first one stays. The first is the one received first, so that nothing that comes later changes a count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.engine.pricing.lines import QUANTITY, DataType

INSTANT: Final = pl.Datetime("us", "UTC")

EVENT: Final[dict[str, DataType]] = {
    "agreement_id": pl.Int64, "metric": pl.String, "source": pl.String, "event_id": pl.String, "at": INSTANT,
    "received_at": INSTANT, "quantity": QUANTITY, "properties": pl.String,
}
"""What was used: `at` when it was, `received_at` when it was told; `properties` a JSON object, or null."""

SENT: Final[dict[str, DataType]] = {
    "row": pl.Int64, "agreement": pl.String, **{name: kind for name, kind in EVENT.items() if name != "agreement_id"},
}
"""An event as a client sends it: in which row of what was sent, and its agreement by number. `received_at` is null but
where somebody else received it before."""

IDENTITY: Final = ["source", "event_id"]
CONTENT: Final = ["agreement_id", "metric", "quantity", "properties"]
ORDER: Final = ["received_at", "at", *CONTENT]

FINGERPRINTS: Final = 16
"""As many fingerprints take about the memory of one event."""

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


@dataclass(frozen=True, slots=True)
class Told:
    """Events yet to be read, about `rows` of them."""

    events: pl.LazyFrame
    rows: int


def apart(events: pl.DataFrame | pl.LazyFrame, at_once: int) -> tuple[Told, Told]:
    """The events whose identity is told once, and all of those identities that are told again.

    Fingerprints of 64 bits part them, `FINGERPRINTS` × `at_once` in memory at a time, besides those that come again;
    where two identities have the same, both count as told again, and it is for `counted_once` to see that they are not.
    Raises `TypeError` for columns of other types: a cast could round a quantity or move
    an instant.
    """
    schema = events.lazy().collect_schema()
    if wrong := [name for name, kind in EVENT.items() if schema.get(name) != kind]:
        raise TypeError(f"events need {', '.join(f'{name} as {EVENT[name]}' for name in wrong)}")
    lazy = events.lazy().select(list(EVENT))
    rows = lazy.select(pl.len()).collect(engine="streaming").item()
    mark = pl.col("event_id").hash() ^ pl.col("source").hash(1)
    again = [pl.Series(dtype=pl.UInt64)]
    for part in in_parts(Told(lazy.select("event_id", mark.alias("mark")), rows), at_once * FINGERPRINTS, only="mark"):
        marks = part["mark"].sort()
        again.append(marks.filter((marks == marks.shift()) | (marks == marks.shift(-1))))
    marked = pl.concat(again)
    if marked.is_empty():
        return Told(lazy, rows), Told(lazy.clear(), 0)
    is_again = mark.is_in(marked.unique().implode())
    return Told(lazy.filter(~is_again), rows - marked.len()), Told(lazy.filter(is_again), marked.len())


def in_parts(told: Told, at_once: int, only: str | None = None) -> Iterator[pl.DataFrame]:
    """The events, or `only` a column of them, in parts of about `at_once`, all of an identity in one part.

    A scan is read once for each part, by the streaming engine, and never held as a whole.
    """
    parts = max(1, -(-told.rows // at_once))
    for part in range(parts):
        mine = told.events.filter(pl.col("event_id").hash() % parts == part) if parts > 1 else told.events
        yield (mine.select(only) if only else mine).collect(engine="streaming")
