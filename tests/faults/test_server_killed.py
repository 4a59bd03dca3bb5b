"""The embedded server is killed in the middle of a month: the command says so, and run again it finishes the month."""

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.interfaces.test_cli_process import ROOT, duly, start

KILLS = 3
FIRM = ROOT / "examples" / "kastanie"
BY_LENA = ("--as", "lena", "--on", "2026-11-02")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the embedded server can live in."""
    parent = "/var/lib/duly" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="killed-", dir=parent, ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)  # the server's own user enters it
        yield Path(name)


def month(data: Path) -> subprocess.Popen[str]:
    """From the set-up file and timesheets to issued invoices, in a process of its own."""
    return start(data, "bill-month", "--set-up", FIRM / "set-up.toml", "--period", "2026-10", *BY_LENA,
                 "--timesheet", FIRM / "toggl.csv", "--timesheet", FIRM / "harvest.csv",
                 "--out", data / "documents")


def documents(data: Path) -> dict[str, bytes]:
    """The invoices that a month leaves as their PDFs, byte by byte: numbers, dates, lines and amounts are in them."""
    return {path.name: path.read_bytes() for path in (data / "documents").iterdir()}


def test_a_server_killed_in_a_month(folder: Path) -> None:
    undisturbed = month(folder / "undisturbed")
    up(folder / "undisturbed", undisturbed)
    began = time.monotonic()
    _, err = undisturbed.communicate(timeout=120)
    assert undisturbed.returncode == 0, err
    # The first half: a machine that has meanwhile more time to spare is not done before it is hit.
    within, chance = (time.monotonic() - began) / 2, random.Random("server")
    hits = sum(killed(folder / "killed", chance.uniform(0, within)) for _ in range(KILLS))
    assert hits
    finished = month(folder / "killed")
    _, err = finished.communicate(timeout=120)
    assert finished.returncode == 0, err
    assert documents(folder / "killed") == documents(folder / "undisturbed")
    assert duly(folder / "killed", "audit", "verify", "--as", "lena")[0] == 0


def killed(data: Path, after: float) -> bool:
    """Kill the server so many seconds after it came up, under a command at work; whether the command felt it."""
    command = month(data)
    server = up(data, command)
    try:
        command.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(server, signal.SIGKILL)
    _, err = command.communicate(timeout=120)
    assert command.returncode in (0, 3)
    assert "Traceback" not in err
    return command.returncode == 3


def up(data: Path, command: subprocess.Popen[str]) -> int:
    """The process id of the folder's server, once it says that it is ready."""
    file = data / "postgres" / "postmaster.pid"
    for _ in range(3000):
        lines = file.read_text().split() if file.exists() else []
        with suppress(ProcessLookupError):  # a killed server's file stays
            if lines[-1:] == ["ready"]:
                os.kill(int(lines[0]), 0)
                return int(lines[0])
        with suppress(subprocess.TimeoutExpired):
            command.wait(0.02)
    raise AssertionError("the server did not come up")
