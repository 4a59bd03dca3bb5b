"""Changing an agreement: first what it bills with the change and without it, then one button makes it.

What was looked at is what is made: where a field, the agreement or what is billed of it is not as it was shown, the
page shows it anew and makes nothing.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from duly.billing.agreements.actions.agree import end_agreement
from duly.billing.agreements.actions.change import change_charge, pause, resume
from duly.billing.agreements.actions.runtime import give_notice
from duly.billing.audit.queries import done
from duly.billing.invoicing.changing import Line, Previewed, foreseen
from duly.billing.reporting.agreement_page import AgreementPage, agreement_page
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.printing import day
from duly.interfaces.web.agreements.change_forms import (
    Changing,
    ChargeChange,
    Ending,
    Noticing,
    Pausing,
    Resuming,
    recurring,
)
from duly.interfaces.web.agreements.rows import Change, pressed
from duly.interfaces.web.invoices.explanation import quantity, told_steps
from duly.interfaces.web.page import StaffRequest, page

ONE_DAY: Final = timedelta(days=1)
MOVED: Final = ("What you looked at is not what this would make now: a field was changed since, or somebody changed "
                "the agreement or billed it. Nothing is made yet. Look at it below, then make it.")


@dataclass(frozen=True, slots=True)
class Page:
    """A change as a page: its verb, its title, why, what its button is called, and what it says when it is made."""

    verb: Callable[..., Any]
    title: str
    why: str
    action: str
    said: Callable[[Any, dict[str, Any]], str]
    look: str = "primary"


@page(right="agree", methods="GET POST")
def change(request: StaffRequest, number: str) -> HttpResponseBase:
    """Another price, quantity or tiers of a recurring charge; `?charge=` says of which, asked for where several are."""
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    charges = recurring(found)
    code = request.GET.get("charge", charges[0].code if len(charges) == 1 else "")
    charge = next((one for one in charges if one.code == code), None)
    if charge is None and code:
        raise Http404
    if charge is None:
        return render(request, "web/agreements/which.html", {"agreement": found, "charges": charges})
    form = ChargeChange(request.POST or None, agreement=found, on=request.on, charge=charge)
    return _changed(request, found, form, Page(
        change_charge, f"Change {charge.name}", "Days that are billed already are credited by the next invoice, then "
        "billed by the new terms.", "Make this change",
        lambda answer, _: f"{charge.name} has new terms from {day(date.fromisoformat(answer.valid_from))}."))


@page(right="agree", methods="GET POST")
def end(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    form = Ending(request.POST or None, agreement=found, on=request.on)
    return _changed(request, found, form, Page(
        end_agreement, "Last day", "Nothing after this day is billed, and what is billed already of later days is "
        "credited by the next invoice.", "Let it end so",
        lambda _, values: f"{found.name} ends on {day(values['ends_on'])}." if values["ends_on"] else
        f"{found.name} runs on.", look="danger"))


@page(right="agree", methods="GET POST")
def noticed(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    if found.term is None or found.term.notice_by is None:
        raise Http404
    form = Noticing(request.POST or None, agreement=found, on=request.on)
    return _changed(request, found, form, Page(
        give_notice, "Notice", f"It ends with the first term for which notice is in time. For the one until "
        f"{day(found.term.until)} that is notice by {day(found.term.notice_by)}.", "End it by this notice",
        lambda answer, _: f"{found.name} ends on {day(date.fromisoformat(answer.ends_on))}.", look="danger"))


@page(right="agree", methods="GET POST")
def pausing(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    form = Pausing(request.POST or None, agreement=found, on=request.on)
    return _changed(request, found, form, Page(
        pause, "Pause", "What recurs is not billed while it lasts. Days that are billed already are credited by the "
        "next invoice.", "Pause it", lambda _, values: f"{found.name} is paused from {day(values['paused_from'])}."))


@page(right="agree", methods="GET POST")
def resuming(request: StaffRequest, number: str) -> HttpResponseBase:
    found = agreement_page(actor=request.actor, on=request.on, agreement=number)
    if request.method != "POST" and all(one.until for one in found.pauses):
        return render(request, "web/agreements/not_paused.html", {"agreement": found})
    form = Resuming(request.POST or None, agreement=found, on=request.on)
    return _changed(request, found, form, Page(
        resume, "Resume", "The pause ends, and what recurs is billed again.", "Resume it",
        lambda _, values: f"{found.name} is billed again from {day(values['resumed_on'])}."))


def _changed(request: StaffRequest, found: AgreementPage, form: Changing, about: Page) -> HttpResponseBase:
    """The form; what it would bill, once that is asked for; the agreement's page, once it is made."""
    told, seal = None, ""
    if row := pressed(request.POST):
        _rowed(form, row)
    elif form.is_bound and form.is_valid():
        making = "make" in request.POST
        verb = partial(about.verb, actor=request.actor, at=request.at, on=request.on, agreement=found.number,
                       **form.values)
        key = form.cleaned_data["key"]
        with beside(form):
            again, looked = done(key), None
            if not (making and again):
                looked = foreseen(actor=request.actor, on=request.on, agreement=found.number, change=verb, day=form.day)
                seal = _seal(found, form, looked)
            if making and (again or seal == request.POST.get("told")):
                messages.success(request, about.said(verb(key=key), form.values))
                return redirect("agreement", found.number)
            told = looked
            if making:
                form.add_error(None, MOVED)
            elif again:  # the page came back by the browser's button, for another change
                form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict
                form.data["key"] = uuid4().hex  # type: ignore[index]
    return _shown(request, found, form, about, (told, seal))


