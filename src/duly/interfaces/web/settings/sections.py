"""The parts of the settings, as tabs; and the one page on which each of them is changed."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from duly.billing.reference.put import Put
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.page import StaffRequest, show

SECTIONS: Final = (("Entities", "settings"), ("Taxes", "taxes"), ("Tax rates", "tax_rates"),
                   ("Exchange rates", "exchange_rates"), ("Metrics", "metrics"), ("Policies", "policies"),
                   ("Users and roles", "users"), ("People", "people"))


def sections(current: str) -> list[dict[str, Any]]:
    """The tabs, of which the one with the title `current` is where we are."""
    return [{"title": title, "url": reverse(name), "current": title == current} for title, name in SECTIONS]


def kept(request: StaffRequest, done: Put) -> None:
    """Say what became of a change."""
    messages.success(request, "Nothing differs; it stays as it was." if done.outcome == "unchanged" else "Kept.")


def ask(request: StaffRequest, form: Form, title: str, up: tuple[str, str], text: str = "",
        action: str = "Keep") -> HttpResponse:
    """A form on a page of its own; `up` is the title and the address of where it leads back to."""
    return show(request, "web/settings/form.html", {
        "title": title, "text": text, "up_title": up[0], "up_url": up[1], "action": action,
        "files": form.is_multipart()}, form=form)
