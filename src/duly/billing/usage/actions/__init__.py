"""The verbs of usage: taking events in (`ingest`), deciding about those that came again otherwise (`decide`),
rating files by workers (`rate_in_background`)."""

from duly.billing.usage.actions.decide import Decided, decide
from duly.billing.usage.actions.ingest import Ingested, ingest
from duly.billing.usage.actions.rate import rate_in_background

__all__ = ["Decided", "Ingested", "decide", "ingest", "rate_in_background"]
