"""Everything that can be done to a draft or document from its page, as one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from duly.billing.desk.actions import queue_message
from duly.billing.invoicing import actions
from duly.billing.invoicing.actions.issue import Issued
from duly.billing.invoicing.explain import Head
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.interfaces.web.invoices import forms
from duly.interfaces.web.outbox import sending


@dataclass(frozen=True, slots=True)
class Act:
    """An act: the verb behind it and the right that it demands, the question it asks, and what it says when done.

    `states` are those in which it is offered; `of` names the verb's argument for the document; `at_once`: a button does
    it without asking first. `look` is its button's; `edits`: it changes a line or the terms, beside which it stands.
    `told` puts the verb's answer into words where there is more to say than `said`.
    """

    verb: Callable[..., Any]
    right: str
    title: str
    button: str
    said: str
    form: type[forms.Act] = forms.Act
    text: str = ""
    states: tuple[str, ...] = ("draft",)
    of: str = "drafts"
    icon: str = ""
    look: str = ""
    at_once: bool = False
    edits: bool = False
    told: Callable[[Any], str] | None = None


UNDER_REVIEW: Final = ("in_review", "client_check", "ready")


def issue_one(**arguments: Any) -> Issued:
    """Issue one draft; what would be skipped among many is refused here."""
    done = actions.issue(**arguments)
    if done.skipped:
        raise Refused(done.skipped[0][1], "Mend it, then issue it.")
    return done


ACTS: Final[Mapping[str, Act]] = {
    "approve": Act(actions.approve, "review", "Approve this draft?", "Approve", "Draft {document} is approved.",
                   forms.Seen, states=("in_review",), icon="badge-check", look="primary", at_once=True),
    "return": Act(actions.return_draft, "review", "Return this draft", "Return", "Draft {document} is returned.",
                  forms.Because, "Its author reads the reason.", ("in_review",), icon="corner-up-left"),
    "confirm": Act(actions.confirm, "client_check", "Confirm this draft?", "Confirm", "The draft is confirmed.",
                   forms.Seen, states=("client_check",), look="primary", at_once=True),
    "question": Act(actions.question, "client_check", "Question this draft", "Question", "The draft is questioned.",
                    forms.Because, "The people who made it read your reason.", ("client_check",)),
    "submit": Act(actions.submit, "bill", "Submit this draft?", "Submit", "The draft is submitted.", forms.Seen,
                  icon="send", look="primary", at_once=True),
    "issue": Act(issue_one, "issue", "Issue this document?", "Issue", "It is issued.", forms.Seen,
                 "It gets its number, is booked, and can no longer be changed or taken back: "
                 "there are no credit notes yet.", ("draft", "ready"),
                 icon="receipt-text", look="primary"),
    "send": Act(queue_message, "send", "Send this document?", "Send", "Its mail is queued; the outbox has it.",
                text="It goes by mail to the account’s billing contacts, with the PDF.", states=("issued",),
                of="invoices", icon="send", look="primary", told=sending.said),
    "check": Act(actions.check, "bill", "Run the checks again?", "Check again", "All checks ran again.",
                 states=("draft", *UNDER_REVIEW), icon="list-checks", look="quiet", at_once=True, edits=True),
    "reopen": Act(actions.reopen, "bill", "Take this back to draft?", "Back to draft", "It is a draft again.",
                  forms.Because, "It needs its whole review again.", UNDER_REVIEW, icon="rotate-ccw"),
    "discard": Act(actions.discard, "bill", "Discard this draft?", "Discard", "The draft is discarded.", forms.Act,
                   "Its work and days can be billed again at once.", ("draft", *UNDER_REVIEW), icon="trash-2",
                   look="danger"),
    "waive": Act(actions.waive, "waive", "Waive this finding", "Waive", "The finding no longer blocks.", forms.Waive,
                 "The reason is kept. If the finding changes, it blocks again.", ("draft", *UNDER_REVIEW), "draft",
                 edits=True),
    "write-down": Act(actions.write_down, "bill", "Write down", "Write down", "The line is written down.",
                      forms.WriteDown, "The work counts as billed all the same.", of="draft", icon="arrow-down",
                      edits=True),
    "defer": Act(actions.defer, "bill", "Leave work for a later bill", "Defer", "The work waits for a later bill.",
                 forms.Defer, "It is unbilled again, and listed here as left out.", of="draft", icon="clock",
                 edits=True),
    "reword": Act(actions.reword, "bill", "Say it in other words", "Reword", "The line is reworded.", forms.Reword,
                  of="draft", icon="pencil", edits=True),
    "restore": Act(actions.restore, "bill", "Restore this line?", "Restore", "The line is as it was drafted.",
                   forms.OfLine, "Its write-down and its other words are taken back.", of="draft", icon="undo-2",
                   edits=True),
    "reorder": Act(actions.reorder, "bill", "Print the lines in this order?", "Reorder", "The lines are reordered.",
                   forms.Reorder, of="draft", at_once=True, edits=True),
    "tax": Act(actions.override_tax, "bill", "Decide on the tax", "Tax", "The draft is taxed as decided.", forms.Tax,
               "It stands instead of what follows from the parties and what is sold.", of="draft", icon="pencil",
               edits=True),
    "terms": Act(actions.set_terms, "bill", "Order and terms", "Save", "The terms are changed.", forms.Terms,
                 of="draft", icon="pencil", edits=True),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An act as a button on the page."""

    name: str
    act: Act
    look: str


def offered(actor: Actor, head: Head, *, blocked: bool, own: bool, sent: bool) -> list[Offer]:
    """The buttons for whoever looks: what the state and their rights allow, one of them the next step."""
    found = [(name, act) for name, act in ACTS.items() if not act.edits and head.state in act.states
             and actor.may(act.right) and _sensible(name, head, blocked, own, sent)]
    first = next((name for name, act in found if act.look == "primary"), "")
    return [Offer(name, act, act.look if act.look != "primary" or name == first else "") for name, act in found]


def _sensible(name: str, head: Head, blocked: bool, own: bool, sent: bool) -> bool:
    """Whether to offer what the verb would refuse or what leads nowhere."""
    match name:
        case "approve":
            return not own
        case "submit":
            return not blocked
        case "send":
            return not sent
        case "issue":
            return not blocked and (head.state == "ready" or head.review == "none")
    return True
