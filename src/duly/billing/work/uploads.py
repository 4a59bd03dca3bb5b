"""Reads of files on their way in, and of what came of those that are in."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from duly.billing.accounts.queries import refuse_outside_book, unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.work.rows import Imported

ACCOUNTS: Final = """select distinct g.account_id from import_row r join work_item w on w.id = r.work_item_id
                       join agreement g on g.id = w.agreement_id where r.batch_id = %s"""
"""SQL: the accounts whose work an import holds."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was handed in; `kind` is timesheet or expenses."""

    id: int
    kind: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """An import as it came out on its day, and how many of its work items still wait for approval."""

    id: int
    kind: str
    name: str
    layout: str
    by: str
    at: datetime
    waiting: int
    result: Imported


def upload(*, actor: Actor, upload: int) -> Upload:
    """The file that the actor handed in; raises `NotFound` alike for one of someone else and for none."""
    found = frames.rows("""select u.id, u.kind, u.name, f.content from import_upload u join stored_file f
        on f.id = u.file_id where u.id = %s and u.uploaded_by_id = %s""", [upload, actor.user_id])
    if not found:
        raise unseen(actor, "work", f"upload {upload}")
    [(key, kind, name, content)] = found
    return Upload(key, kind, name, bytes(content))


def batch(*, actor: Actor, on: date, batch: int) -> Batch:
    """What came of an import; raises `NotFound` for an unknown one and one with work outside the actor's book.

    Of an import that made no work, nobody but who imported it and who may read everything is told.
    """
    found = frames.rows("""select b.id, b.kind, f.name, b.layout, u.name, b.imported_at, b.result, b.imported_by_id,
               (select count(*) from import_row r join work_item w on w.id = r.work_item_id
                 where r.batch_id = b.id and w.approved_in is null and w.billable and not w.withdrawn)
          from import_batch b join stored_file f on f.id = b.file_id join app_user u on u.id = b.imported_by_id
         where b.id = %s""", [batch])
    if not found or not (found[0][7] == actor.user_id or actor.may_everywhere("read")):
        raise unseen(actor, "read", f"import {batch}")
    refuse_outside_book(actor, "read", [account for (account,) in frames.rows(ACCOUNTS, [batch])], on)
    key, kind, name, layout, by, at, result, _, waiting = found[0]
    values: dict[str, Any] = json.loads(result) if isinstance(result, str) else result
    return Batch(key, kind, name, layout, by, at, waiting, Imported(**{**values, "batch": key}))
