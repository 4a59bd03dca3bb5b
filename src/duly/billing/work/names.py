"""Whom and what the names in a file stand for: mapped, or exactly the name of someone known; never guessed."""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from duly.billing.kernel import frames

IGNORE: Final = "ignore"
"""The mapping target that says: rows with this name are not for billing."""

TABLES: Final = {"person": "people", "client": "clients", "project": "projects"}
"""The tables under [mapping] in the set-up file, by kind of name."""

WANTED: Final = {"person": "a person's code", "client": "an account's number", "project": "a project's code"}

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def folded(name: str) -> str:
    """Names are compared without regard to case and to blanks around and between words."""
    return " ".join(name.split()).casefold()


def place(client: str, project: str) -> str:
    """A project as the mapping names it: “Client / Project”; one side may be empty."""
    return " ".join(f"{client} / {project}".split())


@dataclass(frozen=True, slots=True)
class Worker:
    id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A project with the agreement that pays for it and the account that agreed."""

    project_id: int
    name: str
    agreement_id: int
    account_id: int


@dataclass(frozen=True, slots=True)
class Person:
    """What a person's name stands for: someone, or nobody to bill, or `asked`: unknown."""

    worker: Worker | None = None
    ignored: bool = False
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What client and project stand for. `client_ignored` and `ignored` (the project): not for billing."""

    assignment: Assignment | None = None
    client_ignored: bool = False
    ignored: bool = False
    asked_client: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that is known. Where two bear one name, the name alone stands for neither."""

    mapped: Mapping[tuple[str, str], str]
    people: Mapping[str, Worker]
    people_by_name: Mapping[str, Worker]
    accounts: Mapping[str, int]
    accounts_by_name: Mapping[str, int]
    projects: Mapping[str, Assignment]
    projects_by_name: Mapping[tuple[int, str], Assignment]

    def person(self, name: str, email: str) -> Person:
        """By mapping, then e-mail address, then name."""
        keys = [key for key in (folded(email), folded(name)) if key]
        for key in keys:
            if target := self.mapped.get(("person", key)):
                return Person(ignored=True) if target == IGNORE else Person(self.people[target])
        found = next((self.people_by_name[key] for key in keys if key in self.people_by_name), None)
        return Person(found) if found else Person(asked=name or email)

    def place(self, client: str, project: str) -> Place:
        """By mapping of “Client / Project”; else the project of that exact name within the client's agreements.

        The client is the one mapped, else the account of exactly that name. Without a client nothing is asked.
        """
        if target := self.mapped.get(("project", folded(place(client, project)))):
            return Place(ignored=True) if target == IGNORE else Place(self.projects[target])
        if not folded(client):
            return Place()
        target = self.mapped.get(("client", folded(client)))
        if target == IGNORE:
            return Place(client_ignored=True)
        account = self.accounts[target] if target else self.accounts_by_name.get(folded(client))
        if account is None:
            return Place(asked_client=" ".join(client.split()), asked=place(client, project))
        found = self.projects_by_name.get((account, folded(project)))
        return Place(found) if found else Place(asked=place(client, project))


def known_names() -> Names:
    """Every mapping, person, account and project, in three queries."""
    people = frames.rows("select code, email, id, name, role from person")
    accounts = frames.rows("select number, id, name from account")
    projects = frames.rows("""select p.code, p.id, p.name, p.agreement_id, g.account_id
                                from project p join agreement g on g.id = p.agreement_id""")
    workers = {code: Worker(*rest) for code, _, *rest in people}
    assignments = {code: Assignment(*rest) for code, *rest in projects}
    by_email = {folded(email): workers[code] for code, email, *_ in people if email}
    by_name = _unique((folded(worker.name), worker) for worker in workers.values())
    numbers = {number: key for number, key, _ in accounts}
    targets: Mapping[str, Mapping[str, object]] = {"person": workers, "client": numbers, "project": assignments}
    mapped = frames.rows("select kind, key, target from name_mapping")
    return Names(
        mapped={(kind, key): to for kind, key, to in mapped if to == IGNORE or to in targets[kind]},
        people=workers,
        people_by_name=by_name | by_email,
        accounts=numbers,
        accounts_by_name=_unique((folded(name), key) for _, key, name in accounts),
        projects=assignments,
        projects_by_name=_unique(((one.account_id, folded(one.name)), one) for one in assignments.values()),
    )


def _unique(pairs: Iterable[tuple[K, V]]) -> dict[K, V]:
    """The pairs whose key stands for one value only."""
    gathered: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        gathered[key].append(value)
    return {key: values[0] for key, values in gathered.items() if len(values) == 1}


def mapping_lines(asked: Mapping[str, Iterable[str]]) -> str:
    """The lines to add to the set-up file for names that are not known, by kind; each waits for its target."""
    blocks = []
    for kind, table in TABLES.items():
        names = sorted(set(asked.get(kind, ())))
        if names:
            lines = [f'{quoted(name)} = ""  # {WANTED[kind]}, or "{IGNORE}"' for name in names]
            blocks.append("\n".join([f"[mapping.{table}]", *lines]))
    return "\n\n".join(blocks)


def quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
