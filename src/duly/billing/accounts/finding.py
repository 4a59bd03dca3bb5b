"""The accounts that someone means by what they wrote: numbers or names, with commas between."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.names import fold

WORDS: Final = 4
"""A name holds at most three commas."""
NEAR: Final = 3
LOOKED_AT: Final = 2_000
"""So many names are looked at for what an unknown one may have meant."""


@dataclass(frozen=True, slots=True)
class Named:
    id: int
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Meant:
    """The accounts in the order in which they were written, each once; the rest, and why each of it is none."""

    accounts: tuple[Named, ...]
    rest: tuple[str, ...]
    problems: tuple[str, ...]


def accounts_meant(*, actor: Actor, right: str, on: date, text: str) -> Meant:
    """The accounts of the actor's book that `text` names by number or whole name, whatever the case; two queries.

    A name may hold commas itself: what stands between more of them is tried first.
    """
    parts = [part for part in (" ".join(part.split()) for part in text.split(",")) if part]
    spans = {(start, end): ", ".join(parts[start:end]) for start in range(len(parts))
             for end in range(start + 1, min(start + WORDS, len(parts)) + 1)}
    scope = {"everywhere": actor.may_everywhere(right), "user": actor.user_id, "on": on}
    known = _known(spans.values(), scope)
    found: dict[str, Named] = {}
    rest: list[str] = []
    problems: list[str] = []
    start = 0
    while start < len(parts):
        end = next((end for end in range(min(start + WORDS, len(parts)), start, -1)
                    if fold(spans[start, end]) in known), None)
        text = spans[start, end or start + 1]
        same = known.get(fold(text), [])
        if len(same) == 1:
            found[same[0].number] = same[0]
        else:
            rest.append(text)
            problems.append(_several(text, same) if same else _unknown(text, scope))
        start = end or start + 1
    return Meant(tuple(found.values()), tuple(rest), tuple(problems))


def _known(texts: Iterable[str], scope: dict[str, object]) -> dict[str, list[Named]]:
    """The accounts of exactly these numbers or names, by either in lower case; a number goes before a name."""
    folded = sorted({fold(text) for text in texts})
    rows = frames.rows(f"""select a.id, a.number, a.name, lower(a.number), a.sort_name from account a
        where (lower(a.number) = any(%(texts)s) or a.sort_name = any(%(texts)s)) and (%(everywhere)s or {IN_BOOK})
        order by a.number""", {**scope, "texts": folded})
    known: dict[str, list[Named]] = {}
    for *_, name in rows:
        known[name] = [Named(*row[:3]) for row in rows if row[4] == name]
    return known | {row[3]: [Named(*row[:3])] for row in rows}


def _several(text: str, same: list[Named]) -> str:
    numbers = ", ".join(one.number for one in same)
    return f"“{text}” is the name of {len(same)} accounts: write one of {numbers}."


def _unknown(text: str, scope: dict[str, object]) -> str:
    """That there is none of that name, with those of the book that read nearly so or hold it."""
    folded = fold(text)
    rows = frames.rows(f"""select a.number, a.name, a.sort_name from account a where (%(everywhere)s or {IN_BOOK})
        order by position(%(text)s in a.sort_name) = 0 and position(%(text)s in lower(a.number)) = 0,
                 not starts_with(a.sort_name, left(%(text)s, 1)), a.sort_name limit {LOOKED_AT}""",
                       {**scope, "text": folded})
    holding = [row for row in rows if folded in row[2] or folded in row[0].lower()][:NEAR]
    by_text = {name: row for row in rows for name in (row[2], row[0].lower())}
    alike = [by_text[one] for one in get_close_matches(folded, by_text, n=NEAR)]
    near = list(dict.fromkeys((*holding, *alike)))[:NEAR]
    said = f"There is no account “{text}” in your book."
    return f"{said} Near: {', '.join(f'{name} ({number})' for number, name, _ in near)}." if near else said
