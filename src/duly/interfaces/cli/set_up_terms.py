"""Terms of a set-up file as the verbs take them, and where in the file each of them stands, in the file's own words."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final, TypeVar

from duly.billing.agreements.terms import ChargeInput, DiscountInput, LimitInput, PhaseInput, TierInput, VersionInput
from duly.formats.setup_file import terms as file
from duly.formats.setup_file.charges import OF_MONEY

T = TypeVar("T")

KEYS: Final = {"rate": "percent", "package_size": "size"}
"""What the file calls a term of a charge by another name, whatever the charge."""


def agreed_terms(version: file.Version) -> VersionInput:
    """The version as the verbs take it."""
    return VersionInput(
        charges=tuple(map(_charge, version.charges)),
        discounts=tuple(as_input(DiscountInput, one) for one in version.discounts),
        **_own(VersionInput, version, {"charges", "discounts"}))


def _charge(charge: file.Charge) -> ChargeInput:
    return ChargeInput(
        tiers=tuple(as_input(TierInput, one) for one in charge.tiers),
        phases=tuple(as_input(PhaseInput, one) for one in charge.phases),
        limits=tuple(as_input(LimitInput, one) for one in charge.limits),
        **_own(ChargeInput, charge, {"tiers", "phases", "limits"}))


def as_input(kind: type[T], described: Any) -> T:
    """The domain's input of the same field names as the file's part."""
    return kind(**_own(kind, described, set()))


def _own(kind: type[Any], described: Any, without: set[str]) -> dict[str, Any]:
    return {one.name: getattr(described, one.name) for one in fields(kind) if one.name not in without}


def places_of(version: file.Version) -> dict[str, str]:
    """Where the version's terms stand in the file, in itself or in the version that they are taken over from: by the
    verbs' path, the nearest one first."""
    found: dict[str, str] = {}
    for i, charge in enumerate(version.charges):
        for path, key in _renamed(charge):
            found[f"charges[{i}].{path}"] = f"{charge.path}.{key}"
        found[f"charges[{i}]"] = charge.path
    for i, discount in enumerate(version.discounts):
        found[f"discounts[{i}].rate"] = f"{discount.path}.percent"
        found[f"discounts[{i}].off"] = f"{discount.path}.amount"
        found[f"discounts[{i}]"] = discount.path
    return found


def _renamed(charge: file.Charge) -> Iterator[tuple[str, str]]:
    """Paths in a charge whose key in the file has another name."""
    yield from KEYS.items()
    yield "grants", f"grants_{'value' if charge.grants_of == 'value' else 'hours'}"
    if charge.kind in OF_MONEY:
        yield from ((f"tiers[{place}].price", f"tiers[{place}].percent") for place in range(len(charge.tiers)))
    yield from ((f"phases[{place}].begins_on", f"phases[{place}].from") for place in range(len(charge.phases)))
