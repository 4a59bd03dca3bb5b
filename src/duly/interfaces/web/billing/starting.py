"""The start of a bill run: what to bill is proposed, previewed beside last time, and started."""

from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.http import urlencode

from duly.billing.accounts.finding import Meant, accounts_meant
from duly.billing.invoicing import actions
from duly.billing.invoicing.oldest import ToBill, oldest_to_bill
from duly.billing.invoicing.previewing import Preview, previewed
from duly.interfaces.kit import printing
from duly.interfaces.kit.forms import Date, Finder, Form, Once, beside
from duly.interfaces.kit.templatetags.kit import noun
from duly.interfaces.web.billing.drafts import entities
from duly.interfaces.web.billing.rows import STATES
from duly.interfaces.web.page import StaffRequest, page, show

SHOWN: Final = 200
"""So many drafts of a preview are listed, those that differ most; the sums are of all."""


class RunForm(Form):
    """What a run bills: an entity's work and charges of a period, of some accounts or all."""

    entity = forms.ChoiceField(label="Legal entity")
    first = forms.DateField(label="First day", widget=Date())
    last = forms.DateField(label="Last day", widget=Date())
    accounts = forms.CharField(label="Only these accounts", required=False, max_length=2000,
                               widget=Finder(reverse_lazy("account_names")),
                               help_text="Numbers or names, with commas between.")

    def __init__(self, request: StaffRequest, data: Any = None) -> None:
        self.request, self.names = request, dict(entities(None))
        asked = request.GET.get("entity", request.GET.get("for", ""))
        self.seller = asked if asked in self.names else next(iter(self.names), "")
        self.proposed = None if data or not self.seller else self.oldest(self.seller)
        begins, ends = whole_month(self.proposed.month if self.proposed else last_month(request.on))
        super().__init__(data, initial={"first": begins, "last": ends, "entity": self.seller,
                                        "accounts": request.GET.get("accounts", "")})
        choice, finder = self.fields["entity"], self.fields["accounts"].widget
        assert isinstance(choice, forms.ChoiceField)
        assert isinstance(finder, Finder)
        choice.choices = list(self.names.items())
        meant = self._meant(str(self["accounts"].value() or ""))
        finder.known, finder.rest = {one.number: one.name for one in meant.accounts}, ", ".join(meant.rest)

    def oldest(self, entity: str) -> ToBill | None:
        return oldest_to_bill(actor=self.request.actor, on=self.request.on, entity=entity)

    def _meant(self, text: str) -> Meant:
        return accounts_meant(actor=self.request.actor, right="bill", on=self.request.on,
                              text=text.replace("\0", "")[:2000])

    def clean_accounts(self) -> list[int] | None:
        found = self._meant(self.cleaned_data["accounts"])
        if found.problems:
            raise forms.ValidationError(list(found.problems))
        return [account.id for account in found.accounts] or None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "first" in data and "last" in data and data["last"] < data["first"]:
            self.add_error("last", "The last day is before the first one.")
        return data

    @property
    def scope(self) -> dict[str, Any]:
        """The run's arguments; its period ends before `period_to`."""
        data = self.cleaned_data
        return {"entity": data["entity"], "period_from": data["first"], "accounts": data["accounts"],
                "period_to": data["last"] + timedelta(days=1)}


def last_month(on: date) -> date:
    """The first day of the month before the one of `on`."""
    return (on.replace(day=1) - timedelta(days=1)).replace(day=1)


def whole_month(begins: date) -> tuple[date, date]:
    return begins, (begins + timedelta(days=32)).replace(day=1) - timedelta(days=1)


@page(right="bill", methods="GET POST")
def start(request: StaffRequest) -> HttpResponseBase:
    """Ask what to bill, show what would come of it, and start it; the preview's address holds what was asked.

    Another entity chosen, htmx asks for its dates alone.
    """
    form = RunForm(request, request.POST or (request.GET if "first" in request.GET else None))
    found = None
    if form.is_bound and form.is_valid():
        with beside(form):
            if request.method == "POST":
                made = actions.launch(actor=request.actor, at=request.at, on=request.on, in_background=True,
                                      key=request.POST.get("key"), **form.scope)  # type: ignore[call-arg]
                return redirect("run", made.run)
            found = previewed(actor=request.actor, on=request.on, **form.scope)
    dates_alone = request.htmx and not form.is_bound
    return show(request, "web/billing/start.html#dates" if dates_alone else "web/billing/start.html", {
        "proposal": None if form.is_bound else proposal(form, request.on), "once": Once(), "preview": found,
        **(shown(form, found) if found else {})}, form=form)


def shown(form: RunForm, found: Preview) -> dict[str, Any]:
    """The preview as its template has it; `older` is a month before it that has something left, with its address."""
    first, last, entity = (form.cleaned_data[name] for name in ("first", "last", "entity"))
    oldest = form.oldest(entity)
    older = oldest if oldest and oldest.month < first else None
    begins, ends = whole_month(older.month) if older else (first, last)
    return {
        "shown": SHOWN, "entity_name": form.names[entity], "period": printing.period(first, last),
        "drafts": [(one, found.again.get(one.account)) for one in found.drafts[:SHOWN]],
        "waiting": [(one, STATES[one.state], printing.period(one.service_from, one.service_to))
                    for one in found.waiting[:SHOWN]],
        "older": older, "older_month": f"{begins:%B %Y}", "older_has": what(older) if older else "",
        "older_query": urlencode({"entity": entity, "first": begins, "last": ends,
                                  "accounts": form["accounts"].value() or ""}),
    }


def proposal(form: RunForm, on: date) -> str:
    """Why the dates are proposed."""
    found = form.proposed
    if not form.seller:
        return ""
    if found is None:
        return f"Nothing of a month that is over is left to bill for {form.names[form.seller]}."
    if found.month == last_month(on):
        return f"{found.month:%B %Y} has {what(found)} to bill."
    return f"{found.month:%B %Y} still has {what(found)} to bill: it is the oldest month that has."


def what(found: ToBill) -> str:
    """What is left to bill, in words: `12:00 hours of work, 2 expenses or milestones and 1 due charge`."""
    parts = [
        f"{printing.hours(found.seconds)} hours of work" if found.seconds else "",
        f"{found.others} {noun('expenses', found.others)} or {noun('milestones', found.others)}"
        if found.others else "",
        f"{found.charges} {noun('due charges', found.charges)}" if found.charges else "",
    ]
    *most, last = [part for part in parts if part]
    return f"{', '.join(most)} and {last}" if most else last
