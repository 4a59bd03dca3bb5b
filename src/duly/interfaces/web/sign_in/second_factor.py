"""Whether someone may go on with a password alone."""

from collections.abc import Sequence

from allauth.mfa.models import Authenticator

from duly.billing.accounts.queries import second_factor_demanded
from duly.billing.kernel.authority import Actor


def second_factor_missing(actor: Actor) -> bool:
    """Whether the firm demands a second factor of the actor, and they have set up none."""
    return second_factor_demanded(actor) and not Authenticator.objects.filter(
        user_id=actor.user_id, type=Authenticator.Type.TOTP).exists()


def without_second_factor(users: Sequence[int]) -> set[int]:
    """Those of the users who have set up none."""
    return set(users).difference(Authenticator.objects.filter(
        user_id__in=users, type=Authenticator.Type.TOTP).values_list("user_id", flat=True))
