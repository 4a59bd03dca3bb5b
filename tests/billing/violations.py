"""The harness of the law tests: each violation is tried twice, with its guard in place and without it.

A violation is a function that sets a scene by raw SQL as the application's role and then tries what the law forbids
inside `attempt`. With the guard the database must refuse it, in the way that is named; after the owner has taken the
guard away the same SQL must get through. So a law's test turns red when its guard is lost, and none passes because of
something else. All of it happens in transactions that are rolled back.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction

from tests.billing.raw import Sql

ROLE = "set local role duly_app"
CHECK_NOW = "set constraints all immediate"
LATER = "set constraints all deferred"
PATIENCE = 20.0  # seconds that two transactions may take to wait for each other


class Attempt:
    """`with attempt(sql):` marks the statements that the law forbids; the checks at commit belong to them."""

    def __init__(self, refused: str | None) -> None:
        self.refused, self.tried = refused, False

    @contextmanager
    def __call__(self, sql: Sql) -> Iterator[None]:
        self.tried = True
        outcome: tuple[str, ...] | None = None
        sql(CHECK_NOW)
        sql(LATER)
        sql("savepoint attempt")
        try:
            yield
            sql(CHECK_NOW)
        except (DatabaseError, psycopg.Error) as error:
            outcome = how(error)
            sql("rollback to savepoint attempt")
        if self.refused is None:
            assert outcome is None, f"something else than the guard refuses it: {outcome}"
        else:
            assert outcome is not None, "nothing refuses it"
            assert self.refused in outcome, f"expected {self.refused}, got {outcome}"


def how(error: BaseException) -> tuple[str, ...]:
    """How the database refused: SQLSTATE, constraint, message."""
    cause: Any = error if isinstance(error, psycopg.Error) else error.__cause__
    return cause.diag.sqlstate or "", cause.diag.constraint_name or "", cause.diag.message_primary or ""


def violation(refused: str, *, without: str | tuple[str, ...], given: str = "") -> Callable[[Callable], Callable]:
    """Make a pytest test of a violation.

    `refused` is an SQLSTATE or a constraint, `without` takes the guard away, `given` (a grant, say) comes before both.
    """
    statements = (without,) if isinstance(without, str) else without

    def decorate(scene: Callable[[Sql, Attempt], None]) -> Callable:
        @pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-unguarded"])
        def test(guarded: bool, shared_database: str) -> None:
            attempt = Attempt(refused if guarded else None)
            with rolled_back_as_owner() as sql:
                for statement in ((given,) if given else ()) + (() if guarded else statements):
                    sql(statement)
                sql(ROLE)
                scene(sql, attempt)
            assert attempt.tried

        functools.update_wrapper(test, scene)
        del test.__wrapped__  # type: ignore[attr-defined] # pytest would read the scene's arguments as fixtures
        return test

    return decorate


@contextmanager
def rolled_back_as_owner() -> Iterator[Sql]:
    """The owner of the tables, in a transaction that leaves nothing behind."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        try:
            yield Sql(cursor)
        finally:
            transaction.set_rollback(True, using="owner")


def as_owner(sql: Sql, *statements: str) -> None:
    """In the middle of a scene: what only the owner can do, such as making a row look old."""
    sql("reset role")
    for statement in statements:
        sql(statement)
    sql(ROLE)


@contextmanager
def damaged(*statements: str) -> Iterator[None]:
    """The product's own code, looking at books that the owner of the tables damaged behind the laws' back."""
    with rolled_back_as_owner() as sql:
        _triggers(sql, "disable")
        for statement in statements:
            sql(statement)
        _triggers(sql, "enable")
        sql(ROLE)
        with product_on("owner"):
            yield


def _triggers(sql: Sql, switch: str) -> None:
    for (table,) in sql("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"):
        sql(f"alter table {table} {switch} trigger user")


@contextmanager
def product_on(alias: str) -> Iterator[None]:
    """The product's code on another of the connections."""
    application = connections["default"]
    connections["default"] = connections[alias]
    try:
        yield
    finally:
        connections["default"] = application


@contextmanager
def session(database: str, role: str = "default") -> Iterator[Sql]:
    """A connection of its own to the test's database, as another process would have."""
    wanted = connections[role].get_connection_params()
    target = {name: wanted[name] for name in ("host", "user", "password", "port", "options") if wanted.get(name)}
    with psycopg.connect(**target, dbname=database) as connection:
        yield Sql(connection.cursor())


def at_once(database: str, first: Callable[[Sql], object], second: Callable[[Sql], object]) -> tuple[str, ...] | None:
    """Two processes at the same time: the second acts while the first has acted and not yet committed.

    Answers how the second was refused; None when both went through. The first must succeed.
    """
    refusals: list[tuple[str, ...]] = []

    with session(database) as one, session(database) as two:
        pid = two.one("select pg_backend_pid()")
        two.cursor.connection.commit()
        first(one)

        def act() -> None:
            try:
                second(two)
                two.cursor.connection.commit()
            except psycopg.Error as error:
                two.cursor.connection.rollback()
                refusals.append(how(error))

        thread = threading.Thread(target=act)
        thread.start()
        _until_blocked(one, pid, thread)
        one.cursor.connection.commit()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the second still waits after the first has committed"
    return refusals[0] if refusals else None


def _until_blocked(sql: Sql, pid: int, thread: threading.Thread) -> None:
    """Wait until the other session waits for a lock, or is done."""
    deadline = time.monotonic() + PATIENCE
    while thread.is_alive() and not sql.one("select cardinality(pg_blocking_pids(%s)) > 0", pid):
        assert time.monotonic() < deadline, "the second neither waits nor ends"
        thread.join(0.005)


def rewrite(database: str, function: str, old: str, new: str = "") -> None:
    """As the owner, take a piece out of a law's function: a lock, say."""
    with session(database, "owner") as sql:
        source = sql.one("select pg_get_functiondef(%s::regproc)", function)
        assert old in source
        sql(source.replace(old, new).replace("%", "%%"))


def owner_does(database: str, *statements: str) -> None:
    with session(database, "owner") as sql:
        for statement in statements:
            sql(statement)
