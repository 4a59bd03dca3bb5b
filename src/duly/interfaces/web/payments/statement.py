"""An account's statement: what it owed, what happened, what it owes."""

from datetime import date
from typing import Any, Final

from django import forms
from django.http.response import HttpResponseBase

from duly.billing.accounts import queries as accounts
from duly.billing.accounts.models import LegalEntity
from duly.billing.payments import queries
from duly.engine.currencies import exponent
from duly.interfaces.kit.drawing import file_name
from duly.interfaces.kit.export import EXPORTS
from duly.interfaces.kit.forms import Date, Form
from duly.interfaces.web.page import StaffRequest, page, show

COLUMNS: Final = (("booked_on", "Booked", "date"), ("what", "What", "text"), ("number", "Number", "text"),
                  ("amount", "Amount", "money"), ("balance", "Balance", "money"))
KINDS: Final = {"opening": "Opening balance", "invoice": "Invoice", "credit_note": "Credit note", "receipt": "Payment",
                "allocation": "Moved between accounts"}
LISTS: Final = {"invoice": "invoices", "credit_note": "invoices", "receipt": "payments"}


class Span(Form):
    """Whose books, and which days; both included."""

    entity = forms.ChoiceField()
    since = forms.DateField(widget=Date(), label="From")
    until = forms.DateField(widget=Date(), label="To")

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["entity"].choices = list(  # type: ignore[attr-defined]
            LegalEntity.objects.order_by("name").values_list("code", "name"))


@page()
def statement(request: StaffRequest, number: str) -> HttpResponseBase:
    account = accounts.accounts_in_book(request.actor, "read", [number], request.on)[number]
    form = Span({**_usual(request.on, account.pk), **request.GET.dict()})
    if not form.is_valid():
        return show(request, "web/payments/statement.html", {"account": account}, form=form)
    asked = form.cleaned_data
    entity = accounts.entity(asked["entity"])
    found = queries.statement(request.actor, entity.pk, number, asked["since"], asked["until"])
    rows = [_row(row) for row in found.iter_rows(named=True)]
    if make := EXPORTS.get(request.GET.get("format", "")):
        return make(f"statement-{file_name(number)}-{asked['until']}", COLUMNS, rows)
    closing = {row["currency"]: row["balance"] for row in rows}
    return show(request, "web/payments/statement.html", {
        "account": account, "entity": entity, "rows": rows, "closing": closing, "exports": [*EXPORTS],
        "query": "&".join(f"{name}={asked[name]}" for name in ("entity", "since", "until"))}, form=form)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row in words, its amounts with the decimals of their currency."""
    decimals = exponent(row["currency"])
    return {**row, "what": KINDS[row["kind"]], "list": LISTS.get(row["kind"], ""),
            "amount": round(row["amount"], decimals), "balance": round(row["balance"], decimals)}


def _usual(on: date, account: int) -> dict[str, str]:
    """This year so far, in the books that the account owes most to."""
    code = LegalEntity.objects.order_by("name").values_list("code", flat=True).first() or ""
    return {"entity": code, "since": f"{on.year}-01-01", "until": on.isoformat()}
