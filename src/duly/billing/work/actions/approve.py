"""Approval: what makes recorded work fit to be billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from duly.billing.accounts.queries import accounts_in_book, refuse_outside_book
from duly.billing.audit.actions import record_many, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Approved:
    """How many work items were approved now, their time, and how many of those named were so before."""

    items: int
    seconds: int
    before: int


@verb("work.approve", right="approve_work")
def approve(
    *,
    actor: Actor,
    at: datetime,
    on: date,
    items: Sequence[int] | None = None,
    accounts: Sequence[str] | None = None,
    period: tuple[date, date] | None = None,
) -> Approved:
    """Approve work: the `items` of these ids, or all work of these accounts (by number), in [from, to) if given.

    Approving twice changes nothing. People may approve their own time: nothing forbids it. One event per
    agreement. Raises `NotFound` for an id or number that does not exist, was withdrawn or is outside the
    actor's book on `on`, and `Refused` when neither ids nor accounts are named.
    """
    if (items is None) == (accounts is None):
        raise Refused("Nothing says which work to approve.", "Name either work items or accounts.")
    chosen = _by_id(actor, on, items) if items is not None else _by_account(actor, on, accounts or (), period)
    waiting = chosen.filter(~pl.col("approved"))
    frames.execute("""update work_item set approved_by_id = %s, approved_at = %s, approved_in = pg_current_xact_id()
                       where id = any(%s)""", [actor.user_id, at, waiting["id"].to_list()])
    _record(waiting)
    return Approved(waiting.height, int(waiting["seconds"].sum()), chosen.height - waiting.height)


SCHEMA = {"id": pl.Int64, "agreement_id": pl.Int64, "account_id": pl.Int64, "worked_on": pl.Date,
          "seconds": pl.Int64, "approved": pl.Boolean}
CHOSEN = """select w.id, w.agreement_id, g.account_id, w.worked_on,
                   case when w.kind = 'time' then w.quantity::bigint else 0 end, w.approved_in is not null
              from work_item w join agreement g on g.id = w.agreement_id"""
"""SQL: the work to approve. Locked in id order, so that two approvals wait for one another."""


def _by_id(actor: Actor, on: date, items: Sequence[int]) -> pl.DataFrame:
    query = f"{CHOSEN} where w.id = any(%(items)s) and not w.withdrawn order by w.id for no key update of w"
    found = _locked(query, {"items": list(items)})
    missing = [None] if found.height != len(set(items)) else []
    refuse_outside_book(actor, "approve_work", [*found["account_id"], *missing], on)
    return found


def _by_account(
    actor: Actor, on: date, numbers: Sequence[str], period: tuple[date, date] | None
) -> pl.DataFrame:
    accounts = [account.pk for account in accounts_in_book(actor, "approve_work", numbers, on).values()]
    begin, end = period or (date.min, date.max)
    query = f"""{CHOSEN} where g.account_id = any(%(accounts)s) and w.worked_on >= %(begin)s and w.worked_on < %(end)s
                           and w.approved_in is null and not w.withdrawn order by w.id for no key update of w"""
    return _locked(query, {"accounts": accounts, "begin": begin, "end": end})


def _locked(query: str, values: dict[str, object]) -> pl.DataFrame:
    """The rows of a locking query, which COPY cannot run."""
    return pl.DataFrame(frames.rows(query, values), schema=SCHEMA, orient="row")


def _record(approved: pl.DataFrame) -> None:
    batches = approved.group_by("agreement_id").agg(
        items=pl.len(), seconds=pl.col("seconds").sum(), first=pl.col("worked_on").min().cast(pl.String),
        last=pl.col("worked_on").max().cast(pl.String),
    ).sort("agreement_id")
    data = pl.struct("items", "seconds", "first", "last").struct.json_encode()
    record_many("agreement", batches.select(pl.col("agreement_id").alias("id"), data.alias("data")))
