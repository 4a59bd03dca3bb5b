"""Work as a list and one by one: approve it, take that back, leave it out, correct it, keep its receipts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme

from duly.billing.kernel.errors import Forbidden, NotFound
from duly.billing.work import actions, lists
from duly.billing.work import entry as reads
from duly.billing.work.entry import Entry
from duly.billing.work.receipts import receipt as receipt_of
from duly.billing.work.worth import every_valued_entry, valued_entries
from duly.engine.currencies import exponent
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing, Row
from duly.interfaces.kit.printing import hours, money
from duly.interfaces.web.page import StaffRequest, page, show, ticked
from duly.interfaces.web.work.forms import AttachReceipt, EditExpense, EditTime, Reason
from duly.interfaces.web.work.sections import sections
from duly.interfaces.web.work.views import entities

STATES: Final = {
    "waiting": ("To approve", "warn"), "approved": ("Approved", "info"), "drafted": ("On a draft", "mute"),
    "billed": ("Billed", "good"), "not_billable": ("Not billable", "mute"), "withdrawn": ("Withdrawn", "bad"),
}
KINDS: Final = (("time", "Time"), ("expense", "Expenses"), ("milestone", "Milestones"))

ENTRIES: Final = Listing(
    name="entries", read=lists.entries, read_all=lists.every_entry, sort="-worked", bulk=True,
    empty="No work is recorded yet. Record time or an expense by hand, or import a file.",
    row_url=lambda row: reverse("work_entry", args=[row["id"]]),
    columns=(
        Column("what", "What was done", "strong", under="project"),
        Column("worked_on", "Day", "date", sort="worked"),
        Column("account_name", "Account", under="agreement"),
        Column("person", "Person", under="task", wide=True),
        Column("seconds", "Hours", "hours"),
        Column("cost", "Amount", "money"),
        Column("state", "State", "pill"),
    ),
    filters=(
        Filter("text", "Work, person or account"),
        Filter("state", "State", "choice", tuple((key, text) for key, (text, _) in STATES.items())),
        Filter("kind", "Kind", "choice", KINDS),
        Filter("entity", "Entity", "choice", entities),
        Filter("worked_from", "From", "date"), Filter("worked_to", "To", "date"),
        Filter("account", "Account", given=True), Filter("agreement", "Agreement", given=True),
        Filter("person", "Person", given=True), Filter("batch", "Import", "number", given=True),
    ),
    tones=STATES,
)


def _sums(rows: Sequence[Row]) -> str:
    """Hours and value of a page's rows in words, and how many have no price."""
    values: dict[str, Decimal] = {}
    for row in rows:
        if row["worth"] is not None:
            values[row["currency"]] = values.get(row["currency"], Decimal(0)) + Decimal(row["worth"])
    unpriced = sum(row["worth"] is None for row in rows)
    parts = [f"{hours(sum(row['seconds'] or 0 for row in rows))} h",
             *(str(money(value, currency)) for currency, value in sorted(values.items())),
             *([f"{unpriced} without a price"] if unpriced else [])]
    return f"on this page {', '.join(parts)}"


WAITING: Final = replace(
    ENTRIES, read=valued_entries, read_all=every_valued_entry, sums=_sums, bulk=True,
    columns=tuple(Column("worth", "Value", "money", under="why") if one.key == "cost" else one
                  for one in ENTRIES.columns if one.key != "state"))
"""What waits for approval, each entry with what it is worth by today's terms, or why it has no price."""


@page()
def entries(request: StaffRequest) -> HttpResponseBase:
    waiting = request.GET.get("state") == "waiting"
    acts = request.actor.may("approve_work") or request.actor.may("work")
    return replace(WAITING if waiting else ENTRIES, bulk=acts).respond(request, "web/work/entries.html", {
        "bulk": "web/work/bulk.html", "sections": sections("To approve" if waiting else "All work"), "waiting": waiting,
        "account": request.GET.get("account", "") if waiting and request.actor.may("approve_work") else ""})


