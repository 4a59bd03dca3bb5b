"""Whatever a verb is given, it acts or refuses in words: no value reaches a person as a traceback.

Each argument of each verb, at any depth, is replaced by values that are not what it should be.
"""

import dataclasses
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, Actor
from duly.billing.kernel.errors import Refused
from tests.billing.cases import CASES
from tests.billing.sides import Side, side
from tests.billing.test_matrix import EVERY
from tests.conftest import _clone
from tests.world import NOW, World

HUGE = Decimal(10) ** 40
POISON: dict[type, list[Any]] = {
    str: ["", " ", "a\0b", "a\ud800b", "ü" * 5000, "🂡\u202e\r\n\t", "=cmd|' /C calc'!A0", "%s {} {0} %(x)s", "';--"],
    Decimal: [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal(-1), Decimal(0),
              HUGE, -HUGE, Decimal("1e-30"), Decimal("0.005")],
    int: [0, -1, 2**31, 2**63 - 1],  # no door reads a whole number of more than eight bytes
    date: [date.min, date.max, date(9999, 11, 30)],
    list: [[]],
}


def poisoned(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one thing in it replaced, for every thing and every poison; and lists with one thing twice."""
    yield from ((f"{path}={bad!r:.30}", bad) for bad in POISON.get(type(value), ()))
    if isinstance(value, dict):
        for word, part in value.items():
            yield from ((where, {**value, word: bad}) for where, bad in poisoned(part, f"{path}.{word}"))
    elif isinstance(value, list | tuple) and value:
        if isinstance(value, list):
            yield f"{path} twice", [value[0], *value]
        for place, part in enumerate(value):
            yield from ((where, type(value)((*value[:place], bad, *value[place + 1 :])))
                        for where, bad in poisoned(part, f"{path}[{place}]"))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from ((where, dataclasses.replace(value, **{field.name: bad}))
                        for where, bad in poisoned(getattr(value, field.name), f"{path}.{field.name}"))


@pytest.fixture(scope="module")
def acme(template: str) -> Iterator[Side]:
    with _clone(template, f"{template}_hostile"):
        yield side(World(), "ACME")


@pytest.fixture(autouse=True)
def _rolled_back(acme: Side) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


TAKE_FUNCTIONS = {"desk.deliver", "audit.export"}
"""What these hand over has no digest: no door gives them a key."""


def came_of(name: str, arguments: dict[str, Any]) -> str | None:
    """None when the verb acts or refuses in words; else what it raised."""
    actor = Actor("mara", m.User.objects.get(login="mara").pk, everywhere=RIGHTS)
    undo = transaction.savepoint()
    try:
        EVERY[name].function(actor=actor, at=NOW, **arguments)
        frames.execute("set constraints all immediate")
    except Refused as refusal:
        return None if refusal.text.strip() else "an empty refusal"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        transaction.savepoint_rollback(undo)
    return None


@pytest.mark.parametrize("name", CASES)
def test_a_verb_acts_or_refuses_in_words(acme: Side, name: str) -> None:
    raised = {path: came_of(name, arguments) for path, arguments in poisoned(CASES[name].arguments(acme))}
    assert {path: came for path, came in raised.items() if came} == {}


@pytest.mark.parametrize("name", [name for name in CASES if name not in TAKE_FUNCTIONS])
def test_a_verb_may_be_given_a_key(acme: Side, name: str) -> None:
    """What the key stands for is digested, so the arguments are plain values: no rows of tables."""
    assert came_of(name, {**CASES[name].arguments(acme), "key": "once"}) is None


WORDS = [
    # verb                     argument    value          what a person reads
    ("accounts.put_account", "name", "a\0b", "NUL"),
    ("accounts.put_account", "name", "a\ud800b", "U+D800, which is no character"),
    ("accounts.put_account", "name", "x" * 201, "value too long for type character varying(200). Say it shorter."),
    ("accounts.put_account", "payment_days", 2**31, "out of range. Give a smaller number."),
    ("work.add_expense", "cost", Decimal("NaN"), "NaN EUR is no amount that was paid."),
    ("work.add_expense", "currency", "ABC", "9 ABC is no amount that was paid."),
    ("work.accept_milestone", "share", Decimal("Infinity"), "A share of Infinity cannot be accepted"),
    ("accounts.put_purchase_order", "amount", Decimal("-0.01"), "-0.01 EUR is not an amount."),
    ("payments.receive", "amount", HUGE, "larger than any amount can be"),
    ("payments.receive", "currency", "USD", "the money in USD"),
    ("payments.receive", "entity", "OTHER", "There is no legal entity “OTHER”."),
    ("payments.allocate", "to", [], "has nothing left to allocate"),
    ("invoicing.issue", "on", date.max, "more than 31 days ahead"),
    ("invoicing.issue", "drafts", list(range(1, 5001)), "at most 2,500 fit"),
]


@pytest.mark.parametrize(("name", "argument", "value", "words"), WORDS)
def test_the_words_say_what_is_wrong(acme: Side, name: str, argument: str, value: Any, words: str) -> None:
    arguments = {**CASES[name].arguments(acme), argument: value}
    with pytest.raises(Refused) as refusal:
        EVERY[name].function(actor=Actor("fin", 1, everywhere=RIGHTS), at=NOW, **arguments)
    assert words in " ".join([str(refusal.value), *map(str, refusal.value.problems)])


def test_the_same_draft_named_twice_is_issued_once(acme: Side) -> None:
    fin = Actor("fin", m.User.objects.get(login="fin").pk, everywhere=RIGHTS)
    arguments = CASES["invoicing.issue"].arguments(acme)
    answer = EVERY["invoicing.issue"].function(actor=fin, at=NOW, **{**arguments, "drafts": [acme.free] * 3})
    assert (len(answer.numbers), answer.skipped) == (1, [])


def test_nothing_named_is_nothing_done(acme: Side) -> None:
    fin = Actor("fin", m.User.objects.get(login="fin").pk, everywhere=RIGHTS)
    arguments = CASES["invoicing.issue"].arguments(acme)
    answer = EVERY["invoicing.issue"].function(actor=fin, at=NOW, **{**arguments, "drafts": []})
    assert (answer.numbers, answer.skipped) == ({}, [])
