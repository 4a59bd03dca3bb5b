"""Verbs for the tokens of programs: made, shown once, and revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from duly.billing.accounts.models import ApiToken, User
from duly.billing.accounts.queries import refuse_unless_everywhere
from duly.billing.accounts.tokens import PREFIX, SCOPES, digest
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused


@dataclass(frozen=True, slots=True)
class TokenMade:
    """A new token: `secret` is shown this once, and nowhere kept."""

    id: int
    secret: str


@verb("accounts.add_token", right="people")
def add_token(*, actor: Actor, at: datetime, name: str, user: str, scope: str = "usage",
              expires_at: datetime | None = None) -> TokenMade:
    """Make a token for a program that acts for the user of this login, within `scope`, until it expires.

    Never give it an idempotency key: what a keyed command answers is kept. Raises `Refused` for another scope, no
    name and an end that is past; `NotFound` for a user who is not there or not active; `Forbidden`.
    """
    refuse_unless_everywhere(actor, "people")
    owner = User.objects.filter(login=user, is_active=True).first()
    if owner is None:
        raise NotFound(f"There is no active user “{user}”.", "Check the login, or add the user first.")
    problems = [Problem(field, text, remedy) for field, wrong, text, remedy in (
        ("name", not 1 <= len(name.strip()) <= 100, "It has no name.", "Say in 1 to 100 characters what uses it."),
        ("scope", scope not in SCOPES, f"“{scope}” is not a scope.", f"Use {', '.join(SCOPES)}."),
        ("expires_at", expires_at is not None and expires_at <= at, "That is past.", "Give a later day, or none."),
    ) if wrong]
    if problems:
        raise Refused("This token cannot be.", problems=problems)
    secret = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(name=name.strip(), user=owner, scope=scope, digest=digest(secret), hint=secret[-4:],
                                   expires_at=expires_at, made_at=at)
    record("api_token", made.pk, name=made.name, user=user, scope=scope, hint=made.hint,
           expires_at=expires_at and expires_at.isoformat())
    return TokenMade(made.pk, secret)


@verb("accounts.revoke_token", right="people")
def revoke_token(*, actor: Actor, at: datetime, token: int) -> int:
    """Let a token open nothing any more, at once and for good; its id. Raises `NotFound`, `Forbidden`."""
    refuse_unless_everywhere(actor, "people")
    found = ApiToken.objects.select_for_update().filter(pk=token).first()
    if found is None:
        raise NotFound(f"There is no token {token}.", "See the list of tokens.")
    if found.revoked_at is None:
        ApiToken.objects.filter(pk=token).update(revoked_at=at)
        record("api_token", token, revoked=found.name)
    return token
