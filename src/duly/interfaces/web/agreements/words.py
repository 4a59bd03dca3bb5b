"""Terms in plain words, as a client would read them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from duly.billing.agreements.terms import ChargeInput, DiscountInput, VersionInput
from duly.formats.units import unit_text
from duly.interfaces.kit.printing import counted, day, money, plain
from duly.interfaces.web.agreements.forms import WORDS

BEYOND: Final = {"block": "no invoice", "warn": "a warning", "stop": "nothing more"}
"""What comes beyond a cap."""


def charge_in_words(charge: ChargeInput, currency: str, names: Mapping[str, str]) -> str:
    """One charge: what it costs, and when it is billed. `names` are those of the agreement's charges by their codes."""
    said = [_WORDS[charge.kind](charge, currency), *_limits(charge, currency), *_retained(charge, currency, names),
            *_planned(charge, currency)]
    if charge.kind in ("commitment", "credit"):
        said.append(f"{'for' if charge.kind == 'credit' else 'counting'} {_listed(charge.covers, names)}")
    if charge.project:
        said.append(f"for {charge.project} only")
    if charge.tax_class != "standard":
        said.append(f"{_word('tax_class', charge.tax_class)} tax")
    if charge.supply != "services":
        said.append("sold as goods")
    return ", ".join(said)


def _time(charge: ChargeInput, currency: str) -> str:
    said = f"By the rate card {charge.rate_card}"
    if charge.rounding != "exact":
        way = "rounded up to" if charge.rounding == "up" else "rounded to the nearest"
        said += f", {way} {plain(Decimal(charge.increment_seconds) / 60)} minutes"
    if charge.minimum_seconds:
        said += f", at least {plain(Decimal(charge.minimum_seconds) / 60)} minutes"
    if charge.weekend_factor is not None:
        said += f", at weekends {plain(charge.weekend_factor)} times the rate"
    if charge.overtime_factor is not None and charge.overtime_after_seconds is not None:
        hours = plain(Decimal(charge.overtime_after_seconds) / 3600)
        said += f", beyond {hours} hours of a person’s day {plain(charge.overtime_factor)} times"
    return said


def _expense(charge: ChargeInput, currency: str) -> str:
    return f"At cost plus {plain(charge.markup * 100)}%" if charge.markup else "At cost"


def _milestone(charge: ChargeInput, currency: str) -> str:
    return f"{_price(charge, currency)}, when it is accepted"


def _recurring(charge: ChargeInput, currency: str) -> str:
    times = f" × {counted(charge.quantity, charge.unit)}" if charge.quantity != 1 else ""
    priced = f"{_price(charge, currency)}{times}"
    if charge.model != "per_unit":
        count = counted(charge.quantity, charge.unit or ("unit" if charge.quantity == 1 else "units"))
        priced = f"{count}, {_priced(charge, currency)},"
    said = f"{priced} for each {_period(charge)}, {_word('timing', charge.timing)}"
    if charge.proration != "by_day":
        said += f", a part of a period {_word('proration', charge.proration)}"
    down = charge.proration_down
    return said + (f" and credited {_word('proration', down)}" if down and down != charge.proration else "")


def _usage(charge: ChargeInput, currency: str) -> str:
    unit = charge.unit if charge.unit not in ("", "item") else "unit"
    priced = f"{_price(charge, currency)} for each {unit}" if charge.model == "per_unit" else _capital(
        _priced(charge, currency))
    return f"{priced}, measured by {charge.metric}, for each {_period(charge)}"


def _priced(charge: ChargeInput, currency: str) -> str:
    """A model other than one price for each."""
    if charge.model == "package":
        return f"{_price(charge, currency)} for each begun package of {plain(charge.package_size or Decimal(0))}"
    tiers = f"{len(charge.tiers)} tier{'' if len(charge.tiers) == 1 else 's'}"
    return {"graduated": f"in {tiers}, each part at its price", "volume": f"in {tiers}, all at the price reached",
            "stair_step": f"at one flat price by {tiers}"}[charge.model]


def _percentage(charge: ChargeInput, currency: str) -> str:
    if charge.model == "graduated_percentage":
        said = f"A percentage of all payments in {len(charge.tiers)} tiers"
    else:
        plus = f" plus {money(charge.fixed, currency)}" if charge.fixed else ""
        said = f"{plain((charge.rate or Decimal(0)) * 100)}% of each payment{plus}"
        said += f", at least {money(charge.minimum_fee, currency)}" if charge.minimum_fee is not None else ""
        said += f", at most {money(charge.maximum_fee, currency)}" if charge.maximum_fee is not None else ""
        said += f", the first {charge.free_count} free" if charge.free_count else ""
        said += f", the first {money(charge.free_amount, currency)} free" if charge.free_amount else ""
    return f"{said}, measured by {charge.metric}, for each {_period(charge)}"


def _balance(charge: ChargeInput, currency: str) -> str:
    rate = f"{plain(charge.rate * 100)}%" if charge.rate is not None else f"A rate in {len(charge.tiers)} tiers"
    basis = "the average" if charge.basis == "average" else "the closing"
    said = f"{rate} a year of {basis} balance of {charge.metric}, for each {_period(charge)}"
    counted = {"act_365": "", "act_360": ", by days of a year of 360", "30_360": ", by months of thirty days"}
    return said + counted[charge.day_count]


def _one_off(charge: ChargeInput, currency: str) -> str:
    times = f" × {plain(charge.quantity)}" if charge.quantity != 1 else ""
    return f"{_price(charge, currency)}{times}, {_due(charge)}"


