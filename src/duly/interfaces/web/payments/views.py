"""The list of money received, and the page of one receipt."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.desk.actions import queue_message
from duly.billing.desk.messages import coming
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.payments import actions, lists, owing
from duly.billing.payments.documents import receipts as documents
from duly.billing.payments.models import METHODS
from duly.billing.reporting.receipt_page import Head, ReceiptPage, receipt_page
from duly.interfaces.kit.drawing import file_name, pdf
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.kit.printing import money
from duly.interfaces.web.invoices.views import entities
from duly.interfaces.web.outbox import sending
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.payments.history import timeline
from duly.interfaces.web.payments.spread import Spread, asked, spread

METHODS_SAID: Final = {one: one.replace("_", " ").capitalize() for one in METHODS}

PAYMENTS: Final = Listing(
    name="payments", read=lists.receipts, read_all=lists.every_receipt, sort="-booked",
    row_url=lambda row: reverse("receipt", args=[row["id"]]),
    empty="No money is recorded yet. Record a payment when it comes in: it gets its number, and pays what you say.",
    columns=(
        Column("number", "Number", "strong"),
        Column("account_name", "Account", under="account"),
        Column("booked_on", "Booked", "date", sort="booked"),
        Column("reference", "Reference", wide=True),
        Column("settled", "State", "pill"),
        Column("amount", "Amount", "money", sort="amount"),
        Column("left", "To allocate", "money"),
    ),
    filters=(
        Filter("text", "Number or account"),
        Filter("left", "To allocate", "choice", (("yes", "Money left"), ("no", "Nothing left"))),
        Filter("entity", "Entity", "choice", entities),
        Filter("account", "Account", given=True), Filter("book", "Book", "choice", (("mine", "mine"),), given=True),
        Filter("method", "Method", "choice", [*METHODS_SAID.items()]),
        Filter("booked_from", "Booked from", "date"), Filter("booked_to", "Booked to", "date"),
    ),
    tones={"allocated": ("Allocated", "good"), "part_allocated": ("Partly allocated", "warn"),
           "on_account": ("Not allocated", "warn")},
)


@page()
def payments(request: StaffRequest) -> HttpResponseBase:
    return PAYMENTS.respond(request, "web/payments/list.html")


@page(methods="GET POST", acts="cash")
def receipt(request: StaffRequest, receipt: int) -> HttpResponseBase:
    """A receipt with what it paid; what is left of it is allocated here."""
    found = receipt_page(actor=request.actor, on=request.on, receipt=receipt)
    table = _table(request, found)
    if request.method != "POST" or table is None:
        return _page(request, found, table)
    if request.htmx:
        return show(request, "web/payments/spread.html", {"spread": table})
    if request.POST.get("do"):
        return _page(request, found, table)
    if error := table.problem or ("" if table.wanted else "Say how much goes to an invoice."):
        return _page(request, found, table, error=error)
    try:
        return _allocate(request, found, table)
    except Forbidden:
        raise
    except Refused as refused:
        return _page(request, found, table.refused(refused), error=f"{refused.text} {refused.remedy}".strip())


def _page(request: StaffRequest, found: ReceiptPage, table: Spread | None, **more: Any) -> HttpResponseBase:
    context = {"found": found, "receipt": found.head, "spread": table, "timeline": timeline(found),
               "method": METHODS_SAID[found.head.method], "state": PAYMENTS.tones[_settled(found.head)], **more}
    return show(request, "web/payments/receipt.html", context, status=422 if more else 200)


def _settled(head: Head) -> str:
    """How far the money is allocated, as the list has it."""
    return "allocated" if not head.left else "on_account" if head.left == head.amount else "part_allocated"


def _table(request: StaffRequest, found: ReceiptPage) -> Spread | None:
    """What the payer owes, to be paid by what is left of the receipt; None where nothing is left or may be done."""
    head = found.head
    if not head.left or not request.actor.may("cash"):
        return None
    payer = owing.payer(actor=request.actor, on=request.on, account=head.account)
    numbers = asked(request.GET, request.POST)
    owed = owing.owed(actor=request.actor, on=request.on, account=payer.id, numbers=numbers)
    return spread(owed, payer, (head.entity, head.currency, head.left), head.reference,
                  request.POST if request.method == "POST" else None, numbers)


def _allocate(request: StaffRequest, found: ReceiptPage, table: Spread) -> HttpResponseBase:
    head = found.head
    done = actions.allocate(actor=request.actor, at=request.at, on=max(request.on, head.booked_on), entity=head.entity,
                            receipt=head.number, to=list(table.wanted))
    paid = ", ".join(f"{money(each['amount'], done.currency)} to {each['invoice']}" for each in done.allocated)
    messages.success(request, f"{paid}. {money(done.on_account, done.currency)} stays on account.")
    return redirect("receipt", head.id)


@page(right="cash", methods="POST")
def undo(request: StaffRequest, receipt: int, allocation: int) -> HttpResponseBase:
    """Take an allocation back by a row that answers it; what is refused stands on the receipt's page."""
    reason = request.POST.get("reason", "")
    try:
        undone = actions.unallocate(actor=request.actor, at=request.at, on=request.on, allocation=allocation,
                                    reason=reason)
    except (Forbidden, NotFound):
        raise
    except Refused as refused:
        found = receipt_page(actor=request.actor, on=request.on, receipt=receipt)
        return _page(request, found, _table(request, found), undoing=allocation, reason=reason,
                     not_undone=f"{refused.text} {refused.remedy}".strip())
    said = f"{money(undone.amount, undone.currency)} no longer pays {undone.invoice}; it is on account again."
    messages.success(request, said)
    return redirect("receipt", receipt)


@page(right="send", methods="GET POST")
def send(request: StaffRequest, receipt: int) -> HttpResponseBase:
    """Mail the receipt to the account's billing contacts, who are named before."""
    if request.method == "POST":
        queued = queue_message(actor=request.actor, at=request.at, on=request.on, receipts=[receipt])
        messages.success(request, sending.said(queued))
        return redirect("receipt", receipt)
    [mail] = coming(actor=request.actor, on=request.on, receipts=[receipt])
    template = "web/payments/send.html#form" if request.htmx else "web/payments/send.html"
    return show(request, template, {"mail": mail, "receipt": receipt})


@page()
def document(request: StaffRequest, receipt: int) -> HttpResponseBase:
    """The receipt as PDF."""
    head = receipt_page(actor=request.actor, on=request.on, receipt=receipt).head
    answer = HttpResponse(pdf(documents([receipt])[0]), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{file_name(head.number)}.pdf"'
    return answer