def _rowed(form: Changing, change: Change) -> None:
    """Add or take away a tier; what else was typed is not judged yet."""
    form.forgive()
    if form.rows:
        form.rows.forgive()
        form.rows.change(change)


def _shown(request: StaffRequest, found: AgreementPage, form: Changing, about: Page,
           looked: tuple[Previewed | None, str]) -> HttpResponse:
    part = "#form" if request.htmx and request.htmx.target == "editor" else ""
    told, seal = looked
    context: dict[str, Any] = {"agreement": found, "form": form, "about": about, "told": told, "seal": seal}
    if told:
        lines = list(_lines(told))
        first = getattr(told.answer, "valid_from", None)
        context |= {"last": told.through - ONE_DAY, "first": date.fromisoformat(first) if first else None,
                    "changed": [one for one in lines if one["mark"]], "kept": [one for one in lines if not one["mark"]]}
    wrong = form.is_bound and bool(form.errors)
    return render(request, f"web/agreements/change.html{part}", context, status=422 if wrong else 200)


def _seal(found: AgreementPage, form: Changing, told: Previewed) -> str:
    """What was looked at, as a digest: the fields, the agreement as it stands, and what would be billed.

    The answer counts by its first day alone: the number of a pause is another one each time.
    """
    billed = [told.lines, told.net, told.net_before, told.through, getattr(told.answer, "valid_from", None)]
    stands = [found.versions, found.pauses, found.ends_on]
    return hashlib.sha256(repr([sorted(form.values.items()), stands, billed]).encode()).hexdigest()[:24]


def _lines(told: Previewed) -> Iterator[dict[str, Any]]:
    """The lines with their mark: what the change adds, what it takes away, nothing for what stays."""
    for number, line in enumerate(told.lines, 1):
        yield {"line": line, "mark": _mark(line), "steps": list(told_steps(line, told.currency)), "number": number,
               "quantity": "" if line.kind == "unused" else quantity(line)}


def _mark(line: Line) -> tuple[str, str] | None:
    if line.gone:
        return "Not billed then", "mute"
    if not line.new:
        return None
    return ("Credit", "warn") if line.amount < 0 else ("New", "info")
