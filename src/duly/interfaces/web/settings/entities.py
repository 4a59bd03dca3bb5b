"""The firm's legal entities: address, tax numbers, bank accounts, series, chart, closing."""

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from duly.billing.accounts import settings as reads
from duly.billing.accounts.actions import entities as verbs
from duly.billing.accounts.actions.payable_steps import put_payable_step, remove_payable_step
from duly.billing.accounts.models import SERIES_KINDS
from duly.billing.accounts.settings import EntityPage, closings, series_changes
from duly.billing.kernel.errors import NotFound
from duly.billing.ledger.chart import chart, map_role
from duly.billing.ledger.models import POSTING_ROLES
from duly.billing.reference.put import Put
from duly.engine.currencies import exponent
from duly.interfaces.kit.forms import Form, beside
from duly.interfaces.kit.printing import day
from duly.interfaces.web.first_steps import first_steps
from duly.interfaces.web.page import StaffRequest, page
from duly.interfaces.web.settings import forms
from duly.interfaces.web.settings.history import told
from duly.interfaces.web.settings.sections import ask, kept, sections


@page()
def entities(request: StaffRequest) -> HttpResponseBase:
    found = reads.entities(actor=request.actor, on=request.on)
    return render(request, "web/settings/entities.html", {
        "entities": found, "steps": first_steps(request), "sections": sections("Entities")})


