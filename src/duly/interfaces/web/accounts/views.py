"""The list of accounts, and all of one account on a page."""

from collections.abc import Sequence
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse

from duly.billing.accounts import lists
from duly.billing.accounts.models import User
from duly.billing.accounts.queries import entity_names
from duly.billing.kernel.listing import Query
from duly.billing.reporting.account360 import Habits, account360, unbilled_of
from duly.billing.reporting.timeline import timeline
from duly.interfaces.kit import charts
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.kit.printing import money
from duly.interfaces.web.accounts.history import told
from duly.interfaces.web.page import StaffRequest, page, show

KINDS: Final = (("business", "Company"), ("public", "Public body"), ("person", "Private person"))

ENTRIES: Final = 14
"""Of the timeline at once."""


def colleagues(_: Any = None) -> Sequence[tuple[str, str]]:
    """The users who may manage accounts, as choices by login."""
    staff = User.objects.filter(is_active=True).exclude(role_grants__role="client")
    return list(staff.order_by("name", "login").values_list("login", "name"))


ACCOUNTS: Final = Listing(
    name="accounts", read=lists.accounts, read_all=lists.every_account, sort="name",
    row_url=lambda row: reverse("account", args=[row["number"]]),
    empty="No account is in your book yet. Add the first one, or ask for accounts to be given to you.",
    columns=(
        Column("name", "Account", "strong", sort="name", under="number"),
        Column("manager", "Manager", wide=True),
        Column("open", "Open", "money", sort="open"),
        Column("overdue", "Overdue", "money", sort="overdue"),
        Column("days_to_pay", "Days to pay", "number", wide=True),
        Column("last_invoice", "Last invoice", "date"),
    ),
    filters=(
        Filter("text", "Name or number"),
        Filter("book", "Book", "choice", (("mine", "Mine"), ("others", "Others’"))),
        Filter("owes", "Owes", "choice", (("open", "Something"), ("overdue", "Something overdue"))),
        Filter("manager", "Manager", "choice", colleagues),
        Filter("kind", "Kind", "choice", KINDS),
    ),
)


@page()
def accounts(request: StaffRequest) -> HttpResponseBase:
    return ACCOUNTS.respond(request, "web/accounts/list.html")


@page()
def names(request: StaffRequest) -> HttpResponseBase:
    """Accounts by a part of their name, as suggestions of a field that asks for a number."""
    text = "".join(map(str, request.GET.values())).replace("\0", "")
    found = lists.accounts(actor=request.actor, on=request.on, query=Query({"text": text}, "name", limit=8))
    return show(request, "web/accounts/names.html", {"accounts": found.rows})


@page()
def account(request: StaffRequest, number: str) -> HttpResponseBase:
    found = account360(actor=request.actor, on=request.on, account=number)
    named = entity_names()
    return show(request, "web/accounts/account.html", {
        "account": found.profile, "found": found, "entity_names": named,
        "habits": [(habit, _billed(habit), f"Billed by {named[habit.entity]} in each month")
                   for habit in found.habits],
        "kind": dict(KINDS)[found.profile.kind], **_history(request, number)})


@page()
def history(request: StaffRequest, number: str) -> HttpResponseBase:
    """The timeline's next entries, for htmx."""
    return show(request, "web/accounts/history.html", _history(request, number))


@page()
def unbilled(request: StaffRequest, number: str) -> HttpResponseBase:
    """The account's unbilled work with its price; apart, because that grows with the work."""
    work = unbilled_of(actor=request.actor, on=request.on, account=number)
    part = "#work" if request.htmx else ""
    return show(request, f"web/accounts/unbilled.html{part}", {"work": work, "number": number})


def _history(request: StaffRequest, number: str) -> dict[str, Any]:
    after = request.GET.get("after", "").replace("\0", "")
    found = timeline(actor=request.actor, on=request.on, account=number, after=after or None, limit=ENTRIES)
    return {"number": number, "after": found.after, "entries": [told(entry) for entry in found.entries]}


def _billed(habit: Habits) -> Any:
    return charts.bars([(f"{month.month:%b}", month.billed, str(money(month.billed, habit.currency)))
                        for month in habit.months])
