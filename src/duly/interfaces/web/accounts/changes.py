"""Adding and changing an account and what belongs to it: each page one form, one verb, and back to the account."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.forms.models import model_to_dict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from duly.billing.accounts.actions import customers, tax_rules
from duly.billing.accounts.models import Account
from duly.billing.accounts.numbers import next_number
from duly.billing.accounts.queries import accounts_in_book
from duly.billing.kernel.errors import NotFound
from duly.interfaces.kit.forms import beside
from duly.interfaces.web.accounts.forms import (
    Contact,
    Edited,
    Manager,
    New,
    PurchaseOrder,
    TaxNumber,
    Treatment,
    Withholding,
)
from duly.interfaces.web.page import StaffRequest, page, show


@page(right="accounts", methods="GET POST")
def new(request: StaffRequest) -> HttpResponseBase:
    form = New(request.POST or None, initial={"number": next_number()})
    if form.is_valid() and _found(request, form, "parent", "bill_to"):
        with beside(form):
            customers.put_account(actor=request.actor, at=request.at, on=request.on, new=True, **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['name']} is added. Who are its people?")
            return redirect("account", form.cleaned_data["number"])
        if form.has_error("number") and (free := next_number()):  # somebody was faster: the next one stands there now
            form.data = {**form.data.dict(), "number": free}
    return show(request, "web/accounts/new.html", form=form)


@page(right="accounts", methods="GET POST")
def edit(request: StaffRequest, number: str) -> HttpResponseBase:
    account = _account(request, number)
    known = model_to_dict(account) | {name: getattr(getattr(account, name), "number", "")
                                      for name in ("parent", "bill_to")}
    form = Edited(request.POST or None, initial=known)
    if form.is_valid() and _found(request, form, "parent", "bill_to"):
        with beside(form):
            customers.put_account(actor=request.actor, at=request.at, on=request.on, number=number,
                                  **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("account", number)
    return show(request, "web/accounts/edit.html", {"account": account}, form=form)


@page(right="accounts", methods="GET POST")
def manager(request: StaffRequest, number: str) -> HttpResponseBase:
    account = _account(request, number)
    form = Manager(request.POST or None, initial={
        "manager": getattr(account.manager, "login", ""), "cover": getattr(account.cover, "login", ""),
        "cover_from": account.cover_from, "cover_until": account.cover_until})
    return _kept(request, account, form, customers.assign_manager, "Manager and cover",
                 "Whose book this account is in, and who stands in for them.")


@page(right="accounts", methods="GET POST")
def contact(request: StaffRequest, number: str) -> HttpResponseBase:
    """A new contact, or with `?email=` one that is there: the address is what names it, and stays."""
    account = _account(request, number)
    known = account.contacts.filter(email=request.GET.get("email", "").replace("\0", "")).first()
    form = Contact(request.POST or None, initial=model_to_dict(known) if known else {"roles": ["billing"]})
    form.fields["email"].disabled = known is not None
    return _kept(request, account, form, customers.put_contact, known.name if known else "New contact",
                 "Mails and checks go to people by their roles.")


@page(right="accounts", methods="GET POST")
def tax_number(request: StaffRequest, number: str) -> HttpResponseBase:
    account = _account(request, number)
    form = TaxNumber(request.POST or None, initial={"country": account.country})
    return _kept(request, account, form, customers.put_account_tax_registration, "VAT id",
                 "One in each country. It decides how the account’s invoices are taxed.")


@page(right="accounts", methods="GET POST")
def treatment(request: StaffRequest, number: str) -> HttpResponseBase:
    form = Treatment(request.POST or None, initial={"valid_from": request.on})
    return _kept(request, _account(request, number), form, tax_rules.add_treatment, "Tax treatment",
                 "From that day on it stands before what follows from address, VAT id and what is sold. What held "
                 "before is not changed; drafts follow it when they are made or changed.")


@page(right="accounts", methods="GET POST")
def withholding(request: StaffRequest, number: str) -> HttpResponseBase:
    form = Withholding(request.POST or None, initial={"valid_from": request.on})
    return _kept(request, _account(request, number), form, tax_rules.add_withholding, "Tax that it withholds",
                 "Documents ask for the total less this tax; its certificate, recorded as a payment, settles the rest.")


@page(right="accounts", methods="GET POST")
def purchase_order(request: StaffRequest, number: str) -> HttpResponseBase:
    """A new purchase order, or with `?order=` one that is there."""
    account = _account(request, number)
    known = account.purchase_orders.filter(number=request.GET.get("order", "").replace("\0", "")).first()
    form = PurchaseOrder(request.POST or None,
                         initial=model_to_dict(known) if known else {"currency": account.currency})
    form.fields["number"].disabled = known is not None
    return _kept(request, account, form, customers.put_purchase_order,
                 f"Purchase order {known.number}" if known else "New purchase order",
                 "Invoices carry its number; a check warns when it is used up or expired.")


def _account(request: StaffRequest, number: str) -> Account:
    return accounts_in_book(request.actor, "accounts", [number], request.on)[number]


def _found(request: StaffRequest, form: forms.Form, *names: str) -> bool:
    """Whether the accounts that these fields name are in the actor's book; one that is not stands beside its field."""
    for name in names:
        if number := form.cleaned_data[name]:
            try:
                accounts_in_book(request.actor, "accounts", [number], request.on)
            except NotFound as missing:
                form.add_error(name, str(missing))
    form.cleaned_data.update({name: form.cleaned_data.get(name) or None for name in names})
    return not form.errors


def _kept(request: StaffRequest, account: Account, form: forms.Form, verb: Callable[..., Any], title: str, why: str,
          ) -> HttpResponseBase:
    """Do the verb with what the form holds and go back to the account, or show the form."""
    if form.is_valid():
        with beside(form):
            verb(actor=request.actor, at=request.at, on=request.on, account=account.number, **form.cleaned_data)
            messages.success(request, f"{account.name}: {title[0].lower()}{title[1:]} saved.")
            return redirect("account", account.number)
    return show(request, "web/accounts/form.html", {"account": account, "title": title, "why": why}, form=form)
