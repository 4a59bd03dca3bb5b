"""Reads of the receipts that expenses have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt without its content. `by` is the name of who attached it."""

    id: int
    item: int
    name: str
    media_type: str
    bytes: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """What a door hands out: as a download of this type, never to be run or shown as a page."""

    name: str
    media_type: str
    content: bytes


SEEN = f"""work_receipt r join stored_file f on f.id = r.file_id join app_user u on u.id = r.attached_by_id
           join work_item w on w.id = r.work_item_id join agreement g on g.id = w.agreement_id
           join account a on a.id = g.account_id
     where (%(everywhere)s or {IN_BOOK})"""
"""SQL: the receipts of the actor's book."""


def receipts(*, actor: Actor, on: date, items: Sequence[int]) -> list[Kept]:
    """The receipts of these work items, those outside the book left out, in the order in which they came."""
    query = f"""select r.id, w.id, r.name, f.media_type, length(f.content), u.name, r.attached_at from {SEEN}
                  and w.id = any(%(items)s) order by w.id, r.id"""
    return [Kept(*row) for row in frames.rows(query, {**_reach(actor, on), "items": list(items)})]


def receipt(*, actor: Actor, on: date, receipt: int) -> File:
    """The file of a receipt; raises `NotFound` alike for one that is not there and one outside the book."""
    query = f"select r.name, f.media_type, f.content from {SEEN} and r.id = %(receipt)s"
    found = frames.rows(query, {**_reach(actor, on), "receipt": receipt})
    if not found:
        raise unseen(actor, "read", f"receipt {receipt}")
    [(name, media_type, content)] = found
    return File(name, media_type, bytes(content))


def _reach(actor: Actor, on: date) -> dict[str, object]:
    return {"everywhere": actor.may_everywhere("read"), "user": actor.user_id if actor.may("read") else None, "on": on}
