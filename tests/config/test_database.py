"""The database comes up whole, whatever was left behind, and with the two roles that the administrator made."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from duly.config.embedded import OWNER_ROLE, Embedded

ROOT = Path(__file__).resolve().parents[2]
READY = """
import django
django.setup()
from duly.config import database
from django.db import connection
with database.running(), connection.cursor() as cursor:
    cursor.execute("select current_user, (select count(*) from currency_exponent('EUR'))")
    print(cursor.fetchone()[0])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    base = Path("/var/lib/duly") if os.geteuid() == 0 else tmp_path
    made = base / f"config-{os.getpid()}"
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=True)


def test_a_cluster_left_half_made_is_made_again(folder: Path) -> None:
    left = folder / "postgres.new-1"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18")
    with Embedded(folder, durable=False).running() as server:
        with psycopg.connect(host=str(server.socket_folder), user=OWNER_ROLE, dbname="postgres") as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert not left.exists()


def test_two_roles_made_by_hand_need_no_right_to_make_roles(template: str) -> None:
    """The strict set-up of the how-to: an owner who may not create roles, and an application that owns nothing."""
    host = connections.databases["owner"]["HOST"]
    name = f"strict_{os.getpid()}"
    if "DATABASE_URL" in os.environ:
        pytest.skip("needs the embedded server")
    with psycopg.connect(host=host, user=OWNER_ROLE, dbname="postgres", autocommit=True) as server:
        server.execute(f"create role {name} login nocreaterole")
        server.execute(f"create database {name} owner {name}")
        try:
            environ = {
                **os.environ, "PYTHONPATH": str(ROOT / "src"), "DULY_OWNER_DATABASE_URL": f"postgresql://{name}@/{name}?host={host}",
                "DATABASE_URL": f"postgresql://duly_app@/{name}?host={host}",
            }
            done = subprocess.run([sys.executable, "-c", READY], env=environ, text=True, capture_output=True)
            assert (done.stdout.strip(), done.returncode) == ("duly_app", 0), done.stderr[-1500:]
        finally:
            server.execute(f"drop database {name} with (force)")
            server.execute(f"drop role {name}")
