"""Law 11 as one matrix: every verb × every role × inside or outside the book.

The table says for each verb how it is called on a side: an account in Mara's book, one outside of it, or nothing at
all. What must come of it follows from the right that the verb demands and where the actor has it. Law 7 is looked at
on the way: what is allowed leaves events of one command, what is refused has not written a row.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, ROLE_RIGHTS, Actor
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from tests.billing.cases import CASES, Arguments, Case
from tests.billing.sides import NOWHERE, Side, every_verb, side
from tests.conftest import _clone
from tests.world import NOW, TODAY, World

EVERY = every_verb()
OWN = {name: case for name, case in CASES.items() if not (case.everywhere or case.alone)}
FREE_NAMES = {"work.import_timesheet", "work.import_expenses", "accounts.put_account"}
"""A client, or the number of an account, that is not there is no error of these: they ask for it, or add it."""


class Sides(NamedTuple):
    inside: Side
    outside: Side


@pytest.fixture(scope="module")
def sides(template: str) -> Iterator[Sides]:
    """Acme in Mara's book and Zed outside of it, committed in a database of this file's own."""
    with _clone(template, f"{template}_matrix"):
        world = World()
        yield Sides(side(world, "ACME"), side(world, "ZED"))


@pytest.fixture(autouse=True)
def _rolled_back(sides: Sides) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def holders() -> Iterator[tuple[str, frozenset[str]]]:
    """Every role, and for each sensitive right somebody who may only read besides."""
    yield from ROLE_RIGHTS.items()
    for right in sorted(RIGHTS - frozenset().union(*ROLE_RIGHTS.values())):
        yield f"holder of {right}", frozenset({"read", right})


def actors() -> Iterator[tuple[str, Actor]]:
    """Mara with the rights of each role, once for all accounts and once for her book."""
    mara = m.User.objects.get(login="mara").pk
    for name, rights in holders():
        yield f"{name}, all", Actor("mara", mara, everywhere=rights)
        yield f"{name}, book", Actor("mara", mara, in_book=rights)


def expected(case: Case, actor: Actor, in_book: bool) -> type[Refused] | None:
    if actor.may_everywhere(case.right) or (case.alone and actor.may(case.right)):
        return None
    if case.everywhere or not actor.may(case.right):
        return Forbidden
    return None if in_book else NotFound


def attempt(name: str, actor: Actor, arguments: Arguments) -> tuple[Refused | None, int, list[Any]]:
    """How the verb refused, the rows it wrote, and the commands of its events; what it did is undone."""
    [(last,)] = frames.rows("select coalesce(max(id), 0) from event")
    before, refusal = written(), None
    undo = transaction.savepoint()
    try:
        EVERY[name].function(actor=actor, at=NOW, **arguments)
        frames.execute("set constraints all immediate")
    except Refused as refused:
        refusal = refused
    rows = written() - before
    commands = frames.rows("select distinct command_id from event where id > %s", [last])
    transaction.savepoint_rollback(undo)
    return refusal, rows, commands


def written() -> int:
    """Rows inserted, changed and deleted in this transaction so far, those that were rolled back too."""
    return int(frames.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables")[0][0])


def faults(name: str, actor: Actor, arguments: Arguments, wanted: type[Refused] | None) -> Iterator[str]:
    """What went otherwise than it should have."""
    refusal, rows, commands = attempt(name, actor, arguments)
    if (type(refusal) if refusal else None) is not wanted:
        yield f"expected {wanted and wanted.__name__}, got {refusal!r}"
    elif wanted is None and CASES[name].events and len(commands) != 1:
        yield f"left events of {len(commands)} commands, not of one"
    elif wanted is not None and rows:
        yield f"was refused, but had written {rows} rows"


def test_the_table_has_every_verb_with_its_right() -> None:
    assert {name: verb.right for name, verb in EVERY.items()} == {name: case.right for name, case in CASES.items()}


@pytest.mark.parametrize("where", ["inside", "outside"])
@pytest.mark.parametrize("name", CASES)
def test_a_verb_is_allowed_by_right_and_book(sides: Sides, name: str, where: str) -> None:
    arguments = CASES[name].arguments(getattr(sides, where))
    wrong = [f"{who}: {fault}" for who, actor in actors()
             for fault in faults(name, actor, arguments, expected(CASES[name], actor, where == "inside"))]
    assert wrong == []


def own(*rights: str) -> Actor:
    return Actor("mara", m.User.objects.get(login="mara").pk, in_book=frozenset(rights))


def both(name: str, sides: Sides) -> Arguments | None:
    """The verb's arguments with each list holding one inside and one outside; None where it takes no list."""
    inside, outside = (CASES[name].arguments(one) for one in (sides.inside, sides.outside))
    mixed = {word: value + outside[word] if isinstance(value, list) else value for word, value in inside.items()}
    return mixed if mixed != inside else None


