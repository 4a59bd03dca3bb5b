"""What is unbilled: by account and agreement, with its value and its oldest day."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.accounts.queries import entity_names
from duly.billing.reporting.unbilled import UnbilledValue, unbilled_value
from duly.billing.work.value import UnbilledAgreement
from duly.interfaces.kit.export import EXPORTS
from duly.interfaces.web.page import StaffRequest, page
from duly.interfaces.web.work.sections import sections

SHOWN: Final = 200
"""Agreements of one entity on the page; an export has them all."""

ORDERS: Final[dict[str, tuple[str, Callable[[UnbilledAgreement], Any], bool]]] = {
    "value": ("Most value first", lambda row: Decimal(row.amount) + Decimal(row.waiting_amount), True),
    "oldest": ("Oldest first", lambda row: row.oldest, False),
    "account": ("By account", lambda row: 0, False),
}
EXPORTED: Final = (
    ("account", "Account", "text"), ("account_name", "Name", "text"), ("agreement", "Agreement", "text"),
    ("oldest", "Oldest", "text"), ("seconds", "Hours approved", "hours"), ("amount", "Value approved", "money"),
    ("waiting_items", "Items to approve", "number"), ("waiting_seconds", "Hours to approve", "hours"),
    ("waiting_amount", "Value to approve", "money"), ("unpriced", "Unpriced", "number"),
)


def entities(_: Any) -> Sequence[tuple[str, str]]:
    return list(entity_names().items())


@page()
def unbilled(request: StaffRequest) -> HttpResponseBase:
    """At once without its sums, which htmx fetches by `show=sums`: all unbilled work is priced for them, now."""
    wanted = {name: request.GET.get(name, "").replace("\0", "") for name in ("entity", "book", "order")}
    if request.GET.get("approved") == "no":  # as other pages ask for what waits
        asked = {name: request.GET[name] for name in ("entity", "account", "agreement") if request.GET.get(name)}
        return redirect(f"{reverse('work_entries')}?{urlencode({'state': 'waiting', **asked})}")
    order = wanted["order"] if wanted["order"] in ORDERS else "value"
    given = {name: value for name, value in wanted.items() if value}
    named = entity_names()
    frame = {"sections": sections("Unbilled"), "entities": named.items(), "entity_names": named, "orders": ORDERS,
             "order": order, "entity": wanted["entity"], "book": wanted["book"],
             "everywhere": request.actor.may_everywhere("read"), "actor": request.actor, "on": request.on,
             "sums_url": f"?{urlencode({**given, 'show': 'sums'})}"}
    if not {"show", "format"} & request.GET.keys():
        return render(request, "web/work/unbilled.html", frame)
    found = unbilled_value(actor=request.actor, on=request.on, entity=wanted["entity"] or None,
                           mine=wanted["book"] == "mine")
    if make := EXPORTS.get(request.GET.get("format", "")):
        return make(f"unbilled-{request.on:%Y-%m-%d}", EXPORTED, _exported(found))
    return render(request, "web/work/unbilled.html", {
        **frame, "found": [(one, _ordered(one, order)[:SHOWN]) for one in found if one.rows], "summed": True,
        "shown": SHOWN, "exports": [(name, f"?{urlencode({**given, 'format': name})}") for name in EXPORTS]})


def _ordered(found: UnbilledValue, order: str) -> list[UnbilledAgreement]:
    _, key, falls = ORDERS[order]
    return sorted(found.rows, key=key, reverse=falls)


def _exported(found: Sequence[UnbilledValue]) -> list[dict[str, Any]]:
    return [{**{key: getattr(row, key) for key, _, _ in EXPORTED}, "currency": row.currency,
             "amount": Decimal(row.amount), "waiting_amount": Decimal(row.waiting_amount)}
            for one in found for row in one.rows]
