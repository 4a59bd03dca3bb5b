"""What is asked before something is done to a draft: a form for each act, its fields named as the verb's arguments."""

from decimal import Decimal
from typing import Any

from django import forms

from duly.billing.invoicing.actions.edit import LONGEST_DESCRIPTION, LONGEST_TERM
from duly.billing.invoicing.actions.tax import LONGEST_REASON
from duly.billing.invoicing.explain import Evidence, Explained, Line
from duly.interfaces.kit import printing
from duly.interfaces.kit.forms import Once
from duly.interfaces.web.accounts.forms import tax_category


class Act(Once):
    """Nothing but the act itself, done once. `document` is the draft as it stands, `about` the line it is about."""

    def __init__(self, *args: Any, document: Explained, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = document
        self.prepare()

    def prepare(self) -> None:
        """Fill in what depends on the draft."""

    @property
    def about(self) -> Line | None:
        wanted = str(self["line"].value() or "") if "line" in self.fields else ""
        return next((one for one in self.document.lines if str(one.position) == wanted), None)

    @property
    def currency(self) -> str:
        return self.document.head.currency


class Seen(Act):
    """An act on the draft as its reader saw it."""

    version = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.initial.setdefault("version", self.document.head.version)


class OfLine(Seen):
    line = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


def reason(label: str = "Reason") -> forms.CharField:
    return forms.CharField(label=label, max_length=2000, widget=forms.Textarea({"rows": 3}))


class Because(Act):
    reason = reason()


class Waive(Act):
    check_name = forms.CharField(max_length=40, widget=forms.HiddenInput)
    path = forms.CharField(max_length=120, widget=forms.HiddenInput)
    reason = reason("Why it does not matter here")


class WriteDown(OfLine):
    """Less for a line: an amount, or a share of it in percent."""

    to = forms.DecimalField(label="Bill only", required=False, max_digits=18)
    percent = forms.DecimalField(label="Or take off, in percent", required=False, max_digits=8)
    reason = reason()

    def prepare(self) -> None:
        super().prepare()
        if self.about:
            self.fields["to"].help_text = f"Instead of {printing.money(self.about.amount, self.currency)}."

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        percent = data.pop("percent", None)
        if "to" in data and (data["to"] is None) == (percent is None) and "percent" not in self.errors:
            self.add_error("to", "Give either the amount that is left or the percentage that is taken off.")
        data["share"] = None if percent is None else percent / Decimal(100)
        return data


class Defer(OfLine):
    """Work of a line that waits for a later bill; all of it unless some is left unticked."""

    items = forms.TypedMultipleChoiceField(label="Which work waits", coerce=int, required=False,
                                           widget=forms.CheckboxSelectMultiple)
    reason = reason()

    def prepare(self) -> None:
        super().prepare()
        work = self.about.evidence if self.about else ()
        choice = self.fields["items"]
        assert isinstance(choice, forms.TypedMultipleChoiceField)
        choice.choices = [(str(one.work_id), self._said(one)) for one in work]
        self.initial.setdefault("items", [str(one.work_id) for one in work])
        if not work:
            del self.fields["items"]

    def _said(self, one: Evidence) -> str:
        amount = printing.money(one.amount, self.currency)
        much = f"{printing.hours(one.quantity)} h" if one.kind == "time" else printing.plain(one.quantity)
        return ", ".join(part for part in (printing.day(one.worked_on), one.person, one.description or one.task, much,
                                           str(amount)) if part)

    def clean(self) -> dict[str, Any]:
        if "items" in self.fields and not self.cleaned_data.get("items") and "items" not in self.errors:
            self.add_error("items", "Tick the work that waits.")
        return self.cleaned_data


class Reword(OfLine):
    description = forms.CharField(label="What the line says", max_length=LONGEST_DESCRIPTION,
                                  widget=forms.Textarea({"rows": 4}))

    def prepare(self) -> None:
        super().prepare()
        self.initial.setdefault("description", self.about.description if self.about else "")


class Reorder(Seen):
    """The lines' present positions in their new order."""

    positions = forms.CharField(max_length=20_000, widget=forms.HiddenInput)

    def clean_positions(self) -> list[int]:
        given = self.cleaned_data["positions"].split(",")
        if not all(one.isdecimal() and len(one) < 8 for one in given):
            raise forms.ValidationError("This is no order of lines.")
        return [int(one) for one in given]


class Tax(Seen):
    """How a line, or the whole draft, is taxed whatever the table says."""

    line = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    category = tax_category()
    reason = forms.CharField(label="Reason", max_length=LONGEST_REASON,
                             help_text="Printed on the document where no tax is charged.")


class Terms(Seen):
    purchase_order = forms.CharField(label="Purchase order", required=False, max_length=60)
    payment_days = forms.IntegerField(label="Due after, in days", min_value=0, max_value=LONGEST_TERM)

    def prepare(self) -> None:
        super().prepare()
        self.initial.setdefault("purchase_order", self.document.head.purchase_order)
        self.initial.setdefault("payment_days", self.document.head.payment_days)
