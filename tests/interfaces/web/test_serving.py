"""`duly serve` as a process: it answers, runs jobs beside, and takes everything with it when it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from duly.config.database import data_folder
from duly.interfaces.kit import font

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def serving(database: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """The command as a process that Ctrl-C reaches, whatever this one was started by; ended when the block is left."""
    environ = {**os.environ, "DULY_DATABASE": database, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "duly", "serve", "--port", str(port)]
    served = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        yield served
    finally:
        served.terminate()
        served.wait(30)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(database: str, sign: signal.Signals) -> None:
    font.make(data_folder() / "static")
    port = free_port()
    with serving(database, port) as served:
        assert served.stdout is not None
        assert served.stdout.readline() == f"Duly is at http://localhost:{port}/\n"
        with urlopen(f"http://127.0.0.1:{port}/sign-in/") as page:
            text = page.read().decode()
        assert "Sign in" in text
        font_address = f"http://127.0.0.1:{port}/static/inter.woff"
        with urlopen(font_address) as file:
            assert file.read(4) == b"wOFF"
        children = psutil.Process(served.pid).children(recursive=True)
        assert any("granian" in " ".join(child.cmdline()) for child in children)
        assert any(child.cmdline()[-1] == "worker" for child in children)
        served.send_signal(sign)
        served.wait(30)
    assert [child.pid for child in children if child.is_running() and child.status() != "zombie"] == []
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/sign-in/")
