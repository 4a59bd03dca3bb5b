"""A set-up file's bytes → `SetUp`, or every mistake in it at once."""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from duly.formats import FormatError
from duly.formats.identities import check_currency
from duly.formats.setup_file import agreed, parties, taxes, words
from duly.formats.setup_file.model import ExchangeRate, Mapping, SetUp
from duly.formats.setup_file.table import Fraction, Problem, Table

T = TypeVar("T")

NATURAL_KEYS = (
    ("users", "login"), ("people", "code"), ("people", "email"), ("entities", "code"), ("accounts", "number"),
    ("rate_cards", "code"), ("metrics", "code"), ("agreements", "number"),
)


class SetUpError(FormatError):
    """The set-up file has mistakes; `problems` names each by its path, with its remedy."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        message = f"The set-up file has {count} mistake{'s' if count > 1 else ''}."
        super().__init__(message, "Nothing was changed: correct it, then run it again.")


def read_set_up(data: bytes) -> SetUp:
    """The set-up that a TOML file describes. Raises `SetUpError` with all its mistakes."""
    problems: list[Problem] = []
    top = Table(_toml(data), "", problems)
    users = _each(top, "users", parties.user)
    people = _each(top, "people", parties.person)
    entities = _each(top, "entities", parties.entity)
    accounts = _each(top, "accounts", lambda one: parties.account(one, entities))
    cards = _each(top, "rate_cards", lambda one: agreed.rate_card(one, entities))
    known = agreed.Known(entities, accounts, cards)
    set_up = SetUp(
        users=users, people=people, entities=entities, accounts=accounts, rate_cards=cards,
        metrics=_each(top, "metrics", agreed.metric),
        agreements=_each(top, "agreements", lambda one: agreed.agreement(one, known)),
        tax_rates=_each(top, "tax_rates", taxes.tax_rate),
        tax_components=_each(top, "tax_components", taxes.tax_component),
        exchange_rates=_each(top, "exchange_rates", _exchange_rate),
        second_factor=top.words("second_factor", words.SECOND_FACTOR_HOLDERS) if top.has("second_factor") else None,
        mapping=_mapping(top),
    )
    top.close()
    problems += _twice(set_up)
    if problems:
        raise SetUpError(problems)
    return set_up


def _toml(data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"), parse_float=Fraction)
    except UnicodeDecodeError as error:
        problem = Problem(f"byte {error.start + 1}", "This is not UTF-8.", "Save the file as UTF-8.")
    except ValueError as error:  # TOMLDecodeError, and what Python's own numbers refuse
        problem = Problem("TOML", f"{error}.", "See https://toml.io for how it is written.")
    except RecursionError:
        problem = Problem("TOML", "It is nested too deeply.", "Write flat tables.")
    raise SetUpError([problem])


def _each(top: Table, key: str, read: Callable[[Table], T]) -> tuple[T, ...]:
    found = []
    for one in top.tables(key):
        found.append(read(one))
        one.close()
    return tuple(found)


def _exchange_rate(table: Table) -> ExchangeRate:
    table.need("rate", '"0.9213"')
    rate = table.number("rate")
    if rate is not None and rate <= 0:
        table.note("rate", f"{rate} is not more than zero.", "Give units of quote for one unit of base.")
    return ExchangeRate(
        path=table.path, base=table.text("base", check=check_currency, example='"USD"'),
        quote=table.text("quote", check=check_currency, example='"EUR"'), rate=rate or Decimal(1),
        valid_from=table.day("from"), source=table.text("source", "set-up file", longest=60),
    )


def _mapping(top: Table) -> Mapping:
    mapping = top.table("mapping")
    if mapping is None:
        return Mapping((), (), ())
    kinds = [mapping.table(kind) for kind in ("people", "clients", "projects")]
    mapping.close()
    people, clients, projects = (table.pairs() if table else () for table in kinds)
    return Mapping(people, clients, projects)


def _twice(set_up: SetUp) -> Iterable[Problem]:
    """What has the same natural key twice."""
    for kind, key in NATURAL_KEYS:
        yield from _same(getattr(set_up, kind), key)
    for entity in set_up.entities:
        yield from _same(entity.payable_steps, "currency")


def _same(rows: Sequence[Any], key: str) -> Iterable[Problem]:
    seen: dict[str, str] = {}
    for one in rows:
        value = getattr(one, key)
        if value and seen.setdefault(value, one.path) != one.path:
            yield Problem(f"{one.path}.{key}", f"“{value}” stands at {seen[value]} already.", "Keep one of them.")
