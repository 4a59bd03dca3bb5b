"""The forms of policies, and the words for what they choose among."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from duly.billing.accounts.models import ROLES, SECOND_FACTOR_HOLDERS
from duly.billing.agreements.models import LONGEST_PAYMENT
from duly.billing.invoicing.policies import Strictness
from duly.interfaces.kit.forms import Standing
from duly.interfaces.web.agreements.forms import choice
from duly.interfaces.web.settings.forms import RIGHT_TEXTS

SEVERITY_WORDS: Final = {"blocks": "Blocks", "warns": "Warns", "notes": "Notes", "off": "Off"}
HOLDER_WORDS: Final[Mapping[str, str]] = {
    **{role: f"Every {role.replace('_', ' ')}" for role in ROLES},
    **{right: f"May {text[0].lower()}{text[1:]}" for right, text in RIGHT_TEXTS.items()},
    "read": "Everybody who signs in", "accounts": "May change accounts", "agree": "May make agreements",
    "work": "May record work", "approve_work": "May approve work", "bill": "May draft invoices",
    "send": "May send documents", "cash": "May record cash", "review": "May review drafts",
    "close": "May close the books", "reference": "May add tax and exchange rates", "policies": "May change policies",
    "audit": "May read the audit", "settings": "May change entities and series",
    "people": "May change users and people", "client_check": "May confirm drafts as a client",
}


def severity(name: str) -> str:
    return SEVERITY_WORDS.get(name, name)


class NewAgreements(Standing):
    """What new agreements begin with where nothing is said."""

    review = choice("review", "Who checks drafts")
    payment_days = forms.IntegerField(label="Days to pay", min_value=0, max_value=LONGEST_PAYMENT, required=False,
                                      help_text="Nothing: the account’s.")
    grouping = choice("grouping", "Hours are shown as")
    time_annex = forms.BooleanField(label="List all hours behind the invoice", required=False)


class Checks(Standing):
    """How strict the checks are that leave a choice."""

    def __init__(self, *args: Any, checks: Sequence[Strictness], **options: Any) -> None:
        super().__init__(*args, **options)
        for one in checks:
            if one.choices:
                usual = f"As usual: {severity(one.usual).lower()}"
                self.fields[one.name] = forms.ChoiceField(
                    label=titled(one.name), help_text=" ".join(one.promise.split()), required=False, initial=one.chosen,
                    choices=[("", usual), *((name, severity(name)) for name in one.choices)])

    def severities(self) -> dict[str, str | None]:
        return {name: chosen or None for name, chosen in self.cleaned_data.items()}


class SecondFactor(Standing):
    """Of whom a second factor is demanded."""

    of = forms.MultipleChoiceField(
        label="Demanded of", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(name, HOLDER_WORDS[name]) for name in SECOND_FACTOR_HOLDERS])


def titled(name: str) -> str:
    return name.replace("_", " ").capitalize()
