"""The verbs of usage: taking events in (`ingest`), deciding about those that came again otherwise (`decide`)."""

from duly.billing.usage.actions.decide import Decided, decide
from duly.billing.usage.actions.ingest import Ingested, ingest

__all__ = ["Decided", "Ingested", "decide", "ingest"]
