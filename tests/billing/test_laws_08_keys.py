"""Law 8: the same command with the same idempotency key acts once and answers the same."""

import threading
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import connections

from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import Attempt, at_once, owner_does, violation
from tests.world import World

COMMAND = """insert into command (id, verb, actor, at, key, body_digest, result)
             values (gen_random_uuid(), 'x', 'ben', now(), 'key-1', 'digest', '1')"""
NO_KEY = "alter table command drop constraint command_key_key"


@dataclass(frozen=True, slots=True)
class Noted:
    events: int
    words: list[str]


@verb("test.note_words", right="accounts")
def note_words(*, actor: Actor, at: datetime, words: list[str]) -> Noted:
    """Counts what it did before, so that acting twice would answer differently."""
    record("note", 0, words=words)
    return Noted(frames.rows("select count(*) from event where verb = 'test.note_words'")[0][0], words)


def call(world: World, words: list[str], key: str | None = "key-1", actor: str = "ben") -> Noted:
    return note_words(actor=world.actor(actor), at=world.at, words=words, key=key)


def test_a_key_acts_once_and_answers_the_same(world: World) -> None:
    first = call(world, ["a"])
    assert call(world, ["a"]) == first == Noted(1, ["a"])
    assert frames.rows("select count(*) from event where verb = 'test.note_words'") == [(1,)]
    assert call(world, ["a"], key="key-2") == Noted(2, ["a"])
    assert call(world, ["a"], key=None) == Noted(3, ["a"])


@pytest.mark.parametrize(("words", "actor"), [(["b"], "ben"), (["a"], "fin")], ids=["other body", "other person"])
def test_a_key_with_another_body_is_refused(world: World, words: list[str], actor: str) -> None:
    call(world, ["a"])
    with pytest.raises(Refused, match="was used for another command") as refusal:
        call(world, words, actor=actor)
    assert refusal.value.law == 8


def test_a_refused_command_gives_its_key_back(world: World) -> None:
    @verb("test.refuse_once", right="accounts")
    def refuse_once(*, actor: Actor, at: datetime, refuse: list[bool]) -> int:
        if refuse.pop():
            raise Refused("Not now.")
        return 1

    with pytest.raises(Refused):
        refuse_once(actor=world.actor("ben"), at=world.at, refuse=[True], key="key-3")
    assert refuse_once(actor=world.actor("ben"), at=world.at, refuse=[False], key="key-3") == 1


def test_two_with_the_same_key_at_once_act_once(database: str, world: World) -> None:
    answers, ready = [], threading.Barrier(2)

    def run() -> None:
        try:
            ready.wait(10)
            answers.append(call(world, ["a"]))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [Noted(1, ["a"]), Noted(1, ["a"])]
    assert frames.rows("select count(*) from event where verb = 'test.note_words'") == [(1,)]


@violation("command_key_key", without=NO_KEY)
def test_a_key_is_taken_twice(sql: Sql, attempt: Attempt) -> None:
    sql(COMMAND)
    with attempt(sql):
        sql(COMMAND)


@pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-without-the-key"])
def test_two_take_a_key_at_once(database: str, guarded: bool) -> None:
    if not guarded:
        owner_does(database, NO_KEY)
    refused = at_once(database, lambda sql: sql(COMMAND), lambda sql: sql(COMMAND))
    assert (refused is not None and "command_key_key" in refused) == guarded


@violation("DU003", without="drop trigger command_answered_once on command")
def test_the_answer_to_a_key_changes(sql: Sql, attempt: Attempt) -> None:
    raw.act(sql, "ben")
    sql(COMMAND)
    with attempt(sql):
        sql("update command set result = '2'")
