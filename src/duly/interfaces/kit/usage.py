"""Files and lists of usage events, taken in part by part: all of them or none, or the good rows as the caller says."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.db import transaction

from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.usage.actions import Ingested, ingest
from duly.billing.usage.sorting import BadRow
from duly.formats.usage_events import Part, read_usage_events

LISTED = 10_000
"""Bad rows that are told at most; they are counted beyond."""


def take_in_file(path: Path, *, name: str, actor: Actor, at: datetime, keep_good: bool = False,
                 preview: bool = False) -> Ingested:
    """Take the events of a CSV or Parquet file in, whatever its size; with `preview` say what would come of it.

    Without `keep_good` it is all or nothing, in one transaction; with it each part is taken in for itself, and the
    file can be sent again after a failure, since no event counts twice. Raises `Refused` with the bad rows,
    `FormatError` for a file that cannot be read.
    """
    parts = read_usage_events(path)
    if keep_good and not preview:
        return _taken_in(parts, name, actor, at)
    with transaction.atomic():
        done = _taken_in(parts, name, actor, at)
        if preview or done.rejected:
            transaction.set_rollback(True)
    if done.rejected and not preview:
        raise Refused(f"Nothing of “{name}” is taken in: {done.rejected} of its {done.rows} rows cannot be.",
                      "Mend them and send the file again, or keep the good rows: none counts twice.",
                      problems=[BadRow(**row).problem() for row in done.bad])
    return done


def _taken_in(parts: Iterable[Part], name: str, actor: Actor, at: datetime) -> Ingested:
    """The sum of what came of the parts; `batch` is the last one's that changed something."""
    whole = Ingested(0, 0, 0, 0, 0)
    for part in parts:
        done = ingest(actor=actor, at=at, events=part.events, name=name, rejected=unread(part), keep_good=True)
        counts = {key: getattr(whole, key) + getattr(done, key)
                  for key in ("rows", "new", "again", "findings", "rejected")}
        whole = Ingested(**counts, batch=done.batch or whole.batch, bad=(whole.bad + done.bad)[:LISTED])
    return whole


def unread(part: Part) -> list[BadRow]:
    """The rows that cannot be read, as `ingest` takes them."""
    return [BadRow(error.row_number, error.field, error.value, error.message, error.remedy) for error in part.errors]
