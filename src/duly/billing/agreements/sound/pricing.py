"""How the parts of a price hold together: models, tiers, packages, phases, trials, retainers, limits."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from duly.billing.agreements.sound.numbers import is_amount, is_number, refusal
from duly.billing.agreements.terms import ChargeInput
from duly.billing.kernel.errors import Problem
from duly.engine.pricing.rates import folded
from duly.engine.pricing.tiers import MODELS as QUANTITY_MODELS

TIERED: Final = ("graduated", "volume", "stair_step", "graduated_percentage")
MODELS_OF: Final = {
    "recurring": QUANTITY_MODELS, "usage": QUANTITY_MODELS, "percentage": ("percentage", "graduated_percentage"),
    "balance": ("balance",),
}
"""The models that a kind can be priced by, the usual one first."""
LONGEST_CATEGORY: Final = 100


def of_pricing(charge: ChargeInput, path: str) -> Iterator[Problem]:
    """What is missing or too much for the model, and what contradicts itself."""
    models = MODELS_OF.get(charge.kind, ("per_unit",))
    if charge.model not in models:
        yield Problem(f"{path}model", f"A {charge.kind} charge is not priced so.", f"Use {', '.join(models)}.")
        return
    yield from _price(charge, path)
    yield from _tiers(charge, path)
    yield from _phases(charge, path)
    yield from _covering(charge, path)
    if charge.minimum is not None and charge.maximum is not None and charge.minimum > charge.maximum:
        yield Problem(f"{path}maximum", f"{charge.maximum} is below the minimum.", "Give at least the minimum.")
    if charge.trial_days is not None and charge.trial_until is not None:
        yield Problem(f"{path}trial_until", "A trial has a length or an end.", "Give trial_days or trial_until.")
    if charge.trial_price is not None and charge.trial_days is None and charge.trial_until is None:
        yield Problem(f"{path}trial_price", "There is no trial.", "Give trial_days or trial_until, or no price of one.")


def _price(charge: ChargeInput, path: str) -> Iterator[Problem]:
    """The one number that a model is priced by."""
    tiered = charge.model in TIERED or (charge.model == "balance" and bool(charge.tiers))
    by = "rate" if charge.kind in ("percentage", "balance") else "price"
    if charge.kind not in MODELS_OF:
        return
    given = getattr(charge, by) is not None
    if given and tiered:
        yield Problem(path + by, "Its tiers say what it costs.", f"Leave {by} out.")
    elif not given and not tiered:
        yield Problem(path + by, f"The model {charge.model} needs it.", f"Give {by}.")
    if (charge.model == "package") != (charge.package_size is not None):
        yield Problem(f"{path}package_size", "A package has a size, nothing else has one.",
                      "Give the units in one, as 1000, with the model package.")
    elif charge.package_size == 0:
        yield Problem(f"{path}package_size", "A package of nothing holds nothing.", "Give the units in one, as 1000.")


def _tiers(charge: ChargeInput, path: str) -> Iterator[Problem]:
    wanted = charge.model in TIERED
    if wanted and not charge.tiers:
        yield Problem(f"{path}tiers", f"The model {charge.model} needs tiers.", "Give at least one.")
    if charge.tiers and not wanted and charge.model != "balance":
        yield Problem(f"{path}tiers", f"The model {charge.model} takes none.", "Leave them out.")
    above = None
    for place, tier in enumerate(charge.tiers):
        here = f"{path}tiers[{place}]."
        last = place == len(charge.tiers) - 1
        numbers = (("up_to", tier.up_to), ("price", tier.price), ("flat", tier.flat))
        refused = [Problem(here + name, *why) for name, value in numbers
                   if value is not None and (why := refusal(name, value))]
        yield from refused
        if refused:
            continue
        if (tier.up_to is None) != last:
            yield Problem(f"{here}up_to", "The last tier is open, and only the last.",
                          "Say up to where each other tier goes.")
        elif tier.up_to is not None and tier.up_to <= (above or 0):
            yield Problem(f"{here}up_to", f"{tier.up_to} is not beyond {above or 0}, where the tier begins.",
                          "Give tiers in rising order.")
        above = tier.up_to


def _phases(charge: ChargeInput, path: str) -> Iterator[Problem]:
    for place, phase in enumerate(charge.phases):
        here = f"{path}phases[{place}]."
        if phase.price is None and phase.quantity is None:
            yield Problem(f"{here}price", "The phase changes nothing.", "Give a price or a quantity.")
        if phase.price is not None and charge.model in TIERED:
            yield Problem(f"{here}price", "Its tiers say what it costs.", "Give a quantity only.")
        for name in ("price", "quantity"):
            value = getattr(phase, name)
            if value is not None and (why := refusal(name, value)):
                yield Problem(here + name, *why)
    for place, (one, two) in enumerate(pairwise(charge.phases), start=1):
        if two.begins_on <= one.begins_on:
            yield Problem(f"{path}phases[{place}].begins_on", "It does not begin after the one before.",
                          "Give phases in the order of their days.")


def _covering(charge: ChargeInput, path: str) -> Iterator[Problem]:
    if charge.grants is not None and charge.grants <= 0:
        yield Problem(f"{path}grants", "A retainer grants more than nothing.", "Give seconds, or an amount.")
    if charge.grants is None and (charge.rollover or charge.borrow):
        yield Problem(f"{path}rollover", "There is nothing granted that could roll over.", "Give grants.")
    if charge.code in charge.covers:
        yield Problem(f"{path}covers", "A charge does not cover itself.", "Name other charges.")


def of_limits(charge: ChargeInput, path: str, currency: str) -> Iterator[Problem]:
    """What is wrong with the limits of an expense charge; no other has any."""
    limits = charge.limits if charge.kind == "expense" else ()
    for place, limit in enumerate(limits):
        here, category = f"{path}limits[{place}].", limit.category.strip()
        if not 0 < len(category) <= LONGEST_CATEGORY:
            yield Problem(f"{here}category", f"It has {len(category)} characters.", f"Give 1 to {LONGEST_CATEGORY}.")
        elif folded(category) in {folded(one.category) for one in limits[:place]}:
            yield Problem(f"{here}category", f"“{category}” has another limit.",
                          "Give each category one, whatever its case.")
        at_most = limit.at_most
        if not (is_number(at_most) and at_most > 0 and is_amount(at_most, currency)):
            yield Problem(f"{here}at_most", f"{at_most} {currency} is not an amount above zero.",
                          "Give whole minor units.")
