"""Rating of events that lie in files, by workers: a job for each bucket."""

from datetime import datetime

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import enqueue, record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused

MOST = 1_000
"""Buckets of one rating."""


@verb("usage.rate_in_background", right="read")
def rate_in_background(*, actor: Actor, at: datetime, folder: str, buckets: int) -> int:
    """Let workers measure each bucket of a rating whose plan lies in a folder that they see; answers how many jobs.

    Nothing of the books is changed. Raises `Refused` for none or too many buckets.
    """
    if not 1 <= buckets <= MOST:
        problem = Problem("buckets", f"{buckets} buckets are out of range.", f"Give 1 to {MOST:,}.")
        raise Refused("So many buckets cannot be measured.", problems=[problem])
    refuse_outside_book(actor, "read", [], at.date())
    record("app_user", actor.user_id, rating=folder, buckets=buckets)
    for bucket in range(buckets):
        enqueue("usage.rate_bucket", folder=folder, bucket=bucket, lock=f"rating:{folder}:{bucket}")
    return buckets
