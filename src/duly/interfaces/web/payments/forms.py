"""What is asked for when money came in."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from duly.billing.accounts.models import BankAccount, LegalEntity
from duly.billing.payments.models import METHODS
from duly.interfaces.kit.forms import Date, Form

THOUSANDS: Final = re.compile(r"\d{1,3}([, ]\d{3})+(\.\d*)?")
"""Digits in groups of three, as people copy them from a bank's page."""


def typed_amount(text: str) -> Decimal:
    """An amount as typed: `1234.50`, or `1,234.50`; raises `ValueError` in words for the field."""
    plain = text.strip().replace("\N{NO-BREAK SPACE}", " ")
    if THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "").replace(" ", "")
    if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", plain, re.ASCII):
        return Decimal(plain)
    raise ValueError(f"“{text.strip()}” is no amount. Write it like 1234.50.")


class Amount(forms.DecimalField):
    """An amount of money, with or without its thousands set apart."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs take it for a whole number
        if value in self.empty_values:
            return None
        try:
            return typed_amount(str(value))
        except (ValueError, InvalidOperation) as error:
            raise ValidationError(str(error)) from None


def into() -> Sequence[tuple[str, str]]:
    """Where money can come in: each bank account, and each entity for cash and the like."""
    entities = list(LegalEntity.objects.order_by("name"))
    banks = BankAccount.objects.order_by("position", "pk")
    return [choice for entity in entities for choice in (
        *((f"{entity.code}:{bank.iban}", f"{entity.name} · {bank.iban} ({bank.currency})")
          for bank in banks if bank.entity_id == entity.pk),
        (f"{entity.code}:", f"{entity.name} · no bank account"))]


class Received(Form):
    """Money that came in. `key` makes a form that is sent twice act once."""

    amount = Amount(widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "autofocus": True}))
    currency = forms.CharField(max_length=3)
    into = forms.ChoiceField(label="Received by")
    received_on = forms.DateField(widget=Date(), label="Received on")
    booked_on = forms.DateField(widget=Date(), label="Booked on")
    method = forms.ChoiceField(choices=[(one, one.replace("_", " ").capitalize()) for one in METHODS])
    reference = forms.CharField(max_length=140, required=False, label="Payer’s reference",
                                widget=forms.TextInput({"autocomplete": "off"}))
    key = forms.CharField(widget=forms.HiddenInput(), max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].choices = into()  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def given(self, name: str) -> Any:
        """A field's value as it stands, also where others are wrong; None where it cannot be read."""
        if not self.is_bound:
            return self.get_initial_for_field(self.fields[name], name)
        try:
            return self.fields[name].clean(self.data.get(name, ""))
        except ValidationError:
            return None

    @property
    def money(self) -> tuple[str, str, Decimal | None]:
        """Entity, currency and amount as they stand."""
        entity, currency = str(self.given("into") or "").partition(":")[0], str(self.given("currency") or "").upper()
        return entity, currency, self.given("amount")