@page()
def entity(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = reads.entity_page(actor=request.actor, on=request.on, entity=entity)
    return render(request, "web/settings/entity.html", {
        "page": found, "chart": [(role, role.replace("_", " ").capitalize(), code, name)
                                 for role, code, name in chart(entity=entity)],
        "closings": told(closings(entity), {"lock_date": "Closed until"}, _day),
        "renumberings": told(series_changes(entity), {"pattern": "Pattern"}, lambda _, value: str(value)),
        "series": [(one, one.kind.replace("_", " ").capitalize()) for one in found.series],
        "year": dict(forms.MONTHS)[found.entity.fiscal_year_start], "sections": sections("Entities"),
        "language": forms.LANGUAGE_NAMES[found.entity.language]})


def _day(_: str, value: str | None) -> str:
    return day(date.fromisoformat(value)) if value else "no day"


@page(right="settings", methods="GET POST")
def add(request: StaffRequest) -> HttpResponseBase:
    form = forms.NewEntity(request.POST or None, initial={"language": "en", "fiscal_year_start": 1})
    if form.is_valid():
        if any(one.code == form.cleaned_data["code"] for one in reads.entities(actor=request.actor, on=request.on)):
            form.add_error("code", "Another entity has this code. Choose another one.")
        else:
            with beside(form):
                made = verbs.put_entity(actor=request.actor, at=request.at, **form.cleaned_data)
                messages.success(request, f"{form.cleaned_data['name']} is added. It needs a number series to issue.")
                return redirect("entity", made.id)
    return ask(request, form, "Add a legal entity", ("Settings", reverse("settings")), action="Add it")


@page(right="settings", methods="GET POST")
def edit(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    own = {name: getattr(found.entity, name) for name in forms.Entity.base_fields}
    form = forms.Entity(request.POST or None, initial=own)
    if found.numbered:  # the books are kept by these: they stay, whatever is sent
        for name in verbs.SETTLED:
            form.fields[name].disabled, form.fields[name].help_text = True, "Settled by the first number it gave."
    return _asked(request, found, form, "Address and documents",
                  lambda: verbs.put_entity(actor=request.actor, at=request.at, code=found.entity.code,
                                           **form.cleaned_data))


@page(right="settings", methods="GET POST")
def logo(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    form = forms.Logo(request.POST or None, request.FILES or None)

    def put() -> Put:
        name, kind, content = form.cleaned_data["picture"]
        return verbs.put_logo(actor=request.actor, at=request.at, entity=found.entity.code, name=name, media_type=kind,
                              content=content)

    return _asked(request, found, form, "Logo", put, "Printed from now on; issued documents keep theirs.")


@page(right="settings", methods="GET POST")
def tax_number(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    own = next((one for one in found.tax_registrations if str(one.pk) == request.GET.get("id")), None)
    initial = {"country": own.country, "scheme": own.scheme, "number": own.number} if own else {
        "country": found.entity.country}
    form = forms.TaxNumber(request.POST or None, initial=initial)
    return _asked(request, found, form, "Tax number", lambda: verbs.put_entity_tax_registration(
        actor=request.actor, at=request.at, entity=found.entity.code, **form.cleaned_data),
        "One for each country and kind: the same again replaces it.")


@page(right="bank_details", methods="GET POST")
def bank_account(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    own = next((one for one in found.bank_accounts if str(one.pk) == request.GET.get("id")), None)
    names = forms.BankAccount.base_fields
    initial = {name: getattr(own, name) for name in names} if own else {
        "holder": found.entity.name[:140], "currency": found.entity.base_currency,
        "position": len(found.bank_accounts) + 1}
    form = forms.BankAccount(request.POST or None, initial=initial)
    return _asked(request, found, form, "Bank account", lambda: verbs.put_bank_account(
        actor=request.actor, at=request.at, entity=found.entity.code, **form.cleaned_data),
        "Printed on invoices from now on. Issued ones keep what they say.")


@page(right="settings", methods="GET POST")
def series(request: StaffRequest, entity: int, kind: str) -> HttpResponseBase:
    found = _found(request, entity)
    own = next((one for one in found.series if one.kind == kind), None)
    if own is None:
        raise NotFound("There are no such documents.", f"Use one of {', '.join(SERIES_KINDS)}.")
    form = forms.Series(request.POST or None, initial={"pattern": own.pattern})
    return _asked(request, found, form, f"Numbers of {kind.replace('_', ' ')}s", lambda: verbs.put_number_series(
        actor=request.actor, at=request.at, entity=found.entity.code, kind=kind, **form.cleaned_data),
        "Each document gets its number when it is issued, without a gap, from 1 on in each fiscal year. Drafts have "
        "none yet. Once the first number is given the pattern stays, and numbers that were given never change.")


@page(right="settings", methods="GET POST")
def chart_role(request: StaffRequest, entity: int, role: str) -> HttpResponseBase:
    found = _found(request, entity)
    if role not in POSTING_ROLES:
        raise NotFound("There is no such posting role.", f"Use one of {', '.join(POSTING_ROLES)}.")
    own = next((code, name) for known, code, name in chart(entity=entity) if known == role)
    form = forms.ChartAccount(request.POST or None, initial=dict(zip(("code", "name"), own, strict=True)))
    return _asked(request, found, form, f"Account for {role.replace('_', ' ')}", lambda: map_role(
        actor=request.actor, at=request.at, entity=found.entity.code, role=role, **form.cleaned_data),
        "All postings of this role go there, what was posted included.")


@page(right="settings", methods="GET POST")
def payable_step(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    own = next((one for one in found.payable_steps if one.currency == request.GET.get("currency")), None)
    initial = {"currency": own.currency, "step": round(own.step, exponent(own.currency))} if own else {
        "currency": found.entity.base_currency}
    form = forms.PayableStep(request.POST or None, initial=initial)
    form.fields["currency"].disabled = own is not None
    if own is None:  # only the step that is on the page can be ended
        form.fields["step"].required, form.fields["step"].help_text = True, "Such as 0.05."

    def put() -> Put:
        values = {name: value for name, value in form.cleaned_data.items() if value is not None}
        return (put_payable_step if "step" in values else remove_payable_step)(
            actor=request.actor, at=request.at, entity=found.entity.code, **values)

    return _asked(request, found, form, "Rounding of payments", put,
                  "What documents in this currency ask for is rounded to the nearest multiple of the step; the "
                  "difference is a line of its own above the amount due. Drafts that are rounded otherwise have to be "
                  "drafted again before they are issued; issued documents keep what they say.")


@page(right="close", methods="GET POST")
def close(request: StaffRequest, entity: int) -> HttpResponseBase:
    found = _found(request, entity)
    form = forms.Close(request.POST or None, initial={"lock_date": found.entity.lock_date})
    return _asked(request, found, form, "Close the books", lambda: verbs.set_lock_date(
        actor=request.actor, at=request.at, entity=found.entity.code, **form.cleaned_data),
        "Invoices, payments and corrections then carry a later day. Drafts dated on or before it block until they get "
        "another date. It is not opened again.", "Close them")


def _found(request: StaffRequest, entity: int) -> EntityPage:
    return reads.entity_page(actor=request.actor, on=request.on, entity=entity)


def _asked(request: StaffRequest, found: EntityPage, form: Form, title: str, put: Callable[[], Put], text: str = "",
           action: str = "Keep") -> HttpResponseBase:
    """The form, or what it says kept, and back to the entity."""
    if form.is_valid():
        with beside(form):
            kept(request, put())
            return redirect("entity", found.entity.pk)
    return ask(request, form, title, (found.entity.name, reverse("entity", args=[found.entity.pk])), text, action)
