"""The demo company as its files describe it: the set-up by months, and what happens in them."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from duly.formats.setup_file import SetUp, read_set_up
from duly.formats.setup_file.model import Account
from duly.formats.setup_file.terms import Agreement
from duly.interfaces.cli.failures import BadInput

FOLDER: Final = Path(__file__).resolve().parents[5] / "examples" / "demo"
SET_UP: Final = ("rates.toml", "firm.toml", "accounts.toml", "agreements.toml")
"""One set-up file in four parts; the first has the keys that stand before all tables."""

BEGINS: Final = date(2025, 5, 1)
TODAY: Final = date(2026, 11, 20)
"""The demo's business date, a Friday: October is issued and partly paid, November is under way."""

Period = tuple[date, date]
"""[from, to): the second day is the first one outside."""


@dataclass(frozen=True, slots=True)
class Project:
    """What a team books its time on. `hours` a month by person's code; `words` and `trips` name lists of the plan."""

    code: str
    name: str
    client: str
    words: str
    trips: str | None
    hours: Mapping[str, int]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A milestone, or a share of it, that a client accepted."""

    agreement: str
    charge: str
    on: date
    share: Decimal
    evidence: str


@dataclass(frozen=True)
class Plan:
    """The set-up and the story. `story` is `work.toml` as it stands; `begins` is the first day that is lived."""

    set_up: SetUp
    story: Mapping[str, Any]
    begins: date = BEGINS

    @cached_property
    def projects(self) -> dict[str, Project]:
        """The projects by code, with the names that their agreements and accounts have."""
        clients = {account.number: account.name for account in self.set_up.accounts}
        places = {code: (name, agreed) for agreed in self.set_up.agreements for code, name in agreed.projects}
        return {one["code"]: _project(one, *places[one["code"]], clients) for one in self.story["projects"]}

    @property
    def acceptances(self) -> Iterator[Acceptance]:
        for agreement, charge, on, percent, evidence in self.story["acceptances"]["list"]:
            if self.has(agreement):
                yield Acceptance(agreement, charge, on, Decimal(percent) / 100, evidence)

    def has(self, agreement: str) -> bool:
        """Whether the set-up has this agreement."""
        return any(one.number == agreement for one in self.set_up.agreements)

    def set_up_of(self, month: Period) -> SetUp:
        """What is new in a month: accounts whose first agreement begins, agreements, their versions, rates.

        The first month of all brings the firm itself too.
        """
        first = month[0] == self.begins
        begun = date.min if first else month[0]
        agreements = [_until(one, month[1]) for one in self.set_up.agreements if _begins(one) < month[1]]
        nothing = replace(self.set_up, users=(), entities=(), people=(), rate_cards=(), metrics=(), tax_rates=())
        return replace(
            self.set_up if first else nothing, accounts=tuple(self._accounts_of(begun, month[1])),
            agreements=tuple(one for one in agreements if one.versions[-1].valid_from >= begun),
            exchange_rates=tuple(one for one in self.set_up.exchange_rates if begun <= one.valid_from < month[1]),
        )

    def _accounts_of(self, begun: date, until: date) -> Iterator[Account]:
        """Accounts that come in [begun, until), and those whose manager is covered for from then on."""
        comes = self.comes
        for account in self.set_up.accounts:
            covered = account.cover is not None and account.cover.first_day < until
            new = begun <= comes[account.number] < until
            covers = covered and account.cover is not None and account.cover.first_day >= begun
            if comes[account.number] < until and (new or covers):
                yield account if covered else replace(account, cover=None)

    @cached_property
    def comes(self) -> dict[str, date]:
        """The day on which each account's first agreement begins, or that of an account below or billed to it."""
        comes = {account.number: date.max for account in self.set_up.accounts}
        above = {account.number: [up for up in (account.parent, account.bill_to) if up]
                 for account in self.set_up.accounts}
        for agreed in self.set_up.agreements:
            for number in (agreed.account, *above[agreed.account]):
                comes[number] = min(comes[number], _begins(agreed))
        return comes


def read_plan() -> Plan:
    """The demo's files; raises `BadInput` outside of a checkout."""
    if not FOLDER.is_dir():
        raise BadInput(f"The demo company is not in {FOLDER}.", "Run the demo from a checkout of Duly.")
    text = b"\n".join((FOLDER / name).read_bytes() for name in SET_UP)
    return Plan(read_set_up(text), tomllib.loads((FOLDER / "work.toml").read_text()))


def months(first: date, last: date) -> Iterator[Period]:
    """The months from the one of `first` to the one of `last`."""
    begin = first.replace(day=1)
    while begin <= last:
        end = (begin + timedelta(days=31)).replace(day=1)
        yield begin, end
        begin = end


def workdays(first: date, last: date) -> Sequence[date]:
    """The days from Monday to Friday, both ends included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]


def _project(described: Mapping[str, Any], name: str, agreed: Agreement, clients: Mapping[str, str]) -> Project:
    return Project(
        described["code"], name, clients[agreed.account], described["words"], described.get("trips"),
        described["team"], _begins(agreed), agreed.ends_on or date.max,
    )


def _begins(agreed: Agreement) -> date:
    return agreed.versions[0].valid_from


def _until(agreed: Agreement, until: date) -> Agreement:
    """The agreement with the versions that are known before a day."""
    return replace(agreed, versions=tuple(one for one in agreed.versions if one.valid_from < until))
