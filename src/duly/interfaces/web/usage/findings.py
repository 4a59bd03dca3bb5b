"""Events that came again otherwise: each waits until someone decides whether it counts."""

from typing import Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.kernel.errors import NotFound
from duly.billing.usage import actions, lists
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page, show, ticked
from duly.interfaces.web.usage.views import parts
from duly.interfaces.web.work.forms import Reason

TONES: Final = {
    "another_time": ("Another time", "warn"), "other_content": ("Other content", "warn"),
    "waiting": ("To decide", "warn"), "count": ("Counts", "good"), "ignore": ("Ignored", "mute"),
}
FINDINGS: Final = Listing(
    name="findings", read=lists.findings, read_all=lists.every_finding, sort="-received", tones=TONES,
    empty="No event came again otherwise than it was.",
    columns=(Column("event_id", "Event", "strong", under="source"), Column("differs", "What differs"),
             Column("reason", "Came again with", "pill", wide=True), Column("used_on", "Day", "date", wide=True),
             Column("account_name", "Account", under="agreement"), Column("metric", "What", wide=True),
             Column("state", "State", "pill", under="why")),
    filters=(Filter("text", "Event, source or account"), Filter("state", "State", "choice", tuple(
        (key, TONES[key][0]) for key in ("waiting", "count", "ignore"))), Filter("agreement", "Agreement", given=True),
        Filter("account", "Account", given=True)),
    bulk=True,
)
TITLES: Final = {
    "count": ("Count them", "Each becomes an event of its own. It is late where its period is billed."),
    "ignore": ("Ignore them", "They do not count; the events that were first stay."),
}


@page()
def findings(request: StaffRequest) -> HttpResponseBase:
    return FINDINGS.respond(request, "web/usage/list.html", {
        "title": "Usage to decide", "bulk": "web/usage/bulk.html" if request.actor.may("work") else "",
        "text": "Events that were sent before, and came again at another time or with other content.",
        **parts(request, "To decide")})


@page(right="work", methods="POST")
def decide(request: StaffRequest, decision: str) -> HttpResponseBase:
    """First the question why, then the decision."""
    if decision not in TITLES:
        raise NotFound("There is no such page.", "Check the address.")
    rows = ticked(request)
    back = f"{reverse('usage_findings')}?state=waiting"
    if not rows:
        messages.warning(request, "Nothing was chosen. Tick the rows that you mean.")
        return redirect(back)
    form = Reason(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        with beside(form):
            done = actions.decide(actor=request.actor, at=request.at, findings=rows, decision=decision,
                                  **form.cleaned_data)
            messages.success(request, f"{done.findings} decided; {done.counted} events count because of it.")
            return redirect(back)
    title, text = TITLES[decision]
    return show(request, "web/usage/why.html", {"title": title, "text": text, "rows": rows, "back": back}, form=form)
