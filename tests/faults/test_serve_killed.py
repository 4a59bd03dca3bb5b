"""What `duly serve` consists of is killed under it, one after the other: it goes on, and what died is there again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

from tests.faults.test_server_killed import folder, up  # noqa: F401
from tests.interfaces.test_cli_process import duly, start
from tests.interfaces.web.test_serving import free_port

PATIENCE = 90  # seconds, on a machine that is busy with other things
SESSION = {"Cookie": f"sessionid={'k' * 32}"}  # nobody's, so that each page asks the database


def soon(served: subprocess.Popen[str], happened: Callable[[], bool], what: str) -> None:
    """Wait for it, as long as the command goes on."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, what
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"it ended with {served.wait(0.1)}")


def test_what_is_killed_under_the_server_is_there_again(folder: Path) -> None:  # noqa: F811
    port = free_port()
    served = start(folder, "serve", "--port", port)
    try:
        database = up(folder, served)
        address = f"http://127.0.0.1:{port}/invoices/"
        assert served.stdout is not None
        assert "Duly is at" in served.stdout.readline()
        soon(served, lambda: status(address) == 200, "it serves")

        workers = granian(served.pid)
        os.kill(workers[0], signal.SIGKILL)
        soon(served, lambda: status(address) == 200, "the others answer")
        soon(served, lambda: len(set(granian(served.pid)) - {workers[0]}) == len(workers), "a new one")

        jobs = job_worker(served.pid)
        os.kill(jobs[0], signal.SIGKILL)
        soon(served, lambda: job_worker(served.pid) not in ([], jobs), "a new job worker")

        jobs = job_worker(served.pid)
        os.kill(database, signal.SIGKILL)
        soon(served, lambda: status(address) == 200 and up(folder, served) != database, "a new database")
        soon(served, lambda: job_worker(served.pid) not in ([], jobs), "a job worker that holds its lock")

        jobs = job_worker(served.pid)
        os.kill(served.pid, signal.SIGSTOP)  # so that somebody else's command comes first
        os.kill(up(folder, served), signal.SIGKILL)
        try:
            assert duly(folder, "worker", "--drain")[0] == 0
        finally:
            os.kill(served.pid, signal.SIGCONT)
        soon(served, lambda: job_worker(served.pid) not in ([], jobs), "a job worker of the new database")
        assert served.poll() is None
    finally:
        served.terminate()
        served.communicate(timeout=60)


def status(address: str) -> int:
    """What the page that asks to sign in answers."""
    try:
        with urlopen(Request(address, headers=SESSION), timeout=20) as page:
            return int(page.status)
    except HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def granian(pid: int) -> list[int]:
    """The processes that answer pages."""
    [web] = [child for child in psutil.Process(pid).children() if "granian" in words(child)]
    return sorted(child.pid for child in web.children() if words(child))


def job_worker(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children() if words(child)[-1:] == ["worker"]]


def words(process: psutil.Process) -> list[str]:
    """Its command line; of a process that has ended, or is just about to, there is none."""
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []
