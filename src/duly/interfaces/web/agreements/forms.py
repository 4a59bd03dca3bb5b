"""What is asked to describe an agreement: its head, its terms, and for each kind of charge the fields it has."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from duly.billing.accounts.models import LegalEntity
from duly.billing.agreements.models import Project, RateCard
from duly.billing.agreements.policies import NAMES, Usual, policies
from duly.billing.agreements.terms import ChargeInput
from duly.formats.identities import check_currency
from duly.interfaces.kit.forms import Checked, Form, Once, Standing
from duly.interfaces.web.accounts.forms import Number
from duly.interfaces.web.agreements.fields import Day, Minutes, Percent, Plain

WORDS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "tax_class": (("standard", "Standard rate"), ("reduced", "Reduced rate"), ("zero", "Zero rate"),
                  ("exempt", "Exempt"), ("reduced_2", "Second reduced rate"), ("super_reduced", "Super-reduced rate"),
                  ("parking", "Parking rate")),
    "supply": (("services", "Services"), ("goods", "Goods that go to the client")),
    "rounding": (("exact", "Exact, as recorded"), ("up", "Up to the next step"), ("nearest", "To the nearest step")),
    "interval": (("day", "Day"), ("week", "Week"), ("month", "Month"), ("quarter", "Quarter"),
                 ("half_year", "Half-year"), ("year", "Year")),
    "timing": (("arrears", "Afterwards"), ("advance", "In advance")),
    "alignment": (("calendar", "By the calendar"), ("anchored", "From a day of its own")),
    "proration": (("by_day", "By the day"), ("whole_period", "In full"), ("none", "Not at all")),
    "review": (("none", "Nobody"), ("peer", "A colleague"), ("peer_and_client", "A colleague, then the client")),
    "grouping": (("person", "One line per person"), ("rate", "One line per rate"), ("task", "One line per task"),
                 ("project", "One line per project"), ("entry", "Every entry")),
    "cap_behaviour": (("block", "Stop the invoice"), ("warn", "Warn only")),
}

YES, NO = "on", "no"
YES_OR_NO: Final = ((YES, "Yes"), (NO, "No"))

USUAL: Final = {"tax_class": "standard", "supply": "services", "rounding": "exact", "increment_seconds": "",
                "minimum_seconds": "", "interval_count": "1", "proration": "by_day",
                "alignment": "calendar", "anchor": ""}
"""What the lesser fields of a charge mostly hold."""


def choice(name: str, label: str, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=WORDS[name], **options)


def entities() -> Sequence[tuple[str, str]]:
    return list(LegalEntity.objects.order_by("name").values_list("code", "name"))


def rate_cards() -> Sequence[tuple[str, str]]:
    cards = RateCard.objects.order_by("name").values_list("code", "name", "currency")
    return [("", "Choose a rate card"), *((code, f"{name} ({currency})") for code, name, currency in cards)]


def projects(agreement: str | None) -> Sequence[tuple[str, str]]:
    found = Project.objects.filter(agreement__number=agreement).order_by("code").values_list("code", "name")
    return [("", "Any project"), *((code, f"{name} ({code})") for code, name in found)] if agreement else []


class Head(Once):
    """Who agrees what with whom; stays as long as the agreement."""

    number = forms.CharField(max_length=40)
    name = forms.CharField(max_length=200, help_text="What it is about.")
    account = Number(help_text="Its number; a part of its name finds it.")
    entity = forms.ChoiceField(label="Our company")
    currency = Checked(check_currency, max_length=3)
    ends_on = Day(label="Last day", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["entity"].choices = entities()  # type: ignore[attr-defined]

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if number.split("/")[0] in ("new", "rates") or number.startswith("."):
            raise forms.ValidationError(f"“{number}” is a word of the pages’ addresses. Choose another number.")
        return number


class Terms(Form):
    """What holds for all charges from a day on."""

    valid_from = Day(label="From")
    payment_days = forms.IntegerField(label="Days to pay", min_value=0, max_value=999, required=False,
                                      help_text="Nothing: the account’s.")
    purchase_order = forms.CharField(label="Purchase order", max_length=60, required=False)
    grouping = choice("grouping", "Hours are shown as")
    review = choice("review", "Who checks drafts")
    cap = Plain(label="Cap", required=False, decimal_places=4, help_text="Net, over the whole agreement.")
    cap_behaviour = choice("cap_behaviour", "Beyond the cap")
    consolidate = forms.BooleanField(label="May share an invoice with the account’s other agreements", required=False)
    time_annex = forms.BooleanField(label="List all hours behind the invoice", required=False)
    prices_include_tax = forms.BooleanField(label="Prices include tax", required=False)

    def clean_purchase_order(self) -> str | None:
        return self.cleaned_data["purchase_order"] or None


    def terms(self, usual: Usual) -> dict[str, Any]:
        """What holds, as it was typed; `usual` is for what may be left open."""
        return dict(self.cleaned_data)


class NewTerms(Terms):
    """The terms that a new agreement begins with: what is left as usual is as the company's policy says."""

    field_order = tuple(Terms.base_fields)
    payment_days = forms.IntegerField(label="Days to pay", min_value=0, max_value=999, required=False)
    grouping = forms.ChoiceField(label="Hours are shown as", required=False)
    review = forms.ChoiceField(label="Who checks drafts", required=False)
    time_annex = forms.ChoiceField(  # type: ignore[assignment]  # a third choice besides yes and no
        label="List all hours behind the invoice", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        found = list(policies().values())
        for name, words in (*((name, WORDS[name]) for name in ("grouping", "review")), ("time_annex", YES_OR_NO)):
            usual = {dict(words)[YES if value is True else NO if value is False else value]
                     for value in (getattr(one, name) for one in found)}
            said = f"As usual: {usual.pop().lower()}" if len(usual) == 1 else "As usual at the company"
            self.fields[name].choices = [("", said), *words]  # type: ignore[attr-defined]
        days = {one.payment_days for one in found}
        usually = ("as usual at the company" if len(days) > 1 else
                   "the account’s" if days <= {None} else f"as usual, {days.pop()} days")
        self.fields["payment_days"].help_text = f"Nothing: {usually}."

    def terms(self, usual: Usual) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        left = {name: getattr(usual, name) for name in NAMES if given[name] in (None, "")}
        if given["time_annex"]:
            given["time_annex"] = given["time_annex"] == YES
        return {**given, **left}


class Charge(Form):
    """What every kind of charge has. `code` names it through all versions; a new one's follows from its name."""

    kind, title, icon = "", "", ""
    code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="Name on the invoice", max_length=200)
    tax_class = choice("tax_class", "Tax", initial="standard")
    supply = choice("supply", "What is sold", initial="services")
    unit = forms.CharField(max_length=20, required=False)
    more: tuple[str, ...] = ("tax_class", "supply", "unit")

    def __init__(self, *args: Any, agreement: str | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, choices in (("project", projects), ("rate_card", lambda _: rate_cards())):
            if name in self.fields:
                self.fields[name].choices = choices(agreement)  # type: ignore[attr-defined]
        if agreement is None:
            self.fields.pop("project", None)

    @property
    def first(self) -> list[forms.BoundField]:
        """The fields that are always shown."""
        return [field for field in self.visible_fields() if field.name not in self.more]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The fields that mostly stay as they are."""
        return [field for field in self.visible_fields() if field.name in self.more]

    @property
    def opened(self) -> bool:
        """Whether the rest holds something that is not usual, or wrong."""
        return any(field.errors or str(field.value() or "") != USUAL.get(field.name, str(field.value() or ""))
                   for field in self.rest)

    def terms(self, code: str) -> ChargeInput:
        """The charge under its code; what was left empty stands for what is usual."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "code"}
        return ChargeInput(code=code, kind=self.kind, **given)

    def clean(self) -> dict[str, Any]:
        empty = {"project": None, "anchor": None, "increment_seconds": 1, "minimum_seconds": 0, "interval_count": 1}
        return {name: empty.get(name, value) if value in (None, "") else value
                for name, value in self.cleaned_data.items()}


class Time(Charge):
    kind, title, icon = "time", "Hours", "timer"
    rate_card = forms.ChoiceField(label="Rate card")
    project = forms.ChoiceField(required=False)
    rounding = choice("rounding", "Entries are rounded", initial="exact")
    increment_seconds = Minutes(label="Step in minutes", required=False)
    minimum_seconds = Minutes(label="At least, in minutes", required=False)
    more = ("tax_class", "supply", "unit", "rounding", "increment_seconds", "minimum_seconds")
    field_order = ("name", "rate_card", "project")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if found.get("rounding") == "exact":
            found["increment_seconds"] = 1
        return found


class Expense(Charge):
    kind, title, icon = "expense", "Expenses", "receipt"
    markup = Percent(label="Mark-up in percent", required=False)
    project = forms.ChoiceField(required=False)
    field_order = ("name", "markup", "project")


class Milestone(Charge):
    kind, title, icon = "milestone", "Milestone", "flag"
    price = Plain(label="Amount")
    project = forms.ChoiceField(required=False)
    field_order = ("name", "price", "project")


class Recurring(Charge):
    kind, title, icon = "recurring", "Recurring fee", "repeat"
    price = Plain(label="Price")
    quantity = Plain(decimal_places=6, initial="1")
    interval = choice("interval", "For each", initial="month")
    interval_count = forms.IntegerField(label="Periods at once", min_value=1, max_value=120, initial=1)
    timing = choice("timing", "Billed", initial="arrears")
    proration = choice("proration", "A part of a period is billed", initial="by_day")
    alignment = choice("alignment", "Periods run", initial="calendar")
    anchor = Day(label="From the day", required=False)
    more = ("tax_class", "supply", "unit", "interval_count", "proration", "alignment", "anchor")
    field_order = ("name", "price", "quantity", "interval", "timing")


class OneOff(Charge):
    kind, title, icon = "one_off", "One-off fee", "circle-dot"
    price = Plain(label="Price")
    quantity = Plain(decimal_places=6, initial="1")
    due_on = Day(label="Billed on")
    field_order = ("name", "price", "quantity", "due_on")


KINDS: Final[Mapping[str, type[Charge]]] = {form.kind: form for form in (Time, Expense, Milestone, Recurring, OneOff)}


class Ending(Standing):
    """The last day that an agreement bills."""

    ends_on = Day(label="Last day", required=False, help_text="Nothing: it runs on.")


class NewProject(Form):
    """What work of an agreement is booked on."""

    code = forms.CharField(max_length=40)
    name = forms.CharField(max_length=200)
