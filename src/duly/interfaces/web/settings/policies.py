"""The firm's policies: what new agreements begin with, how strict checks are, who needs a second factor."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from duly.billing.accounts import settings as reads
from duly.billing.accounts.actions.policies import demand_second_factor
from duly.billing.accounts.models import LegalEntity
from duly.billing.agreements.actions.policy import put_policy
from duly.billing.agreements.policies import policy, policy_changes
from duly.billing.invoicing.actions.policy import choose_severities
from duly.billing.invoicing.policies import strictness
from duly.billing.kernel.errors import NotFound
from duly.billing.reference.put import Put
from duly.interfaces.kit.forms import Form, beside
from duly.interfaces.web.agreements.forms import WORDS
from duly.interfaces.web.page import StaffRequest, page
from duly.interfaces.web.settings.history import Told, told
from duly.interfaces.web.settings.policy_forms import (
    HOLDER_WORDS,
    Checks,
    NewAgreements,
    SecondFactor,
    severity,
    titled,
)
from duly.interfaces.web.settings.sections import ask, kept, sections
from duly.interfaces.web.sign_in.second_factor import without_second_factor

TERMS: Final = {"review": "Drafts are checked by", "payment_days": "Days to pay", "grouping": "Hours",
                "time_annex": "All hours behind the invoice"}


@page()
def policies(request: StaffRequest, entity: int | None = None) -> HttpResponseBase:
    """All policies, those of one entity at a time; the first where none is named."""
    entities = reads.entities(actor=request.actor, on=request.on)
    one = next((each for each in entities if entity in (None, each.pk)), None)
    if entity is not None and one is None:
        raise NotFound("There is no such legal entity.", "Choose one in the settings.")
    demand = reads.second_factor(actor=request.actor, on=request.on)
    return render(request, "web/settings/policies.html", {
        "sections": sections("Policies"), "one": one, "demanded": [HOLDER_WORDS[name] for name in demand.of],
        "demands": _demands(demand), **(_lacking(request) if demand.of and request.actor.may("policies") else {}),
        "entities": [{"title": each.name, "url": reverse("entity_policies", args=[each.pk]), "current": each == one}
                     for each in entities] if len(entities) > 1 else [],
        **(_of_entity(request, one) if one else {})})


def _demands(demand: reads.SecondFactor) -> list[Told]:
    words = {True: "a second factor is demanded", False: "no second factor is demanded any more"}
    return [Told(change.at, change.who,
                 f"{HOLDER_WORDS[demand.holders[change.subject]]}: {words[change.after['demanded']]}")
            for change in demand.changes]


def _lacking(request: StaffRequest) -> dict[str, Any]:
    """Of how many a second factor is demanded, and who of them has set up none, each with why it is demanded."""
    users = reads.demanded_of(actor=request.actor, on=request.on)
    without = without_second_factor([one.id for one in users])
    said = {name: words[0].lower() + words[1:] for name, words in HOLDER_WORDS.items()}
    return {"demanded_of": len(users), "lacking": [
        (one, ", ".join(said[name] for name in one.by)) for one in users if one.id in without]}


def _of_entity(request: StaffRequest, one: LegalEntity) -> dict[str, Any]:
    usual = asdict(policy(one.code))
    return {
        "terms": [(label, _shown(name, usual[name])) for name, label in TERMS.items()],
        "agreed": told(policy_changes(one.pk), TERMS, _shown),
        "checks": [{"check": check, "title": titled(check.name), "usual": severity(check.usual),
                    "chosen": severity(check.chosen), "changed": check.chosen not in ("", check.usual)}
                   for check in strictness(actor=request.actor, on=request.on, entity=one.pk)]}


def _shown(name: str, value: Any) -> str:
    if name == "payment_days":
        return "the account’s" if value is None else str(value)
    return ("yes" if value else "no") if name == "time_annex" else dict(WORDS[name])[value].lower()


@page(right="policies", methods="GET POST")
def new_agreements(request: StaffRequest, entity: int) -> HttpResponseBase:
    one = reads.entity_page(actor=request.actor, on=request.on, entity=entity).entity
    form = NewAgreements(request.POST or None, initial=asdict(policy(one.code)))
    return _asked(request, form, "What new agreements begin with", one,
                  lambda: put_policy(actor=request.actor, at=request.at, entity=one.code, **form.cleaned_data),
                  f"New agreements of {one.name} begin with this where nothing else is said. Those that are there keep "
                  "what was agreed.")


@page(right="policies", methods="GET POST")
def checks(request: StaffRequest, entity: int) -> HttpResponseBase:
    one = reads.entity_page(actor=request.actor, on=request.on, entity=entity).entity
    form = Checks(request.POST or None, checks=strictness(actor=request.actor, on=request.on, entity=entity))
    return _asked(request, form, "How strict checks are", one, lambda: choose_severities(
        actor=request.actor, at=request.at, entity=one.code, severities=form.severities()),
        f"For drafts of {one.name}, from the next check of each on. What was found before stays until then.")


@page(right="policies", methods="GET POST")
def second_factor(request: StaffRequest) -> HttpResponseBase:
    demand = reads.second_factor(actor=request.actor, on=request.on)
    # An empty list is sent without its name, so the form is bound by the method.
    form = SecondFactor(request.POST if request.method == "POST" else None, initial={"of": demand.of})
    return _asked(request, form, "Who needs a second factor", None,
                  lambda: demand_second_factor(actor=request.actor, at=request.at, of=form.cleaned_data["of"]),
                  "Who has none yet sets up an authenticator app at the next page they open, before anything else.")


def _asked(request: StaffRequest, form: Form, title: str, one: LegalEntity | None, put: Callable[[], Put],
           text: str) -> HttpResponseBase:
    """The form, or what it says kept, and back to the policies."""
    back = reverse("entity_policies", args=[one.pk]) if one else reverse("policies")
    if form.is_valid():
        with beside(form):
            kept(request, put())
            return redirect(back)
    return ask(request, form, title, ("Policies", back), text)
