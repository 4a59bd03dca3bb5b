"""Work recorded by hand: time, and expenses with their receipts."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.work import actions, entry
from duly.interfaces.kit import printing
from duly.interfaces.kit.forms import beside
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.work.forms import Expense, Time, _Work

KEPT = ("person", "project", "on", "currency")
"""What the next record begins with."""


@page(right="work", methods="GET POST")
def add_time(request: StaffRequest) -> HttpResponseBase:
    form = _form(request, Time)
    if form.is_valid():
        with beside(form):
            actions.add_time(actor=request.actor, at=request.at, **form.cleaned_data)  # type: ignore[call-arg]
            said = f"{printing.hours(form.cleaned_data['seconds'])} hours on {printing.day(form.cleaned_data['on'])}"
            return _recorded(request, form, f"{said} are recorded and wait for approval.")
    return show(request, "web/work/time.html", form=form)


@page(right="work", methods="GET POST")
def add_expense(request: StaffRequest) -> HttpResponseBase:
    """The expense and its receipt: both, or neither."""
    form = _form(request, Expense)
    if form.is_valid():
        values = dict(form.cleaned_data)
        receipt = values.pop("receipt")
        with beside(form), transaction.atomic():
            made = actions.add_expense(actor=request.actor, at=request.at, **values)
            if receipt:
                name, content = receipt
                actions.attach_receipt(actor=request.actor, at=request.at, on=values["on"], item=made.work_item,
                                       name=name, content=content)
            amount = printing.money(values["cost"], values["currency"])
            return _recorded(request, form, f"{amount} is recorded and waits for approval.")
    return show(request, "web/work/expense.html", form=form)


def _form(request: StaffRequest, kind: type[_Work]) -> _Work:
    begin: dict[str, Any] = {"on": request.on, "person": entry.own_code(request.actor), "currency": "EUR"}
    begin |= {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    return kind(request.POST or None, request.FILES or None, initial=begin, people=entry.people(),
                projects=entry.projects(actor=request.actor, on=request.on))


def _recorded(request: StaffRequest, form: _Work, said: str) -> HttpResponseBase:
    """To the list, or on to the next record with the same person, project and day."""
    messages.success(request, said)
    if "next" not in request.POST:
        return redirect(f"{reverse('work_entries')}?state=waiting")
    return redirect(f"{request.path}?{urlencode({name: request.POST[name] for name in KEPT if name in request.POST})}")
