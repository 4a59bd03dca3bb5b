"""Saying what the names in imported files stand for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem
from duly.billing.work.names import IGNORE, TABLES, WANTED, Names, folded, known_names, quoted

TARGETS: Final = {
    "person": "select code from person",
    "client": f"select a.number from account a where %(everywhere)s or {IN_BOOK}",
    "project": f"""select p.code from project p join agreement g on g.id = p.agreement_id
                     join account a on a.id = g.account_id where %(everywhere)s or {IN_BOOK}""",
}
"""SQL: what a name of each kind may stand for, within the actor's reach."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """How many names are new, stand for something else now, or stood for it already."""

    added: int
    changed: int
    unchanged: int


@verb("work.map_names", right="accounts")
def map_names(
    *, actor: Actor, at: datetime, people: Mapping[str, str], clients: Mapping[str, str], projects: Mapping[str, str]
) -> Mapped:
    """Say what names in imported files stand for: name → person's code, account's number, project's code.

    A project is named “Client / Project”. The target “ignore” means that rows with this name are not for
    billing: those of an ignored client come out as without client, the others as non-billable. Names are
    compared without regard to case and blanks. A name given again stands for its new target from now on; work
    that is recorded stays where it is. Raises `NotFound` with a problem for each name that is none and each target
    that is not there or not in the actor's book, and where work of an account outside it would go elsewhere.
    """
    wanted = {"person": people, "client": clients, "project": projects}
    frames.rows("select pg_advisory_xact_lock(hashtext('work.map_names'))")
    reach = {"everywhere": actor.may_everywhere("accounts"), "user": actor.user_id, "on": at.date()}
    targets = {kind: {row[0] for row in frames.rows(query, reach)} for kind, query in TARGETS.items()}
    problems = [problem for kind, given in wanted.items() for problem in _problems(kind, given, targets[kind])]
    if problems:
        raise NotFound(f"{len(problems)} names cannot be mapped so.", "Nothing was changed.", problems=problems)
    before = {(kind, key): to for kind, key, to in frames.rows("select kind, key, target from name_mapping")}
    given = [(kind, folded(name), " ".join(name.split()), to) for kind, names in wanted.items()
             for name, to in names.items()]
    changes = [one for one in given if before.get(one[:2]) != one[3]]
    names = known_names()
    losing = {account for kind, key, *_ in changes for account in _meant(names, kind, key)}
    refuse_outside_book(actor, "accounts", losing, at.date())
    for kind, key, name, target in changes:
        _write(kind, key, name, target, before.get((kind, key)))
    added = sum(one[:2] not in before for one in changes)
    return Mapped(added, len(changes) - added, len(given) - len(changes))


def _meant(names: Names, kind: str, key: str) -> Iterator[int]:
    """The accounts that rows of this name go to as it is: to say otherwise takes work away from them."""
    if kind == "project" and (assigned := names.projects.get(names.mapped.get((kind, key), ""))):
        yield assigned.account_id
    client = key.partition(" / ")[0] if kind == "project" else key
    mapped = names.accounts.get(names.mapped.get(("client", client), ""))
    if kind != "person" and (account := mapped or names.accounts_by_name.get(client)):
        yield account


def _problems(kind: str, names: Mapping[str, str], targets: Collection[str]) -> list[Problem]:
    problems = []
    seen: dict[str, str] = {}
    for name, target in names.items():
        path = f"mapping.{TABLES[kind]}.{quoted(name)}"
        if not folded(name) or len(name) > 400:
            problems.append(Problem(path, "This is not a name.", "Write the name as the file has it."))
        elif kind == "project" and " / " not in f" {name} ":
            problems.append(Problem(path, "A project is named with its client.", "Write it “Client / Project”."))
        elif seen.setdefault(folded(name), target) != target:
            problems.append(Problem(path, "The name stands twice, for different things.", "Keep one of them."))
        elif target != IGNORE and target not in targets:
            known = ", ".join(sorted(targets)[:8]) or "none yet"
            problems.append(Problem(path, f"“{target}” is not {WANTED[kind]}.", f"Known: {known}; or “{IGNORE}”."))
    return problems


def _write(kind: str, key: str, name: str, target: str, before: str | None) -> None:
    query = """insert into name_mapping (kind, key, name, target) values (%s, %s, %s, %s)
               on conflict (kind, key) do update set target = excluded.target returning id"""
    mapping = frames.rows(query, [kind, key, name, target])[0][0]
    personal = {"name": name} if kind == "person" else {}
    plain = {} if kind == "person" else {"name": name}
    record("name_mapping", mapping, personal=personal, kind=kind, target=target, before=before, **plain)
