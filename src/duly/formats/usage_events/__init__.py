"""Usage events from CSV and Parquet files of our own layout, in parts, so that a file may be larger than memory.

    agreement     needed    its number
    metric        needed    the name of what happened, as metrics name it
    source        needed    where it was measured, for example meter-7
    event_id      needed    what the source calls it; (source, event_id) counts once
    at            needed    when it was, with its zone: 2026-10-05T12:00:00+02:00
    quantity      may be absent: then each event is 1; at most six decimals
    properties    may be empty or absent: a JSON object
    received_at   may be empty or absent: when somebody received it before, with its zone

Headers may stand in any order; other columns are left alone. In Parquet, times are timestamps with a zone, quantities
are decimals or whole numbers: a float is refused, since it is not what was measured.
"""

from duly.formats.usage_events.canonical import canonical, canonical_of
from duly.formats.usage_events.model import Part
from duly.formats.usage_events.reader import read_usage_events
from duly.formats.usage_events.tables import scan_events

__all__ = ["Part", "canonical", "canonical_of", "read_usage_events", "scan_events"]
