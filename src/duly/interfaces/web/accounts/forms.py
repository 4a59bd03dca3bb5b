"""What is asked to describe an account, its people, tax numbers and purchase orders."""

from typing import Any, Final

import pycountry
from django import forms

from duly.billing.accounts.models import CONTACT_ROLES
from duly.formats import FormatError
from duly.formats.identities import check_currency, check_email, check_vat_id
from duly.interfaces.kit.forms import Checked, Date, Form, Once, Percent, Standing
from duly.interfaces.web.accounts.views import KINDS, colleagues

COUNTRIES: Final = sorted(((one.alpha_2, one.name) for one in pycountry.countries), key=lambda one: one[1])
LANGUAGES: Final = (("en", "English"), ("de", "German"), ("fr", "French"))
ROLES: Final = {"billing": "Billing: gets the invoices", "approver": "Approver: verifies drafts",
                "payer": "Payer: gets reminders", "executive": "Executive"}


class Number(forms.CharField):
    """The number of an account; a part of its name brings suggestions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, **options)
        self.widget.attrs |= {"list": "account-names", "autocomplete": "off", "data-suggests": ""}


class _Described(Form):
    """What an account's page says of it."""

    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=KINDS)
    street = forms.CharField(max_length=200)
    street_2 = forms.CharField(label="More of the address", max_length=200, required=False)
    postcode = forms.CharField(max_length=20, required=False)
    city = forms.CharField(max_length=100)
    region = forms.CharField(max_length=100, required=False)
    country = forms.ChoiceField(choices=[("", "Choose a country"), *COUNTRIES])
    currency = Checked(check_currency, max_length=3, help_text="Of its balance. An agreement may be in another one.")
    language = forms.ChoiceField(choices=LANGUAGES, help_text="Of its documents and mails.")
    payment_days = forms.IntegerField(label="Days to pay", min_value=0, max_value=999, initial=30)
    requires_purchase_order = forms.BooleanField(label="Invoices need a purchase order", required=False)
    parent = Number(label="Belongs to", required=False, help_text="The account above it, by its number.")
    bill_to = Number(label="Invoices go to", required=False, help_text="The account that pays, where it is another.")


class Edited(Standing, _Described):
    """An account as its page changes it."""


class New(Once, _Described):
    """An account that is not there yet."""

    number = forms.CharField(max_length=30, help_text="It stands on every document, and stays.")
    field_order = ("number",)

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if number in ("new", "names") or number.startswith("."):
            raise forms.ValidationError(f"“{number}” is a word of the pages’ addresses. Choose another number.")
        return number


class Manager(Standing):
    """Whose book an account is in, and who covers for them."""

    manager = forms.ChoiceField(required=False)
    cover = forms.ChoiceField(required=False, help_text="Has the account in their book too, on these days.")
    cover_from = forms.DateField(label="Cover from", widget=Date(), required=False)
    cover_until = forms.DateField(label="Cover until", widget=Date(), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("manager", "cover"):
            self.fields[name].choices = [("", "Nobody"), *colleagues()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        return {name: value or None for name, value in self.cleaned_data.items()}


class Contact(Standing):
    """A person at an account."""

    name = forms.CharField(max_length=200)
    email = Checked(check_email, label="E-mail", max_length=254, widget=forms.EmailInput)
    phone = forms.CharField(max_length=40, required=False)
    roles = forms.MultipleChoiceField(choices=[(role, ROLES[role]) for role in CONTACT_ROLES], required=False,
                                      widget=forms.CheckboxSelectMultiple)


class TaxNumber(Form):
    """A VAT id of an account; its check digits are proved."""

    country = forms.ChoiceField(choices=[("", "Choose a country"), *COUNTRIES])
    number = forms.CharField(label="VAT id", max_length=30)

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if {"country", "number"} <= values.keys():
            try:
                values["number"] = check_vat_id(values["country"], values["number"])
            except FormatError as error:
                self.add_error("number", str(error))
        return values


def tax_category() -> forms.TypedChoiceField:
    """The category of EN 16931 that stands instead of what the table of treatments says; None: as it says."""
    return forms.TypedChoiceField(label="Treatment", required=False, empty_value=None, choices=(
        ("", "As the table of treatments says"), ("S", "S: taxed here"), ("Z", "Z: zero rate"), ("E", "E: exempt"),
        ("AE", "AE: reverse charge"), ("K", "K: intra-community supply of goods"), ("G", "G: export of goods"),
        ("O", "O: outside the scope")))


class Treatment(Form):
    """How an account is taxed by papers of its own, from a day on."""

    category = tax_category()
    reason = forms.CharField(max_length=200, help_text="Printed on documents where no tax is charged.")
    certificate = forms.CharField(label="Number of the certificate", max_length=60, required=False)
    valid_from = forms.DateField(label="From", widget=Date)


class Withholding(Form):
    """A tax that an account keeps back from what it pays, from a day on."""

    name = forms.CharField(max_length=60, help_text="As documents print it.")
    rate = Percent(label="Percent of the net", required=False, help_text="Empty: nothing from that day on.")
    reason = forms.CharField(max_length=200, help_text="The law or treaty it rests on.")
    valid_from = forms.DateField(label="From", widget=Date)


class PurchaseOrder(Standing):
    """What an account's purchase order allows, and until when."""

    number = forms.CharField(max_length=60)
    currency = Checked(check_currency, max_length=3)
    amount = forms.DecimalField(max_digits=16, decimal_places=4, min_value=0, required=False,
                                help_text="Nothing here is no limit.")
    expires_on = forms.DateField(label="Last day", widget=Date(), required=False)
