"""Whose figures a report shows: the entities, and the accounts that the actor may see or has in their book."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

SEEN: Final = f"(%(everywhere)s or {IN_BOOK})"
"""SQL: does account `a` count? Its parameters come from `values`."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A legal entity with the currency that its figures are in."""

    id: int
    code: str
    name: str
    currency: str


def values(actor: Actor, on: date, *, mine: bool = False) -> dict[str, Any]:
    """The parameters of `SEEN` for reading; with `mine` the actor's own book, also where they may see every account.

    Raises `Forbidden` without the right to read.
    """
    refuse_outside_book(actor, "read", [], on)
    return {"everywhere": actor.may_everywhere("read") and not mine, "user": actor.user_id, "on": on}


def accounts_if(scope: Mapping[str, Any], column: str) -> str:
    """SQL: is this column an account of the scope? Nothing is looked up for who sees every account."""
    return "true" if scope["everywhere"] else f"{column} = any(array(select a.id from account a where {IN_BOOK}))"


def sellers(code: str | None = None) -> list[Seller]:
    """The legal entities by code; the one of that code only, none where there is no such."""
    query = """select id, code, name, base_currency from legal_entity where %(code)s::text is null or code = %(code)s
                order by code"""
    return [Seller(*row) for row in frames.rows(query, {"code": code})]
