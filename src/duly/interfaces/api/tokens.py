"""Who sends: a token in the Authorization header. Whoever guesses is slowed down."""

from datetime import datetime
from typing import Final

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from duly.billing.accounts.tokens import bearer
from duly.billing.kernel.authority import Actor

FAILURES: Final = 20
"""How often a minute one address may show a token that is none."""


class Sender(HttpRequest):
    """A request whose token is known: who acts, and when."""

    auth: Actor
    at: datetime


class ByToken(HttpBearer):
    """Lets pass who shows a token that is valid; raises 429 for an address that failed too often."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        at = timezone.now()
        counter = f"api-failures:{get_adapter(request).get_client_ip(request)}:{at:%H%M}"
        if cache.get(counter, 0) >= FAILURES:
            raise HttpError(429, "Too many unknown tokens came from this address. Wait a minute.")
        found = bearer(token, at=at)
        if found is None:
            cache.add(counter, 0, 120)
            cache.incr(counter)
            return None
        request.at = at  # type: ignore[attr-defined]
        return found
