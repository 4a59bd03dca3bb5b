"""The editor's pages: a new agreement, new terms from a day on, and what they would come to while they are typed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from duly.billing.agreements.actions import agree as actions
from duly.billing.invoicing.sample import Line, Sample, sample
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.reporting.agreement_page import AgreementPage, agreement_page
from duly.interfaces.kit.printing import day, plain
from duly.interfaces.web.agreements.charge_forms import KINDS
from duly.interfaces.web.agreements.editor import Editor
from duly.interfaces.web.agreements.forms import entities
from duly.interfaces.web.agreements.rows import ACTS, pressed
from duly.interfaces.web.links import address
from duly.interfaces.web.page import StaffRequest, page

DATED: Final = ("recurring", "usage", "percentage", "balance", "true_up")
"""Kinds of lines that are for a period."""


@page(right="agree", methods="GET POST")
def new(request: StaffRequest) -> HttpResponseBase:
    """The editor of a new agreement; `?account=` begins it for one."""
    account = request.GET.get("account", "").replace("\0", "")
    first = next((code for code, _ in entities()), "")
    editor = Editor(request.POST or None, initial={
        "account": account, "valid_from": request.on.replace(day=1), "currency": "EUR", "entity": first})
    if _sent(request) and editor.is_valid() and editor.head:
        given = {**editor.head.cleaned_data, "terms": editor.version(), "new": True}
        if _done(editor, lambda: actions.agree(actor=request.actor, at=request.at, on=request.on, **given)):
            messages.success(request, f"{given['name']} is agreed.")
            return redirect("agreement", given["number"])
    return _edited(request, editor, None, (account and address("account", account)) or reverse("agreements"))


@page(right="agree", methods="GET POST")
def amend(request: StaffRequest, number: str) -> HttpResponseBase:
    """The editor of new terms: begun with those agreed last, from the first day of the month after."""
    known = agreement_page(actor=request.actor, on=request.on, agreement=number)
    latest = known.versions[-1].terms
    begun = replace(latest, valid_from=_next_month(max(request.on, latest.valid_from)))
    editor = Editor(request.POST or None, agreement=number, begun=begun)
    versions = str(len(known.versions))
    others = _sent(request) and request.POST.get("since", versions) != versions
    if others and not (editor.is_valid() and editor.version() == latest):  # sent twice, it stands already
        editor.terms.add_error(None, "Somebody agreed other terms since you opened this; what you wrote began with the "
                                     f"ones before. The latest hold from {day(latest.valid_from)}: compare them, then "
                                     "send this again to agree what stands here.")
    if _sent(request) and editor.is_valid() and (terms := editor.version()) and _done(
            editor, lambda: actions.amend(actor=request.actor, at=request.at, on=request.on, agreement=number,
                                          terms=terms)):
        messages.success(request, f"{known.name} has new terms.")
        return redirect("agreement", number)
    return _edited(request, editor, known, reverse("agreement", args=[number]))


@page(right="agree", methods="POST")
def attempt(request: StaffRequest, number: str | None = None) -> HttpResponseBase:
    """What is wrong with the terms as they are typed, and their sample invoice; htmx asks for it meanwhile."""
    known = agreement_page(actor=request.actor, on=request.on, agreement=number) if number else None
    editor = Editor(request.POST, agreement=number)
    editor.is_valid()
    shown = _sampled(request, editor, known)
    return render(request, "web/agreements/live.html", {
        **shown, "wrong": list(editor.wrong()), "redrawn": editor.charges})


def _sent(request: StaffRequest) -> bool:
    """Whether the form is to be kept, and not only to have another card.

    The buttons for cards are not called `remove`, as a form's own method is: a field's name would take its place.
    """
    return request.method == "POST" and not {"add_card", "remove_card", *ACTS} & request.POST.keys()


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _done(editor: Editor, act: Callable[[], Any]) -> bool:
    """Whether the verb did it; what it refuses stands in the editor."""
    try:
        act()
    except NotFound as missing:
        editor.object([Problem("account", str(missing))])
    except Refused as refused:
        editor.refuse(refused)
    else:
        return True
    return False


def _edited(request: StaffRequest, editor: Editor, known: AgreementPage | None, back: str) -> HttpResponseBase:
    """The editor's page with the sample beside it; only its form where htmx asked for another card."""
    sent = _sent(request)
    shown = _sampled(request, editor, known)
    wrong = list(editor.wrong()) if sent else []
    if request.method == "POST" and not sent:
        editor.change(add=request.POST.get("add_card", ""), remove=request.POST.get("remove_card", ""),
                      row=pressed(request.POST))
    now = str(len(known.versions)) if known else ""
    since = now if sent else request.POST.get("since", now)  # another card leaves it at what the form began with
    trying = reverse("agreement_amend_try", args=[known.number]) if known else reverse("agreement_try")
    part = "#form" if request.htmx and request.htmx.target == "editor" else ""
    return render(request, f"web/agreements/editor.html{part}", {
        **shown, "editor": editor, "known": known, "back": back, "kinds": KINDS.values(), "trying": trying,
        "wrong": wrong, "since": since}, status=422 if sent else 200)


def _sampled(request: StaffRequest, editor: Editor, known: AgreementPage | None) -> dict[str, Any]:
    """The sample by the terms as far as they can be read; its problems go into the editor's forms."""
    terms, found = editor.version(), None
    parties = _parties(editor, known)
    if terms and terms.charges and parties:
        try:
            found = sample(actor=request.actor, on=request.on, terms=terms, **parties)
        except NotFound as missing:
            editor.object([Problem("account", str(missing))] if editor.head and editor.head.is_bound else [])
        else:
            editor.object(found.problems if editor.terms.is_bound else [])
    editor.draw(parties["currency"] if parties else "EUR")
    return {"sample": _shown(found), "currency": parties["currency"] if parties else "", "parties": parties}


def _parties(editor: Editor, known: AgreementPage | None) -> dict[str, Any] | None:
    """Who agrees, as `sample` asks for it; None while they are not named."""
    if known:
        return {"entity": known.entity, "account": known.account, "currency": known.currency,
                "agreement": known.number, "ends_on": known.ends_on}
    assert editor.head is not None
    editor.head.is_valid()  # reads what can be read
    given = editor.head.cleaned_data if editor.head.is_bound else editor.head.initial
    if not all(given.get(name) for name in ("entity", "account", "currency")):
        return None
    return {name: given.get(name) for name in ("entity", "account", "currency", "ends_on")}


def _shown(found: Sample | None) -> dict[str, Any] | None:
    if found is None:
        return None
    lines = [{
        "line": line, "quantity": plain(line.quantity), "dated": line.kind in DATED,
        "priced": _is_priced(line),
        "missing": "what would be missing" if line.kind == "true_up" else "",
    } for line in found.lines]
    return {"lines": lines, "net": found.net, "tax": found.tax, "total": found.total, "unpriced": found.unpriced,
            "assumed": found.assumed, "ahead": found.ahead}


def _is_priced(line: Line) -> bool:
    """Whether the line is its quantity at its price, and no average of tiers, packages or limits."""
    amount = line.amount if line.before is None else line.before
    return bool(line.price) and abs(line.quantity * line.price - amount) < Decimal("0.01")
