"""Lists as pages: what a list shows is declared; its address holds its whole state.

`?text=acme&settled=open&sort=-due&after=…` filters, sorts and pages; `&format=csv` or `xlsx` exports all that matches.
What an address asks for beyond that is named on the page, which lists the rest; an export of more than that is refused.
Works as plain links and a form; htmx swaps the table and keeps the address in step.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode

from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.kernel.listing import Cursor, Page, Query
from duly.interfaces.kit.export import EXPORTS, Rows

LIMIT: Final = 50
STATE: Final = frozenset({"sort", "after", "before", "format"})
"""What an address may hold besides filters."""
Row = Mapping[str, Any]


class Asking(Protocol):
    """What a list needs of its request."""

    actor: Actor
    on: date


class Reads(Protocol):
    """A domain's read of one page."""

    def __call__(self, *, actor: Actor, on: date, query: Query) -> Page: ...


class ReadsAll(Protocol):
    """A domain's read of everything that matches, for exports."""

    def __call__(self, *, actor: Actor, on: date, query: Query) -> Rows: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the row's `key`, its title, and `kind` of cell.

    Kinds: text, strong (the row's link), money (in the row's `currency`), date, moment, number, hours, pill (see
    `tones` of the list). `sort` names the source's sort; `under` a second key, written small below; `wide` hides it
    on phones.
    """

    key: str
    title: str
    kind: str = "text"
    sort: str = ""
    under: str = ""
    wide: bool = False

    @property
    def right(self) -> bool:
        return self.kind in ("money", "number", "hours")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter by its name in the address and in the source: `kind` text, choice, date or number.

    `choices` is (value, text) pairs, or a function of the request that reads them. One that is only `given`, by a link
    of another page, has no field of its own: it is shown where it is set, and can be taken away.
    """

    name: str
    label: str
    kind: str = "text"
    choices: Sequence[tuple[str, str]] | Callable[[Any], Sequence[tuple[str, str]]] = ()
    given: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A filter as it stands on a page, with what was given and what is wrong with it."""

    filter: Filter
    value: str
    choices: Sequence[tuple[str, str]] = ()
    error: str = ""

    @property
    def said(self) -> str:
        """The value in words."""
        return dict(self.choices).get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: where its sorting link leads, and `aria-sort`."""

    column: Column
    url: str
    order: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as its template has it."""

    listing: "Listing"
    page: Page
    fields: Sequence[Field]
    headings: Sequence[Heading]
    path: str
    sort: str
    before_url: str
    after_url: str
    first_url: str
    exports: Sequence[tuple[str, str]]
    given: Sequence[tuple[Field, str]]
    not_understood: Sequence[str]

    @property
    def sums(self) -> str:
        return self.listing.sums(self.page.rows) if self.listing.sums and self.page.rows else ""

    @property
    def filtered(self) -> bool:
        return any(field.value for field in self.fields)

    @property
    def rows(self) -> list[tuple[Row, str]]:
        return [(row, self.listing.row_url(row) if self.listing.row_url else "") for row in self.page.rows]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: `name` (its id on the page and its file's name), what it reads, its columns and filters.

    `row_url` gives a row's address; `tones` the text and tone of each value of pill columns; `empty` what to say, and
    do, where nothing is there at all; `sums` says what the rows of a page come to. With
    `bulk` every row has a checkbox named `rows`, in the page's form `bulk`.
    """

    name: str
    read: Reads
    read_all: ReadsAll
    columns: Sequence[Column]
    sort: str
    filters: Sequence[Filter] = ()
    row_url: Callable[[Row], str] | None = None
    tones: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    empty: str = "Nothing is here yet."
    bulk: bool = False
    limit: int = LIMIT
    sums: Callable[[Sequence[Row]], str] | None = None

    def respond(self, request: Any, template: str, context: Mapping[str, Any] | None = None) -> HttpResponseBase:
        """The page with the list as `list`, only its table for htmx, or the file that `format` asks for."""
        fields = self._fields(request, request.GET)
        sort = self._sort(request)
        query = Query(_given(fields), sort, cursor_of(request.GET), self.limit)
        strange = self._not_understood(request.GET, fields)
        if make := EXPORTS.get(request.GET.get("format", "")):
            if strange:
                raise Refused("This file would hold more than was asked for.", " ".join(strange))
            rows = self.read_all(actor=request.actor, on=request.on, query=query)
            columns = [(one.key, one.title, one.kind) for one in self.columns]
            return make(f"{self.name}-{request.on:%Y-%m-%d}", columns, rows)
        found = self.read(actor=request.actor, on=request.on, query=query)
        shown = self._shown(request, found, fields, sort, strange)
        part = request.htmx and request.htmx.target == f"list-{self.name}"
        return render(request, "kit/list.html#table" if part else template, {**(context or {}), "list": shown})

    def filters_of(self, request: Any, address: QueryDict) -> dict[str, Any]:
        """What the filters in an address of this list ask for. Raises `Refused` for a wrong one, since an act on all
        that match would reach further without it."""
        fields = self._fields(request, address)
        if strange := self._not_understood(address, fields):
            raise Refused("This would reach further than was asked for.", " ".join(strange))
        return _given(fields)

    def _fields(self, request: HttpRequest, address: QueryDict) -> list[Field]:
        found = []
        for one in self.filters:
            value = address.get(one.name, "").strip()
            choices = one.choices(request) if callable(one.choices) else one.choices
            found.append(Field(one, value, choices, _wrong(one, value, choices)))
        return found

    def _sort(self, request: HttpRequest) -> str:
        wanted = request.GET.get("sort", "")
        return wanted if self._sorts_by(wanted) else self.sort

    def _sorts_by(self, sort: str) -> bool:
        key = sort.removeprefix("-")
        return bool(key) and key in {one.sort for one in self.columns}

    def _not_understood(self, address: QueryDict, fields: Sequence[Field]) -> list[str]:
        """What an address asks for that this list cannot do, in words."""
        known = STATE.union(one.name for one in self.filters)
        said = [f"“{_short(name)}” is no filter of this list." for name in address if name not in known]
        said += [f"{one.filter.label} “{_short(one.value)}”: {one.error}" for one in fields if one.error]
        if (sort := address.get("sort")) and not self._sorts_by(sort):
            said.append(f"It is not sorted by “{_short(sort)}”.")
        if (kind := address.get("format")) and kind not in EXPORTS:
            said.append(f"It makes no file of the kind “{_short(kind)}”.")
        if (address.get("after") or address.get("before")) and cursor_of(address) is None:
            said.append("The place to go on from cannot be read, so this is the beginning.")
        return said

    def _shown(self, request: HttpRequest, page: Page, fields: Sequence[Field], sort: str, strange: Sequence[str],
               ) -> Shown:
        state = {one.filter.name: one.value for one in fields if one.value}
        sorted_state = {**state, **({"sort": sort} if sort != self.sort else {})}

        def url(**more: str) -> str:
            return f"{request.path}?{urlencode({**sorted_state, **more})}".rstrip("?")

        def without(name: str) -> str:
            left = {key: value for key, value in sorted_state.items() if key != name}
            return f"{request.path}?{urlencode(left)}".rstrip("?")

        def turn(cursor: Cursor | None) -> str:
            return url(**{"before" if cursor.back else "after": token(cursor)}) if cursor else ""

        headings = [Heading(one, url(sort=_next(one.sort, sort)) if one.sort else "", _order(one.sort, sort))
                    for one in self.columns]
        exports = [(name, url(format=name)) for name in EXPORTS]
        given = [(one, without(one.filter.name)) for one in fields if one.filter.given and one.value]
        return Shown(self, page, fields, headings, request.path, sort if sort != self.sort else "", turn(page.before),
                     turn(page.after), url(), exports, given, strange)


