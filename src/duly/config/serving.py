"""Serving the pages: granian's workers and a job worker, beside the command that keeps the database up.

What dies by itself is started again: granian sees to its own workers, this command to the job worker and the database.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from duly.config.database import data_folder, revive

WORKERS: Final = 2
JOBS: Final = (sys.executable, "-m", "duly", "worker")
GRACE: Final = 15
"""Seconds that a process has to end its work before it is killed."""

BEAT: Final = 2
PAUSE: Final = 5
"""Seconds between two looks at what runs, and between two starts of the job worker."""


def serve(*, host: str, port: int, ready: Callable[[], None]) -> int:
    """Serve until SIGTERM or Ctrl-C, or until the pages' process ends by itself; its exit code then, else 0.

    `ready` is called once the address answers. Everything that was started has ended when this returns.
    """
    from duly.interfaces.kit import font

    font.make(data_folder() / "static")
    _heed_interrupts()
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
           "--workers", str(WORKERS), "--respawn-failed-workers", "--respawn-interval", "0.5",
           "--workers-kill-timeout", "5", "--no-access-log", "--log-level", "warning", "duly.config.wsgi:application"]
    with _running([web, JOBS]) as processes:
        if _answers(host, port, processes[0]):
            ready()
        return _watch(processes)


def _heed_interrupts() -> None:
    """Let Ctrl-C end a wait for processes: polars catches it in a way that lets the wait go on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _running(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands as processes of sessions of their own; told to end, then killed, when the block is left."""
    processes = [_start(command) for command in commands]
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with its own workers
                process.wait()


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.Popen(command, env=environ, start_new_session=True, stdout=subprocess.DEVNULL)


def _answers(host: str, port: int, web: subprocess.Popen[bytes]) -> bool:
    """Wait until someone listens at the address; False when the pages' process ended before."""
    target = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    while web.poll() is None:
        try:
            socket.create_connection((target, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def _watch(processes: list[subprocess.Popen[bytes]]) -> int:
    """Keep the database and the job worker up until the pages' process ends by itself; its exit code.

    Under a new database the old job worker no longer holds what says that it is alive, so that it ends for a new one.
    """
    started, database = time.monotonic(), revive()
    while (code := processes[0].poll()) is None:
        time.sleep(BEAT)
        if database != (database := revive()):
            processes[1].terminate()
        if processes[1].poll() is not None and time.monotonic() - started > PAUSE:
            processes[1], started = _start(JOBS), time.monotonic()
    return code
