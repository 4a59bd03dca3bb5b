"""The forms of work: durations as people write them, people and projects to choose from, receipts, reasons."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from django import forms

from duly.billing.kernel.errors import Refused
from duly.billing.work.actions.receipts import media_type
from duly.billing.work.entry import CHOICES
from duly.engine.currencies import CODES
from duly.interfaces.kit.forms import Date, Form, Once, Standing

CLOCK: Final = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
NUMBER: Final = re.compile(r"\d{1,4}(?:[.,]\d{1,6})?")


class Duration(forms.Field):
    """Hours and minutes, or hours as a number; cleaned to whole seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="Such as 1:30, or 1.5.", **options)
        self.widget.attrs |= {"autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if match := CLOCK.fullmatch(text):
            return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        if NUMBER.fullmatch(text):
            seconds = Decimal(text.replace(",", ".")) * 3600
            return int(seconds.quantize(Decimal(1), ROUND_HALF_UP))
        if text:
            raise forms.ValidationError(f"“{text}” is no duration. Write it like 1:30 or 1.5.")
        return None

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        rest = f":{value % 60:02}" if value % 60 else ""
        return f"{value // 3600}:{value // 60 % 60:02}{rest}"


class Amount(forms.Field):
    """An exact amount; both 1,234.50 and 1234,5 are understood, and what is not is kept as it was typed."""

    def to_python(self, value: Any) -> Any:
        text = "".join(str(value or "").split())
        if not text:
            return None
        plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) else text.replace(",", ".")
        try:
            amount = Decimal(plain)
        except InvalidOperation:
            amount = Decimal("nan")
        if not amount.is_finite() or amount.adjusted() > 14:
            raise forms.ValidationError(f"“{text}” is no amount. Write it like 1190.50.")
        return amount


class Currency(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=3, widget=forms.TextInput({"autocapitalize": "characters", "size": 3}), **options)

    def to_python(self, value: Any) -> Any:
        code = str(value or "").strip().upper()
        if code and code not in CODES:
            raise forms.ValidationError(f"“{code}” is no currency. Write a code such as EUR.")
        return code


def pick(label: str, choices: Sequence[Any], code: str, **options: Any) -> forms.Field:
    """One of the choices; where there are too many to look through, its code is typed."""
    if len(choices) > CHOICES:
        return forms.CharField(label=label, max_length=60, help_text=f"Type {code}.", **options)
    return forms.ChoiceField(label=label, choices=[("", "Choose …"), *choices], **options)


def by_account(projects: Sequence[tuple[str, str, str]]) -> list[Any]:
    """Projects as choices, grouped by account; flat where they are too many, since then none is shown."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for account, code, name in projects:
        groups.setdefault(account, []).append((code, f"{name} ({code})"))
    return list(groups.items()) if len(projects) <= CHOICES else list(projects)


class _Work(Once):
    """What every record of work says: who, on which project, on which day."""

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], projects: Sequence[tuple[str, str, str]],
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"person": pick("Person", people, "the person's code"),
                       "project": pick("Project", by_account(projects), "the project's code"), **self.fields}

    on = forms.DateField(label="Day", widget=Date)


class Time(_Work):
    seconds = Duration(label="Duration")
    started_at = forms.TimeField(label="Started at", required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    task = forms.CharField(label="Task", max_length=100, required=False)
    description = forms.CharField(label="What was done", required=False, max_length=5000,
                                  widget=forms.Textarea({"rows": 3}))
    billable = forms.BooleanField(label="To be billed", required=False, initial=True)


class Receipt(forms.FileField):
    """A receipt: what it is is read from the file itself, whatever it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.ClearableFileInput({"accept": "application/pdf,image/png,image/jpeg"}),
                         max_length=255, allow_empty_file=True, help_text="PDF, PNG or JPEG, at most 10 MB.", **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if found is None:
            return None
        try:
            content = found.read()
            media_type(content)
        except Refused as refused:
            raise forms.ValidationError(f"{refused.text} {refused.remedy} Then choose it again.") from None
        return found.name, content


class Expense(_Work):
    cost = Amount(label="Cost", widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}))
    currency = Currency(label="Currency")
    category = forms.CharField(label="Category", max_length=100, help_text="For example travel or hotel.")
    description = forms.CharField(label="What it was for", required=False, max_length=5000,
                                  widget=forms.Textarea({"rows": 3}))
    billable = forms.BooleanField(label="To be billed", required=False, initial=True)
    receipt = Receipt(label="Receipt", required=False)


class AttachReceipt(Form):
    file = Receipt(label="Receipt")


class EditTime(Standing):
    worked_on = forms.DateField(label="Day", widget=Date)
    seconds = Duration(label="Duration")
    task = forms.CharField(label="Task", max_length=100, required=False)
    description = forms.CharField(label="What was done", required=False, max_length=5000,
                                  widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, projects: Sequence[tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = pick("Project", by_account(projects), "the project's code")
        self.fields = {"project": chosen, **self.fields}


class EditExpense(EditTime):
    seconds = None  # type: ignore[assignment]
    cost = Amount(label="Cost", widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}))
    currency = Currency(label="Currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].label, self.fields["description"].label = "Category", "What it was for"


class Reason(Form):
    reason = forms.CharField(label="Why", max_length=500, widget=forms.Textarea({"rows": 2}),
                             help_text="Kept in the log, for whoever wonders later.")


class Acceptance(Once):
    on = forms.DateField(label="Accepted on", widget=Date)
    percent = Amount(label="How much of it, in percent", help_text="100 is all of it. Parts add up to the whole price.")
    evidence = forms.CharField(label="What shows it", max_length=2000, widget=forms.Textarea({"rows": 2}),
                               help_text="The mail, the protocol or the meeting.")

