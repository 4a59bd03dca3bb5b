"""The list of agreements, and the page of one: its terms through time, its rates, pauses and projects."""

from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.agreements import lists
from duly.billing.agreements.actions.agree import put_project
from duly.billing.agreements.actions.runtime import put_runtime
from duly.billing.agreements.terms import VersionInput
from duly.billing.reporting.agreement_page import AgreementPage, agreement_page
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.agreements.change_forms import recurring
from duly.interfaces.web.agreements.charge_forms import KINDS
from duly.interfaces.web.agreements.curves import OF_MONEY, drawn, tiers_in_words
from duly.interfaces.web.agreements.forms import NewProject, Term, entities
from duly.interfaces.web.agreements.words import charge_in_words, terms_in_words
from duly.interfaces.web.page import StaffRequest, page, show

STATES: Final = {"in_force": ("In force", "good"), "future": ("Not begun", "info"), "ending": ("Ends soon", "warn"),
                 "ended": ("Ended", "mute")}

AGREEMENTS: Final = Listing(
    name="agreements", read=lists.agreements, read_all=lists.every_agreement, sort="account", tones=STATES,
    row_url=lambda row: reverse("agreement", args=[row["number"]]),
    empty="Nothing is agreed yet. An agreement says what may be billed, and at which price.",
    columns=(
        Column("name", "Agreement", "strong", sort="name", under="number"),
        Column("account_name", "Account", sort="account", under="account"),
        Column("state", "State", "pill"),
        Column("starts_on", "From", "date", sort="starts"),
        Column("ends_on", "Last day", "date", sort="ends"),
        Column("changes_on", "New terms", "date", wide=True),
    ),
    filters=(
        Filter("text", "Name, number or account"),
        Filter("state", "State", "choice", [(state, words) for state, (words, _) in STATES.items()]),
        Filter("book", "Book", "choice", (("mine", "Mine"), ("others", "Others’"))),
        Filter("entity", "Entity", "choice", lambda _: entities()),
    ),
)


@page()
def agreements(request: StaffRequest) -> HttpResponseBase:
    return AGREEMENTS.respond(request, "web/agreements/list.html")


@page()
def agreement(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    return show(request, "web/agreements/agreement.html", {
        **_described(found), "project": NewProject(), "recurs": bool(recurring(found)),
        "open_pause": any(one.until is None for one in found.pauses)})


@page(right="agree", methods="GET POST")
def term(request: StaffRequest, number: str) -> HttpResponseBase:
    """How long it runs, whether it renews, and how long before notice is given."""
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    form = Term(request.POST or None,
                initial=found.term and {name: getattr(found.term, name) for name in Term.base_fields})
    if form.is_valid():
        with beside(form):
            put_runtime(actor=request.actor, at=request.at, on=request.on, agreement=number, **form.cleaned_data)
            messages.success(request, f"The term of {found.name} is kept.")
            return redirect("agreement", number)
    return show(request, "web/agreements/form.html", {
        "agreement": found, "title": "Term", "why": "How long it runs from its first day. One that does not renew ends "
        "with its term; one that does runs on until notice.", "action": "Save the term"}, form=form)


@page(right="agree", methods="GET POST")
def project(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    form = NewProject(request.POST or None)
    if form.is_valid():
        with beside(form):
            put_project(actor=request.actor, at=request.at, on=request.on, agreement=number, **form.cleaned_data)
            messages.success(request, f"Work can be booked on {form.cleaned_data['name']}.")
            return redirect("agreement", number)
    return show(request, "web/agreements/form.html", {
        "agreement": found, "title": "New project", "why": "What people book their work of this agreement on.",
        "action": "Add the project"}, form=form)


def _described(found: AgreementPage) -> dict[str, Any]:
    """The agreement with its terms in words, the latest version first."""
    versions = [{
        "since": version.terms.valid_from, "until": version.valid_to, "state": version.state,
        "charges": _charges(version.terms, found.currency),
        "facts": terms_in_words(version.terms, found.payment_days, found.currency),
    } for version in found.versions]
    state, tone = STATES[found.state]
    current = next((one for one in versions if one["state"] == "now"), versions[0])
    cap = found.terms.cap
    cards = sorted({charge.rate_card for charge in found.terms.charges if charge.rate_card})
    return {"agreement": found, "cards": cards, "state": state, "tone": tone, "current": current,
            "others": [one for one in reversed(versions) if one is not current],
            "share": int(min(found.billed * 100 / cap, Decimal(100))) if cap else None}


def _charges(terms: VersionInput, currency: str) -> list[dict[str, Any]]:
    """The charges with their words, their tiers and the curve of their price."""
    names = {charge.code: charge.name for charge in terms.charges}
    return [{
        "charge": charge, "icon": KINDS[charge.kind].icon, "words": charge_in_words(charge, currency, names),
        "tiers": tiers_in_words(charge, currency), "curve": drawn(charge, currency),
        "of_money": charge.kind in OF_MONEY} for charge in terms.charges]
