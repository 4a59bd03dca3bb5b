"""From a set-up file to the verbs that put it into the books: all of it or nothing, and again without change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from duly.billing.accounts import queries
from duly.billing.accounts.actions import people
from duly.billing.accounts.models import User
from duly.billing.kernel.errors import Problem, Refused
from duly.formats.setup_file import SetUp, SetUpError, read_set_up
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.set_up_run import Run


@dataclass(frozen=True, slots=True)
class Report:
    """What a set-up did, by kind of thing. `founded`: the first administrator, where there was nobody before."""

    founded: str | None
    added: dict[str, int]
    changed: dict[str, int]
    unchanged: dict[str, int]


def load(path: Path) -> tuple[SetUp, dict[str, bytes]]:
    """The set-up file and the pictures that it names, by name. Raises `BadInput` with every mistake, `OSError`."""
    try:
        set_up = read_set_up(path.read_bytes())
    except SetUpError as error:
        problems = [Problem(one.path, one.text, one.remedy) for one in error.problems]
        raise BadInput(error.message, error.remedy, problems) from None
    pictures, problems = {}, []
    for entity in set_up.entities:
        if entity.logo is not None:
            try:
                pictures[entity.logo] = (path.parent / entity.logo).read_bytes()
            except (OSError, ValueError):
                problems.append(Problem(f"{entity.path}.logo", f"The file “{entity.logo}” cannot be read.",
                                        f"Put it beside {path.name}, or correct the name."))
    if problems:
        raise BadInput("A picture is missing.", "Nothing was changed.", problems)
    return set_up, pictures


def apply(set_up: SetUp, *, actor_login: str | None, at: datetime,
          pictures: Mapping[str, bytes] | None = None) -> Report:
    """Put all that the set-up describes into the books, in one transaction; what is there as described stays.

    Nothing is ever removed, but a user's roles and rights are the whole list. Where nobody is a user yet, the file's
    user `actor_login` (or its first administrator) is founded and acts. Raises `Refused` with the problems by
    their paths in the file: all of one kind of thing at once.
    """
    with transaction.atomic():
        founder = _found(set_up, actor_login, at)
        if founder is None and actor_login is None:
            raise Refused("Someone must act: this installation has users.", "Name one of them with --as.")
        run = Run(queries.actor(founder or actor_login or ""), at)
        run.users(set_up.users)
        run.actor = queries.actor(run.actor.login)  # with the rights that the file gives
        run.entities(set_up.entities, pictures or {})
        run.second_factor(set_up.second_factor)
        run.dated_rates(set_up)
        run.accounts(set_up.accounts)
        run.people(set_up.people)
        run.agreements(set_up)
        run.mapping(set_up.mapping)
    return Report(founder, *({kind: run.counts[kind, outcome] for kind in run.kinds if run.counts[kind, outcome]}
                             for outcome in ("added", "changed", "unchanged")))


def _found(set_up: SetUp, login: str | None, at: datetime) -> str | None:
    """The login of the first administrator, made now; None where there are users."""
    if User.objects.exists():
        return None
    for user in set_up.users:
        if ("administrator", "all") in user.roles and user.active and login in (None, user.login):
            people.found(at=at, login=user.login, name=user.name, email=user.email)
            return user.login
    wanted = f"“{login}” as an administrator" if login else "an administrator"
    problem = Problem("users", f"Nobody is a user yet, and the file does not name {wanted}.",
                      'Give one of [[users]] roles = ["administrator"].')
    raise Refused("An installation begins with an administrator.", problems=[problem])
