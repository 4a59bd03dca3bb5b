"""Serving the pages: granian's workers and a job worker, beside the command that keeps the database up."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from duly.config.database import data_folder

WORKERS: Final = 2
GRACE: Final = 15
"""Seconds that a process has to end its work before it is killed."""


def serve(*, host: str, port: int, ready: Callable[[], None]) -> int:
    """Serve until SIGTERM or Ctrl-C, or until one of the processes ends by itself; its exit code then, else 0.

    `ready` is called once the address answers. Everything that was started has ended when this returns.
    """
    from duly.interfaces.kit import font

    font.make(data_folder() / "static")
    _heed_interrupts()
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
           "--workers", str(WORKERS), "--workers-kill-timeout", "5", "--no-access-log", "--log-level", "warning",
           "duly.config.wsgi:application"]
    with _running([web, [sys.executable, "-m", "duly", "worker"]]) as processes:
        if _answers(host, port, processes):
            ready()
        return _first_to_end(processes)


def _heed_interrupts() -> None:
    """Let Ctrl-C end a wait for processes: polars catches it in a way that lets the wait go on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _running(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands as processes of sessions of their own; told to end, then killed, when the block is left."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    given: dict[str, Any] = {"env": environ, "start_new_session": True, "stdout": subprocess.DEVNULL}
    processes = [subprocess.Popen(command, **given) for command in commands]
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


def _answers(host: str, port: int, processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    """Wait until someone listens at the address; False when a process ended before."""
    target = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    while all(process.poll() is None for process in processes):
        try:
            socket.create_connection((target, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def _first_to_end(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait until one of the processes ends by itself; its exit code."""
    while True:
        for process in processes:
            if (code := process.poll()) is not None:
                return code
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
