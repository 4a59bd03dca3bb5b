"""What happened to a receipt, as a timeline."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from duly.billing.reporting.receipt_page import ReceiptPage
from duly.interfaces.kit.printing import money


def timeline(found: ReceiptPage) -> list[dict[str, Any]]:
    """Newest first."""
    newest_first = [*_entries(found)][::-1]
    return sorted(newest_first, key=lambda entry: entry["on"], reverse=True)


def _entries(found: ReceiptPage) -> Iterator[dict[str, Any]]:
    head, code = found.head, found.head.currency
    yield {"icon": "banknote", "tone": "good", "on": head.booked_on, "who": head.by,
           "title": f"{money(head.amount, code)} received"}
    for paid in found.paid:
        yield {"icon": "arrow-right", "tone": "info", "on": paid.booked_on, "who": paid.by,
               "title": f"{money(paid.amount, code)} to {paid.number}"}
        if paid.undone_on:
            yield {"icon": "undo-2", "tone": "warn", "on": paid.undone_on, "who": paid.undone_by,
                   "title": f"{money(paid.amount, code)} of {paid.number} taken back", "text": paid.reason}
    for mail in found.messages:
        yield {"icon": "mail", "tone": "bad" if mail.state == "failed" else "mute", "on": mail.queued_at.date(),
               "who": mail.queued_by, "title": f"Mail {mail.state}", "text": mail.answer or "",
               "url": reverse("message", args=[mail.id])}
