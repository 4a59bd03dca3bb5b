"""Verbs for users with their roles and rights, for people whose work is billed, and for the first administrator."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from duly.billing.accounts.models import ROLES, SCOPES, SENSITIVE_RIGHTS, Person, RightGrant, RoleGrant, User
from duly.billing.accounts.queries import user_id
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.reference.put import Put, put

FEWEST_SIGNS = 5
"""Different ones that a password holds at least: length alone lets twelve spaces pass."""

NO_PASSWORD = "!"
"""No password matches it: people sign in by a way that they set themselves."""


@verb("accounts.put_user", right="people")
def put_user(
    *, actor: Actor, at: datetime, login: str, name: str, email: str, roles: Mapping[str, str] | None = None,
    rights: Sequence[str] = (), active: bool = True,
) -> Put:
    """Add the user of this login, or change them. `roles` (role → scope, all or book) and `rights` are the whole list.

    Raises `Refused` for unknown roles, scopes and rights, and where nobody would be left who may do this.
    """
    wanted = dict(roles or {})
    _refuse_strange(wanted, rights)
    frames.rows("select pg_advisory_xact_lock(hashtext('accounts.users'))")
    values = {"name": name, "email": email, "is_active": active}
    user = put(User, {"login": login}, values, personal=("name", "email"), untold={"password": NO_PASSWORD})
    granted = _grant(user.id, wanted, sorted(set(rights)))
    if granted and user.outcome == "unchanged":
        user = Put(user.id, "changed", granted)
    if not User.objects.filter(is_active=True, role_grants__role="administrator", role_grants__scope="all").exists():
        raise Refused("Nobody would be left who may add people.", "Keep one active administrator for all accounts.")
    return user


def _refuse_strange(roles: Mapping[str, str], rights: Sequence[str]) -> None:
    problems = [
        *(Problem("roles", f"“{role}” is not a role.", f"Use {', '.join(ROLES)}.")
          for role in roles if role not in ROLES),
        *(Problem("roles", f"“{scope}” is not a scope.", "Use all or book.")
          for scope in roles.values() if scope not in SCOPES),
        *(Problem("roles", "A client acts for the own account only.", "Give the role client the scope book.")
          for role, scope in roles.items() if (role, scope) == ("client", "all")),
        *(Problem("rights", f"“{right}” is not a sensitive right.", f"Use {', '.join(SENSITIVE_RIGHTS)}.")
          for right in rights if right not in SENSITIVE_RIGHTS),
    ]
    if problems:
        raise Refused("These roles or rights do not exist.", problems=problems)


def _grant(user: int, roles: dict[str, str], rights: list[str]) -> list[str]:
    """Let the user's grants be exactly these, with an event where they were not; what differed."""
    before = {
        "roles": dict(RoleGrant.objects.filter(user_id=user).order_by("role").values_list("role", "scope")),
        "rights": list(RightGrant.objects.filter(user_id=user).order_by("right").values_list("right", flat=True)),
    }
    after = {"roles": dict(sorted(roles.items())), "rights": rights}
    if before == after:
        return []
    if before["roles"] != after["roles"]:
        RoleGrant.objects.filter(user_id=user).delete()
        RoleGrant.objects.bulk_create(RoleGrant(user_id=user, role=role, scope=scope) for role, scope in roles.items())
    RightGrant.objects.filter(user_id=user).exclude(right__in=rights).delete()
    RightGrant.objects.bulk_create(
        RightGrant(user_id=user, right=right) for right in rights if right not in before["rights"]
    )
    record("app_user", user, before=before, after=after)
    return [part for part in after if before[part] != after[part]]


@verb("accounts.put_person", right="people")
def put_person(*, actor: Actor, at: datetime, code: str, name: str, email: str | None = None, role: str = "",
               user: str | None = None) -> Put:
    """Add someone whose work is billed, or change them; `user` is their login, if they sign in. Raises `NotFound`."""
    values = {"name": name, "email": email, "role": role, "user_id": user_id(user) if user else None}
    return put(Person, {"code": code}, values, personal=("name", "email"))


@verb("accounts.set_password", right="people")
def set_password(*, actor: Actor, at: datetime, login: str, password: str) -> int:
    """Let the user of this login sign in with this password, and by no older one; their id.

    Raises `NotFound`, and `Refused` for a password that is too easy to guess. Sessions of the user end.
    """
    return _set_password(login, password)


@verb("accounts.change_own_password", right="read")
def change_own_password(*, actor: Actor, at: datetime, password: str) -> int:
    """Let the actor sign in with this password, and by no older one; their id. The door has asked for the old one.

    Raises `Refused` for a password that is too easy to guess. Other sessions of the actor end.
    """
    return _set_password(actor.login, password)


def _set_password(login: str, password: str) -> int:
    user = User.objects.filter(login=login).first()
    if user is None:
        raise NotFound(f"There is no user “{login}”.", "Check the login, or add the user first.")
    said = [] if len(set(password)) >= FEWEST_SIGNS else [f"It must hold at least {FEWEST_SIGNS} different signs."]
    try:
        validate_password(password, user)
    except ValidationError as error:
        said += error.messages
    if said:
        problems = [Problem("password", message) for message in said]
        raise Refused("This password is too easy to guess.", "Use a longer one.", problems=problems)
    User.objects.filter(pk=user.pk).update(password=make_password(password))
    record("app_user", user.pk, password="set")
    return user.pk


@transaction.atomic
def found(*, at: datetime, login: str, name: str, email: str) -> Put:
    """Make the first administrator of an installation in which nobody is a user yet; otherwise raises `Refused`."""
    frames.rows("select pg_advisory_xact_lock(hashtext('accounts.users'))")
    if User.objects.exists():
        raise Refused("This installation has users already.", "Act as one of its administrators.")
    founder = Actor(login, 0, frozenset({"people"}))
    return put_user(actor=founder, at=at, login=login, name=name, email=email, roles={"administrator": "all"})
