"""Lines that stand for a draft as a whole: what they come to follows from its other lines; none is left out alone."""

from typing import Final

from duly.billing.invoicing.editing import DraftLine
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused

ALONE: Final = ("time", "expense", "milestone", "recurring", "one_off")
"""Kinds of lines that can be left for a later bill without the others."""

DEPEND: Final = {
    "true_up": "what is missing of a commitment or minimum", "deposit": "a deposit that is taken off",
    "progressive": "a bill in between that is taken off", "credit": "prepaid credit that pays for it",
    "covered": "hours that a retainer covers",
}
"""Kinds of lines whose amounts follow from the other lines of the draft."""

REDUCED: Final = {"discount": "a discount", "draw_down": "a retainer", "cap": "a cap"}
"""Steps of an explanation by which the draft as a whole reduced a line."""

REMEDY: Final = "Discard the draft, and draft it again when all of it can be billed; or write the line down."


def refuse_computed(draft: int, line: DraftLine, *, whole: bool) -> None:
    """Raise `Refused` where a line cannot be left out, wholly or in part, without computing the draft anew."""
    if line.kind not in ALONE:
        raise Refused(f"Line {line.position} follows from the rest of the draft.", REMEDY)
    found = [row[0] for row in frames.rows("select distinct kind from invoice_line where invoice_id = %s", [draft])]
    if depending := next((DEPEND[kind] for kind in found if kind in DEPEND), None):
        raise Refused(f"The draft has {depending}, which follows from all of its lines.", REMEDY)
    reduced = next((REDUCED[row["step"]] for row in line.explanation if row["step"] in REDUCED), None)
    if reduced and not whole:
        raise Refused(f"Line {line.position} is reduced by {reduced} of the whole draft.", REMEDY)
