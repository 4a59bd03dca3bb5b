"""The hash chain over the events, kept apart from them (law 7).

    hash(0) = 32 zero bytes        hash(n) = sha256(hash(n − 1) ‖ canonical bytes of the event sealed as number n)

Seal numbers follow the order of sealing, not of event ids: an event is sealed once its transaction is committed and
seen, so one with a low id that commits late is sealed after its younger neighbours, and none is ever skipped.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from duly.billing.audit.actions import verb
from duly.billing.audit.canonical import COLUMNS, canonical
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

GENESIS: Final = bytes(32)
LOCK: Final = 0x7365616C  # "seal": one sealer at a time
BATCH: Final = 50_000

UNSEALED: Final = "from event e where not exists (select from seal s where s.event_id = e.id)"


@dataclass(frozen=True, slots=True)
class Head:
    """A link of the chain as it was once published: its number, and its hash in hexadecimal."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many events were sealed now, and the chain's head after them."""

    events: int
    number: int
    hash: str


@verb("audit.seal", right="audit")
def seal(*, actor: Actor, at: datetime) -> Sealed:
    """Seal every committed event that is not sealed yet, in id order; answers the head.

    Safe to run at any time and twice at once: the second waits and finds nothing left. It writes no event, its
    record is the seal.
    """
    frames.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    last, sealed = head(), 0
    while batch := frames.rows(f"select {COLUMNS} {UNSEALED} order by e.id limit {BATCH}"):
        last = _seal(batch, last)
        sealed += len(batch)
    return Sealed(sealed, last.number, last.hash)


def _seal(batch: list[tuple[Any, ...]], last: Head) -> Head:
    links, previous = [], bytes.fromhex(last.hash)
    for event in batch:
        previous = link(previous, canonical(event))
        links.append(previous.hex())
    first = last.number + 1
    frames.write("seal", pl.DataFrame({
        "number": range(first, first + len(links)),
        "event_id": [event[0] for event in batch],
        "hash": ["\\x" + each for each in links],
    }))
    return Head(last.number + len(links), links[-1])


def link(previous: bytes, event: bytes) -> bytes:
    """The hash of a link, from the hash before it and its event's canonical bytes."""
    return hashlib.sha256(previous + event).digest()


def head() -> Head:
    """The chain's last link; number 0 and the genesis hash while it is empty."""
    found = frames.rows("select number, encode(hash, 'hex') from seal order by number desc limit 1")
    return Head(*found[0]) if found else Head(0, GENESIS.hex())


def unsealed() -> int:
    """How many events wait to be sealed."""
    return frames.rows(f"select count(*) {UNSEALED}")[0][0]


def links() -> Iterator[tuple[int, str, int, bytes | None]]:
    """The whole chain in order: number, hash, event id, and the canonical bytes of its event (None: it is gone)."""
    last = 0
    while batch := frames.rows(
        f"""select s.number, encode(s.hash, 'hex'), s.event_id, {COLUMNS} from seal s left join event e
                on e.id = s.event_id where s.number > %s order by s.number limit {BATCH}""", [last]):
        for number, digest, event_id, *event in batch:
            yield number, digest, event_id, canonical(event) if event[0] is not None else None
        last = batch[-1][0]
