"""What makes terms wrong in themselves: which terms each kind of charge needs and takes, and how they hold together.

One table says what a kind needs and takes; the rest follows from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from duly.billing.agreements import charges as known
from duly.billing.agreements.models import CAP_BEHAVIOURS, GROUPINGS, REVIEWS
from duly.billing.agreements.sound.numbers import is_amount, is_number, refusal
from duly.billing.agreements.sound.pricing import of_limits, of_pricing
from duly.billing.agreements.terms import ChargeInput, DiscountInput, VersionInput
from duly.billing.kernel.errors import Problem
from duly.billing.reference.models import TAX_CLASSES
from duly.engine.pricing.discounts import SCOPES
from duly.engine.pricing.proration import PRORATIONS

OF_EVERY_KIND: Final = frozenset({"code", "kind", "name", "tax_class", "supply", "unit"})
PERIOD: Final = frozenset({"interval_count", "alignment", "anchor"})
BY_QUANTITY: Final = frozenset({"model", "tiers", "price", "included", "package_size", "minimum", "maximum"})
RETAINER: Final = frozenset({"grants", "grants_of", "rollover", "borrow", "covers"})
TRIAL: Final = frozenset({"trial_days", "trial_until", "trial_price"})

KINDS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # kind: what it needs, what it takes besides
    "time": (frozenset({"rate_card"}), frozenset({
        "project", "rounding", "increment_seconds", "minimum_seconds", "weekend_factor", "overtime_factor",
        "overtime_after_seconds"})),
    "expense": (frozenset(), frozenset({"project", "markup", "limits"})),
    "milestone": (frozenset({"price"}), frozenset({"project"})),
    "recurring": (frozenset({"interval"}), PERIOD | BY_QUANTITY | RETAINER | TRIAL | {
        "quantity", "timing", "proration", "proration_down", "phases"}),
    "usage": (frozenset({"interval", "metric"}), PERIOD | BY_QUANTITY),
    "percentage": (frozenset({"interval", "metric"}), PERIOD | {
        "model", "tiers", "rate", "fixed", "minimum_fee", "maximum_fee", "free_count", "free_amount", "minimum",
        "maximum"}),
    "balance": (frozenset({"interval", "metric"}), PERIOD | {
        "model", "tiers", "rate", "basis", "day_count", "minimum", "maximum"}),
    "one_off": (frozenset({"price", "due_on"}), frozenset({"quantity"})),
    "commitment": (frozenset({"price", "interval"}), PERIOD | {"covers"}),
    "deposit": (frozenset({"price", "due_on"}), frozenset()),
    "credit": (frozenset({"price", "due_on"}), frozenset({"covers", "priority", "expires_on", "untaxed"})),
}

CHOICES: Final = {
    "tax_class": TAX_CLASSES, "supply": known.SUPPLIES, "rounding": known.ROUNDINGS, "interval": known.INTERVALS,
    "alignment": known.ALIGNMENTS, "timing": known.TIMINGS, "proration": PRORATIONS, "proration_down": PRORATIONS,
    "review": REVIEWS, "grouping": GROUPINGS, "cap_behaviour": CAP_BEHAVIOURS, "model": known.MODELS,
    "basis": known.BASES, "day_count": known.DAY_COUNTS, "grants_of": known.GRANTS, "scope": tuple(SCOPES),
}
A_DAY: Final = 86_400
AMOUNTS: Final = ("minimum", "maximum")
WHOLE: Final = ("milestone", "commitment", "deposit", "credit")
"""Kinds whose price is an amount that is posted as it stands."""


def problems_of(version: VersionInput, currency: str, cards: Mapping[str, str],
                metrics: Mapping[str, str]) -> list[Problem]:
    """Everything wrong with the terms in themselves; `cards` are the currencies of the known rate cards by code,
    `metrics` the names of the known metrics by theirs."""
    found = [*_choices(version, "")]
    if version.cap is not None and not is_amount(version.cap, currency):
        found.append(Problem("cap", f"{version.cap} {currency} is not an amount.", "Give whole minor units."))
    if not version.charges:
        found.append(Problem("charges", "The agreement bills nothing.", "Give at least one charge."))
    found += _progressive(version, currency)
    kinds: dict[str, str] = {}
    for i, charge in enumerate(version.charges):
        path = f"charges[{i}]."
        if charge.code in kinds:
            found.append(Problem(f"{path}code", f"There is another charge “{charge.code}”.", "Give each its own."))
        kinds[charge.code] = charge.kind
        found += _of_charge(charge, path, currency, cards, metrics)
    found += [problem for i, charge in enumerate(version.charges)
              for problem in _covers(charge.covers, f"charges[{i}].covers", kinds)]
    for i, discount in enumerate(version.discounts):
        found += _discount(discount, f"discounts[{i}].", currency)
        found += _covers(discount.charges, f"discounts[{i}].charges", kinds)
    return found


def _of_charge(charge: ChargeInput, path: str, currency: str, cards: Mapping[str, str],
               metrics: Mapping[str, str]) -> Iterator[Problem]:
    if charge.kind not in KINDS:
        yield Problem(f"{path}kind", f"“{charge.kind}” is not a kind of charge.", f"Use {', '.join(KINDS)}.")
        return
    yield from _choices(charge, path)
    needed, taken = KINDS[charge.kind]
    refused = [Problem(path + name, *why) for name, value in _numbers(charge) if (why := refusal(name, value))]
    yield from refused
    if any(not is_number(value) for _, value in _numbers(charge)):
        return
    for field in fields(charge):
        value = getattr(charge, field.name)
        if field.name in needed and value is None:
            yield Problem(path + field.name, f"A {_said(charge.kind)} charge needs it.", f"Give {field.name}.")
        elif field.name not in needed | taken | OF_EVERY_KIND and value != field.default:
            yield Problem(path + field.name, f"A {_said(charge.kind)} charge takes none.", "Leave it out.")
    yield from _amounts(charge, path, currency)
    yield from _relations(charge, path, currency, cards, metrics)
    yield from of_pricing(charge, path)
    yield from of_limits(charge, path, currency)


def _said(kind: str) -> str:
    return kind.replace("_", "-")


def _numbers(charge: ChargeInput) -> Iterator[tuple[str, Decimal]]:
    """The terms that are decimals."""
    for field in fields(charge):
        if isinstance(value := getattr(charge, field.name), Decimal):
            yield field.name, value


def _amounts(charge: ChargeInput, path: str, currency: str) -> Iterator[Problem]:
    whole = ("price", *AMOUNTS) if charge.kind in WHOLE else AMOUNTS
    for name in whole:
        amount = getattr(charge, name)
        if amount is not None and not is_amount(amount, currency) and not refusal(name, amount):
            yield Problem(path + name, f"{amount} {currency} is not an amount.", "Give whole minor units, not below 0.")
    for name in ("increment_seconds", "interval_count"):
        if getattr(charge, name) < 1:
            yield Problem(path + name, f"{getattr(charge, name)} is less than one.", "Give one or more.")
    for name in ("minimum_seconds", "trial_days", "rollover", "free_count", "priority"):
        if (getattr(charge, name) or 0) < 0:
            yield Problem(path + name, f"{getattr(charge, name)} is less than zero.", "Give zero or more.")


def _relations(charge: ChargeInput, path: str, currency: str, cards: Mapping[str, str],
               metrics: Mapping[str, str]) -> Iterator[Problem]:
    if charge.rounding == "exact" and charge.increment_seconds != 1:
        yield Problem(f"{path}rounding", "Exact time is not rounded to an increment.", "Use up or nearest.")
    if charge.rounding != "exact" and charge.increment_seconds == 1:
        yield Problem(f"{path}increment_seconds", f"Rounding {charge.rounding} needs an increment.", "Give it, as 900.")
    yield from _overtime(charge, path)
    if (charge.alignment == "anchored") != (charge.anchor is not None):
        yield Problem(f"{path}anchor", "Anchored periods need their anchor day, periods of the calendar take none.",
                      "Give both alignment and anchor, or neither.")
    card = charge.rate_card
    if card is not None and card not in cards:
        listed = ", ".join(sorted(cards)) or "none yet"
        yield Problem(f"{path}rate_card", f"There is no rate card “{card}”.", f"Known: {listed}.")
    elif card is not None and cards[card] != currency:
        yield Problem(f"{path}rate_card", f"“{card}” is in {cards[card]}, the agreement in {currency}.",
                      f"Use a card in {currency}.")
    if charge.metric is not None and charge.metric not in metrics:
        listed = ", ".join(sorted(metrics)) or "none yet"
        yield Problem(f"{path}metric", f"There is no metric “{charge.metric}”.", f"Known: {listed}.")


def _overtime(charge: ChargeInput, path: str) -> Iterator[Problem]:
    factor, after = charge.overtime_factor, charge.overtime_after_seconds
    if factor is not None and after is None:
        yield Problem(f"{path}overtime_after_seconds", "Overtime begins after so many hours of a day.",
                      "Say after how many, or give no factor.")
    elif after is not None and factor is None:
        yield Problem(f"{path}overtime_factor", "Overtime counts so many times its rate.",
                      "Give it, as 1.5, or no hours.")
    if after is not None and not 0 < after <= A_DAY:
        yield Problem(f"{path}overtime_after_seconds", f"{after} seconds are not within a day.",
                      "Give more than nothing, at most 24 hours.")


def _covers(codes: tuple[str, ...], path: str, kinds: Mapping[str, str]) -> Iterator[Problem]:
    for code in codes:
        if code not in kinds:
            yield Problem(path, f"There is no charge “{code}”.", f"Name charges of these terms: {', '.join(kinds)}.")


def _discount(discount: DiscountInput, path: str, currency: str) -> Iterator[Problem]:
    yield from _choices(discount, path)
    rate, off = discount.rate, discount.off
    if (rate is None) == (off is None):
        yield Problem(f"{path}rate", "A discount is a rate or an amount.", "Give rate, as 0.1, or off, as 50.")
    elif rate is not None and not (is_number(rate) and 0 < rate <= 1 and not refusal("rate", rate)):
        yield Problem(f"{path}rate", f"{rate} is no rate.", "Ten per cent is 0.1; at most 1.")
    elif off is not None and not (is_number(off) and off > 0 and is_amount(off, currency)):
        yield Problem(f"{path}off", f"{off} {currency} is not an amount above zero.", "Give whole minor units.")
    if (discount.scope == "charge") != bool(discount.charges):
        yield Problem(f"{path}charges", "A discount of charges names them, any other names none.",
                      "Give their codes with the scope charge.")


def _progressive(version: VersionInput, currency: str) -> Iterator[Problem]:
    steps = version.progressive_thresholds
    rising = all(one < two for one, two in zip((Decimal(0), *steps), steps, strict=False))
    if not all(is_amount(step, currency) for step in steps) or not rising:
        yield Problem("progressive_thresholds", "They do not rise from above zero.", "Give them as 1000, 5000.")
    every = version.progressive_every
    if every is not None and not (is_amount(every, currency) and every > 0):
        yield Problem("progressive_every", f"{every} is not an amount above zero.", "Give it as 1000.")


def _choices(terms: Any, path: str) -> Iterator[Problem]:
    for field in fields(terms):
        value = getattr(terms, field.name)
        if field.name in CHOICES and value is not None and value not in CHOICES[field.name]:
            yield Problem(path + field.name, f"“{value}” is not known.", f"Use {', '.join(CHOICES[field.name])}.")
