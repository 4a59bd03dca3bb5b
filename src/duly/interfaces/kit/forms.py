"""Forms that lose nothing: each error beside its field, each value kept, a verb's refusal among them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Date(forms.DateInput):
    """A day, by the browser's own calendar; always as ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


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
