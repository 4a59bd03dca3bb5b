"""Every mail as it was sent, and how its delivery went; what failed is sent again."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.desk import lists
from duly.billing.desk.actions import Queued, send_again
from duly.billing.desk.messages import mail
from duly.billing.invoicing.documents import documents
from duly.billing.payments.documents import receipts
from duly.interfaces.kit.drawing import file_name, pdf
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.invoices.views import entities
from duly.interfaces.web.links import address
from duly.interfaces.web.page import StaffRequest, page, show, ticked

STATES: Final = {"queued": ("Waiting", "info"), "sent": ("Sent", "good"), "failed": ("Failed", "bad")}

OUTBOX: Final = Listing(
    name="mails", read=lists.messages, read_all=lists.every_message, sort="-queued", bulk=True,
    row_url=lambda row: reverse("message", args=[row["id"]]), tones=STATES,
    empty="No mail was sent yet. Issued invoices and receipts are sent from their own pages, or many at once.",
    columns=(
        Column("subject", "Mail", "strong", under="recipients"),
        Column("account_name", "Account", under="account"),
        Column("queued_at", "Queued", "moment", sort="queued"),
        Column("state", "State", "pill"),
        Column("problem", "Why not yet"),
    ),
    filters=(
        Filter("text", "Document or account"),
        Filter("state", "State", "choice", [(state, text) for state, (text, _) in STATES.items()]),
        Filter("entity", "Entity", "choice", entities),
        Filter("account", "Account", given=True), Filter("book", "Book", "choice", (("mine", "mine"),), given=True),
    ),
)


@page()
def outbox(request: StaffRequest) -> HttpResponseBase:
    counts = lists.unsent(actor=request.actor, on=request.on)
    here = request.GET.get("state", "")
    tabs: list[dict[str, Any]] = [{"title": "All", "url": reverse("outbox"), "current": not here}]
    tabs += [{"title": text, "url": f"{reverse('outbox')}?state={state}", "current": here == state,
              "count": None if state == "sent" else counts.get(state, 0)} for state, (text, _) in STATES.items()]
    return OUTBOX.respond(request, "web/outbox/list.html", {
        "tabs": tabs, "failed": counts.get("failed", 0),
        "bulk": "web/outbox/bulk.html" if request.actor.may("send") else ""})


@page()
def message(request: StaffRequest, message: int) -> HttpResponseBase:
    found = mail(actor=request.actor, on=request.on, message=message)
    text, tone = STATES[found.state]
    return show(request, "web/outbox/message.html", {
        "mail": found, "state": text, "tone": tone, "file": f"{file_name(found.number)}.pdf",
        "document_url": address(found.table, found.document),
        "tries": [{"icon": "check" if one.outcome == "sent" else "x", "at": one.at, "text": one.answer,
                   "raw": one.own_words, "title": "Handed over" if one.outcome == "sent" else "Not taken",
                   "tone": "good" if one.outcome == "sent" else "bad"} for one in reversed(found.tries)]})


@page()
def attachment(request: StaffRequest, message: int) -> HttpResponseBase:
    """What the mail carries: the document, drawn again, the same bytes each time."""
    found = mail(actor=request.actor, on=request.on, message=message)
    read = documents if found.table == "invoice" else receipts
    answer = HttpResponse(pdf(read([found.document])[0]), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{file_name(found.number)}.pdf"'
    return answer


@page(right="send", methods="POST")
def again(request: StaffRequest) -> HttpResponseBase:
    """Queue the failed ones among the chosen mails again."""
    chosen = ticked(request)
    queued = send_again(actor=request.actor, at=request.at, on=request.on, messages=chosen)
    messages.success(request, _said(queued, len(chosen)))
    return redirect("message", queued.messages[0]) if len(chosen) == 1 and queued.messages else redirect("outbox")


def _said(queued: Queued, chosen: int) -> str:
    if not queued.messages:
        return "None of these has failed: nothing is sent again."
    count = len(queued.messages)
    mails = "1 mail waits" if count == 1 else f"{count} mails wait"
    left = chosen - count
    return f"{mails} to be sent again." + (f" {left} had not failed." if left > 0 else "")
