"""Stories begin with nothing: an empty database of their own, made from one with the schema only."""

import os
from collections.abc import Iterator

import pytest
from django.db import connections

from duly.config import database as config_database
from tests.conftest import _clone, _server, _use


@pytest.fixture(scope="session")
def schema(template: str) -> Iterator[str]:
    """The name of a database with the schema and not a row in it; cloned, never used itself."""
    before, name = os.environ["DULY_DATABASE"], f"schema_{os.getpid()}"
    _use(name)
    with config_database.running():
        connections.close_all()
    _use(before)
    yield name
    _server(f'drop database if exists "{name}" with (force)')


@pytest.fixture
def empty(schema: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of this test's own."""
    with _clone(schema, f"empty_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**8}") as name:
        yield name
