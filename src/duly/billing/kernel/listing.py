"""Lists for pages: filtered, sorted, paged by key, in one query whose every word stands in the code.

A domain declares a `Source`; a door asks for a `Query` of it. Pages follow one another by the sort's value and the
row's id (keyset paging), so the thousandth page costs what the first does, and rows added meanwhile shift none.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from duly.billing.kernel.authority import Actor
from duly.billing.kernel.names import fold

COUNTED: Final = 1_000
"""Rows are counted up to this many; a page says “1,000+” beyond."""
CHUNK: Final = 5_000
"""How many rows an export reads at once."""
WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d)?", re.ASCII)


def _moment(text: str) -> datetime:
    """A day or an instant as PostgreSQL writes it; Python reads more, such as week dates, which PostgreSQL does not."""
    if not WRITTEN.fullmatch(text):
        raise ValueError(f"{text} is not as PostgreSQL writes it")
    return datetime.fromisoformat(text)


TYPES: Final[Mapping[str, Callable[[str], Any]]] = {
    "date": _moment, "timestamptz": _moment, "numeric": Decimal, "bigint": int, "text": str,
}
"""The SQL types that lists are sorted by, and what reads their texts."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An SQL expression that is never null, and its type, one of `TYPES`."""

    sql: str
    type: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a list reads. All texts are SQL of the code's own; what people give travels as parameters only.

    `columns`: key → expression. `filters`: name → condition, in which `%(value)s` is what was given and `%(folded)s`
    the same folded as names are. `sorts`: key → expression. `tables` is everything after `from`; `book` the condition
    that a row is in the actor's book (over `%(user)s` and `%(on)s`); `where` what holds for every row. `%(everywhere)s`
    is whether the actor sees all books.
    """

    columns: Mapping[str, str]
    tables: str
    id: str
    sorts: Mapping[str, Sort]
    filters: Mapping[str, str]
    book: str
    where: str = "true"
    right: str = "read"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the sort's value and the id of the row beside it, as text. `back` reads upwards."""

    value: str
    id: int
    back: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a list: filters by name, a sort key (`-` before it: falling), where to begin, how many rows."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    cursor: Cursor | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as mappings of the source's columns; the cursors around them, None at an end.

    `count` is the number of all rows that match, up to `COUNTED`; `more` says that there are more than that.
    """

    rows: list[dict[str, Any]]
    before: Cursor | None
    after: Cursor | None
    count: int
    more: bool


def page(source: Source, query: Query, *, actor: Actor, on: date) -> Page:
    """One page in two queries; the first one for a cursor that is of another sort.

    Raises `KeyError` for a filter or sort that the source does not have.
    """
    if query.cursor is not None and not _fits(source.sorts[query.sort.removeprefix("-")], query.cursor):
        query = replace(query, cursor=None)
    found = _read(source, query, actor, on, query.limit + 1)
    beyond, found = len(found) > query.limit, found[: query.limit]
    back = query.cursor is not None and query.cursor.back
    if back:
        found.reverse()
    rows = [row for row, _ in found]
    if not rows:
        return Page([], None, None, 0 if query.cursor is None else _count(source, query, actor, on), False)
    earlier = beyond if back else query.cursor is not None
    later = beyond or back
    count = _count(source, query, actor, on)
    return Page(rows, replace(found[0][1], back=True) if earlier else None, found[-1][1] if later else None,
                min(count, COUNTED), count > COUNTED)


def every(source: Source, query: Query, *, actor: Actor, on: date) -> Iterator[dict[str, Any]]:
    """All rows that match, in order, a chunk in memory at a time."""
    query = replace(query, cursor=None)
    while found := _read(source, query, actor, on, CHUNK):
        yield from (row for row, _ in found)
        if len(found) < CHUNK:
            return
        query = replace(query, cursor=found[-1][1])


def _fits(sort: Sort, cursor: Cursor) -> bool:
    try:
        cursor.value.encode()
        return TYPES[sort.type](cursor.value) is not None and "\0" not in cursor.value and abs(cursor.id) < 2**63
    except (ValueError, ArithmeticError):
        return False


def _read(source: Source, query: Query, actor: Actor, on: date, limit: int) -> list[tuple[dict[str, Any], Cursor]]:
    sort = source.sorts[query.sort.removeprefix("-")]
    cursor = query.cursor
    falls = query.sort.startswith("-") != (cursor is not None and cursor.back)
    direction, comparison = ("desc", "<") if falls else ("asc", ">")
    condition, values = _condition(source, query, actor, on)
    if cursor is not None:
        condition += f" and ({sort.sql}, {source.id}) {comparison} (%(after)s::{sort.type}, %(after_id)s::bigint)"
        values |= {"after": cursor.value, "after_id": cursor.id}
    columns = ", ".join(source.columns.values())
    found = _rows(f"""select {columns}, ({sort.sql})::text, {source.id} from {source.tables} where {condition}
                      order by {sort.sql} {direction}, {source.id} {direction} limit {limit:d}""", values)
    return [(dict(zip(source.columns, row[:-2], strict=True)), Cursor(row[-2], row[-1])) for row in found]


def _count(source: Source, query: Query, actor: Actor, on: date) -> int:
    condition, values = _condition(source, query, actor, on)
    return _rows(f"""select count(*) from (select from {source.tables} where {condition}
                     limit {COUNTED + 1:d}) counted""", values)[0][0]


def _condition(source: Source, query: Query, actor: Actor, on: date) -> tuple[str, dict[str, Any]]:
    """The filters as one condition, each value under a name of its own."""
    everywhere = actor.may_everywhere(source.right)
    parts = [source.where, *([] if everywhere else [source.book])]
    values: dict[str, Any] = {"user": actor.user_id, "on": on, "everywhere": everywhere}
    for place, (name, value) in enumerate(query.filters.items()):
        condition = source.filters[name].replace("%(value)s", f"%(value_{place})s")
        parts.append(f"({condition.replace('%(folded)s', f'%(folded_{place})s')})")
        values |= {f"value_{place}": value, f"folded_{place}": fold(str(value))}
    return " and ".join(parts), values


def _rows(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()
