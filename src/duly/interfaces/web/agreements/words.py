"""Terms in plain words, as a client would read them."""

from decimal import Decimal
from typing import Final

from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.interfaces.kit.printing import day, money
from duly.interfaces.web.agreements.forms import WORDS

UNITS: Final = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "half_year": "half-year",
                "year": "year"}


def charge_in_words(charge: ChargeInput, currency: str) -> str:
    """One charge: what it costs, and when it is billed."""
    said = _WORDS[charge.kind](charge, currency)
    if charge.project:
        said += f", for {charge.project} only"
    if charge.tax_class != "standard":
        said += f", {dict(WORDS['tax_class'])[charge.tax_class].lower()} tax"
    if charge.supply != "services":
        said += ", sold as goods"
    return said


def _time(charge: ChargeInput, currency: str) -> str:
    said = f"By the rate card {charge.rate_card}"
    if charge.rounding != "exact":
        way = "rounded up to" if charge.rounding == "up" else "rounded to the nearest"
        said += f", {way} {_plain(Decimal(charge.increment_seconds) / 60)} minutes"
    if charge.minimum_seconds:
        said += f", at least {_plain(Decimal(charge.minimum_seconds) / 60)} minutes"
    return said


def _expense(charge: ChargeInput, currency: str) -> str:
    return f"At cost plus {_plain(charge.markup * 100)} %" if charge.markup else "At cost"


def _milestone(charge: ChargeInput, currency: str) -> str:
    return f"{_price(charge, currency)}, when it is accepted"


def _recurring(charge: ChargeInput, currency: str) -> str:
    unit = UNITS[charge.interval or "month"]
    each = f"{charge.interval_count} {unit}s" if charge.interval_count > 1 else unit
    times = f" × {_plain(charge.quantity)}{' ' + charge.unit if charge.unit else ''}" if charge.quantity != 1 else ""
    return f"{_price(charge, currency)}{times} for each {each}, {dict(WORDS['timing'])[charge.timing].lower()}"


def _one_off(charge: ChargeInput, currency: str) -> str:
    times = f" × {_plain(charge.quantity)}" if charge.quantity != 1 else ""
    return f"{_price(charge, currency)}{times}, on {day(charge.due_on) if charge.due_on else 'its day'}"


_WORDS: Final = {"time": _time, "expense": _expense, "milestone": _milestone, "recurring": _recurring,
                 "one_off": _one_off}


def terms_in_words(terms: VersionInput, payment_days: int) -> list[tuple[str, str]]:
    """What holds for all charges: titles and texts."""
    own = terms.payment_days if terms.payment_days is not None else payment_days
    return [
        ("Payment", f"{own} days{'' if terms.payment_days is not None else ', as the account'}"),
        ("Drafts are checked by", dict(WORDS["review"])[terms.review].lower()),
        ("Hours", dict(WORDS["grouping"])[terms.grouping].lower()),
        ("Behind the invoice", "all hours" if terms.time_annex else "nothing"),
        *([("Purchase order", terms.purchase_order)] if terms.purchase_order else []),
        *([("Prices", "include tax")] if terms.prices_include_tax else []),
        *([("Invoice", "may be shared with other agreements")] if terms.consolidate else []),
    ]


def _price(charge: ChargeInput, currency: str) -> str:
    return str(money(charge.price or Decimal(0), currency))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
