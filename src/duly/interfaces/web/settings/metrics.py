"""Metrics: what is measured of usage. How one counts never changes; its name and unit may."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.agreements import metrics as reads
from duly.billing.agreements.actions import metrics as verbs
from duly.billing.agreements.actions.metrics import FilterInput
from duly.engine.pricing.usage import AGGREGATIONS
from duly.interfaces.kit.forms import Form, Standing, beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.settings.forms import text
from duly.interfaces.web.settings.sections import ask, kept, sections

HOW: Final = {
    "count": "How many events", "sum": "The sum of their quantities", "max": "The largest quantity",
    "unique_count": "How many values of a property", "latest": "The latest quantity",
    "time_weighted_sum": "The average, weighted by time held",
}
assert tuple(HOW) == AGGREGATIONS

METRICS: Final = Listing(
    name="metrics", read=reads.metrics, read_all=reads.every_metric, sort="code",
    tones={key: (words, "mute") for key, words in HOW.items()},
    empty="Nothing is measured yet. A metric says what is made of usage events, so that charges can bill it.",
    row_url=lambda row: reverse("metric", args=[row["code"]]),
    columns=(Column("code", "Code", "strong", sort="code"), Column("name", "Name", under="unit"),
             Column("aggregation", "What is billed", "pill"), Column("event", "Of events", under="property"),
             Column("groups", "Grouped by"), Column("filters", "Filters", "number")),
    filters=(Filter("text", "Code or name"), Filter("aggregation", "What is billed", "choice", tuple(HOW.items()))),
)


class Named(Standing):
    """What may change of a metric."""

    name = text("Name", 200)
    unit = text("Unit", 20, False, help_text="Such as call or GB.")


class New(Form):
    code = text("Code", 60, help_text="Charges name it by this. Letters, digits and . _ - only.")
    name = text("Name", 200)
    unit = text("Unit", 20, False, help_text="Such as call or GB.")
    aggregation = forms.ChoiceField(label="What is billed", choices=list(HOW.items()))
    event = text("Events", 60, False, help_text="The name that its events carry; the code, where this stays empty.")
    property = text("Property", 60, False, help_text="Whose values are counted. Only for that.")
    group_by = text("Grouped by", 300, False, help_text="Properties that keep its quantities apart, with commas.")
    filter_property = text("Only events whose property", 60, False)
    filter_values = text("is one of", 500, False, help_text="Values with commas between.")
    excluded = forms.BooleanField(label="Is none of these instead", required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if (given.get("filter_values") or given.get("excluded")) and not given.get("filter_property"):
            self.add_error("filter_property", "Name the property that has these values.")
        return given

    def said(self) -> dict[str, Any]:
        """What the verb takes."""
        given = {name: self.cleaned_data[name] for name in ("code", "name", "unit", "aggregation", "event", "property")}
        filtered = self.cleaned_data["filter_property"]
        filters = [FilterInput(filtered, _list(self.cleaned_data["filter_values"]), self.cleaned_data["excluded"])]
        return {**given, "group_by": _list(self.cleaned_data["group_by"]), "filters": filters if filtered else []}


def _list(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


@page()
def metrics(request: StaffRequest) -> HttpResponseBase:
    return METRICS.respond(request, "web/settings/list.html", {
        "title": "Metrics", "text": "What is made of usage events, for charges that bill usage.", "new": "metric_new",
        "right": "agree", "action": "Define a metric", "sections": sections("Metrics")})


@page(right="agree", methods="GET POST")
def add(request: StaffRequest) -> HttpResponseBase:
    form = New(request.POST or None)
    if form.is_valid():
        with beside(form):
            verbs.put_metric(actor=request.actor, at=request.at, new=True, **form.said())
            messages.success(request, "The metric is defined. Its events may come in now.")
            return redirect("metrics")
    return ask(request, form, "Define a metric", ("Metrics", reverse("metrics")),
               "How it counts stays, so that what was billed can be measured again. Name and unit may change.",
               "Define it")


@page(methods="GET POST", acts="agree")
def metric(request: StaffRequest, code: str) -> HttpResponseBase:
    """A metric; who may, changes its name and unit here."""
    found = reads.metric(actor=request.actor, on=request.on, code=code)
    form = Named(request.POST or None, initial={"name": found.name, "unit": found.unit})
    if form.is_valid():
        definition = {name: getattr(found, name) for name in verbs.DEFINITION if name != "filters"}
        with beside(form):
            kept(request, verbs.put_metric(actor=request.actor, at=request.at, code=code, **definition,
                                           filters=[FilterInput(**one) for one in found.filters], **form.cleaned_data))
            return redirect("metrics")
    return show(request, "web/settings/metric.html", {
        "metric": found, "how": HOW[found.aggregation], "groups": ", ".join(found.group_by),
        "filters": [(one["property"], "is none of" if one["excluded"] else "is one of", ", ".join(one["values"]))
                    for one in found.filters]}, form=form)


@page(right="agree", methods="POST")
def drop(request: StaffRequest, code: str) -> HttpResponseBase:
    verbs.drop_metric(actor=request.actor, at=request.at, code=code)
    messages.success(request, f"The metric {code} is gone; its events stay.")
    return redirect("metrics")
