"""The list of issued documents."""

from collections.abc import Sequence
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse

from duly.billing.accounts.models import LegalEntity
from duly.billing.invoicing import lists
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page


def entities(_: Any) -> Sequence[tuple[str, str]]:
    return list(LegalEntity.objects.order_by("name").values_list("code", "name"))


INVOICES: Final = Listing(
    name="invoices", read=lists.invoices, read_all=lists.every_invoice, sort="-issued",
    row_url=lambda row: reverse("invoice", args=[row["id"]]),
    empty="No invoice is issued yet. A bill run makes drafts; issuing them gives them their numbers.",
    columns=(
        Column("number", "Number", "strong"),
        Column("account_name", "Account", sort="account", under="account"),
        Column("issued_on", "Issued", "date", sort="issued"),
        Column("due_on", "Due", "date", sort="due"),
        Column("settled", "State", "pill"),
        Column("total", "Total", "money", sort="total"),
        Column("balance", "Open", "money"),
    ),
    filters=(
        Filter("text", "Number or account"),
        Filter("settled", "State", "choice", (("open", "Open"), ("overdue", "Overdue"), ("paid", "Paid"))),
        Filter("entity", "Entity", "choice", entities),
        Filter("issued_from", "Issued from", "date"), Filter("issued_to", "Issued to", "date"),
        Filter("account", "Account", given=True), Filter("book", "Book", "choice", (("mine", "mine"),), given=True),
        Filter("due_from", "Due from", "date", given=True), Filter("due_to", "Due to", "date", given=True),
    ),
    tones={"paid": ("Paid", "good"), "overdue": ("Overdue", "bad"), "part_paid": ("Partly paid", "info"),
           "open": ("Open", "mute"), "none": ("No balance", "mute")},
)


@page()
def invoices(request: StaffRequest) -> HttpResponseBase:
    return INVOICES.respond(request, "web/invoices/list.html")
