"""Check drafts again, and set a blocking finding aside with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from duly.billing.audit.actions import record, record_many, subjects, verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.checking import check_drafts, facts_of
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.engine.lifecycle import FINAL


@dataclass(frozen=True, slots=True)
class Checked:
    """How many findings of each severity the drafts have, and how many of the blocking ones are waived."""

    drafts: int
    blocks: int
    warns: int
    notes: int
    waived: int


@verb("invoicing.check", right="bill")
def check(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Checked:
    """Run every check over the drafts for the day `on` and store what they find.

    Raises `NotFound` for a draft that is not there or not in the book, `Refused` for an issued document.
    """
    headers = queries.locked_headers(actor, "bill", drafts, on)
    if not headers.filter(pl.col("state").is_in(FINAL)).is_empty():
        raise Refused("Only drafts are checked; one of these is issued or discarded.")
    check_drafts(facts_of(headers, on))
    found = queries.findings(drafts)
    record_many("invoice", subjects(drafts, findings=found.height))
    counts = {name: found.filter(pl.col("severity") == name).height for name in ("blocks", "warns", "notes")}
    return Checked(len(drafts), **counts, waived=int(found["waived"].sum()))


@verb("invoicing.waive", right="waive")
def waive(*, actor: Actor, at: datetime, on: date, draft: int, check_name: str, reason: str,
          path: str | None = None) -> int:
    """Set aside the draft's findings of a check, or the one at `path`: they no longer block issue.

    The waiver holds for exactly what was found: if the finding changes, it blocks again. Answers how many were
    waived. Raises `Refused` without a reason, or when there is no such finding.
    """
    if not reason.strip():
        raise Refused("A waiver needs a reason.", "Say why the finding does not matter here.")
    queries.locked_headers(actor, "waive", [draft], on)
    waived = frames.execute("""insert into waiver
            (invoice_id, check_name, path, text, reason, waived_by_id, waived_at)
        select invoice_id, check_name, path, text, %s, %s, %s from finding
         where invoice_id = %s and check_name = %s and (%s::text is null or path = %s)
        on conflict do nothing""",
                            [reason.strip(), actor.user_id, at, draft, check_name, path, path])
    if not waived:
        raise Refused(f"Draft {draft} has no open finding of the check {check_name}.", "Run the checks to see them.")
    record("invoice", draft, check=check_name, path=path, reason=reason.strip(), waived=waived)
    return waived
