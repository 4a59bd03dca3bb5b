"""Terms as people agree them: versions and charges as plain values, and what makes them wrong.

One table says which terms each kind of charge needs and takes; the rest follows from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from duly.billing.agreements import models
from duly.billing.kernel.errors import Problem
from duly.billing.reference.models import TAX_CLASSES
from duly.engine.currencies import exponent
from duly.engine.wording import day

PRICE_DECIMALS: Final = 8
QUANTITY_DECIMALS: Final = 6
LARGEST: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class ChargeInput:
    """One charge's terms. Prices are in the agreement's currency, `markup` is a fraction (0.05 = 5 %)."""

    code: str
    kind: str
    name: str
    tax_class: str = "standard"
    supply: str = "services"
    unit: str = ""
    project: str | None = None
    rate_card: str | None = None
    rounding: str = "exact"
    increment_seconds: int = 1
    minimum_seconds: int = 0
    markup: Decimal = Decimal(0)
    price: Decimal | None = None
    quantity: Decimal = Decimal(1)
    interval: str | None = None
    interval_count: int = 1
    alignment: str = "calendar"
    anchor: date | None = None
    timing: str = "arrears"
    proration: str = "by_day"
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class VersionInput:
    """The complete terms of an agreement from a day on; `payment_days` None are the account's."""

    valid_from: date
    charges: tuple[ChargeInput, ...]
    payment_days: int | None = None
    purchase_order: str | None = None
    review: str = "peer"
    grouping: str = "person"
    consolidate: bool = False
    time_annex: bool = True
    prices_include_tax: bool = False
    cap: Decimal | None = None
    cap_behaviour: str = "block"


OF_EVERY_KIND: Final = frozenset({"code", "kind", "name", "tax_class", "supply", "unit"})

KINDS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # kind: what it needs, what it takes besides
    "time": (frozenset({"rate_card"}), frozenset({"project", "rounding", "increment_seconds", "minimum_seconds"})),
    "expense": (frozenset(), frozenset({"project", "markup"})),
    "milestone": (frozenset({"price"}), frozenset({"project"})),
    "recurring": (
        frozenset({"price", "interval"}),
        frozenset({"quantity", "interval_count", "alignment", "anchor", "timing", "proration"}),
    ),
    "one_off": (frozenset({"price", "due_on"}), frozenset({"quantity"})),
}

CHOICES: Final = {
    "tax_class": TAX_CLASSES, "supply": models.SUPPLIES, "rounding": models.ROUNDINGS, "interval": models.INTERVALS,
    "alignment": models.ALIGNMENTS, "timing": models.TIMINGS, "proration": models.PRORATIONS,
    "review": models.REVIEWS, "grouping": models.GROUPINGS, "cap_behaviour": models.CAP_BEHAVIOURS,
}


def problems_of(version: VersionInput, currency: str, cards: Mapping[str, str]) -> list[Problem]:
    """Everything wrong with the terms in themselves; `cards` are the currencies of the known rate cards by code."""
    found = [*_choices(version, "")]
    if version.cap is not None and not _is_amount(version.cap, currency):
        found.append(Problem("cap", f"{version.cap} {currency} is not an amount.", "Give whole minor units."))
    if not version.charges:
        found.append(Problem("charges", "The agreement bills nothing.", "Give at least one charge."))
    codes: set[str] = set()
    for i, charge in enumerate(version.charges):
        path = f"charges[{i}]."
        if charge.code in codes:
            found.append(Problem(f"{path}code", f"There is another charge “{charge.code}”.", "Give each its own."))
        codes.add(charge.code)
        found += _of_charge(charge, path, currency, cards)
    return found


def _of_charge(charge: ChargeInput, path: str, currency: str, cards: Mapping[str, str]) -> Iterator[Problem]:
    if charge.kind not in KINDS:
        yield Problem(f"{path}kind", f"“{charge.kind}” is not a kind of charge.", f"Use {', '.join(KINDS)}.")
        return
    yield from _choices(charge, path)
    needed, taken = KINDS[charge.kind]
    endless = [name for name in ("price", "quantity", "markup") if not _is_number(getattr(charge, name))]
    yield from (Problem(path + name, f"{getattr(charge, name)} is no number.", "Give one.") for name in endless)
    if endless:
        return
    for field in fields(charge):
        value = getattr(charge, field.name)
        if field.name in needed and value is None:
            yield Problem(path + field.name, f"A {charge.kind} charge needs it.", f"Give {field.name}.")
        elif field.name not in needed | taken | OF_EVERY_KIND and value != field.default:
            yield Problem(path + field.name, f"A {charge.kind} charge takes none.", "Leave it out.")
    yield from _numbers(charge, path, currency)
    yield from _relations(charge, path, currency, cards)


