"""The real `bin/duly`, as processes with a data folder of their own: it starts, shares and stops its server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from select import select

import psycopg
import pytest

from duly.config.embedded import DATABASE, OWNER_ROLE, Embedded
from duly.interfaces.cli.commands.billing import Came, came_of

ROOT = Path(__file__).resolve().parents[2]
ALIVE = "select 1 from procrastinate_workers where last_heartbeat > now() - interval '2 s'"
SET_UP = ROOT / "examples" / "timesheets.toml"


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder that the embedded server can live in."""
    parent = "/var/lib/duly" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="cli-", dir=parent) as folder:
        yield Path(folder)


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items()
           if name not in ("DULY_DATA", "DULY_DATABASE", "DATABASE_URL", "DULY_USER")}
    return {**own, "PYTHONPATH": str(ROOT / "src"), "DULY_DURABLE": "0"}


def start(data: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "duly", *map(str, arguments), "--data", str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def duly(data: Path, *arguments: object) -> tuple[int, str, str]:
    process = start(data, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def firm(data: Path) -> Path:
    """The data folder with a firm in it."""
    code, out, err = duly(data, "set-up", SET_UP, "--json")
    assert code == 0, err
    assert json.loads(out)["founded"] == "ada"
    return data


def test_help_starts_no_server_and_needs_no_folder(data: Path) -> None:
    nowhere = data / "nowhere"
    assert duly(nowhere, "--help")[0] == duly(nowhere, "bill", "--help")[0] == 0
    assert not nowhere.exists()


def test_the_server_stops_with_its_last_command(firm: Path) -> None:
    assert duly(firm, "drafts", "--as", "ada", "--json") == (0, "[]\n", "")
    assert not (firm / "postgres" / "postmaster.pid").exists()


def test_two_commands_at_once_share_the_server(firm: Path) -> None:
    both = [start(firm, "unbilled", "--as", "ada", "--json") for _ in range(2)]
    answers = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1]
    assert json.loads(answers[0])[0]["agreements"] == []


def test_after_kill_9_the_next_command_works(firm: Path) -> None:
    worker = start(firm, "worker")
    working(firm)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert duly(firm, "drafts", "--as", "ada", "--json")[:2] == (0, "[]\n")


def test_after_kill_9_of_the_server_the_next_command_works(firm: Path) -> None:
    worker = start(firm, "worker")
    os.kill(working(firm), signal.SIGKILL)
    worker.kill()
    worker.communicate(timeout=120)
    assert duly(firm, "drafts", "--as", "ada", "--json")[:2] == (0, "[]\n")


def test_a_stopped_worker_leaves_cleanly(firm: Path) -> None:
    worker = start(firm, "worker", "--json")
    working(firm)
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate(timeout=120)
    assert "Traceback" not in err
    assert not (firm / "postgres" / "postmaster.pid").exists()


def test_several_processes_draft_one_run(firm: Path) -> None:
    assert duly(firm, "set-up", ROOT / "examples" / "kastanie" / "set-up.toml", "--as", "ada")[0] == 0
    scope = ("--entity", "KASTANIE", "--period", "2026-10", "--as", "lena", "--on", "2026-11-02")
    code, out, err = duly(firm, "bill", *scope, "--partition", 1, "--workers", 3, "--json")
    run = json.loads(out)
    assert (code, run["left"], run["troubles"], err) == (0, [], [], "")
    assert sorted(draft["account"] for draft in run["drafts"]) == ["1002", "1003", "1004", "1005"]
    assert json.loads(duly(firm, "bill", *scope, "--json")[1])["drafts"] == []


@pytest.mark.parametrize(
    ("printed", "code", "came"),
    [
        ('{"run": 1, "unpriced": []}', 0, Came([])),
        ('{"run": 1, "unpriced": ["Acme GmbH, 1 entry: …"]}', 1, Came(["Acme GmbH, 1 entry: …"])),
        ('{"error": {"text": "Bill run 1 was stopped."}}', 1,
         Came([], "A helper process ended with code 1: Bill run 1 was stopped.")),
        ('{"run": 1, "unpr', -9, Came([], "A helper process ended with code -9: It gave no answer.")),
        ("", 3, Came([], "A helper process ended with code 3: It gave no answer.")),
    ],
)
def test_a_run_tells_what_its_helpers_left_out_and_how_they_failed(printed: str, code: int, came: Came) -> None:
    ends = f"os.kill(os.getpid(), {-code})" if code < 0 else f"sys.exit({code})"
    program = f"import os, sys; sys.stdout.buffer.write({printed.encode()!r}); sys.stdout.flush(); {ends}"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as helper:
        assert came_of(helper) == came


def test_a_reader_that_has_had_enough_is_no_failure(firm: Path) -> None:
    process = start(firm, "unbilled", "--as", "ada", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_folder_that_the_server_cannot_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    code, out, err = duly(tmp_path / "file", "drafts", "--as", "ada")
    assert code in (2, 3)
    assert (out, "Traceback" in err) == ("", False)


def working(folder: Path) -> int:
    """The process id of the folder's server, once a worker runs on it."""
    server = Embedded(folder)
    for _ in range(300):
        with suppress(psycopg.OperationalError, psycopg.errors.UndefinedTable):
            target = {"host": str(server.socket_folder), "user": OWNER_ROLE, "dbname": DATABASE}
            with psycopg.connect(**target) as session:
                if session.execute(ALIVE).fetchone():
                    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        select([], [], [], 0.05)  # give way to the other processes between two looks
    raise AssertionError("no worker came up")