def _next(key: str, sort: str) -> str:
    """Where a click on a head leads: rising first, falling when it rises already."""
    return f"-{key}" if sort == key else key


def _order(key: str, sort: str) -> str:
    if not key or sort.removeprefix("-") != key:
        return ""
    return "descending" if sort.startswith("-") else "ascending"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _wrong(one: Filter, value: str, choices: Sequence[tuple[str, str]]) -> str:
    if not value:
        return ""
    if one.kind == "choice" and value not in {choice for choice, _ in choices}:
        return "Choose one of the list."
    if one.kind == "number" and not (value.isascii() and value.isdigit() and len(value) < 19):
        return "Write a whole number."
    if one.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            return "Write the date like 2026-10-31."
    return "This holds a character that no text has." if "\0" in value else ""


def _given(fields: Sequence[Field]) -> dict[str, Any]:
    return {one.filter.name: _value(one) for one in fields if one.value and not one.error}


def _value(one: Field) -> Any:
    if one.filter.kind == "number":
        return int(one.value)
    return date.fromisoformat(one.value) if one.filter.kind == "date" else one.value


def token(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    return base64.urlsafe_b64encode(json.dumps([cursor.value, cursor.id]).encode()).decode().rstrip("=")


def cursor_of(address: QueryDict) -> Cursor | None:
    """The cursor of an address; None, the first page, for none and for one that was tampered with."""
    for name, back in (("after", False), ("before", True)):
        if given := address.get(name):
            try:
                value, row = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
                return Cursor(str(value), int(row), back)
            except (ValueError, TypeError, OverflowError, RecursionError):
                return None
    return None
