"""The exact bytes of an event that its seal is made over, so that anyone can make them again without us.

One line of JSON in UTF-8: keys sorted by code point at every depth, no spaces, characters as themselves, instants in
UTC with microseconds and a `Z`, whole numbers as they are, other numbers as text with the digits that were stored::

    {"actor":"ben","at":"2026-11-02T09:00:00.000000Z","command_id":"…","data":{"total":"119.00"},"id":7,
     "on_behalf_of":null,"recorded_at":"…","subject_id":3,"subject_type":"invoice","verb":"invoicing.issue"}
"""

import json
from collections.abc import Sequence
from typing import Any, Final

INSTANT: Final = """to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
COLUMNS: Final = (
    f"e.id, e.command_id::text, e.verb, e.actor, e.on_behalf_of, {INSTANT.format('e.at')}, "
    f"{INSTANT.format('e.recorded_at')}, e.subject_type, e.subject_id, e.data::text"
)
"""SQL: what `canonical` takes of event `e`, in its order."""

_NAMES: Final = (
    "id", "command_id", "verb", "actor", "on_behalf_of", "at", "recorded_at", "subject_type", "subject_id", "data",
)
_dump: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_load: Final = json.JSONDecoder(parse_float=str).decode


def canonical(event: Sequence[Any]) -> bytes:
    """The canonical line of an event given as `COLUMNS` reads it, without a line end."""
    fields = dict(zip(_NAMES, event, strict=True))
    fields["data"] = _load(fields["data"])
    return _dump(fields).encode()
