"""How sales are taxed, as a tax adviser reads it: the table of treatments, and the taxes in force."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from duly.billing.reference.tax_actions import TaxComponentInput, add_tax_components, seed_tax_rates
from duly.billing.reference.taxes import dated_taxes
from duly.engine.tax import REASONS, TREATMENTS, Treatment
from duly.engine.tax_rates import AS_OF, seeded_rates
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.printing import day
from duly.interfaces.web.page import StaffRequest, page
from duly.interfaces.web.settings import forms
from duly.interfaces.web.settings.sections import ask, sections

CATEGORY_NAMES: Final = {
    "S": "Taxed", "Z": "Zero rate", "E": "Exempt", "AE": "Reverse charge", "K": "Intra-community supply",
    "G": "Export", "O": "Outside the scope"}
CONDITIONS: Final = {
    # of a treatment: in words where it must hold, and where it must not
    "registered": ("the seller has a VAT id", "the seller has no VAT id"),
    "same": ("both are in one country", "they are in two countries"),
    "seller_eu": ("the seller is in the EU", "the seller is outside the EU"),
    "buyer_eu": ("the buyer is in the EU", "the buyer is outside the EU"),
    "buyer_id": ("the buyer has a VAT id", "the buyer has no VAT id"),
    "person": ("the buyer is a private person", "the buyer is a business"),
    "goods": ("goods are sold", "services are sold"),
    "one_stop_shop": ("the seller uses the one-stop shop", "the seller does not use the one-stop shop"),
}
SEED_TEXT: Final = (
    "The VAT rates of the members of the EU and of Britain, each from its day and with its source, as known for "
    "{day}. A class of a country that has a rate already keeps what it has. They are a start: have them checked.")
COMPONENT_TEXT: Final = (
    "Where no one rate is on what is sold, all taxes of the country and of the buyer’s region are due on it, each "
    "printed by its name. A region’s own tax takes the place of the country’s of the same name.")


def in_words(row: Treatment) -> str:
    """When a treatment applies, as a sentence without its stop."""
    asked = [CONDITIONS[name][0 if wanted else 1] for name in CONDITIONS
             if (wanted := getattr(row, name)) is not None]
    if row.tax_class:
        asked.append(f"what is sold is {row.tax_class.replace('zero', 'zero-rated')}")
    return ", ".join(asked) or "in every other case"


def treatments() -> Iterator[dict[str, str]]:
    for number, row in enumerate(TREATMENTS, 1):
        yield {"number": str(number), "when": in_words(row), "category": row.category, "source": row.source,
               "name": CATEGORY_NAMES[row.category] + (", at the buyer’s rate" if row.place == "buyer" else ""),
               "reason": REASONS[row.reason]["en"] if row.reason else ""}


@page()
def taxes(request: StaffRequest) -> HttpResponseBase:
    rows = [(one, _percent(one.rate), [f"{_percent(rate)} from {day(since)}" for since, rate in one.later])
            for one in dated_taxes(on=request.on)]
    return render(request, "web/settings/taxes.html", {
        "treatments": list(treatments()), "taxes": rows, "sections": sections("Taxes")})


def _percent(rate: Decimal | None) -> str:
    return "none" if rate is None else f"{(rate * 100).normalize():f}%"


@page(right="reference", methods="GET POST")
def seed(request: StaffRequest) -> HttpResponseBase:
    known = set(seeded_rates()["country"])
    form = forms.SeedRates(request.POST or None, countries=[one for one in forms.COUNTRIES if one[0] in known])
    if form.is_valid():
        with beside(form):
            done = seed_tax_rates(actor=request.actor, at=request.at, countries=form.cleaned_data["countries"])
            messages.success(request, f"{done.added} rates are added." if done.added else "Every class has its rates.")
            return redirect("taxes")
    return ask(request, form, "Add known VAT rates", ("Taxes", reverse("taxes")), SEED_TEXT.format(day=day(AS_OF)),
               "Add them")


@page(right="reference", methods="GET POST")
def add(request: StaffRequest) -> HttpResponseBase:
    form = forms.TaxComponent(request.POST or None, initial={"valid_from": request.on, "position": 1})
    if form.is_valid():
        with beside(form):
            done = add_tax_components(actor=request.actor, at=request.at, taxes=[
                TaxComponentInput(**form.cleaned_data)])
            messages.success(request, "The tax is added." if done.added else "This tax was there already.")
            return redirect("taxes")
    return ask(request, form, "Add one of several taxes", ("Taxes", reverse("taxes")), COMPONENT_TEXT, "Add it")
