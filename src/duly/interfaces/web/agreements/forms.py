"""What is asked to describe an agreement: its head, its terms, and for each kind of charge the fields it has."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from django import forms

from duly.billing.accounts.models import LegalEntity
from duly.billing.agreements.models import Metric, Project, RateCard
from duly.billing.agreements.policies import NAMES, Usual, policies
from duly.formats.identities import check_currency
from duly.interfaces.kit.forms import Checked, Form, Once, Standing
from duly.interfaces.web.accounts.forms import Number
from duly.interfaces.web.agreements.fields import Amounts, Day, Plain
from duly.interfaces.web.agreements.rows import Discount, Rows

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
    "proration": (("by_day", "By the day"), ("thirty_day_month", "By days of months of thirty"),
                  ("by_second", "By the second"), ("whole_period", "In full"), ("none", "Not at all")),
    "model": (("per_unit", "One price for each"), ("graduated", "Tiers, each part at its price"),
              ("volume", "Tiers, all at the price reached"), ("stair_step", "Steps, one flat price"),
              ("package", "Packages")),
    "basis": (("average", "Average balance"), ("closing", "Closing balance")),
    "day_count": (("act_365", "Days of 365"), ("act_360", "Days of 360"), ("30_360", "Months of thirty days, of 360")),
    "grants_of": (("time", "hours"), ("value", "of value")),
    "review": (("none", "Nobody"), ("peer", "A colleague"), ("peer_and_client", "A colleague, then the client")),
    "grouping": (("person", "One line per person"), ("rate", "One line per rate"), ("task", "One line per task"),
                 ("project", "One line per project"), ("entry", "Every entry")),
    "cap_behaviour": (("block", "Stop the invoice"), ("warn", "Warn only"), ("stop", "Bill up to it")),
}

LESSER: Final = ("change_at_once", "progressive_thresholds", "progressive_every")
"""Terms that are mostly left open."""
YES, NO = "on", "no"
YES_OR_NO: Final = ((YES, "Yes"), (NO, "No"))


def choice(name: str, label: str, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=WORDS[name], **options)


def entities() -> Sequence[tuple[str, str]]:
    return list(LegalEntity.objects.order_by("name").values_list("code", "name"))


class Offered:
    """What the cards of an agreement choose among, by the names of their fields: read when the first card asks for it,
    and once for all of them."""

    def __init__(self, agreement: str | None) -> None:
        self.agreement = agreement

    @cached_property
    def metric(self) -> Sequence[tuple[str, str]]:
        found = Metric.objects.order_by("name").values_list("code", "name")
        return [("", "Choose what is measured"), *((code, f"{name} ({code})") for code, name in found)]

    @cached_property
    def rate_card(self) -> Sequence[tuple[str, str]]:
        cards = RateCard.objects.order_by("name").values_list("code", "name", "currency")
        return [("", "Choose a rate card"), *((code, f"{name} ({currency})") for code, name, currency in cards)]

    @cached_property
    def project(self) -> Sequence[tuple[str, str]]:
        found = Project.objects.filter(agreement__number=self.agreement).order_by("code").values_list("code", "name")
        return [("", "Any project"), *((code, f"{name} ({code})") for code, name in found)]


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
    change_at_once = forms.TypedChoiceField(
        label="A change of a fee counts", required=False, empty_value=None, coerce=lambda word: word == YES,
        choices=(("", "Upgrades at once, downgrades with the next period"), (YES, "At once"),
                 (NO, "With the next period")))
    progressive_thresholds = Amounts(label="Bill as soon as a period comes to", required=False,
                                     help_text="Net amounts with commas between them.")
    progressive_every = Plain(label="and every further", required=False, decimal_places=4)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.discounts = Rows(Discount, "discounts", self)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        found = super().get_initial_for_field(field, field_name)
        return {None: "", True: YES, False: NO}[found] if field_name == "change_at_once" else found

    def clean_purchase_order(self) -> str | None:
        return self.cleaned_data["purchase_order"] or None

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.discounts.is_valid()])

    @property
    def opened(self) -> bool:
        """Whether one of the lesser terms says something, or is wrong."""
        return any(self[name].value() or self[name].errors for name in LESSER)

    def terms(self, usual: Usual) -> dict[str, Any]:
        """What holds, as it was typed, its discounts by the prefixes of the cards; `usual` is for what is left open."""
        return {**self.cleaned_data, "discounts": self.discounts.values()}


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
        given = super().terms(usual)
        left = {name: getattr(usual, name) for name in NAMES if given[name] in (None, "")}
        if given["time_annex"]:
            given["time_annex"] = given["time_annex"] == YES
        return {**given, **left}


class Term(Standing):
    """How long an agreement runs, in months."""

    months = forms.IntegerField(label="First term in months", min_value=1, max_value=240, initial=12)
    renews_months = forms.IntegerField(label="Renews for months", min_value=1, max_value=240, required=False,
                                       help_text="Nothing: it ends with its term.")
    notice_months = forms.IntegerField(label="Notice in months", min_value=0, max_value=60, initial=0)
    notice_days = forms.IntegerField(label="and days", min_value=0, max_value=1000, initial=0)


class NewProject(Form):
    """What work of an agreement is booked on."""

    code = forms.CharField(max_length=40)
    name = forms.CharField(max_length=200)
