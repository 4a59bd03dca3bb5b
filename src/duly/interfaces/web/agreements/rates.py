"""Rate cards: which there are, and each as a table in which prices are added, from a day on."""

from datetime import date
from itertools import groupby
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from duly.billing.accounts.models import Person
from duly.billing.agreements.actions.rates import RateInput, add_rates, put_rate_card
from duly.billing.agreements.cards import Price, prices
from duly.billing.agreements.cards import cards as every_card
from duly.billing.agreements.models import Project
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.formats.identities import check_currency
from duly.interfaces.kit.forms import Checked, Form, Once, beside
from duly.interfaces.web.agreements.fields import Day, Plain
from duly.interfaces.web.page import StaffRequest, page, show

BLANK: Final = 3
"""Empty rows that a table begins with."""
MOST: Final = 200


class NewCard(Once):
    """A rate card that is not there yet."""

    name = forms.CharField(max_length=200)
    code = forms.CharField(max_length=40, help_text="Short; agreements name it by this.")
    currency = Checked(check_currency, max_length=3, initial="EUR")

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if code == "new" or code.startswith("."):
            raise forms.ValidationError(f"“{code}” is a word of the pages’ addresses. Choose another code.")
        return code


class Row(Form):
    """A price to add; a row without a price and names is no row."""

    person = forms.ChoiceField(required=False)
    role = forms.CharField(max_length=60, required=False)
    project = forms.ChoiceField(required=False)
    task = forms.CharField(max_length=100, required=False)
    price = Plain(label="Price per hour", required=False)
    valid_from = Day(label="From", required=False)

    def __init__(self, data: QueryDict | None, place: int, choices: dict[str, Any], on: date) -> None:
        super().__init__(data, prefix=str(place), initial={"valid_from": on})
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]
        for bound in self:
            bound.field.widget.attrs["aria-label"] = f"{bound.label}, row {place + 1}"

    @property
    def empty(self) -> bool:
        return not any(self[name].value() for name in ("person", "role", "project", "task", "price"))

    def clean(self) -> dict[str, Any]:
        for name in ("price", "valid_from"):
            if not self.empty and name in self.cleaned_data and self.cleaned_data[name] is None:
                self.add_error(name, "A rate needs it.")
        return self.cleaned_data

    def rate(self) -> RateInput:
        given = self.cleaned_data
        return RateInput(given["price"], given["valid_from"], person=given["person"] or None,
                         project=given["project"] or None, role=given["role"], task=given["task"])


@page()
def cards(request: StaffRequest) -> HttpResponseBase:
    found = every_card(actor=request.actor, on=request.on)
    return show(request, "web/agreements/cards.html", {"cards": found, "may_add": _may_change(request)})


@page(right="agree", methods="GET POST")
def new(request: StaffRequest) -> HttpResponseBase:
    form = NewCard(request.POST or None)
    if form.is_valid():
        with beside(form):
            put_rate_card(actor=request.actor, at=request.at, new=True, **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['name']} is added. Now its prices.")
            return redirect("rate_card", form.cleaned_data["code"])
    return show(request, "web/agreements/card_new.html", form=form)


@page(methods="GET POST")
def card(request: StaffRequest, code: str) -> HttpResponseBase:
    """A card's prices; who may change it for all accounts adds rows below. A price that holds is never rewritten."""
    known = next((one for one in every_card(actor=request.actor, on=request.on) if one.code == code), None)
    if known is None:
        raise NotFound(f"There is no rate card “{code}”.", "Choose one of the list.")
    rows = _rows(request) if _may_change(request) else []
    sent = request.method == "POST" and "more" not in request.POST
    if sent and all(row.is_valid() for row in rows):
        filled = [row for row in rows if not row.empty]
        try:
            added = add_rates(actor=request.actor, at=request.at, card=code, rates=[row.rate() for row in filled])
        except Forbidden:
            raise
        except Refused as refused:
            _object(filled or rows, refused)
        else:
            messages.success(request, f"{added.added} price{'' if added.added == 1 else 's'} added to {known.name}.")
            return redirect("rate_card", code)
    if not sent:
        for row in rows:
            row.forgive()
    part = "#rows" if request.htmx and request.htmx.target == "rows" else ""
    found = prices(actor=request.actor, on=request.on, card=code)
    return render(request, f"web/agreements/card.html{part}", {
        "card": known, "priced": _through_time(found), "rows": rows}, status=422 if sent else 200)


def _may_change(request: StaffRequest) -> bool:
    """A card serves any account: who may agree in their own book only reads it."""
    return request.actor.may_everywhere("agree")


def _rows(request: StaffRequest) -> list[Row]:
    people = [("", "Anyone"), *Person.objects.order_by("name", "code").values_list("code", "name")]
    projects = [("", "Any"), *Project.objects.order_by("code").values_list("code", "name")]
    choices = {"person": people, "project": projects}
    sent = request.POST.get("rows", "")
    count = min(int(sent), MOST) if sent.isascii() and sent.isdigit() else BLANK
    rows = [Row(request.POST or None, place, choices, request.on) for place in range(count)]
    if "more" in request.POST and count < MOST:
        rows.append(Row(None, count, choices, request.on))
    return rows


def _object(rows: list[Row], refused: Refused) -> None:
    """Put what was refused beside the row and field that it names."""
    for problem in refused.problems:
        place, _, field = problem.path.removeprefix("[").partition("].")
        form = rows[int(place)] if place.isdigit() else rows[0]
        form.add_error(field if field in form.fields else None, f"{problem.text} {problem.remedy}".strip())
    if not refused.problems:
        rows[0].add_error(None, str(refused))


def _through_time(found: list[Price]) -> list[dict[str, Any]]:
    """The prices by what they are for: the one that holds, the later ones, and how many are past."""
    groups = []
    for names, same in groupby(found, lambda one: (one.person_name, one.role, one.project, one.task)):
        each = list(same)
        groups.append({
            "names": dict(zip(("person", "role", "project", "task"), names, strict=True)),
            "now": next((one for one in each if one.state == "now"), None),
            "later": [one for one in each if one.state == "later"],
            "past": [one for one in each if one.state == "ended" and one.price is not None],
        })
    return sorted(groups, key=lambda group: group["now"] is None and not group["later"])
