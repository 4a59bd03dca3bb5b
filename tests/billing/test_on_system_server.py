"""The laws hold on the system's own PostgreSQL too (15 or newer), not only on the bundled one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from duly.config.embedded import OWNER_ROLE, Embedded

OLDEST = 15
ROOT = Path(__file__).resolve().parents[2]
PROVEN = ["tests/billing/test_world.py", "tests/billing/test_invoicing_issue.py", "tests/billing/test_laws_05_once.py"]


def system_programs() -> Path | None:
    """The programs of the newest PostgreSQL that the system has installed, where Debian and Fedora put them."""
    found = [path.parent for pattern in ("lib/postgresql/*/bin", "pgsql-*/bin")
             for path in Path("/usr").glob(f"{pattern}/initdb")]
    known = [path for path in found if version(path) >= OLDEST]
    return max(known, key=version, default=None)


def version(programs: Path) -> int:
    digits = "".join(letter for letter in programs.parent.name if letter.isdigit())
    return int(digits or 0)


@pytest.fixture
def system_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    programs = system_programs()
    if programs is None or "DATABASE_URL" in os.environ:
        pytest.skip("no PostgreSQL of the system's own, or these tests run on one already")
    base = Path("/var/lib/duly") if os.geteuid() == 0 else tmp_path_factory.mktemp("system")
    server = Embedded(base / f"system-{os.getpid()}", durable=False, programs=programs)
    try:
        with server.running():
            yield server
    finally:
        subprocess.run(["rm", "-rf", str(server.folder)], check=True)


def test_the_laws_hold_on_the_systems_postgresql(system_server: Embedded) -> None:
    url = f"postgresql://{OWNER_ROLE}@/postgres?host={system_server.socket_folder}"
    proven = subprocess.run([sys.executable, "-m", "pytest", *PROVEN], cwd=ROOT, text=True, capture_output=True,
                            env={**os.environ, "DATABASE_URL": url}, timeout=300)
    assert proven.returncode == 0, proven.stdout[-3000:]
