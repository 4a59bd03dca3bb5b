"""Milestones: what is due, and what the client has accepted."""

from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.work import lists
from duly.billing.work.actions import accept_milestone
from duly.billing.work.entry import milestone as milestone_of
from duly.interfaces.kit import printing
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.work.forms import Acceptance
from duly.interfaces.web.work.sections import sections
from duly.interfaces.web.work.views import entities

STATES: Final = {"due": ("Due", "warn"), "part": ("Part accepted", "info"), "ahead": ("Ahead", "mute"),
                 "accepted": ("Accepted", "good")}

MILESTONES: Final = Listing(
    name="milestones", read=lists.milestones, read_all=lists.every_milestone, sort="due",
    empty="No agreement has milestones. Add a milestone charge to an agreement, and it is listed here.",
    row_url=lambda row: reverse("milestone", args=[row["id"]]),
    columns=(
        Column("name", "Milestone", "strong", under="agreement"),
        Column("account_name", "Account", sort="account", under="account"),
        Column("due_on", "Due", "date", sort="due"),
        Column("accepted_on", "Last accepted", "date", wide=True),
        Column("state", "State", "pill"),
        Column("price", "Price", "money"),
    ),
    filters=(
        Filter("text", "Milestone, account or agreement"),
        Filter("state", "State", "choice", (("open", "Open"), *((key, text) for key, (text, _) in STATES.items()))),
        Filter("entity", "Entity", "choice", entities),
        Filter("account", "Account", given=True), Filter("agreement", "Agreement", given=True),
    ),
    tones=STATES,
)


@page()
def milestones(request: StaffRequest) -> HttpResponseBase:
    return MILESTONES.respond(request, "web/work/milestones.html", {"sections": sections("Milestones")})


@page(methods="GET POST", acts="approve_work")
def milestone(request: StaffRequest, charge: int) -> HttpResponseBase:
    found, accepted = milestone_of(actor=request.actor, on=request.on, charge=charge)
    left = 1 - found["accepted"]
    form = None
    if left > 0 and request.actor.may("approve_work"):
        form = Acceptance(request.POST or None, initial={"on": request.on, "percent": f"{(left * 100).normalize():f}"})
    if form is not None and form.is_valid():
        with beside(form):
            done = accept_milestone(agreement=found["agreement"], charge=found["charge"], **_said(request, form))
            amount = printing.money(done.amount, done.currency)
            messages.success(request, f"Accepted: {amount} can be billed.")
            return redirect("milestone", charge)
    return show(request, "web/work/milestone.html", {
        "milestone": found, "state": STATES[found["state"]], "left": printing.percent(left, 0),
        "accepted": [(one, printing.percent(one.share, 0)) for one in accepted],
        "sections": sections("Milestones")}, form=form)


def _said(request: StaffRequest, form: Acceptance) -> dict[str, Any]:
    values = form.cleaned_data
    share: Decimal = values["percent"] / 100
    return {"actor": request.actor, "at": request.at, "on": values["on"], "share": share,
            "evidence": values["evidence"], "key": values["key"]}
