"""Sending a document from its own page: what is said when its mail is queued."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from duly.billing.desk.actions import Queued


def said(queued: Queued) -> SafeString | str:
    """What became of sending one document, with the way to its mail."""
    if not queued.messages:
        return "Nothing is sent: this document went to the same people before."
    return format_html('The mail waits to be sent. <a href="{}">See it in the outbox</a>',
                       reverse("message", args=[queued.messages[0]]))
