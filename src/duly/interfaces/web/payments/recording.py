"""Recording money that came in: who paid, how much, and what it pays."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.accounts import lists as accounts
from duly.billing.kernel.errors import Forbidden, Refused
from duly.billing.kernel.listing import Query
from duly.billing.payments import owing
from duly.billing.payments.actions import receive
from duly.billing.payments.owing import Owed, Payer
from duly.interfaces.kit.printing import money
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.payments.forms import Received, into
from duly.interfaces.web.payments.spread import Spread, asked, spread

FOUND: Final = 10
SENT_BEFORE: Final = 8
"""The law by which one form acts once."""


@page(right="cash", methods="GET POST")
def record(request: StaffRequest) -> HttpResponseBase:
    """Find the payer first; then ask for the money, and spread it over what is owed."""
    if not (number := request.GET.get("account", "")):
        return _find(request)
    payer = owing.payer(actor=request.actor, on=request.on, account=number)
    numbers = asked(request.GET, request.POST)
    owed = owing.owed(actor=request.actor, on=request.on, account=payer.id, numbers=numbers)
    data = request.POST if request.method == "POST" else None
    form = Received(data, initial=_first(request, payer, owed))
    table = spread(owed, payer, form.money, str(form.given("reference") or ""), data, numbers)
    if request.htmx and request.POST.get("do"):
        return show(request, "web/payments/spread.html", {"spread": table})
    if request.POST.get("do"):  # a proposal, or another account's invoice, without JavaScript: nothing is recorded
        return show(request, "web/payments/record.html", {"payer": payer, "spread": table, "form": form})
    if form.is_valid() and table.problem:
        form.add_error(None, table.problem)
    if form.is_valid():
        try:
            return _receive(request, payer, form, table)
        except Forbidden:
            raise
        except Refused as refused:
            table = _refuse(form, table, refused)
    return show(request, "web/payments/record.html", {"payer": payer, "spread": table}, form=form)


def _find(request: StaffRequest) -> HttpResponseBase:
    """The accounts whose name or number holds what was typed; with one hit and Enter, that account's form."""
    text = request.GET.get("text", "").replace("\0", "").strip()
    filters = {"text": text} if text else {"owes": "open"}
    found = accounts.accounts(actor=request.actor, on=request.on, query=Query(filters, "name", limit=FOUND))
    if text and len(found.rows) == 1 and not request.htmx:
        return redirect(f"{request.path}?{urlencode({'account': found.rows[0]['number']})}")
    template = "web/payments/find.html#hits" if request.htmx else "web/payments/find.html"
    return show(request, template, {"found": found, "text": text})


def _first(request: StaffRequest, payer: Payer, owed: Sequence[Owed]) -> dict[str, Any]:
    """What most receipts are: by bank, today, to whom the oldest invoice is owed, in its currency."""
    oldest = next((one for one in owed if one.account == payer.number), None)
    currency = oldest.currency if oldest else payer.currency
    choices = [(value, text) for value, text in into() if not oldest or value.startswith(f"{oldest.entity}:")]
    fitting = [value for value, text in choices if text.endswith(f"({currency})")]
    return {"currency": currency, "into": next(iter(fitting or [value for value, _ in choices]), ""),
            "received_on": request.on, "booked_on": request.on, "method": "bank_transfer", "key": uuid.uuid4().hex}


def _receive(request: StaffRequest, payer: Payer, form: Received, table: Spread) -> HttpResponseBase:
    data = form.cleaned_data
    entity, _, bank = data["into"].partition(":")
    made = receive(
        actor=request.actor, at=request.at, on=data["booked_on"], entity=entity, account=payer.number,
        amount=data["amount"], currency=data["currency"], received_on=data["received_on"], method=data["method"],
        reference=data["reference"],
        bank_account=None if data["method"] == "withholding" else bank or None, allocate=list(table.wanted) or None,
        key=f"web:{data['key']}")  # type: ignore[call-arg]  # the verb's own
    said = f"Receipt {made.number} over {money(made.amount, made.currency)} of {payer.name} is recorded."
    paid = dict(table.wanted)
    for kept in (line.owed for line in table.lines if line.owed.withheld and data["method"] != "withholding"):
        if kept.open - paid.get(kept.number, kept.open) == kept.withheld:
            said += (f" {money(kept.withheld, kept.currency)} of {kept.number} is withheld: when the certificate "
                     "comes, record it as a payment by withholding.")
    messages.success(request, said)
    return redirect(reverse("receipt", args=[made.receipt]))


def _refuse(form: Received, table: Spread, refused: Refused) -> Spread:
    """A refusal beside what it is about: fields, amounts of the table, else above."""
    if refused.law == SENT_BEFORE:
        form.data = {**form.data.dict(), "key": uuid.uuid4().hex}  # type: ignore[attr-defined]  # a QueryDict
        form.add_error(None, "This form was recorded before, with other values. If this is another receipt, "
                             "record it again; else look for the first one in the list of payments.")
        return table
    form.add_error(None, " ".join(part for part in (refused.text, refused.remedy) if part))
    for problem in refused.problems:
        said = f"{problem.text} {problem.remedy}".strip()
        if problem.path in form.fields:
            form.add_error(problem.path, said)
        elif not problem.path.startswith("allocate"):
            form.add_error(None, said)
    return table.refused(refused)
