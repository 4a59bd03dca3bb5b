"""Forms that lose nothing: each error beside its field, each value kept, a verb's refusal among them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.forms.renderers import TemplatesSetting

from duly.billing.kernel.errors import Forbidden, NotFound, Refused


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


class Date(forms.DateInput):
    """A day, by the browser's own calendar; always as ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


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
        form.add_error(None, " ".join(part for part in (refused.text, refused.remedy) if part))
        for problem in refused.problems:
            field = problem.path if problem.path in form.fields else None
            said = f"{problem.text} {problem.remedy}".strip()
            form.add_error(field, said if field or not problem.path else f"{problem.path}: {said}")
