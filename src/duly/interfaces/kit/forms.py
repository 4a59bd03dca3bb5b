"""Forms that lose nothing: each error beside its field, each value kept, a verb's refusal among them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.utils import ErrorDict

from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.formats import FormatError


class Renderer(TemplatesSetting):
    """Django's own, with our template around each field."""

    field_template_name = "kit/field.html"


class Form(forms.Form):
    """A form that asks for numbers in plain text fields: a browser's number field shows nothing of what it cannot read,
    and so would lose it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.label_suffix = ""
        for field in self.fields.values():
            if isinstance(field.widget, forms.NumberInput):
                field.widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})

    def forgive(self) -> None:
        """Show what was typed and judge nothing: it is not handed in yet."""
        self._errors = ErrorDict()  # a form that has its errors, if none, is not cleaned again


class Once(Form):
    """A form whose verb creates something: its `key` makes the verb act once, however often the form is sent."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput, initial=lambda: uuid4().hex)


class Standing(Form):
    """A form of what stands already, begun with it: what somebody else changes while it is open is not written over.

    Its `seen` holds what each field stood at, as digests. Where one stands otherwise when the form comes back, that is
    said beside it, all that was typed is kept, and the form sent once more is meant so. Its page shows hidden fields.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        return self._stands() if field_name == "seen" else super().get_initial_for_field(field, field_name)

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound or not (seen := self.cleaned_data.pop("seen", "")):
            return
        before = dict(part.split(":", 1) for part in seen.split() if ":" in part)
        changed = [name for part in self._stands().split() for name, _, digest in [part.partition(":")]
                   if before.get(name) != digest]
        if changed:
            self.add_error(None, "Somebody changed this since you opened it, so nothing is saved yet. Look at what it "
                                 "says below; sending the form again saves what stands in it.")
            for name in changed:
                self.add_error(name, f"Changed meanwhile to: {self._said(name)}.")
            self.data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, or a dictionary
            self.data[self.add_prefix("seen")] = self._stands()  # type: ignore[index]

    def _stands(self) -> str:
        own = {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()
               if name != "seen" and not field.disabled}
        return " ".join(f"{name}:{hashlib.sha256(repr(value).encode()).hexdigest()[:12]}"
                        for name, value in own.items())

    def _said(self, name: str) -> str:
        """What a field stands at, in the words of its page."""
        field = self.fields[name]
        value = self.get_initial_for_field(field, name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        words = {str(key): text for key, text in _flat(getattr(field, "choices", ()))}
        given = value if isinstance(value, list | tuple) else [field.prepare_value(value)]
        return ", ".join(words.get(str(one), str(one)) for one in given if one not in (None, "")) or "nothing"


def _flat(choices: Iterable[Any]) -> Iterator[tuple[Any, str]]:
    """Choices without their groups."""
    for key, text in choices:
        if isinstance(text, list | tuple):
            yield from _flat(text)
        else:
            yield key, str(text)


class Date(forms.DateInput):
    """A day, by the browser's own calendar; always as ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class Percent(forms.DecimalField):
    """A share that people write in percent and Duly keeps as a fraction; None where it is left empty."""

    def __init__(self, max_digits: int = 9, decimal_places: int = 4, **options: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, **options)

    def prepare_value(self, value: Any) -> Any:
        return f"{(value * 100).normalize():f}" if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent / 100


class Finder(forms.TextInput):
    """Several things by number, such as accounts: found by any part of a name, chosen by keyboard, kept as chips.

    Its value is their numbers with commas between; without JavaScript it is a plain field that takes just that.
    `found_at` answers `?text=` with options; `known` are the names of the numbers that it begins with, `rest` what else
    was written. Its page loads `web/finder.js`.
    """

    template_name = "kit/finder.html"

    def __init__(self, found_at: Any) -> None:
        super().__init__({"autocomplete": "off"})
        self.found_at = found_at
        self.known: dict[str, str] = {}
        self.rest = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "found_at": str(self.found_at),
                "known": json.dumps(self.known), "rest": self.rest}


class Checked(forms.CharField):
    """A text that one of `formats.identities` checks, and writes in the one way that Duly does."""

    def __init__(self, check: Callable[[str], str], **options: Any) -> None:
        super().__init__(**options)
        self.check = check

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return self.check(text) if text else text
        except FormatError as error:
            raise forms.ValidationError(str(error)) from None


@contextmanager
def beside(form: forms.Form) -> Iterator[None]:
    """Put what a verb refuses inside the block onto the form, and go on after it.

    A problem whose path names a field stands beside that field; all others, and the refusal itself, above the form::

        if form.is_valid():
            with beside(form):
                made = verb(actor=request.actor, at=request.at, **form.cleaned_data)
                return redirect("receipt", made.id)
        return page(request, "...", {"form": form})
    """
    try:
        yield
    except (Forbidden, NotFound):
        raise
    except Refused as refused:
        if refused.law == 8:  # the key's: the form came back to life, most often by the browser's back button
            form.add_error(None, "This was sent already, and what it said then stands. Open the form anew for more.")
            return
        form.add_error(None, " ".join(part for part in (refused.text, refused.remedy) if part))
        for problem in refused.problems:
            field = problem.path if problem.path in form.fields else None
            said = f"{problem.text} {problem.remedy}".strip()
            form.add_error(field, said if field or not problem.path else f"{problem.path}: {said}")
