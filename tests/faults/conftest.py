"""A firm with accounts for every kill: as it is before a bill run, and with its drafts, made undisturbed."""

import os
from collections.abc import Iterator

import pytest
from bench.firm import build
from django.db import transaction

from duly.billing import models as m
from duly.config import database as config_database
from tests.conftest import _clone, _server, _use
from tests.faults import runs
from tests.faults.acts import draft
from tests.faults.killing import KILLS

ACCOUNTS = runs.ACCOUNTS * (KILLS + 1)


@pytest.fixture(scope="session")
def firm(template: str) -> Iterator[str]:
    """The name of a database with the firm in it, cloned and never used itself."""
    name, before = f"firm_{os.getpid()}", os.environ["DULY_DATABASE"]
    _use(name)
    with config_database.running():
        with transaction.atomic():
            build(ACCOUNTS)
            seller = m.LegalEntity.objects.get()
            m.NumberSeries.objects.create(entity=seller, kind="receipt", pattern="Q{year}-{number:05}")
        _use(before)
        yield name
        _server(f'drop database if exists "{name}"')


@pytest.fixture(scope="session")
def drafted(firm: str) -> Iterator[str]:
    """The same with the drafts of its month, and nothing else."""
    with _clone(firm, f"{firm}_drafted") as name:
        for part in runs.parts():
            draft(runs.launch(part).partitions)
        yield name
