"""The receipts of expenses: files that people hand in, taken for what they are and not for what they are called."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.actions import store_file
from duly.billing.work.models import WorkItem, WorkReceipt

LARGEST: Final = 10 * 2**20
"""Bytes."""

TYPES: Final = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How a file of each type begins."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The receipt, and what its file is."""

    receipt: int
    media_type: str


@verb("work.attach_receipt", right="work")
def attach_receipt(*, actor: Actor, at: datetime, on: date, item: int, name: str, content: bytes) -> Attached:
    """Keep a file as the receipt of an expense; the same file again changes nothing.

    It may come after the expense was billed: it changes no amount. Raises `NotFound` outside the book, `Refused` for
    work that is no expense, and for a file that is larger than 10 MB or neither PDF, PNG nor JPEG, whatever its name.
    """
    expense = WorkItem.objects.select_for_update(no_key=True, of=("self",)).select_related("agreement").filter(
        pk=item).first()
    refuse_outside_book(actor, "work", [expense.agreement.account_id if expense else None], on, f"work item {item}")
    assert expense is not None
    if expense.kind != "expense" or expense.withdrawn:
        raise Refused(f"Work item {item} is no expense.", "Only expenses have receipts.")
    kind = media_type(content)
    file = store_file(name=_base(name), media_type=kind, content=content)
    known = WorkReceipt.objects.filter(work_item_id=item, file_id=file).first()
    if known is not None:
        return Attached(known.pk, kind)
    made = WorkReceipt.objects.create(work_item_id=item, file_id=file, name=_base(name), attached_by_id=actor.user_id,
                                      attached_at=at)
    record("work_item", item, personal={"receipt": made.name}, file=file, media_type=kind, bytes=len(content))
    return Attached(made.pk, kind)


def media_type(content: bytes) -> str:
    """What the file is, by how it begins; raises `Refused` for one that is too large, empty or something else."""
    if len(content) > LARGEST:
        raise Refused(f"The receipt has {-(-len(content) // 2**20)} MB.", "Hand in at most 10 MB.",
                      problems=[Problem("file", "It is larger than 10 MB.")])
    for beginning, kind in TYPES.items():
        if content.startswith(beginning):
            return kind
    raise Refused("The receipt is neither PDF, PNG nor JPEG.", "Scan it, or save it as one of these.",
                  problems=[Problem("file", "It is empty." if not content else "It is of another type.")])


def _base(name: str) -> str:
    """The file's own name, without folders and signs that do not print; “receipt” where nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable()).strip()[-255:] or "receipt"
