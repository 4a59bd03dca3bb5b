"""What a verb says when it will not do something, in words a person can act on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from django.db import DatabaseError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where (a path such as `accounts[2].vat_id`), what, and what to do about it."""

    path: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.text}" + (f" {self.remedy}" if self.remedy else "")


class Refused(Exception):
    """A verb did nothing, and says why. `law` is the number of the law that forbids it, 0 for none."""

    def __init__(self, text: str, remedy: str = "", *, problems: Sequence[Problem] = (), law: int = 0) -> None:
        self.text, self.remedy, self.problems, self.law = text, remedy, tuple(problems), law
        super().__init__(" ".join(part for part in (text, remedy) if part))


class Forbidden(Refused):
    """The actor has no right to do this, or not for this account."""


class Busy(Refused):
    """Someone else is doing exactly this at the moment."""


class NotFound(Refused):
    """Something was named that does not exist, or not in the actor's book: the two are told apart by nobody."""


CONSTRAINTS = {
    "open_item_balance_within": (9, "That is more than is left.", "Look at the open amounts again."),
    "charge_span_once": (5, "A charge is billed for some of these days already.", "Run the bill run again."),
    "invoice_number_once": (4, "This number is taken.", "Give each number series of the entity a pattern of its own."),
    "work_item_source_key_key": (5, "This work is recorded already.", "Nothing needs to be done."),
    "cash_allocation_answers_id_key": (3, "This allocation is undone already.", "Nothing needs to be done."),
    "command_key_key": (8, "This command is under way already.", "Wait for it, then ask again with the same key."),
}


DATA_REMEDIES = {
    "22001": "Say it shorter.",
    "22003": "Give a smaller number.",
    **dict.fromkeys(("22007", "22008", "22009"), "Give dates between the years 1 and 9999."),
}
"""What to do about a value that fits no column, by SQLSTATE."""


def explained(error: DatabaseError) -> Refused | None:
    """The database's refusal in the product's words; None when it is no refusal but a fault."""
    if not isinstance(error.__cause__, psycopg.Error):
        return None
    diagnostics = error.__cause__.diag
    state = diagnostics.sqlstate or ""
    if law := re.fullmatch(r"DU(\d{3})", state):
        text = str(diagnostics.message_primary)
        return Refused(text if text.endswith(".") else text + ".", diagnostics.message_hint or "", law=int(law[1]))
    known = CONSTRAINTS.get(diagnostics.constraint_name or "")
    if known:
        return Refused(known[1], known[2], law=known[0])
    if isinstance(error.__cause__, psycopg.DataError):
        return Refused(f"A value cannot be kept: {diagnostics.message_primary or error.__cause__}.",
                       DATA_REMEDIES.get(state, "Correct it; nothing was changed."))
    if state == "23505":
        return Refused("This is there already; somebody was faster.", "Open it anew to see what it says.")
    if state.startswith("23"):
        return Refused(f"The database refuses it: {diagnostics.message_primary}.", diagnostics.message_detail or "")
    return None
