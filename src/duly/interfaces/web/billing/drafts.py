"""The drafts before issue, by state, with what the checks found and what differs from last time."""

from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse

from duly.billing.accounts.models import LegalEntity, User
from duly.billing.invoicing import draft_lists, lists
from duly.billing.invoicing.actions.batch import ACTS
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.billing.rows import CHECKS, STATES, all_of, page_of
from duly.interfaces.web.page import StaffRequest, page

TABS: Final = (("", "All"), ("draft", "Drafts"), ("in_review", "In review"), ("client_check", "Client check"),
               ("ready", "Ready"))
BUTTONS: Final = {"submit": ("Submit", ""), "issue": ("Issue", "primary"), "discard": ("Discard", "danger")}


def entities(_: Any) -> list[tuple[str, str]]:
    return list(LegalEntity.objects.order_by("name").values_list("code", "name"))


def managers(_: Any) -> list[tuple[str, str]]:
    found = User.objects.filter(pk__in=User.objects.filter(role_grants__role="account_manager"))
    return list(found.order_by("name").values_list("login", "name"))


DRAFTS: Final = Listing(
    name="drafts", sort="account", bulk=True,
    read=page_of(draft_lists.drafts_beside_last), read_all=all_of(draft_lists.every_draft_beside_last),
    row_url=lambda row: reverse("invoice", args=[row["id"]]),
    empty="No draft waits here. A bill run makes drafts from unbilled work and due charges.",
    columns=(
        Column("account_name", "Account", "strong", sort="account", under="account"),
        Column("service", "Service", sort="service", wide=True),
        Column("state", "State", "pill"),
        Column("checks", "Checks", "pill", under="findings"),
        Column("difference", "Against last", "money", under="since", wide=True),
        Column("total", "Total", "money", sort="total"),
    ),
    filters=(
        Filter("text", "Draft or account"),
        Filter("state", "State", "choice", TABS[1:]),
        Filter("blocked", "Checks", "choice", (("yes", "Blocked"), ("no", "Not blocked"))),
        Filter("entity", "Entity", "choice", entities),
        Filter("manager", "Manager", "choice", managers),
        Filter("run", "Bill run", "number", given=True),
        Filter("book", "Book", "choice", (("mine", "mine"),), given=True),
    ),
    tones=STATES | CHECKS,
)


@page()
def drafts(request: StaffRequest) -> HttpResponseBase:
    counts = lists.waiting(actor=request.actor, on=request.on)
    wanted = request.GET.get("state", "")
    tabs = [{"title": title, "url": f"?state={state}" if state else reverse("drafts"), "current": state == wanted,
             "count": counts.get(state, 0) if state else sum(counts.values())} for state, title in TABS]
    return DRAFTS.respond(request, "web/billing/drafts.html", {
        "tabs": tabs, **bulk(request, acts(request))})


def bulk(request: StaffRequest, offered: list[tuple[str, str, str]]) -> dict[str, Any]:
    """What the part of a list that acts on many needs, on the whole page and where htmx asks for the table alone."""
    return {"bulk": "web/billing/bulk.html", "acts": offered, "address": request.GET.urlencode()}


def acts(request: StaffRequest) -> list[tuple[str, str, str]]:
    """What the actor may do to many drafts: act, title, look of its button."""
    may = request.actor.may
    return [(act, *BUTTONS[act]) for act, right in ACTS.items() if may(right) and may("bill")]
