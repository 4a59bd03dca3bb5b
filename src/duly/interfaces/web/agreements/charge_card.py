"""What the cards of charges share in the editor: usual fields first, others in groups, tables of tiers and the like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms

from duly.billing.agreements.sound import KINDS as TAKEN
from duly.billing.agreements.sound import OF_EVERY_KIND
from duly.billing.agreements.sound.pricing import TIERED
from duly.billing.agreements.terms import ChargeInput
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.agreements.forms import Offered, choice
from duly.interfaces.web.agreements.rows import Limit, Phase, Row, Rows, Tier

USUAL: Final = {"tax_class": "standard", "supply": "services", "rounding": "exact", "interval_count": "1",
                "proration": "by_day", "alignment": "calendar", "day_count": "act_365", "grants_of": "time"}
"""What the lesser fields of a charge mostly hold, where that is something."""
NUMBERS: Final = {"included": Decimal(0), "fixed": Decimal(0), "free_amount": Decimal(0), "free_count": 0,
                  "rollover": 0, "priority": 0, "interval_count": 1, "increment_seconds": 1, "minimum_seconds": 0}
"""What a number stands for that is left empty and cannot be nothing."""
IN_TIERS: Final = (*TIERED, "tiers")
"""What the field `model` says where a charge is priced by a table; of a balance, which has one model, `tiers`."""
NEEDED: Final = ("price", "rate", "package_size")
"""Fields of which each is needed, unless the model hides it."""

Groups = tuple[tuple[str, tuple[str, ...]], ...]
"""Titles with the names of fields."""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are folded away; `opened` where one is not as usual, or wrong."""

    title: str
    fields: list[forms.BoundField]
    rows: Rows | None

    @property
    def opened(self) -> bool:
        told = any(field.errors or (field.name != "unit" and _said(field) not in ("", USUAL.get(field.name, "")))
                   for field in self.fields)
        return told or bool(self.rows and self.rows.forms)


def _said(field: forms.BoundField) -> str:
    value = field.value()
    return "" if value in (None, False, []) else str(value)


class Charge(Form):
    """What every kind of charge has. `code` names it through all versions; a new one's follows from its name."""

    kind, title, icon = "", "", ""
    more: Groups = (("More: tax, unit", ("tax_class", "supply", "unit")),)
    tier: type[Tier] | None = None
    phased = False
    limited = False
    do_not_call_in_templates = True  # the kinds that a card may be added of are classes
    code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="Name on the invoice", max_length=200)
    tax_class = choice("tax_class", "Tax", initial="standard")
    supply = choice("supply", "What is sold", initial="services")
    unit = forms.CharField(max_length=20, required=False)

    def __init__(self, *args: Any, offered: Offered, **options: Any) -> None:
        super().__init__(*args, **options)
        if offered.agreement is None:
            self.fields.pop("project", None)
        for name in {"project", "rate_card", "metric"} & {*self.fields}:
            self.fields[name].choices = getattr(offered, name)  # type: ignore[attr-defined]
        self.tiers = Rows(self.tier, "tiers", self, blank=2) if self.tier else None
        self.phases = Rows(Phase, "phases", self) if self.phased else None
        self.limits = Rows(Limit, "limits", self) if self.limited else None
        self.curve: object | None = None
        for name in {*NEEDED} & {*self.fields}:
            self.fields[name].required = not (self.is_bound and name in _idle(self.priced_by))

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """What is nothing is left empty."""
        found = super().get_initial_for_field(field, field_name)
        return None if field_name in NUMBERS and found == NUMBERS[field_name] == 0 else found

    @property
    def first(self) -> list[forms.BoundField]:
        """The fields that are always shown."""
        lesser = {name for _, names in self.more for name in names}
        return [field for field in self.visible_fields() if field.name not in lesser]

    @property
    def groups(self) -> list[Group]:
        """The fields that mostly stay as they are."""
        return [Group(title, [self[name] for name in names if name in self.fields],
                      self.phases if "trial_days" in names else self.limits if "limits" in names else None)
                for title, names in self.more]

    @property
    def priced_by(self) -> str:
        """How the charge is priced, as far as that is chosen."""
        return str(self["model"].value() or "") if "model" in self.fields else ""

    @property
    def tables(self) -> dict[str, Rows]:
        """The tables that count, by their names in the terms: tiers only where the model has them."""
        tiers = self.tiers if self.priced_by in IN_TIERS else None
        named = {"tiers": tiers, "phases": self.phases, "limits": self.limits}
        return {name: table for name, table in named.items() if table}

    @property
    def rows(self) -> list[Row]:
        """The rows that count."""
        return [row for table in self.tables.values() for row in table.filled]

    def offer(self, others: Sequence["Charge"]) -> None:
        """The other cards, by name, as what this one may cover."""
        if "covers" in self.fields:
            self.fields["covers"].choices = named(others)  # type: ignore[attr-defined]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(table.is_valid() for table in self.tables.values())])

    def terms(self, code: str, codes: Mapping[str, str]) -> ChargeInput:
        """The charge under its code; `codes` are those of the cards by their prefixes. What was left empty stands for
        what is usual, and what the model does not take is left out."""
        given = {**self.cleaned_data, "code": code, "kind": self.kind,
                 **{name: table.values() for name, table in self.tables.items()}}
        given["covers"] = tuple(codes[card] for card in given.get("covers", ()) if card in codes)
        needed, taken = TAKEN[self.kind]
        return ChargeInput(**{name: value for name, value in given.items() if name in OF_EVERY_KIND | needed | taken})

    def clean(self) -> dict[str, Any]:
        found = {name: NUMBERS.get(name) if value in (None, "") and name not in ("unit", "model") else value
                 for name, value in self.cleaned_data.items()}
        for name in _idle(self.priced_by):
            if name in found:
                found[name] = NUMBERS.get(name)
        return found


def _idle(model: str) -> tuple[str, ...]:
    """Fields that a model hides: what they still hold is not meant."""
    found: tuple[str, ...] = () if model == "package" else ("package_size",)
    if model in IN_TIERS:
        found += ("price", "rate")
    return (*found, "fixed", "minimum_fee", "maximum_fee", "free_count", "free_amount") if (
        model == "graduated_percentage") else found


def named(cards: Sequence[Charge]) -> list[tuple[str, str]]:
    """Cards as choices, by what they are called so far."""
    return [(str(card.prefix), str(card["name"].value() or f"{card.title}, not named yet")) for card in cards]