BULK = ["usage.decide", "work.import_timesheet", "work.import_expenses",
        "work.withdraw", "work.set_billable", "work.unapprove",
        "work.approve", "invoicing.launch", "invoicing.check",
        "invoicing.submit", "invoicing.plan_batch", "invoicing.plan_approvals", "invoicing.approve_many",
        "invoicing.submit_many", "invoicing.discard_many",
        "invoicing.approve", "invoicing.return", "invoicing.confirm", "invoicing.question",
        "invoicing.reopen", "invoicing.discard", "invoicing.issue", "payments.receive", "payments.receive_many",
        "payments.allocate", "desk.queue_message", "desk.send_again"]


def test_these_verbs_act_on_many(sides: Sides) -> None:
    assert [name for name in OWN if both(name, sides)] == BULK


@pytest.mark.parametrize("name", BULK)
def test_one_outside_refuses_the_whole_call(sides: Sides, name: str) -> None:
    arguments = both(name, sides)
    assert arguments is not None
    assert list(faults(name, own(CASES[name].right), arguments, NotFound)) == []


@pytest.mark.parametrize("name", [name for name in OWN if name not in FREE_NAMES])
def test_what_is_outside_answers_like_what_is_not_there(sides: Sides, name: str) -> None:
    said = []
    for one in (sides.outside, NOWHERE):
        refusal, _, _ = attempt(name, own(CASES[name].right), CASES[name].arguments(one))
        assert type(refusal) is NotFound
        said.append((names_left_out(str(refusal), one), [names_left_out(str(p), one) for p in refusal.problems]))
    assert said[0] == said[1]


def names_left_out(text: str, one: Side) -> str:
    """The text without what the caller named: that may be repeated, and nothing else may differ."""
    for value in sorted({str(getattr(one, field)) for field in Side.__slots__}, key=len, reverse=True):
        text = text.replace(value, "…")
    return text


@pytest.mark.parametrize("name", OWN)
def test_a_cover_acts_on_covered_days_only(sides: Sides, name: str) -> None:
    case, covered = CASES[name], {"cover_id": m.User.objects.get(login="mara").pk, "cover_from": TODAY}
    frames.rows("select set_config('duly.actor', 'fin', true)")
    accounts = m.Account.objects.filter(pk=sides.outside.account_id)
    arguments = case.arguments(sides.outside)
    accounts.update(**covered, cover_until=TODAY)
    assert attempt(name, own(case.right), arguments)[0] is None
    accounts.update(**{**covered, "cover_from": date(2026, 11, 3)}, cover_until=date(2026, 11, 30))
    assert type(attempt(name, own(case.right), arguments)[0]) is NotFound


def test_a_client_may_confirm_or_question_and_nothing_else(sides: Sides) -> None:
    client = own(*ROLE_RIGHTS["client"])
    allowed = [name for name, case in CASES.items() if attempt(name, client, case.arguments(sides.inside))[0] is None]
    assert allowed == ["invoicing.confirm", "invoicing.question"]
