"""The layouts Duly reads, as data. To add one, copy a neighbour and list it in LAYOUTS.

A field names its accepted headers, best first, in small letters and without a trailing question mark. Each
entry of `required` is satisfied by any one of its fields. Money headers may carry a currency: "Amount (EUR)".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from duly.formats import FormatError

MONEY_FIELDS = frozenset({"amount", "rate"})
_WITH_CURRENCY = re.compile(r"(.*?)\s*\((.*)\)")


@dataclass(frozen=True, slots=True)
class Layout:
    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, ...], ...]

    def locate(self, headers: tuple[str, ...]) -> dict[str, int]:
        """Field → the position of its column, for the fields that the header row has."""
        found = {}
        for field, names in self.columns.items():
            plain = [_normal(header, money=field in MONEY_FIELDS) for header in headers]
            position = next((plain.index(name) for name in names if name in plain), None)
            if position is not None:
                found[field] = position
        return found

    def missing(self, headers: tuple[str, ...]) -> list[str]:
        """The required columns that the header row lacks, as a person would name them."""
        found = self.locate(headers)
        lacking = [fields for fields in self.required if not any(field in found for field in fields)]
        return [" or ".join(f"“{self.columns[field][0]}”" for field in fields) for fields in lacking]


def header_currency(header: str) -> str | None:
    """The text in the brackets of "Amount (EUR)"; None when there is none."""
    match = _WITH_CURRENCY.fullmatch(header)
    return match[2].strip() or None if match else None


def _normal(header: str, *, money: bool) -> str:
    text = " ".join(header.split()).casefold().removesuffix("?").rstrip()
    match = _WITH_CURRENCY.fullmatch(text) if money else None
    return match[1] if match else text


TOGGL = Layout(
    name="toggl",
    title="Toggl Track, detailed report",
    columns={
        "person": ("user", "member", "user name"),
        "email": ("email", "e-mail", "user email"),
        "client": ("client",),
        "project": ("project",),
        "task": ("task",),
        "description": ("description", "time entry"),
        "billable": ("billable",),
        "start_date": ("start date",),
        "start_time": ("start time",),
        "end_date": ("end date", "stop date"),
        "end_time": ("end time", "stop time"),
        "duration": ("duration",),
        "tags": ("tags", "tag"),
        "amount": ("amount", "billable amount"),
        "currency": ("currency",),
    },
    required=(("person", "email"), ("start_date",), ("duration",), ("billable",)),
)

CLOCKIFY = Layout(
    name="clockify",
    title="Clockify, detailed report",
    columns={
        "person": ("user",),
        "email": ("email",),
        "client": ("client",),
        "project": ("project",),
        "task": ("task",),
        "description": ("description",),
        "billable": ("billable",),
        "start_date": ("start date",),
        "start_time": ("start time",),
        "end_date": ("end date",),
        "end_time": ("end time",),
        "duration": ("duration (h)",),
        "hours": ("duration (decimal)",),
        "tags": ("tags", "tag"),
        "amount": ("billable amount", "amount"),
        "rate": ("billable rate", "rate"),
        "created_date": ("date of creation",),
        "kind": ("type",),
    },
    required=(("person", "email"), ("start_date",), ("duration", "hours"), ("billable",)),
)

HARVEST = Layout(
    name="harvest",
    title="Harvest, detailed time report",
    columns={
        "first_name": ("first name",),
        "last_name": ("last name",),
        "email": ("email",),
        "client": ("client",),
        "project": ("project",),
        "task": ("task",),
        "description": ("notes",),
        "billable": ("billable",),
        "start_date": ("date",),
        "duration": ("hours",),
        "amount": ("billable amount",),
        "rate": ("billable rate",),
        "currency": ("currency",),
    },
    required=(("first_name", "last_name", "email"), ("start_date",), ("duration",), ("billable",)),
)

KIMAI = Layout(
    name="kimai",
    title="Kimai, export",
    columns={
        "person": ("name", "user", "username"),
        "email": ("email", "e-mail"),
        "client": ("customer",),
        "project": ("project",),
        "task": ("activity",),
        "description": ("description",),
        "billable": ("billable",),
        "start_date": ("date",),
        "start_time": ("from", "begin", "start"),
        "end_time": ("to", "end"),
        "duration": ("duration",),
        "tags": ("tags",),
        "amount": ("price", "rate", "total price"),
        "rate": ("hourly price", "hourly rate"),
        "currency": ("currency",),
    },
    required=(("person", "email"), ("start_date",), ("duration",), ("task",), ("billable",)),
)

LAYOUTS: Mapping[str, Layout] = {layout.name: layout for layout in (TOGGL, CLOCKIFY, HARVEST, KIMAI)}


def choose_layout(headers: tuple[str, ...], name: str | None) -> Layout:
    """The layout that is asked for, else that which has its required columns here and knows most of them all.

    Raises FormatError for an unknown name, for missing columns, and for a header in use that stands twice.
    """
    known = ", ".join(LAYOUTS)
    if name is not None and name not in LAYOUTS:
        raise FormatError(f"There is no timesheet layout {name!r}.", f"Choose one of: {known}.")
    by_fit = sorted(LAYOUTS.values(), key=lambda layout: -len(layout.locate(headers)))
    candidates = [LAYOUTS[name]] if name else by_fit
    layout = next((one for one in candidates if not one.missing(headers)), None)
    if layout is None:
        nearest = candidates[0]
        raise FormatError(
            f"This is no timesheet that Duly knows. Nearest is {nearest.title}, which lacks the column "
            f"{', '.join(nearest.missing(headers))}; the file's header row has {_listed(headers)}.",
            f"Export the detailed report as CSV, in English, with all its columns (layouts: {known}).",
        )
    for position in layout.locate(headers).values():
        if headers.count(headers[position]) > 1:
            raise FormatError(
                f"The column “{headers[position]}” stands twice.",
                "Remove or rename the one that does not count.",
            )
    return layout


def _listed(headers: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{header[:40]}”" for header in headers[:30])
    return shown + (f" and {len(headers) - 30} more" if len(headers) > 30 else "")
