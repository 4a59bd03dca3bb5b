"""Throw drafts away, wherever their review stands; their work and days are free again."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import polars as pl

from duly.billing.audit.actions import record_many, subjects, verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.state import move
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

UNDER_REVIEW: Final = ("in_review", "client_check", "ready")


@verb("invoicing.discard", right="bill")
def discard(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> int:
    """Discard drafts, all or none; answers how many. Their work and charge days can be billed again at once.

    Those under review or ready are taken back to draft on the way. Raises `NotFound` outside the book, `Refused` for
    a document that is issued or discarded.
    """
    headers = queries.locked_headers(actor, "bill", drafts, on)
    throw_away(headers)
    return headers.height


def throw_away(headers: pl.DataFrame) -> None:
    """What `discard` does to locked drafts."""
    drafts = headers["id"].to_list()
    if reviewed := headers.filter(pl.col("state").is_in(UNDER_REVIEW))["id"].to_list():
        move(reviewed, "edit", "draft")
    frames.execute("delete from netting where invoice_id = any(%s)", [drafts])
    for evidence in ("work_allocation", "charge_span", "netting"):
        frames.execute(f"""delete from {evidence} where line_id in
            (select id from invoice_line where invoice_id = any(%s))""", [drafts])
    move(drafts, "discard", "discarded")
    record_many("invoice", subjects(drafts))