def _commitment(charge: ChargeInput, currency: str) -> str:
    return f"At least {_price(charge, currency)} for each {_period(charge)}, what is missing is billed"


def _deposit(charge: ChargeInput, currency: str) -> str:
    return f"{_price(charge, currency)} {_due(charge)}, taken off later invoices"


def _credit(charge: ChargeInput, currency: str) -> str:
    ends = f", until {day(charge.expires_on)}" if charge.expires_on else ""
    sold = "sold without tax" if charge.untaxed else "prepaid"
    return f"{_price(charge, currency)} {sold} {_due(charge)}{ends}"


_WORDS: Final = {
    "time": _time, "expense": _expense, "milestone": _milestone, "recurring": _recurring, "usage": _usage,
    "percentage": _percentage, "balance": _balance, "one_off": _one_off, "commitment": _commitment,
    "deposit": _deposit, "credit": _credit}


def _limits(charge: ChargeInput, currency: str) -> Iterator[str]:
    if charge.included:
        yield f"{plain(charge.included)} included"
    if charge.minimum is not None:
        yield f"at least {money(charge.minimum, currency)} a period"
    if charge.maximum is not None:
        yield f"at most {money(charge.maximum, currency)} a period"
    for limit in charge.limits:
        yield f"{limit.category} at most {money(limit.at_most, currency)}"


def _retained(charge: ChargeInput, currency: str, names: Mapping[str, str]) -> Iterator[str]:
    if charge.grants is None:
        return
    timed = charge.grants_of == "time"
    much = f"{plain(charge.grants / 3600)} hours" if timed else str(money(charge.grants, currency))
    yield f"including {much} of {_listed(charge.covers, names)}"
    if charge.rollover:
        yield f"what is left lasts for {charge.rollover} further period{'' if charge.rollover == 1 else 's'}"
    if charge.borrow:
        yield "the next period’s may be used ahead"


def _planned(charge: ChargeInput, currency: str) -> Iterator[str]:
    """The trial, and what changes by itself."""
    if charge.trial_days or charge.trial_until:
        price = "free" if charge.trial_price is None else f"at {money(charge.trial_price, currency)}"
        yield f"{price} " + (f"for the first {charge.trial_days} days" if charge.trial_days else
                             f"before {day(charge.trial_until)}" if charge.trial_until else "")
    for phase in charge.phases:
        parts = [str(money(phase.price, currency))] if phase.price is not None else []
        parts += [counted(phase.quantity, charge.unit or "units")] if phase.quantity is not None else []
        yield f"from {day(phase.begins_on)} {' × '.join(parts)}"


def _listed(codes: tuple[str, ...], names: Mapping[str, str]) -> str:
    return " and ".join(names.get(code, code) for code in codes) or "everything else"


def _period(charge: ChargeInput) -> str:
    several = charge.interval_count > 1
    unit = unit_text(charge.interval or "month", "en", one=not several)
    return f"{charge.interval_count} {unit}" if several else unit


def _due(charge: ChargeInput) -> str:
    return f"on {day(charge.due_on)}" if charge.due_on else "on its day"


def _word(name: str, value: str) -> str:
    """What the editor calls a choice, within a sentence."""
    return dict(WORDS[name])[value].lower()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def discount_in_words(discount: DiscountInput, currency: str, names: Mapping[str, str]) -> str:
    """A discount: its name, how much, and of what."""
    much = f"{plain(discount.rate * 100)}%" if discount.rate is not None else str(money(
        discount.off or Decimal(0), currency))
    of = {"charge": _listed(discount.charges, names), "invoice": "the whole invoice"}.get(discount.scope, "everything")
    return f"{discount.name}: {much} off {of}"


def terms_in_words(terms: VersionInput, payment_days: int, currency: str) -> list[tuple[str, str]]:
    """What holds for all charges: titles and texts."""
    own = terms.payment_days if terms.payment_days is not None else payment_days
    names = {charge.code: charge.name for charge in terms.charges}
    return [
        ("Payment", f"{own} days{'' if terms.payment_days is not None else ', as the account'}"),
        ("Drafts are checked by", _word("review", terms.review)),
        ("Hours", _word("grouping", terms.grouping)),
        ("Behind the invoice", "all hours" if terms.time_annex else "nothing"),
        *([("Purchase order", terms.purchase_order)] if terms.purchase_order else []),
        *([("Prices", "include tax")] if terms.prices_include_tax else []),
        *([("Invoice", "may be shared with other agreements")] if terms.consolidate else []),
        *([("Cap", f"{money(terms.cap, currency)} net, then {BEYOND[terms.cap_behaviour]}")] if terms.cap is not None
          else []),
        *(("Discount" if place == 0 else "then", discount_in_words(one, currency, names))
          for place, one in enumerate(terms.discounts)),
        *_lesser(terms, currency),
    ]


def _lesser(terms: VersionInput, currency: str) -> Iterator[tuple[str, str]]:
    if terms.change_at_once is not None:
        yield "Changes of fees", "at once" if terms.change_at_once else "with the next period"
    steps = [str(money(step, currency)) for step in terms.progressive_thresholds]
    if terms.progressive_every is not None:
        steps.append(f"every {'further ' if steps else ''}{money(terms.progressive_every, currency)}")
    if steps:
        yield "Billed in between", f"at {', '.join(steps)} of a period"


def _price(charge: ChargeInput, currency: str) -> str:
    return str(money(charge.price or Decimal(0), currency))
