"""Dated rates: of taxes, and between currencies. What was in force is never rewritten."""

from typing import Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.reference import actions, lists
from duly.billing.reference.actions import ExchangeRateInput, TaxRateInput
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.agreements.forms import WORDS
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.settings import forms
from duly.interfaces.web.settings.sections import ask, sections

STATES: Final = {"now": ("In force", "good"), "ahead": ("Ahead", "info"), "past": ("Past", "mute")}
BY_STATE: Final = Filter("state", "State", "choice", tuple((key, words) for key, (words, _) in STATES.items()))
ADDED: Final = (Column("added_on", "Added", "date"), Column("added_by", "By"))
TAX_FOLLOWS: Final = (
    "It taxes what is delivered from its day on. A draft of that time that is taxed otherwise is not issued until it "
    "is drafted again; issued invoices stay as they are. No rate that was in force is changed: the new one begins on a "
    "later day.")
SHOWN: Final = 50
"""Rows of a file that its preview lists."""
EXCHANGE_FOLLOWS: Final = (
    "From its day on, until the next one of the same two currencies: invoices and payments are booked by it, and "
    "expenses of that time are converted by it when they are drafted. Drafts that are there keep their amounts, and "
    "what is issued or booked stays as it is.")

TAX_RATES: Final = Listing(
    name="rates", read=lists.tax_rates, read_all=lists.every_tax_rate, sort="country", tones=STATES,
    empty="No tax rate is known. Invoices are taxed by these: add those of your country.",
    columns=(Column("country", "Country", "strong", sort="country"), Column("tax_class", "Class"),
             Column("percent", "Rate", "number"), Column("valid_from", "From", "date", sort="from"),
             Column("state", "State", "pill"), Column("source", "Source", wide=True), *ADDED),
    filters=(Filter("text", "Country code"), BY_STATE,
             Filter("class", "Class", "choice", tuple(WORDS["tax_class"]))),
)
EXCHANGE_RATES: Final = Listing(
    name="rates", read=lists.exchange_rates, read_all=lists.every_exchange_rate, sort="-from", tones=STATES,
    empty="No exchange rate is known. They are needed for work and invoices in other currencies.",
    columns=(Column("pair", "One unit of → is", "strong", sort="pair"), Column("rate", "Rate", "number"),
             Column("valid_from", "From", "date", sort="from"), Column("state", "State", "pill"),
             Column("source", "Source", wide=True), *ADDED),
    filters=(Filter("text", "Currency"), BY_STATE),
)


@page()
def tax_rates(request: StaffRequest) -> HttpResponseBase:
    return TAX_RATES.respond(request, "web/settings/list.html", {
        "title": "Tax rates", "text": "By country and class, each from its day on.", "new": "tax_rate_new",
        "right": "reference", "action": "Add a rate", "sections": sections("Tax rates")})


@page()
def exchange_rates(request: StaffRequest) -> HttpResponseBase:
    return EXCHANGE_RATES.respond(request, "web/settings/list.html", {
        "title": "Exchange rates", "text": "Each from its day on, until the next.", "new": "exchange_rate_new",
        "right": "reference", "action": "Add a rate", "more": ("exchange_rates_import", "Import a file"),
        "sections": sections("Exchange rates")})


@page(right="reference", methods="GET POST")
def add_tax_rate(request: StaffRequest) -> HttpResponseBase:
    form = forms.TaxRate(request.POST or None, initial={"valid_from": request.on})
    if form.is_valid():
        with beside(form):
            done = actions.add_tax_rates(actor=request.actor, at=request.at, rates=[TaxRateInput(**form.cleaned_data)])
            messages.success(request, "The rate is added." if done.added else "This rate was there already.")
            return redirect("tax_rates")
    return ask(request, form, "Add a tax rate", ("Tax rates", reverse("tax_rates")),
               TAX_FOLLOWS, "Add it")


@page(right="reference", methods="GET POST")
def add_exchange_rate(request: StaffRequest) -> HttpResponseBase:
    form = forms.ExchangeRate(request.POST or None, initial={"valid_from": request.on})
    if form.is_valid():
        with beside(form):
            done = actions.add_exchange_rates(actor=request.actor, at=request.at,
                                              rates=[ExchangeRateInput(**form.cleaned_data)])
            messages.success(request, "The rate is added." if done.added else "This rate was there already.")
            return redirect("exchange_rates")
    return ask(request, form, "Add an exchange rate", ("Exchange rates", reverse("exchange_rates")),
               EXCHANGE_FOLLOWS, "Add it")


@page(right="reference", methods="GET POST")
def import_exchange_rates(request: StaffRequest) -> HttpResponseBase:
    """A CSV of rates: looked at first, then added as it was shown, all of it or nothing."""
    form = forms.RateFile(request.POST if request.method == "POST" else None, request.FILES or None)
    if not form.is_valid():
        return ask(request, form, "Import exchange rates", ("Exchange rates", reverse("exchange_rates")),
                   "A CSV with the columns date, base, quote and rate, and perhaps source. One unit of base is rate "
                   "units of quote, from its day on. Nothing is added before you have seen how its rows come out.",
                   "Look at it")
    name, text, read = form.cleaned_data["read"]
    shown = read.preview()
    if request.POST.get("do") == "add" and not shown.problems:
        done = actions.add_exchange_rates(actor=request.actor, at=request.at, rates=read.rates, places=read.places)
        messages.success(request, f"{done.added} rates are added, {done.unchanged} were there already.")
        return redirect("exchange_rates")
    return show(request, "web/settings/rates_preview.html", {
        "name": name, "text": text, "shown": shown, "rates": read.rates[:SHOWN], "more": len(read.rates) - SHOWN})
