"""The page of a draft or document: the typeset page beside its data, and what can be done next."""

from typing import Any
from uuid import uuid4

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.accounts.queries import unseen
from duly.billing.invoicing import queries
from duly.billing.invoicing.compare import compared
from duly.billing.invoicing.documents import documents
from duly.billing.invoicing.draft_lists import made_or_changed
from duly.billing.invoicing.explain import Explained, explained
from duly.billing.reporting.invoice_page import invoice_page
from duly.formats.typeset import TypesetError
from duly.interfaces.kit import drawing
from duly.interfaces.web.billing.rows import STATES
from duly.interfaces.web.invoices import showing
from duly.interfaces.web.invoices.acts import offered
from duly.interfaces.web.page import StaffRequest, page, show

YEAR = 365 * 24 * 3600


@page()
def invoice(request: StaffRequest, document: int) -> HttpResponseBase:
    found = invoice_page(actor=request.actor, on=request.on, document=document)
    sent = any(one.state != "failed" for one in found.messages)
    return show(request, "web/invoices/page.html", context(request, found.document, sent) | {
        "stages": showing.stages(found, request.on), "messages_sent": found.messages, "earned": found.earned,
        "key": uuid4().hex, "compared": compared(actor=request.actor, on=request.on, document=document)})


def context(request: StaffRequest, found: Explained, sent: bool) -> dict[str, Any]:
    """The document as its templates have it, with what the actor may do to it."""
    if found.head.state != "issued":
        request.within = reverse("drafts")
    findings = showing.findings(found)
    blocked = any(one.open and one.finding.severity == "blocks" for one in findings)
    own = found.head.state == "in_review" and made_or_changed(actor=request.actor, document=found.head.id)
    return {
        "head": found.head, "found": found, "findings": findings, "blocked": blocked, "own": own,
        "lines": showing.lines(found, findings), "left_out": showing.left_out(found),
        "taxes": [(tax, ", ".join(reason.replace("_", " ") for reason in tax.reason.splitlines()))
                  for tax in found.taxes], "payable": (
                      found.head.total - found.head.prepaid - found.head.withheld + found.head.rounding),
        "timeline": showing.timeline(found), "state": STATES[found.head.state],
        "editable": found.head.state == "draft" and request.actor.may("bill"),
        "offers": offered(request.actor, found.head, blocked=blocked, own=own, sent=sent),
        "pages": pages_of(found), "picture": showing.picture_version(found),
    }


def pages_of(found: Explained) -> range | None:
    """The numbers of the printed pages; None where they cannot be drawn."""
    try:
        return range(1, 1 + len(drawn(found.head.id, showing.picture_version(found))))
    except TypesetError:
        return None


def drawn(document: int, version: str) -> list[bytes]:
    return drawing.pages(f"{document}-{version}", lambda: documents([document])[0])


@page()
def picture(request: StaffRequest, document: int, number: int, version: str) -> HttpResponseBase:
    """A printed page as SVG; its address names what it shows, so that browsers may keep it.

    An address of what the document no longer shows leads to what it shows now.
    """
    now = showing.picture_version(explained(actor=request.actor, on=request.on, document=document))
    if version != now:
        return redirect("invoice_picture", document, number, now)
    pages = drawn(document, version)
    if not 1 <= number <= len(pages):
        raise Http404
    answer = HttpResponse(pages[number - 1], content_type="image/svg+xml")
    answer["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    return answer


@page()
def file(request: StaffRequest, document: int) -> HttpResponseBase:
    """The document as PDF/A; a draft is marked as one."""
    number = seen(request, document)
    answer = HttpResponse(drawing.pdf(documents([document])[0]), content_type="application/pdf")
    name = drawing.file_name(number or f"draft-{document}")
    answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer


def seen(request: StaffRequest, document: int) -> str | None:
    """The document's number, None for a draft. Raises `NotFound` outside the book."""
    found = queries.listed(actor=request.actor, on=request.on, ids=[document])
    if found.is_empty() or not request.actor.may("read"):
        raise unseen(request.actor, "read", f"document {document}")
    number: str | None = found["number"][0]
    return number
