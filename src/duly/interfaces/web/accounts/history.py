"""What happened at an account, in words."""

from typing import Any, Final

from duly.billing.reporting.timeline import Entry
from duly.interfaces.kit.printing import money
from duly.interfaces.web.links import address

Words = tuple[str, str, str, str]
"""Title, icon, tone, text."""

ISSUED: Final = {"credit_note": "Credit note", "proforma": "Proforma", "deposit": "Deposit invoice"}
EVENTS: Final = {
    "accounts.put_account": "Account data changed",
    "accounts.assign_manager": "Manager or cover assigned",
    "work.approve": "Work approved",
    "agreements.agree": "Agreement made",
    "agreements.amend": "New terms agreed",
    "agreements.end_agreement": "End of an agreement set",
}
VERDICTS: Final = {
    "approved": ("Draft approved", "badge-check", "good"), "returned": ("Draft returned", "undo-2", "warn"),
}
MAILS: Final = {"sent": "Mail sent", "failed": "Mail failed", "queued": "Mail waits to be sent"}


def told(entry: Entry) -> dict[str, Any]:
    """An entry of the timeline as the component takes it."""
    title, icon, tone, text = _WORDS[entry.kind](entry)
    return {"title": title, "icon": icon, "tone": tone, "text": text, "on": entry.on, "who": entry.who,
            "url": address("invoice", entry.document) if entry.document else ""}


def _amount(entry: Entry) -> str:
    return str(money(entry.amount, entry.currency)) if entry.amount is not None else ""


def _invoice(entry: Entry) -> Words:
    return f"{ISSUED.get(entry.detail, 'Invoice')} {entry.text} issued", "receipt-text", "info", _amount(entry)


def _receipt(entry: Entry) -> Words:
    return f"{_amount(entry)} received", "banknote", "good", entry.text


def _message(entry: Entry) -> Words:
    return MAILS.get(entry.detail, "Mail"), "mail", "bad" if entry.detail == "failed" else "mute", entry.text


def _event(entry: Entry) -> Words:
    words = entry.text.rpartition(".")[2].replace("_", " ").capitalize()
    icon = "file-pen-line" if entry.text.startswith("agreements.") else "pencil"
    return EVENTS.get(entry.text, words), icon, "mute", entry.detail


def _edit(entry: Entry) -> Words:
    return "Draft edited", "pencil", "mute", entry.detail


def _decision(entry: Entry) -> Words:
    return *VERDICTS[entry.text], entry.detail


_WORDS: Final = {"invoice": _invoice, "receipt": _receipt, "message": _message, "event": _event, "edit": _edit,
                 "decision": _decision}
