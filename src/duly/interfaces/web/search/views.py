"""The search: hits below its field for htmx, a page of them otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from duly.billing.reporting import search as reading
from duly.billing.reporting.search import Hit
from duly.interfaces.web.page import StaffRequest, page, show

KINDS: Final = (
    # kind, title, icon, the page of one and what names it, the list that is asked where there is no such page
    ("account", "Accounts", "building-2", "account", "number", "accounts"),
    ("invoice", "Invoices", "receipt-text", "invoice", "id", "invoices"),
    ("agreement", "Agreements", "file-pen-line", "agreement", "number", "agreements"),
    ("project", "Projects", "folder", "project", "number", "work"),
    ("contact", "Contacts", "contact", "account", "account", "accounts"),
    ("person", "People", "user", "person", "number", "work"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind, each with its address."""

    title: str
    icon: str
    hits: Sequence[tuple[Hit, str]]


@page()
def search(request: StaffRequest) -> HttpResponseBase:
    text = request.GET.get("text", "").replace("\0", "")
    found = reading.search(actor=request.actor, on=request.on, text=text)
    groups = [Group(title, icon, [(hit, _address(hit, *where)) for hit in found.of(kind)])
              for kind, title, icon, *where in KINDS if found.of(kind)]
    template = "web/search/page.html#hits" if request.htmx else "web/search/page.html"
    return show(request, template, {"found": groups, "text": text, "short": len(found.text) < 2})


def _address(hit: Hit, name: str, key: str, lists: str) -> str:
    for address, arguments in ((name, [getattr(hit, key)]), (lists, [])):
        try:
            url = reverse(address, args=arguments)
        except NoReverseMatch:
            continue
        return url if arguments else f"{url}?{urlencode({'text': hit.number})}"
    return reverse("home")
