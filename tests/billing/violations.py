"""The harness of the law tests: each violation is tried twice, with its guard in place and without it.

A violation is a function that sets a scene by raw SQL and then tries what the law forbids inside `attempt`. With
the guard the database must refuse it, in the way that is named; after the owner has taken the guard away, in a
transaction that is rolled back, the same SQL must get through. So a law's test turns red when its guard is lost,
and no test passes because of something else.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction

from tests.billing.raw import Sql

ROLE = "set local role duly_app"
CHECK_NOW = "set constraints all immediate"


class Refusal(AssertionError):
    """What was tried did not end as the law, or its absence, says."""


class Attempt:
    """`with attempt(sql):` marks the statements that the law forbids."""

    def __init__(self, refused: str | None) -> None:
        self.refused, self.tried = refused, False

    @contextmanager
    def __call__(self, sql: Sql) -> Iterator[None]:
        self.tried = True
        outcome = None
        sql("savepoint attempt")
        try:
            yield
            sql(CHECK_NOW)
        except (DatabaseError, psycopg.Error) as error:
            outcome = how(error)
            sql("rollback to savepoint attempt")
        if self.refused is None and outcome is not None:
            raise Refusal(f"something else than the guard refuses it: {outcome}")
        if self.refused is not None and (outcome is None or self.refused not in outcome):
            raise Refusal(f"expected {self.refused}, got {outcome or 'no refusal at all'}")


def how(error: BaseException) -> tuple[str, str, str]:
    """How the database refused: SQLSTATE, constraint, message."""
    cause: Any = error if isinstance(error, psycopg.Error) else error.__cause__
    diagnostics = cause.diag
    return diagnostics.sqlstate or "", diagnostics.constraint_name or "", diagnostics.message_primary or ""


def violation(refused: str, without: str | tuple[str, ...]) -> Callable[[Callable[[Sql, Attempt], None]], Any]:
    """Make a pytest test of a violation. `refused` is an SQLSTATE or a constraint; `without` takes the guard away."""
    statements = (without,) if isinstance(without, str) else without

    def decorate(scene: Callable[[Sql, Attempt], None]) -> Any:
        @pytest.mark.parametrize("guarded", [True, False], ids=["is-refused", "gets-through-unguarded"])
        def test(guarded: bool, db: None) -> None:
            attempt = Attempt(refused if guarded else None)
            if guarded:
                with transaction.atomic(), connections["default"].cursor() as cursor:
                    scene(Sql(cursor), attempt)
            else:
                with rolled_back_as_owner() as sql:
                    for statement in statements:
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


@contextmanager
def damaged(*statements: str) -> Iterator[None]:
    """The product's own code, looking at books that the owner of the tables damaged behind the laws' back.

    Everything happens in one transaction that is rolled back; in it no trigger fires.
    """
    application = connections["default"]
    with rolled_back_as_owner() as sql:
        _triggers(sql, "disable")
        for statement in statements:
            sql(statement)
        _triggers(sql, "enable")
        sql(ROLE)
        connections["default"] = connections["owner"]
        try:
            yield
        finally:
            connections["default"] = application


def _triggers(sql: Sql, switch: str) -> None:
    for (table,) in sql("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"):
        sql(f"alter table {table} {switch} trigger user")