def _numbers(charge: ChargeInput, path: str, currency: str) -> Iterator[Problem]:
    price = charge.price
    if price is not None and not _fits(price, PRICE_DECIMALS):
        yield Problem(f"{path}price", f"{price} is too fine or too large.", "Use at most 8 decimals.")
    elif price is not None and charge.kind == "milestone" and not _is_amount(price, currency):
        yield Problem(f"{path}price", f"{price} {currency} is not an amount.", "Give whole minor units, zero or more.")
    if not _fits(charge.quantity, QUANTITY_DECIMALS) or charge.quantity < 0:
        yield Problem(f"{path}quantity", f"{charge.quantity} is no quantity.", "Zero or more, at most 6 decimals.")
    if not _fits(charge.markup, PRICE_DECIMALS) or charge.markup <= -1:
        yield Problem(f"{path}markup", f"{charge.markup} is no mark-up.", "5 % is 0.05.")
    for name in ("increment_seconds", "interval_count"):
        if getattr(charge, name) < 1:
            yield Problem(path + name, f"{getattr(charge, name)} is less than one.", "Give one or more.")


def _relations(charge: ChargeInput, path: str, currency: str, cards: Mapping[str, str]) -> Iterator[Problem]:
    if charge.rounding == "exact" and charge.increment_seconds != 1:
        yield Problem(f"{path}rounding", "Exact time is not rounded to an increment.", "Use up or nearest.")
    if charge.rounding != "exact" and charge.increment_seconds == 1:
        yield Problem(f"{path}increment_seconds", f"Rounding {charge.rounding} needs an increment.", "Give it, as 900.")
    if (charge.alignment == "anchored") != (charge.anchor is not None):
        yield Problem(f"{path}anchor", "Anchored periods need their anchor day, periods of the calendar take none.",
                      "Give both alignment and anchor, or neither.")
    card = charge.rate_card
    if card is not None and card not in cards:
        known = ", ".join(sorted(cards)) or "none yet"
        yield Problem(f"{path}rate_card", f"There is no rate card “{card}”.", f"Known: {known}.")
    elif card is not None and cards[card] != currency:
        yield Problem(f"{path}rate_card", f"“{card}” is in {cards[card]}, the agreement in {currency}.",
                      f"Use a card in {currency}.")


def _choices(terms: Any, path: str) -> Iterator[Problem]:
    for field in fields(terms):
        value = getattr(terms, field.name)
        if field.name in CHOICES and value is not None and value not in CHOICES[field.name]:
            yield Problem(path + field.name, f"“{value}” is not known.", f"Use {', '.join(CHOICES[field.name])}.")


def _is_number(value: Decimal | None) -> bool:
    return value is None or value.is_finite()


def _fits(value: Decimal, decimals: int) -> bool:
    return abs(value) < LARGEST and value == round(value, decimals)


def _is_amount(value: Decimal, currency: str) -> bool:
    return _is_number(value) and value >= 0 and _fits(value, exponent(currency))


def differences(agreed: VersionInput, given: VersionInput) -> Iterator[Problem]:
    """Where terms given for a day are not those agreed for it, by path of the given ones."""
    remedy = f"Agreed terms stay as they are: give a new version from a day after {day(agreed.valid_from)}."
    yield from _differing(agreed, given, "", remedy)
    before = {charge.code: charge for charge in agreed.charges}
    for i, charge in enumerate(given.charges):
        if charge.code in before:
            yield from _differing(before[charge.code], charge, f"charges[{i}].", remedy)
        else:
            text = f"The charge “{charge.code}” was not agreed from {agreed.valid_from}."
            yield Problem(f"charges[{i}]", text, remedy)
    for code in sorted(set(before) - {charge.code for charge in given.charges}):
        yield Problem("charges", f"The charge “{code}” was agreed from {day(agreed.valid_from)} and is left out.",
                      remedy)


def _differing(agreed: Any, given: Any, path: str, remedy: str) -> Iterator[Problem]:
    for field in fields(agreed):
        before, now = getattr(agreed, field.name), getattr(given, field.name)
        if field.name != "charges" and before != now:
            yield Problem(path + field.name, f"{_shown(before)} was agreed, not {_shown(now)}.", remedy)


def _shown(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else "nothing" if value is None else str(value)
