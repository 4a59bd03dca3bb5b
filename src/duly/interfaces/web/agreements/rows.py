"""Rows within the editor: tiers, phases and limits of a charge, discounts of the whole.

A page lists the rows in hidden fields named by their prefix, such as `2-usage-tiers`, each with a number that is part
of its fields' prefix: what is removed leaves the others as they are. They are added and moved by the form alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import QueryDict

from duly.billing.agreements.terms import DiscountInput, LimitInput, PhaseInput, TierInput
from duly.billing.kernel.errors import Problem
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.agreements.fields import Cards, Day, Plain, Rate

MOST: Final = 60
"""Rows of one table."""


class Row(Form):
    """A row; one in which nothing is given is none."""

    said = "row"
    asked = ""
    """The field that is to be written in first."""
    table, another = "", ""
    """What a table within a group is called, and its button for another row."""

    def __init__(self, *args: Any, place: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.place = place

    def number(self, number: int) -> None:
        """Name each field for who hears and does not see the table."""
        self.title = f"{self.said} {number}"
        for bound in self.visible_fields():
            if bound.use_fieldset:  # each of its boxes has a label of its own
                continue
            bound.field.widget.attrs["aria-label"] = f"{bound.label}, {self.title}"

    @property
    def empty(self) -> bool:
        return not any(self[name].value() for name in self.fields if name not in ("scope",))

    def value(self) -> Any:
        """What the row says; each kind of row as the terms take it."""
        return dict(self.cleaned_data)


class Tier(Row):
    """A tier of quantities, up to and including one; the last has no end."""

    said, asked = "tier", "up_to"
    up_to = Plain(label="Up to", required=False, decimal_places=6)
    price = Plain(label="Price of each", required=False)
    flat = Plain(label="Flat", required=False)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """No flat price is left empty."""
        found = super().get_initial_for_field(field, field_name)
        return None if field_name == "flat" and not found else found

    def value(self) -> TierInput:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return TierInput(given.pop("up_to", None), **given)


class MoneyTier(Tier):
    """A tier of money, priced in percent."""

    price = Rate(label="Percent", required=False)  # type: ignore[assignment]  # what it keeps is a fraction as well


class Phase(Row):
    """From a day on another price or quantity."""

    said, asked = "phase", "begins_on"
    table, another = "Later prices and quantities", "From a day on another price or quantity"
    begins_on = Day(label="From", required=False)
    price = Plain(label="Price", required=False)
    quantity = Plain(label="Quantity", required=False, decimal_places=6)

    def clean(self) -> dict[str, Any]:
        if not self.empty and self.cleaned_data.get("begins_on") is None and "begins_on" not in self.errors:
            self.add_error("begins_on", "A phase begins on a day.")
        return self.cleaned_data

    def value(self) -> PhaseInput:
        return PhaseInput(**self.cleaned_data)


class Limit(Row):
    """The most that an expense of a category is billed at."""

    said, asked = "limit", "category"
    table, another = "Limits of categories", "Limit a category"
    category = forms.CharField(label="Category", max_length=100, required=False)
    at_most = Plain(label="At most, each", required=False, decimal_places=4)

    def clean(self) -> dict[str, Any]:
        for name, missing in (("category", "Name the category."), ("at_most", "Give the most that one is billed at.")):
            if not self.empty and self.cleaned_data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, missing)
        return self.cleaned_data

    def value(self) -> LimitInput:
        return LimitInput(**self.cleaned_data)


class Discount(Row):
    """A discount in percent or as an amount, of the whole or of some charges."""

    said, asked = "discount", "name"
    name = forms.CharField(label="Name on the invoice", max_length=100, required=False)
    rate = Rate(label="Percent", required=False)
    off = Plain(label="or amount", required=False, decimal_places=4)
    scope = forms.ChoiceField(label="On", choices=(
        ("agreement", "All of the agreement"), ("charge", "Some charges"), ("invoice", "The whole invoice")))
    charges = Cards(label="Which charges")

    def clean(self) -> dict[str, Any]:
        if not self.empty and not self.cleaned_data.get("name") and "name" not in self.errors:
            self.add_error("name", "A discount has a name.")
        return self.cleaned_data

    def value(self) -> DiscountInput:
        given = dict(self.cleaned_data)
        given["charges"] = tuple(given["charges"]) if given["scope"] == "charge" else ()
        return DiscountInput(**given)


@dataclass(frozen=True, slots=True)
class Change:
    """A button of a row: what to do, and the prefix of its table or row."""

    act: str
    prefix: str


ACTS: Final = ("add_row", "remove_row", "raise_row")
"""What the buttons of rows are called."""


def pressed(data: QueryDict) -> Change | None:
    """The button of a row that sent the form, if it was one."""
    return next((Change(act, str(data[act])) for act in ACTS if act in data), None)


class Rows:
    """The rows of a table of a form, in their order: as sent, else as the form begins, else `blank` empty ones."""

    def __init__(self, kind: type[Row], name: str, form: Form, blank: int = 0) -> None:
        self.kind, self.prefix = kind, form.add_prefix(name)
        if form.is_bound:
            data: QueryDict = form.data  # type: ignore[assignment]
            sent = dict.fromkeys(word for word in data.getlist(self.prefix) if word.isascii() and word.isdigit())
            self.forms = [self._row(int(word[:4]), data) for word in list(sent)[:MOST]]
        else:
            begun = [*form.initial.get(name, ())] or [{}] * blank
            self.forms = [self._row(place, None, values) for place, values in enumerate(begun)]
        self._numbered()

    def _row(self, place: int, data: QueryDict | None, values: Mapping[str, Any] | None = None) -> Row:
        return self.kind(data, place=place, prefix=f"{self.prefix}-{place}", initial=values or {})

    def _numbered(self) -> None:
        for number, form in enumerate(self.forms, 1):
            form.number(number)

    def forgive(self) -> None:
        """Show what was typed and judge nothing, as a form does."""
        for form in self.forms:
            form.forgive()

    def change(self, change: Change) -> None:
        """Add an empty row at the end, take one away, or put one before the one before it."""
        if change.act == "add_row" and change.prefix == self.prefix and len(self.forms) < MOST:
            row = self._row(max((form.place for form in self.forms), default=-1) + 1, None)
            row.fields[self.kind.asked].widget.attrs["autofocus"] = True
            self.forms.append(row)
        named = next((form for form in self.forms if form.prefix == change.prefix), None)
        if named and change.act == "remove_row":
            self.forms.remove(named)
        elif named and change.act == "raise_row":
            at = self.forms.index(named)
            self.forms.insert(max(at - 1, 0), self.forms.pop(at))
        self._numbered()

    @property
    def table(self) -> str:
        return self.kind.table

    @property
    def another(self) -> str:
        return self.kind.another

    @property
    def columns(self) -> list[forms.Field]:
        """The fields of a row, for the head of the table."""
        return list(self.kind.base_fields.values())

    @property
    def filled(self) -> list[Row]:
        """The rows that say something; the i-th of a problem's path is the i-th of them."""
        return [form for form in self.forms if not form.empty]

    def is_valid(self) -> bool:
        return all(form.is_valid() for form in self.filled)

    def values(self) -> tuple[Any, ...]:
        return tuple(form.value() for form in self.filled)

    def object(self, place: int, field: str, problem: Problem) -> bool:
        """Whether the problem stands beside a field of one of the rows now."""
        if place >= len(self.filled):
            return False
        form = self.filled[place]
        form.add_error(field if field in form.fields else None, f"{problem.text} {problem.remedy}".strip())
        return True
