"""Who signs in to the demo company, and how: everyone by one password, which is no secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from duly.billing.accounts.actions.people import set_password
from duly.billing.kernel.authority import Actor

PASSWORD: Final = "walk-the-books-26"


def give_passwords(actor: Actor, logins: Sequence[str], at: datetime) -> None:
    """Let these users sign in by the demo's password."""
    for login in logins:
        set_password(actor=actor, at=at, login=login, password=PASSWORD)
