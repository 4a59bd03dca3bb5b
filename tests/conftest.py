"""The database of the tests: a real PostgreSQL, a schema made once, and a clean state for every test.

`world` is the small named firm of `tests/world.py`. `db` rolls everything back, which is fast; `database` is a
database of the test's own, for what commits, kills or acts from two processes at once.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")
os.environ["DULY_DURABLE"] = "0"
if "DULY_TEST_DATA" in os.environ:
    os.environ["DULY_DATA"] = os.environ["DULY_TEST_DATA"]
elif os.geteuid() == 0:
    os.environ["DULY_DATA"] = "/var/lib/duly/test"
else:
    os.environ["DULY_DATA"] = str(Path(tempfile.gettempdir()) / f"duly-test-{os.getuid()}")

import django

django.setup()

from django.db import connections, transaction  # noqa: E402

from duly.config import database as config_database  # noqa: E402
from tests.world import World, build  # noqa: E402


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """The name of a database with the schema and the world in it; cloned, never used itself."""
    name = f"template_{os.getpid()}"
    _use(name)
    if config_database.external_url():
        _server(f'create database "{name}"')
    with config_database.running():
        with transaction.atomic():
            build()
        connections.close_all()
        yield name
        connections.close_all()
        _server(f'drop database if exists "{name}"')


@pytest.fixture(scope="session")
def shared_database(template: str) -> Iterator[str]:
    with _clone(template, f"shared_{os.getpid()}") as name:
        yield name


@pytest.fixture
def db(shared_database: str) -> Iterator[None]:
    """The world, in a transaction that is rolled back."""
    _use(shared_database)
    connection = connections["default"]
    connection.ensure_connection()
    atomic = transaction.atomic()
    atomic.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


@pytest.fixture
def database(template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own; its name, for `DULY_DATABASE` of other processes."""
    with _clone(template, f"own_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**8}") as name:
        yield name


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """The world in the test's database (`database` when the test asked for it, else rolled back)."""
    if "database" not in request.fixturenames:
        request.getfixturevalue("db")
    return World()


class _clone:
    def __init__(self, template: str, name: str) -> None:
        self.template, self.name = template, name

    def __enter__(self) -> str:
        connections.close_all()
        _server(f'drop database if exists "{self.name}" with (force)')
        _server(f'create database "{self.name}" template "{self.template}" strategy file_copy')
        self.before = os.environ["DULY_DATABASE"]
        _use(self.name)
        return self.name

    def __exit__(self, *_: object) -> None:
        connections.close_all()
        _server(f'drop database if exists "{self.name}" with (force)')
        _use(self.before)


def _use(name: str) -> None:
    os.environ["DULY_DATABASE"] = name
    for alias in ("default", "owner"):
        connections[alias].close()
        connections.databases[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


def _server(statement: str) -> None:
    import psycopg

    settings = connections.databases["owner"]
    target = {"host": settings["HOST"], "user": settings["USER"], "dbname": "postgres"}
    if settings.get("PASSWORD"):
        target["password"] = settings["PASSWORD"]
    if settings.get("PORT"):
        target["port"] = settings["PORT"]
    with psycopg.connect(**target, autocommit=True) as connection:
        connection.execute(statement)
