"""The forms of importing: the file, how it is to be read, and what its names stand for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from duly.billing.work.names import IGNORE, TABLES
from duly.engine.periods import parse_period
from duly.formats.cells import DATE_ORDERS
from duly.formats.timesheets import LAYOUTS
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.work.forms import pick

KINDS: Final = (("timesheet", "Time entries of Toggl Track, Clockify, Harvest or Kimai"),
                ("expenses", "Expenses, in our own columns"))
ORDERS: Final = {"dmy": "10 November (day first)", "mdy": "11 October (month first)"}
MAPPED: Final = 100
"""Names of each kind that are mapped at once; the others follow."""


class HandIn(Form):
    kind = forms.ChoiceField(label="What it holds", choices=KINDS, widget=forms.RadioSelect, initial="timesheet")
    file = forms.FileField(label="The file", max_length=255, allow_empty_file=True,
                           widget=forms.FileInput({"accept": ".csv,text/csv"}),
                           help_text="A CSV export, at most 25 MB. You see what comes of it before it counts.")


class Period(forms.Field):
    """2026-10 and the like; cleaned to [from, to)."""

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        try:
            period = parse_period(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return (period.start, period.end) if period else None


class Reading(Form):
    """How a file is to be read. All of it may stay empty: most files say it themselves."""

    period = Period(label="Period", required=False,
                    help_text="Such as 2026-10. Rows of other days are told apart.")
    layout = forms.ChoiceField(label="Whose export", required=False, choices=[
        ("", "As its header row says"), *((name, layout.title) for name, layout in LAYOUTS.items())])
    date_order = forms.ChoiceField(label="10/11/2026 means", required=False, choices=[
        ("", "As the file proves"), *((order, ORDERS[order]) for order in DATE_ORDERS)])
    decimal_comma = forms.BooleanField(label="Numbers are written 2,05", required=False)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == "expenses":
            del self.fields["layout"]

    def options(self) -> dict[str, Any]:
        """What the file's reader takes."""
        given = {name: value or None for name, value in self.cleaned_data.items() if name != "period"}
        return {**given, "decimal_comma": self.cleaned_data["decimal_comma"]}


class Names(Form):
    """A field for each name that is not known, `person-0` and so on, with the name itself hidden beside it.

    `asked` has the names by kind, `choices` what they may stand for.
    """

    def __init__(self, *args: Any, asked: Mapping[str, Sequence[str]], choices: Mapping[str, Sequence[Any]],
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: dict[str, tuple[str, str]] = {}
        for kind in TABLES:
            for place, name in enumerate(asked.get(kind, ())[:MAPPED]):
                code = f"{kind}-{place}"
                self.names[code] = (kind, name)
                offered = [(IGNORE, "Not for billing"), *choices[kind]]
                self.fields[code] = pick(name, offered, f"its code, or “{IGNORE}”", required=False)

    def groups(self) -> list[tuple[str, list[Any]]]:
        """The fields by kind, in the order in which names are looked up."""
        titles = {"person": "People", "client": "Clients", "project": "Projects, as client / project"}
        found = [(titles[kind], [self[code] for code, (of, _) in self.names.items() if of == kind]) for kind in TABLES]
        return [(title, fields) for title, fields in found if fields]

    def mapped(self) -> dict[str, dict[str, str]]:
        """What was chosen: people, clients, projects → name → what it stands for."""
        return {table: {name: self.cleaned_data[code] for code, (of, name) in self.names.items()
                        if of == kind and self.cleaned_data.get(code)} for kind, table in TABLES.items()}
