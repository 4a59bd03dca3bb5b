"""The forms of the settings. What comes from outside is checked here; what it may be is the verbs' business."""

from collections.abc import Sequence
from typing import Any, Final

import pycountry
from django import forms

from duly.billing.accounts.models import LANGUAGES, ROLES, SENSITIVE_RIGHTS
from duly.formats import FormatError
from duly.formats.identities import check_currency, check_email, check_iban, check_time_zone, check_vat_id
from duly.formats.setup_file.pictures import media_type
from duly.interfaces.kit.forms import Checked, Date, Form, Percent, Standing
from duly.interfaces.kit.rates import from_file
from duly.interfaces.web.agreements.forms import choice

COUNTRIES: Final = [("", "Choose a country"), *sorted(((one.alpha_2, one.name) for one in pycountry.countries),
                                                      key=lambda one: one[1])]
LANGUAGE_NAMES: Final = {"en": "English", "de": "German", "fr": "French"}
MONTHS: Final = [(month, name) for month, name in enumerate(
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"), 1)]
ROLE_TEXTS: Final = {
    "account_manager": "Looks after accounts, their agreements and work",
    "biller": "Runs the billing, sends invoices, books payments",
    "reviewer": "Approves drafts of others",
    "finance_lead": "All of billing, closing and the audit",
    "auditor": "Sees everything, changes nothing",
    "administrator": "Settings and people; no money",
    "client": "Verifies drafts of the own account",
}
RIGHT_TEXTS: Final = {
    "issue": "Issue invoices", "credit": "Credit invoices", "write_off": "Write off", "refund": "Refund",
    "bank_details": "Change the firm’s bank accounts", "waive": "Waive a blocking check",
    "override_cap": "Bill beyond a cap",
}
SCOPE_NAMES: Final = {"": "No", "all": "For all accounts", "book": "For their own accounts"}


def text(label: str, longest: int, required: bool = True, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=longest, required=required, **options)


class Entity(Standing):
    """A legal entity as its page changes it."""

    name = text("Name", 200)
    street = text("Street", 200)
    street_2 = text("More of the address", 200, False)
    postcode = text("Postcode", 20, False)
    city = text("City", 100)
    region = text("Region", 100, False)
    country = forms.ChoiceField(label="Country", choices=COUNTRIES)
    email = Checked(check_email, label="E-mail address", max_length=254, help_text="Answers to invoices come here.")
    phone = text("Telephone", 40, False)
    website = text("Website", 200, False)
    language = forms.ChoiceField(label="Language", choices=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES])
    time_zone = Checked(check_time_zone, label="Time zone", max_length=50, help_text="Such as Europe/Berlin.")
    base_currency = Checked(check_currency, label="Base currency", max_length=3, help_text="Its books are kept in it.")
    fiscal_year_start = forms.TypedChoiceField(label="The fiscal year begins in", choices=MONTHS, coerce=int)
    one_stop_shop = forms.BooleanField(label="Declares sales to consumers in other EU countries in the one-stop shop",
                                       required=False, help_text="They are then taxed at their own country’s rate.")
    colour = forms.RegexField(r"^#[0-9A-Fa-f]{6}$", label="Colour of its documents",
                              widget=forms.TextInput({"type": "color"}), initial="#0f766e",
                              error_messages={"invalid": "Write a colour like #0f766e."})
    legal_notice = text("At the foot of its documents", 2000, False, widget=forms.Textarea({"rows": 3}),
                        help_text="Court, register number, directors.")


class NewEntity(Entity):
    code = forms.RegexField(r"^[\w.\-]+$", label="Code", max_length=20,
                            help_text="A short name, such as HAMBURG; it stays.",
                            error_messages={"invalid": "Use letters, digits, dots and hyphens."})
    field_order = ("code",)


class Logo(Form):
    picture = forms.FileField(label="The logo", max_length=255, help_text="SVG or PNG, at most 1 MB.",
                              widget=forms.FileInput({"accept": "image/svg+xml,image/png"}))

    def clean_picture(self) -> tuple[str, str, bytes]:
        file = self.cleaned_data["picture"]
        content = file.read(2**20 + 1)
        try:
            return file.name, media_type(file.name, content), content
        except FormatError as error:
            raise forms.ValidationError(str(error)) from None


class TaxNumber(Form):
    country = forms.ChoiceField(label="Country", choices=COUNTRIES)
    scheme = text("Kind of number", 20, initial="vat",
                  help_text="“vat” is checked by its digits; others are taken as they are.")
    number = text("Number", 30)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("scheme") == "vat" and values.get("country") and values.get("number"):
            try:
                values["number"] = check_vat_id(values["country"], values["number"])
            except FormatError as error:
                self.add_error("number", str(error))
        return values


class BankAccount(Standing):
    iban = Checked(lambda given: check_iban(given).iban, label="IBAN", max_length=42)
    holder = text("Holder", 140)
    currency = Checked(check_currency, label="Currency", max_length=3)
    bic = text("BIC", 11, False, help_text="Left empty, it is looked up.")
    bank = text("Bank", 140, False)
    position = forms.IntegerField(label="Place", min_value=1, max_value=999, initial=1,
                                  help_text="The first one in a document’s currency is printed on it.")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("iban"):
            known = check_iban(values["iban"])
            values["bic"] = values.get("bic") or known.bic or ""
            values["bank"] = values.get("bank") or known.bank_name or ""
        return values


class Series(Standing):
    pattern = text("Pattern", 60,
                   help_text="Such as R{year}-{number:05}: the fiscal year, and the number with five digits.")


class ChartAccount(Standing):
    code = text("Account of the chart", 20)
    name = text("Its name", 100)


class PayableStep(Standing):
    currency = Checked(check_currency, label="Currency", max_length=3)
    step = forms.DecimalField(label="Step", max_digits=20, decimal_places=4, required=False,
                              help_text="Such as 0.05. Left empty, the exact amount is asked for.")


class Close(Standing):
    lock_date = forms.DateField(label="Closed up to and with", widget=Date,
                                help_text="Nothing is booked on or before this day any more. It never moves back.")


class TaxRate(Form):
    country = forms.ChoiceField(label="Country", choices=COUNTRIES)
    tax_class = choice("tax_class", "Class")
    rate = Percent(label="Rate in percent")
    valid_from = forms.DateField(label="From", widget=Date)
    source = text("Source", 200, help_text="The law or the page that says so.")


class SeedRates(Form):
    """Whose known rates are added."""

    countries = forms.MultipleChoiceField(label="Countries", required=False, widget=forms.CheckboxSelectMultiple,
                                          help_text="None ticked: all of them.")

    def __init__(self, *args: Any, countries: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["countries"].choices = countries  # type: ignore[attr-defined]


class TaxComponent(Form):
    """One of several taxes on one base."""

    country = forms.ChoiceField(label="Country", choices=COUNTRIES)
    region = text("Region", 100, False, help_text="As addresses have it, such as QC; empty: the whole country.")
    name = text("Name", 40, help_text="As documents print it, such as GST.")
    tax_class = choice("tax_class", "Class")
    rate = Percent(label="Rate in percent", required=False, help_text="Empty: there is none from that day on.")
    position = forms.IntegerField(label="Place", min_value=1, max_value=99,
                                  help_text="The order in which they are due.")
    compound = forms.BooleanField(label="It is also on the taxes before it", required=False)
    valid_from = forms.DateField(label="From", widget=Date)
    source = text("Source", 200, help_text="The law or the page that says so.")


class ExchangeRate(Form):
    base = Checked(check_currency, label="One unit of", max_length=3)
    rate = forms.DecimalField(label="Is worth", max_digits=24, decimal_places=10)
    quote = Checked(check_currency, label="Units of", max_length=3)
    valid_from = forms.DateField(label="From", widget=Date)
    source = text("Source", 60, help_text="Such as ECB reference rate.")


class User(Standing):
    """A user: a scope for each role, and the rights that are given by name."""

    name = text("Name", 200)
    email = Checked(check_email, label="E-mail address", max_length=254)
    active = forms.BooleanField(label="May sign in", required=False, initial=True)
    rights = forms.MultipleChoiceField(label="Sensitive rights, by name", required=False,
                                       choices=[(right, RIGHT_TEXTS[right]) for right in SENSITIVE_RIGHTS],
                                       widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role in ROLES:
            scopes = [(scope, name) for scope, name in SCOPE_NAMES.items() if (role, scope) != ("client", "all")]
            self.fields[f"role_{role}"] = forms.ChoiceField(
                label=role.replace("_", " ").capitalize(), choices=scopes, required=False, help_text=ROLE_TEXTS[role])

    def roles(self) -> list[Any]:
        return [self[f"role_{role}"] for role in ROLES]

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        given = {name: value for name, value in self.cleaned_data.items() if not name.startswith("role_")}
        return {**given, "roles": {role: scope for role in ROLES if (scope := self.cleaned_data[f"role_{role}"])}}


class NewUser(User):
    login = forms.RegexField(r"^[\w.@+\-]+$", label="Login", max_length=80,
                             help_text="It stays: the log names people by it.",
                             error_messages={"invalid": "Use letters, digits and . @ + - _."})
    field_order = ("login", "name", "email", "active")


class Password(Form):
    password = forms.CharField(label="New password", max_length=128, strip=False, widget=forms.PasswordInput(
        attrs={"autocomplete": "new-password"}), help_text="At least ten characters. Their sessions end.")


class Person(Standing):
    name = text("Name", 200)
    email = Checked(check_email, label="E-mail address", max_length=254, required=False,
                    help_text="Files of work are matched by it.")
    role = text("Role", 60, False, help_text="Rate cards price by it, such as Developer.")
    user = text("Signs in as", 80, False, help_text="The login, if they are a user too.")


class NewPerson(Person):
    code = forms.RegexField(r"^[\w.\-]+$", label="Code", max_length=40,
                            help_text="A short name, such as ada; it stays.",
                            error_messages={"invalid": "Use letters, digits, dots and hyphens."})
    field_order = ("code",)


class RateFile(Form):
    """A file of rates; the second time, when its preview is agreed to, its text as it was shown."""

    file = forms.FileField(label="The file", max_length=255, required=False, help_text="A CSV of at most 1 MB.",
                           widget=forms.FileInput({"accept": ".csv,text/csv"}))

    def clean(self) -> dict[str, Any]:
        file = self.cleaned_data.get("file")
        name, content = (file.name, file.read(2**20 + 1)) if file else (
            self.data.get("name", "").replace("\0", "")[:255], self.data.get("text", "").encode())
        if not content:
            self.add_error("file", "Choose a file.")
        elif len(content) > 2**20:
            self.add_error("file", "The file is larger than 1 MB. Import it in parts, or by the command line.")
        else:
            try:
                self.cleaned_data["read"] = name, content.decode("utf-8-sig", "replace"), from_file(name, content)
            except FormatError as error:
                self.add_error("file", str(error))
        return self.cleaned_data
