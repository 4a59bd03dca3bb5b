"""The cards of the editor: for each kind of charge the fields that it has, the usual ones first, others in groups."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from duly.interfaces.web.agreements.charge_card import Charge, Groups
from duly.interfaces.web.agreements.fields import Cards, Day, Hours, Markup, Minutes, Plain, Rate
from duly.interfaces.web.agreements.forms import WORDS, choice
from duly.interfaces.web.agreements.rows import MoneyTier, Tier

HOUR: Final = 3_600


class Time(Charge):
    kind, title, icon = "time", "Hours", "timer"
    rate_card = forms.ChoiceField(label="Rate card")
    project = forms.ChoiceField(required=False)
    rounding = choice("rounding", "Entries are rounded", initial="exact")
    increment_seconds = Minutes(label="Step in minutes", required=False)
    minimum_seconds = Minutes(label="At least, in minutes", required=False)
    weekend_factor = Plain(label="Weekend: times the rate", required=False, decimal_places=2,
                           help_text="Of what begins on a Saturday or Sunday.")
    overtime_after_seconds = Hours(label="Overtime: beyond hours a day", required=False,
                                   help_text="Of one person, for this charge.")
    overtime_factor = Plain(label="Overtime: times the rate", required=False, decimal_places=2,
                            help_text="At a weekend the higher one counts.")
    more: Groups = (
        ("Weekend and overtime", ("weekend_factor", "overtime_after_seconds", "overtime_factor")),
        ("More: tax, unit, rounding", (
            "tax_class", "supply", "unit", "rounding", "increment_seconds", "minimum_seconds")))
    field_order = ("name", "rate_card", "project")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if found.get("rounding") == "exact":
            found["increment_seconds"] = 1
        return found


class Expense(Charge):
    kind, title, icon = "expense", "Expenses", "receipt"
    limited = True
    markup = Markup(label="Mark-up in percent", required=False)
    project = forms.ChoiceField(required=False)
    more: Groups = (("Limits of categories", ("limits",)), *Charge.more)
    field_order = ("name", "markup", "project")


class Milestone(Charge):
    kind, title, icon = "milestone", "Milestone", "flag"
    price = Plain(label="Amount")
    project = forms.ChoiceField(required=False)
    field_order = ("name", "price", "project")


class Periodic(Charge):
    """What is billed by the period."""

    interval = choice("interval", "For each", initial="month")
    interval_count = forms.IntegerField(label="Periods at once", min_value=1, max_value=120, initial=1, required=False)
    alignment = choice("alignment", "Periods run", initial="calendar")
    anchor = Day(label="From the day", required=False)
    more: Groups = (("More: tax, unit, periods", (
        "tax_class", "supply", "unit", "interval_count", "alignment", "anchor")),)


LIMITS: Final = ("Minimum and maximum", ("minimum", "maximum"))


class Limited(Periodic):
    minimum = Plain(label="At least, each period", required=False, decimal_places=4)
    maximum = Plain(label="At most, each period", required=False, decimal_places=4)
    more: Groups = (LIMITS, *Periodic.more)


class ByQuantity(Limited):
    """Priced by a quantity: each at a price, in tiers, in packages."""

    tier = Tier
    model = choice("model", "Priced by", initial="per_unit")
    price = Plain(label="Price", required=False)
    package_size = Plain(label="Units in a package", required=False, decimal_places=6)
    included = Plain(label="Included at no charge", required=False, decimal_places=6)
    more: Groups = (("Included, minimum, maximum", ("included", "minimum", "maximum")), *Periodic.more)


class Recurring(ByQuantity):
    kind, title, icon = "recurring", "Recurring fee", "repeat"
    phased = True
    quantity = Plain(decimal_places=6, initial="1")
    timing = choice("timing", "Billed", initial="arrears")
    proration = choice("proration", "A part of a period is billed", initial="by_day")
    proration_down = forms.ChoiceField(label="and credited", required=False,
                                       choices=[("", "In the same way"), *WORDS["proration"]])
    trial_days = forms.IntegerField(label="Trial of days", min_value=1, max_value=3_650, required=False)
    trial_until = Day(label="or trial until before", required=False)
    trial_price = Plain(label="Price in the trial", required=False, help_text="Nothing: it is free.")
    grants = Plain(label="Each period includes", required=False, decimal_places=4)
    grants_of = choice("grants_of", "in", initial="time")
    rollover = forms.IntegerField(label="What is left lasts for further periods", min_value=0, max_value=120,
                                  required=False)
    borrow = forms.BooleanField(label="The next period’s may be used ahead", required=False)
    covers = Cards(label="It pays for", help_text="None chosen: for everything else.")
    more: Groups = (
        ByQuantity.more[0], ("Trial, later prices", ("trial_days", "trial_until", "trial_price")),
        ("A retainer: hours or value included", ("grants", "grants_of", "rollover", "borrow", "covers")),
        ("More: tax, unit, periods", (
            "tax_class", "supply", "unit", "interval_count", "proration", "proration_down", "alignment", "anchor")))
    field_order = ("name", "model", "price", "package_size", "quantity", "interval", "timing")

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """A grant of time is typed in hours."""
        found = super().get_initial_for_field(field, field_name)
        timed = field_name == "grants" and self.initial.get("grants_of") == "time"
        return found / HOUR if timed and found is not None else found

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        grants = found.get("grants")
        if grants is None:
            return {**found, "grants_of": "time", "rollover": 0, "borrow": False, "covers": []}
        if found.get("grants_of") == "time":
            if grants * HOUR % 1:
                self.add_error("grants", "That is no whole second. Give quarters of an hour, as 10.25.")
            found["grants"] = grants * HOUR
        return found


class Usage(ByQuantity):
    kind, title, icon = "usage", "Usage", "gauge"
    metric = forms.ChoiceField(label="Measured by")
    field_order = ("name", "metric", "model", "price", "package_size", "interval")


class Percentage(Limited):
    kind, title, icon = "percentage", "Fee on payments", "percent"
    tier = MoneyTier
    metric = forms.ChoiceField(label="Payments measured by")
    model = forms.ChoiceField(label="Priced by", choices=(
        ("percentage", "A percentage of each payment"), ("graduated_percentage", "Tiers of their sum")))
    rate = Rate(label="Percent", required=False)
    fixed = Plain(label="plus, each", required=False)
    minimum_fee = Plain(label="At least, each", required=False)
    maximum_fee = Plain(label="At most, each", required=False)
    free_count = forms.IntegerField(label="Free payments", min_value=0, max_value=2_147_483_647, required=False)
    free_amount = Plain(label="Free of their amounts", required=False, decimal_places=6)
    more: Groups = (("Limits of a payment’s fee, what is free", (
        "minimum_fee", "maximum_fee", "free_count", "free_amount")), *Limited.more)
    field_order = ("name", "metric", "model", "rate", "fixed", "interval")


class Balance(Limited):
    kind, title, icon = "balance", "Fee on a balance", "landmark"
    tier = MoneyTier
    metric = forms.ChoiceField(label="Balance measured by")
    model = forms.ChoiceField(label="Priced by", choices=(
        ("balance", "One rate for a year"), ("tiers", "Tiers of the balance")), initial="balance")
    rate = Rate(label="Percent a year", required=False)
    basis = choice("basis", "On the", initial="average")
    day_count = choice("day_count", "Year", initial="act_365")
    more: Groups = (LIMITS, ("More: tax, unit, periods", (
        "tax_class", "supply", "unit", "day_count", "interval_count", "alignment", "anchor")))
    field_order = ("name", "metric", "model", "rate", "interval", "basis")

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        if field_name == "model" and self.initial.get("tiers"):
            return "tiers"
        return super().get_initial_for_field(field, field_name)

    def clean(self) -> dict[str, Any]:
        return {**super().clean(), "model": "balance"}


class OneOff(Charge):
    kind, title, icon = "one_off", "One-off fee", "circle-dot"
    price = Plain(label="Price")
    quantity = Plain(decimal_places=6, initial="1")
    due_on = Day(label="Billed on")
    field_order = ("name", "price", "quantity", "due_on")


class Commitment(Periodic):
    kind, title, icon = "commitment", "Commitment", "handshake"
    price = Plain(label="At least", decimal_places=4, help_text="What is missing of it is billed.")
    covers = Cards(label="What counts towards it", help_text="None chosen: everything else.")
    field_order = ("name", "price", "interval", "covers")


class Deposit(Charge):
    kind, title, icon = "deposit", "Deposit", "piggy-bank"
    price = Plain(label="Amount", decimal_places=4, help_text="Net. Later invoices take it off.")
    due_on = Day(label="Billed on")
    field_order = ("name", "price", "due_on")


class Credit(Charge):
    kind, title, icon = "credit", "Prepaid credit", "wallet"
    price = Plain(label="Amount", decimal_places=4, help_text="Net. What it pays is taken off later invoices.")
    due_on = Day(label="Billed on")
    expires_on = Day(label="Expires on", required=False, help_text="The first day without it.")
    covers = Cards(label="It pays for", help_text="None chosen: everything else.")
    untaxed = forms.BooleanField(label="Sold without tax, a voucher", required=False,
                                 help_text="It pays later invoices after their tax, on a document of its own.")
    priority = forms.IntegerField(label="Turn", min_value=0, max_value=100, required=False,
                                  help_text="Of several credits the lowest is used first.")
    more: Groups = (("More: tax, unit, turn", ("tax_class", "supply", "unit", "priority")),)
    field_order = ("name", "price", "due_on", "expires_on", "covers", "untaxed")


KINDS: Final[Mapping[str, type[Charge]]] = {form.kind: form for form in (
    Time, Expense, Milestone, Recurring, Usage, Percentage, Balance, OneOff, Commitment, Deposit, Credit)}
