"""Throw drafts away; their work and days are free again."""

from collections.abc import Sequence
from datetime import date, datetime

from duly.billing.audit.actions import record_many, subjects, verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.state import move
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor


@verb("invoicing.discard", right="bill")
def discard(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> int:
    """Discard drafts, all or none; answers how many. Their work and charge days can be billed again at once.

    Raises `NotFound` outside the book, `Refused` for a document that is issued, discarded or under review
    (return it first).
    """
    queries.locked_headers(actor, "bill", drafts, on)
    for evidence in ("work_allocation", "charge_span"):
        frames.execute(f"""delete from {evidence} where line_id in
            (select id from invoice_line where invoice_id = any(%s))""", [list(drafts)])  # fmt: skip
    move(drafts, "discard", "discarded")
    record_many("invoice", subjects(drafts))
    return len(drafts)
