"""A draft or document as its page shows it: its lines, checks, stages and timeline in people's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from duly.billing.invoicing.explain import Explained, Found, Happened, Line
from duly.billing.invoicing.left_out import LeftOut
from duly.billing.reporting.invoice_page import InvoicePage, Stage
from duly.interfaces.kit import printing
from duly.interfaces.kit.drawing import digest
from duly.interfaces.kit.templatetags.kit import noun
from duly.interfaces.web.invoices import explanation
from duly.interfaces.web.invoices.explanation import Step

STAGES: Final = {"draft": "Drafted", "checks": "Checks", "review": "Review", "client": "Client check",
                 "issued": "Issued", "delivered": "Delivered", "paid": "Paid"}
STAGE_STATES: Final = {"done": "done", "now": "current", "later": "waiting"}

SEVERITIES: Final = {"blocks": ("Blocks", "bad", "octagon-x"), "warns": ("Look", "warn", "triangle-alert"),
                     "notes": ("Note", "info", "info")}

VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "draft_partition": ("Drafted by a bill run", "file-plus"), "check": ("Checked", "list-checks"),
    "waive": ("Finding waived", "shield-check"), "write_down": ("Line written down", "arrow-down"),
    "defer": ("Work deferred", "clock"), "reword": ("Line reworded", "pencil"),
    "restore": ("Line restored", "undo-2"), "reorder": ("Lines reordered", "arrow-up-down"),
    "set_terms": ("Terms changed", "file-pen-line"), "override_tax": ("Tax decided", "file-pen-line"),
    "submit": ("Submitted", "send"),
    "submit_many": ("Submitted", "send"), "approve": ("Approved", "badge-check"),
    "return": ("Returned", "corner-up-left"),
    "reopen": ("Taken back to draft", "rotate-ccw"), "confirm": ("Confirmed by the client", "badge-check"),
    "question": ("Questioned by the client", "circle-help"), "issue": ("Issued", "receipt-text"),
    "discard": ("Discarded", "trash-2"), "discard_many": ("Discarded", "trash-2"),
}
"""What each verb did, and its icon."""

PLACES: Final = (("purchase_order", "parties"), ("buyer", "parties"), ("seller", "parties"), ("total", "totals"),
                 ("currency", "totals"), ("booked_on", "totals"), ("agreements", "totals"))


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with its explanation, and the orders that moving it up or down asks for ("" at an end)."""

    line: Line
    quantity: str
    price: Decimal | None
    special: str
    steps: Sequence[Step]
    days: Sequence[str]
    up: str
    down: str
    changed: bool
    findings: Sequence["ShownFinding"] = ()


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with its tone and the place on the page that it is about."""

    finding: Found
    title: str
    tone: str
    icon: str
    anchor: str

    @property
    def open(self) -> bool:
        return self.finding.waived_by is None


def picture_version(found: Explained) -> str:
    """A name for what the document prints: two are equal when nothing differs."""
    head = found.head
    return digest(head.version, head.state == "issued", head.number, head.issued_on, head.due_on)


def stages(found: InvoicePage, on: date) -> list[dict[str, Any]]:
    """The stage bar's steps on a day; those that the agreement demands none of are left out."""
    return [{"title": STAGES[one.name], "state": "bad" if one.blocked else STAGE_STATES[one.state],
             "note": _note(one, found.document.head.due_on, on)} for one in found.stages if one.state != "skipped"]


def _note(one: Stage, due_on: date | None, on: date) -> str:
    if one.blocked:
        return "Something blocks"
    if one.at is not None:
        return printing.day(one.at.date() if isinstance(one.at, datetime) else one.at)
    if one.name != "paid" or due_on is None:
        return ""
    late = (on - due_on).days
    return f"{late} {noun('days', late)} late" if late > 0 else f"Due {printing.day(due_on)}"


def lines(found: Explained, findings: Sequence[ShownFinding]) -> list[ShownLine]:
    order = [line.position for line in found.lines]
    return [ShownLine(
        line, explanation.quantity(line), explanation.price(line),
        explanation.special(line, found.head.currency), explanation.steps(line, found.head.currency),
        [printing.period(begins, type(ends).fromordinal(ends.toordinal() - 1)) for begins, ends in line.spans],
        _swapped(order, place, place - 1), _swapped(order, place, place + 1),
        any(row["step"] in ("write_down", "reword") for row in line.explanation),
        [one for one in findings if one.open and _line_of(one.finding.path) == line.position],
    ) for place, line in enumerate(found.lines)]


def _swapped(order: Sequence[int], one: int, other: int) -> str:
    """The positions with two neighbours in each other's place; "" beyond an end."""
    if not 0 <= other < len(order):
        return ""
    moved = list(order)
    moved[one], moved[other] = moved[other], moved[one]
    return ",".join(map(str, moved))


def findings(found: Explained) -> list[ShownFinding]:
    return [ShownFinding(one, *SEVERITIES[one.severity], anchor(one.path)) for one in found.findings]


def anchor(path: str) -> str:
    """The place on the page that a finding's path names."""
    if work := re.match(r"lines\[(\d+)\]\.work\[(\d+)\]", path):
        return f"work-{work[1]}-{work[2]}"  # an entry may be on two lines
    if line := _line_of(path):
        return f"line-{line}"
    return next((place for begins, place in PLACES if path.startswith(begins)), "lines")


def _line_of(path: str) -> int | None:
    found = re.match(r"lines\[(\d+)\]", path)
    return int(found[1]) if found else None


def timeline(found: Explained) -> list[dict[str, Any]]:
    """What happened, the latest first, with reasons and what changed."""
    return [_entry(event) for event in reversed(found.events)]


def _entry(event: Happened) -> dict[str, Any]:
    name = event.verb.rpartition(".")[2]
    title, icon = VERBS.get(name, (name.replace("_", " ").capitalize(), "circle"))
    who = f"{event.by} for {event.on_behalf_of}" if event.on_behalf_of else event.by
    data = event.data
    if event.verb == "invoicing.issue" and data.get("number"):
        title = f"Issued as {data['number']}"
    if data.get("line"):
        title = f"{title} (line {data['line']})"
    return {"icon": icon, "title": title, "at": event.at, "who": who, "text": data.get("reason") or ""}


LEFT_OUT: Final = {"deferred": ("Deferred", "info"), "written_down": ("Written down", "warn"),
                   "not_billable": ("Not billable", "mute")}


def left_out(found: Explained) -> list[tuple[LeftOut, str, str]]:
    """What the document does not bill, each with its pill."""
    return [(one, *LEFT_OUT[one.why]) for one in found.left_out]