@page(right="approve_work", methods="POST")
def approve(request: StaffRequest) -> HttpResponseBase:
    """The chosen rows, or with `account` all that waits there up to today."""
    account = request.POST.get("account")
    chosen: dict[str, Any] = {"items": ticked(request)}
    if account:
        chosen = {"accounts": [account], "period": (request.on.min, request.on + timedelta(1))}
    elif not chosen["items"]:
        messages.warning(request, "Nothing was chosen. Tick the rows that you mean.")
        return redirect(_back(request))
    done = actions.approve(actor=request.actor, at=request.at, on=request.on, **chosen)
    messages.success(request, f"{_count(done.items)} approved.")
    return redirect(_back(request))


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done to many entries for a reason: its right, its words, its verb."""

    right: str
    title: str
    text: str
    done: str
    verb: Callable[..., int]
    tone: str = "primary"


def _billable(billable: bool) -> Callable[..., int]:
    return lambda **arguments: actions.set_billable(billable=billable, **arguments)


ACTS: Final = {
    "unapprove": Act("approve_work", "Take back the approval", "They wait for approval again; no bill run takes them.",
                     "no longer approved", actions.unapprove),
    "not-billable": Act("approve_work", "Mark as not billable", "They stay as a record, and are never billed.",
                        "not billable now", _billable(False)),
    "billable": Act("approve_work", "Mark as billable", "They are billed once they are approved.", "billable now",
                    _billable(True)),
    "withdraw": Act("work", "Withdraw", "They count for nothing any more, and no file brings them back.", "withdrawn",
                    actions.withdraw, "danger"),
}


@page(methods="POST")
def act(request: StaffRequest, act: str) -> HttpResponseBase:
    """First the question why, then the act."""
    chosen, rows = ACTS.get(act), ticked(request)
    if chosen is None:
        raise NotFound("There is no such page.", "Check the address.")
    if not request.actor.may(chosen.right):
        raise Forbidden(f"This needs the right “{chosen.right}”.", "Ask an administrator for it.")
    if not rows:
        messages.warning(request, "Nothing was chosen. Tick the rows that you mean.")
        return redirect(_back(request))
    form = Reason(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        with beside(form):
            count = chosen.verb(actor=request.actor, at=request.at, on=request.on, items=rows, **form.cleaned_data)
            messages.success(request, f"{_count(count)} {chosen.done}.")
            return redirect(_back(request))
    return show(request, "web/work/why.html", {"act": chosen, "rows": rows, "count": _count(len(rows)),
                                               "back": _back(request)}, form=form)


@page(methods="GET POST", acts="work")
def entry(request: StaffRequest, item: int) -> HttpResponseBase:
    """A work item; who may, and may still, corrects it here."""
    found, receipts = reads.entry(actor=request.actor, on=request.on, item=item)
    form = _edit_form(request, found) if found.changeable and request.actor.may("work") else None
    if request.method == "POST" and form is None:
        raise NotFound("This work is not corrected any more.", "Only work that is on no draft or invoice is.")
    if form is not None and form.is_valid():
        with beside(form):
            done = actions.edit_entry(actor=request.actor, at=request.at, on=request.on, item=item, **form.cleaned_data)
            messages.success(request, _corrected(done))
            return redirect("work_entry", item)
    return show(request, "web/work/entry.html", {
        "entry": found, "state": STATES[found.state], "receipts": receipts, "attach": AttachReceipt(),
        "sections": sections("")}, form=form)


def _edit_form(request: StaffRequest, found: Entry) -> EditTime:
    initial = {"worked_on": found.worked_on, "project": found.project, "seconds": found.seconds, "task": found.task,
               "description": found.description, "cost": found.cost and f"{found.cost:.{exponent(found.currency)}f}",
               "currency": found.currency}
    kind = EditTime if found.kind == "time" else EditExpense
    return kind(request.POST or None, initial=initial, projects=reads.projects(actor=request.actor, on=request.on))


def _corrected(done: actions.Corrected) -> str:
    if not done.changes:
        return "Nothing differs; it stays as it was."
    return "Corrected. It waits for approval again." if done.approval_taken_back else "Corrected."


@page(right="work", methods="POST")
def attach(request: StaffRequest, item: int) -> HttpResponseBase:
    form = AttachReceipt(request.POST, request.FILES)
    if form.is_valid():
        with beside(form):
            name, content = form.cleaned_data["file"]
            actions.attach_receipt(actor=request.actor, at=request.at, on=request.on, item=item, name=name,
                                   content=content)
            messages.success(request, "The receipt is kept.")
            return redirect("work_entry", item)
    return show(request, "web/work/attach.html", {"item": item}, form=form)


@page()
def receipt(request: StaffRequest, receipt: int) -> HttpResponseBase:
    """The file as a download, never shown as a page."""
    found = receipt_of(actor=request.actor, on=request.on, receipt=receipt)
    return HttpResponse(found.content, content_type=found.media_type, headers={
        "Content-Disposition": content_disposition_header(True, found.name) or "attachment",
        "X-Content-Type-Options": "nosniff"})


def _back(request: HttpRequest) -> str:
    """Where the form stood: an address of our own, else the list."""
    given = request.POST.get("back", "")
    safe = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if safe else reverse("work_entries")


def _count(items: int) -> str:
    return "1 entry is" if items == 1 else f"{items:,} entries are"
