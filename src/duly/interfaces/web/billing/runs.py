"""Bill runs: previewed, started, watched, stopped and resumed; what each of them came to."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.accounts.models import LegalEntity
from duly.billing.accounts.queries import accounts_in_book
from duly.billing.invoicing import actions, draft_lists
from duly.billing.invoicing.compare import run_sums
from duly.billing.invoicing.previewing import previewed
from duly.billing.kernel.errors import NotFound
from duly.interfaces.kit import printing
from duly.interfaces.kit.forms import Date, Form, Once, beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.billing.drafts import DRAFTS, acts, entities
from duly.interfaces.web.billing.rows import STATES, all_of, page_of
from duly.interfaces.web.page import StaffRequest, page, show

OPEN: Final = ("draft", "in_review", "client_check", "ready")
RUN_STATES: Final = {"running": ("Running", "info"), "stopped": ("Stopped", "warn"), "done": ("Done", "good"),
                     "failed": ("Needs you", "bad")}
SHOWN: Final = 200
"""So many drafts of a preview are listed, those that differ most; the sums are of all."""


def shown_run(row: dict[str, Any]) -> dict[str, Any]:
    """The run's row with its period in words, and `failed` as its state where nothing but failures is left."""
    state = "failed" if row["failed"] and not row["waiting"] and row["state"] == "running" else row["state"]
    return {**row, "period": printing.period(row["period_from"], row["period_to"] - timedelta(days=1)), "stands": state,
            "launched": printing.moment(row["launched_at"]), "open": sum(row[name] for name in OPEN)}


RUNS: Final = Listing(
    name="runs", read=page_of(draft_lists.runs, shown_run), read_all=all_of(draft_lists.every_run, shown_run),
    sort="-launched", row_url=lambda row: reverse("run", args=[row["id"]]),
    empty="No bill run yet. A run turns a period's unbilled work and due charges into drafts.",
    columns=(
        Column("period", "Period", "strong", sort="period", under="entity"),
        Column("launched", "Started", sort="launched", under="launched_by"),
        Column("stands", "State", "pill"),
        Column("drafts", "Drafts", "number"), Column("open", "Not issued", "number"),
        Column("issued", "Issued", "number"),
    ),
    filters=(
        Filter("entity", "Entity", "choice", entities),
        Filter("state", "State", "choice", (("running", "Running"), ("stopped", "Stopped"), ("done", "Done"))),
    ),
    tones=RUN_STATES,
)


class RunForm(Form):
    """What a run bills: an entity's work and charges of a period, of some accounts or all."""

    entity = forms.ChoiceField(label="Legal entity")
    first = forms.DateField(label="First day", widget=Date())
    last = forms.DateField(label="Last day", widget=Date())
    accounts = forms.CharField(label="Only these accounts", required=False, max_length=2000,
                               help_text="Numbers, with commas between.")

    def __init__(self, request: StaffRequest, data: Any = None) -> None:
        begins, ends = last_month(request.on)
        super().__init__(data, initial={"first": begins, "last": ends, "entity": request.GET.get("for", ""),
                                        "accounts": request.GET.get("accounts", "")})
        self.request = request
        choice = self.fields["entity"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = entities(None)

    def clean_accounts(self) -> list[int] | None:
        numbers = self.cleaned_data["accounts"].replace(",", " ").split()
        try:
            found = accounts_in_book(self.request.actor, "bill", numbers, self.request.on)
        except NotFound as missing:
            raise forms.ValidationError(str(missing)) from None
        return [account.pk for account in found.values()] or None

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


def last_month(on: date) -> tuple[date, date]:
    ends = on.replace(day=1) - timedelta(days=1)
    return ends.replace(day=1), ends


@page()
def runs(request: StaffRequest) -> HttpResponseBase:
    return RUNS.respond(request, "web/billing/runs.html")


@page(right="bill", methods="GET POST")
def start(request: StaffRequest) -> HttpResponseBase:
    """Ask what to bill, show what would come of it, and start it; the preview's address holds what was asked."""
    form = RunForm(request, request.POST or (request.GET if "entity" in request.GET else None))
    found = None
    if form.is_bound and form.is_valid():
        with beside(form):
            if request.method == "POST":
                made = actions.launch(actor=request.actor, at=request.at, on=request.on, in_background=True,
                                      key=request.POST.get("key"), **form.scope)  # type: ignore[call-arg]
                return redirect("run", made.run)
            found = previewed(actor=request.actor, on=request.on, **form.scope)
    names = dict(entities(None))
    return show(request, "web/billing/start.html", {
        "preview": found, "shown": SHOWN, "once": Once(), "entity_name": names.get(form["entity"].value() or "", ""),
        "period": printing.period(form.cleaned_data["first"], form.cleaned_data["last"]) if found else ""}, form=form)


@page()
def run(request: StaffRequest, number: int) -> HttpResponseBase:
    found = shown_run(draft_lists.run_progress(actor=request.actor, on=request.on, run=number))
    documents = replace(
        DRAFTS, name="drafts", read=page_of(draft_lists.run_documents, run=number),
        read_all=all_of(draft_lists.every_run_document, run=number), tones={**DRAFTS.tones, **STATES},
        filters=(Filter("text", "Draft or account"), Filter("state", "State", "choice", [
            (state, title) for state, (title, _) in STATES.items() if state != "discarded"])),
        empty="No draft yet." if found["waiting"] else "This run made no drafts: there was nothing to bill.")
    sums = run_sums(actor=request.actor, on=request.on, run=number)
    return documents.respond(request, "web/billing/run.html", {
        "run": found, "sums": sums, "acts": acts(request), "address": request.GET.urlencode(),
        "entity_name": LegalEntity.objects.get(code=found["entity"]).name,
        "note": ", ".join(f"{found[name]} {STATES[name][0].lower()}" for name in OPEN if found[name])})


@page()
def progress(request: StaffRequest, number: int) -> HttpResponseBase:
    """How far the run is, for the page that watches it; once there is nothing to wait for the page is drawn anew."""
    found = shown_run(draft_lists.run_progress(actor=request.actor, on=request.on, run=number))
    if found["stands"] != "running":
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    return show(request, "web/billing/run.html#progress", {"run": found})


@page(right="bill", methods="POST")
def stop(request: StaffRequest, number: int) -> HttpResponseBase:
    left = actions.stop(actor=request.actor, at=request.at, on=request.on, run=number)
    messages.success(request, "The run stops after what is under way." if left else "Nothing was left to stop.")
    return redirect("run", number)


@page(right="bill", methods="POST")
def resume(request: StaffRequest, number: int) -> HttpResponseBase:
    left = actions.resume(actor=request.actor, at=request.at, on=request.on, run=number, in_background=True)
    messages.success(request, "The run goes on." if left else "Nothing was left to draft.")
    return redirect("run", number)
