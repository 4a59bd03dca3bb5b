"""Taking usage events in: each counted once, whoever sends it again, in batches and set-based."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import polars as pl

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.usage.sorting import BadRow, Sorted, sort

TEMPORARY: Final = """
    create temporary table if not exists {} ({}, source text collate "C", event_id text collate "C", at timestamptz,
      mark uuid generated always as (public.usage_mark(source, event_id)) stored) on commit delete rows"""

CLAIM: Final = """
    with claimed as (
      insert into usage_identity (mark, at) select mark, at from usage_claim order by mark
      on conflict (mark) do nothing returning mark)
    select c.place from usage_claim c where not exists (select from claimed m where m.mark = c.mark)"""
"""Who has the identity already. Marks go in their order, so that two who send the same wait for one another and never
in a circle, and so that they meet the pages of their key one after the other."""

WRITTEN: Final = ("agreement_id", "metric", "source", "event_id", "at", "quantity", "properties")

OTHERWISE: Final = """
    insert into usage_finding (reason, agreement_id, metric, source, event_id, at, received_at, quantity, properties,
                               counted_at, key)
    select case when i.at = u.at then 'other_content' else 'another_time' end, i.agreement_id, i.metric, i.source,
           i.event_id, i.at, %(at)s, i.quantity, i.properties, u.at,
           encode(sha256(convert_to(jsonb_build_array(i.source, i.event_id, extract(epoch from i.at), i.agreement_id,
                                                      i.metric, i.quantity, i.properties)::text, 'UTF8')), 'hex')
      from usage_repeat i join usage_identity u on u.mark = i.mark
      left join usage_event e on e.source = i.source and e.event_id = i.event_id and e.at = u.at
     where (i.at, i.agreement_id, i.metric, i.quantity, i.properties)
           is distinct from (e.at, e.agreement_id, e.metric, e.quantity, e.properties)
     order by i.mark on conflict (key) do nothing"""


@dataclass(frozen=True, slots=True)
class Ingested:
    """How a batch came out. `batch` is 0 where it changed nothing; `bad` are the rows left out, each with row, field,
    value, text and remedy. rows = new + again + findings + the rows of `bad`."""

    rows: int
    new: int
    again: int
    findings: int
    rejected: int
    batch: int = 0
    bad: list[dict[str, Any]] = field(default_factory=list)


@verb("usage.ingest", right="work")
def ingest(*, actor: Actor, at: datetime, events: pl.DataFrame, name: str = "", rejected: Sequence[BadRow] = (),
           keep_good: bool = False) -> Ingested:
    """Take events in (`engine.pricing.events.SENT`); each (source, event_id) counts once, whoever sends it again.

    The same again changes nothing. At another time or with other content it becomes a finding that waits for a
    decision (`decide`). Two who send the same at once wait for one another. `rejected` are rows that could not be
    read. Of a batch with nothing new nothing is kept.

    Raises `Refused` with every bad row unless `keep_good`: then the good ones are taken in and the others answered.
    `NotFound`, a `Refused` too, when one of them names an agreement that is not there or not in the actor's book.
    """
    refuse_outside_book(actor, "work", [], at.date())
    found = sort(actor, at.date(), events, rejected)
    if found.bad and not keep_good:
        raise refusal(found, name)
    new, findings = take_in(found.good, at)
    good = found.good.height
    answer = Ingested(good + found.rejected, new, good - new - findings, findings, found.rejected, bad=found.plain())
    return replace(answer, batch=_record(actor, at, name, answer)) if new or findings else answer


def refusal(found: Sorted, name: str) -> Refused:
    """What is said where nothing is taken in because of bad rows."""
    kind = NotFound if found.unseen else Refused
    return kind(f"Nothing of {f'“{name}”' if name else 'these events'} is taken in: {found.rejected} of the rows "
                "cannot be.",
                "Mend them and send all again, or keep the good rows: none counts twice.",
                problems=[one.problem() for one in found.bad])


def take_in(good: pl.DataFrame, at: datetime) -> tuple[int, int]:
    """Write judged events (`sorting.Sorted.good`); how many are new, and how many new findings there are.

    What is new goes once into the table of events as it comes. Only what claims an identity in vain, or is not the
    first of its batch to do so, is looked at again beside the event that counts.
    """
    if good.is_empty():
        return 0, 0
    placed = good.with_row_index("place")
    vain = _claim(placed.filter("first"))
    is_new = pl.col("first") & ~pl.col("place").is_in(vain)
    new = frames.write("usage_event", placed.filter(is_new).select(*WRITTEN, received_at=pl.lit(at)))
    repeats = placed.remove(is_new).select(WRITTEN)
    return new, _find(repeats, at) if repeats.height else 0


def _claim(first: pl.DataFrame) -> list[int]:
    """The `place` of each event whose identity was another's before; the others have theirs now."""
    _keep("usage_claim", "place bigint", first.select("place", "source", "event_id", "at"))
    frames.rows("select usage_months(min(at), max(at)) from usage_claim")
    return [place for (place,) in frames.rows(CLAIM)]


def _find(repeats: pl.DataFrame, at: datetime) -> int:
    """Findings for those events that differ from the one of their identity; how many were not made before."""
    _keep("usage_repeat", "agreement_id bigint, metric text, quantity numeric(20, 6), properties jsonb", repeats)
    return frames.execute(OTHERWISE, {"at": at})


def _keep(table: str, columns: str, events: pl.DataFrame) -> None:
    """Keep these events, and only these, in a temporary table with these columns of their own and their marks."""
    frames.execute(TEMPORARY.format(table, columns))
    frames.execute(f"delete from {table}")
    frames.write(table, events)


def _record(actor: Actor, at: datetime, name: str, answer: Ingested) -> int:
    query = """insert into usage_batch (name, rows, new, again, findings, rejected, received_by_id, received_at)
               values (%s, %s, %s, %s, %s, %s, %s, %s) returning id"""
    counts = {key: getattr(answer, key) for key in ("rows", "new", "again", "findings", "rejected")}
    [(batch,)] = frames.rows(query, [name[-255:], *counts.values(), actor.user_id, at])
    record("usage_batch", batch, name=name, **counts)
    return int(batch)
