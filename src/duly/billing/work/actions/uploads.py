"""Files that are handed in to be looked at before they are imported."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.actions import store_file
from duly.billing.work.models import IMPORT_KINDS, ImportUpload

LARGEST: Final = 25 * 2**20
"""Bytes."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The upload, which only the actor sees."""

    upload: int


@verb("work.hand_in", right="work")
def hand_in(*, actor: Actor, at: datetime, kind: str, name: str, content: bytes) -> HandedIn:
    """Keep a file of time entries (`timesheet`) or `expenses`, so that its actor can look at it and then import it.

    Nothing of it is work yet. Raises `Refused` for an unknown kind, an empty file and one of more than 25 MB.
    """
    if kind not in IMPORT_KINDS:
        raise Refused(f"“{kind}” is no kind of file with work.", f"Use {' or '.join(IMPORT_KINDS)}.")
    if not 0 < len(content) <= LARGEST:
        said = "It is empty." if not content else "It is larger than 25 MB."
        raise Refused("This file cannot be imported.", problems=[Problem("file", said, "Export it again, in parts.")])
    short = "".join(sign for sign in name if sign.isprintable())[-255:] or "file"
    file = store_file(name=short, media_type="text/csv", content=content)
    made = ImportUpload.objects.create(kind=kind, name=short, file_id=file, uploaded_by_id=actor.user_id,
                                       uploaded_at=at)
    record("import_upload", made.pk, kind=kind, name=short, file=file, bytes=len(content))
    return HandedIn(made.pk)
