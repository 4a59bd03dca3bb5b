"""The search: hits below its field for htmx, a page of them otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http.response import HttpResponseBase

from duly.billing.reporting import search as reading
from duly.billing.reporting.search import SHOWN, Hit
from duly.interfaces.web.links import address, listed
from duly.interfaces.web.page import StaffRequest, page, show

KINDS: Final = (
    # kind, title, icon, the page of one and what names it, the list that is asked for the rest
    ("account", "Accounts", "building-2", "account", "number", "accounts"),
    ("invoice", "Invoices", "receipt-text", "invoice", "id", "invoices"),
    ("agreement", "Agreements", "file-pen-line", "agreement", "number", "agreements"),
    ("project", "Projects", "folder", "project", "number", "work_entries"),
    ("contact", "Contacts", "contact", "account", "account", "accounts"),
    ("person", "People", "user", "person", "number", "work_entries"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind, each with its address; `more` opens the list of all where there may be more."""

    title: str
    icon: str
    hits: Sequence[tuple[Hit, str]]
    more: str


@page()
def search(request: StaffRequest) -> HttpResponseBase:
    text = request.GET.get("text", "").replace("\0", "")
    found = reading.search(actor=request.actor, on=request.on, text=text)
    groups = [_group(found.text, found.of(kind), *look) for kind, *look in KINDS if found.of(kind)]
    template = "web/search/page.html#hits" if request.htmx else "web/search/page.html"
    return show(request, template, {"found": groups, "text": text, "short": len(found.text) < 2})


def _group(text: str, hits: Sequence[Hit], title: str, icon: str, name: str, key: str, of: str) -> Group:
    """A hit without a page of its own leads to the list that holds it."""
    addressed = [(hit, address(name, getattr(hit, key)) or listed(of, {"text": hit.name})) for hit in hits]
    return Group(title, icon, addressed, listed(of, {"text": text}) if len(hits) == SHOWN else "")
