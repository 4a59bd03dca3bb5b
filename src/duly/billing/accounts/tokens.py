"""Tokens of programs: whose they are, and the actor that one stands for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from duly.billing.accounts.queries import actor as actor_of
from duly.billing.accounts.queries import refuse_unless_everywhere
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

SCOPES: Final[Mapping[str, frozenset[str]]] = {"usage": frozenset({"work"})}
"""The rights that a scope leaves of its user's."""

PREFIX: Final = "duly_"
"""What every token begins with, so that one that leaks is known for what it is."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as people see it; `state` is valid, expired or revoked."""

    id: int
    name: str
    user: str
    scope: str
    hint: str
    state: str
    made_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def digest(token: str) -> str:
    """What is kept of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens(*, actor: Actor, at: datetime) -> list[Token]:
    """Every token, the newest first. Raises `Forbidden` without the right to manage people."""
    refuse_unless_everywhere(actor, "people")
    return [Token(*row) for row in frames.rows("""
        select t.id, t.name, u.login, t.scope, t.hint,
               case when t.revoked_at is not null then 'revoked' when t.expires_at <= %s then 'expired'
                    else 'valid' end, t.made_at, t.expires_at, t.last_used_at
          from api_token t join app_user u on u.id = t.user_id order by t.id desc""", [at])]


def bearer(token: str, *, at: datetime) -> Actor | None:
    """The actor that a token stands for, with what its scope leaves of its user's rights.

    None for a token that is none, expired, revoked, or whose user is active no more. Notes, once a minute at most,
    when it was used last.
    """
    found = frames.rows("""select t.id, t.scope, u.login from api_token t join app_user u on u.id = t.user_id
         where t.digest = %s and t.revoked_at is null and (t.expires_at is null or t.expires_at > %s)
           and u.is_active""", [digest(token), at])
    if not found:
        return None
    [(key, scope, login)] = found
    frames.execute("""update api_token set last_used_at = %s where id = %s
                       and (last_used_at is null or last_used_at < %s - interval '1 minute')""", [at, key, at])
    whole, rights = actor_of(login), SCOPES[scope]
    return replace(whole, everywhere=whole.everywhere & rights, in_book=whole.in_book & rights)
