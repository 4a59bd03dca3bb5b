"""Makes the project's `.venv` and keeps it current, then runs a command inside it.

Needs nothing but Python 3.11 or newer. The environment is rebuilt when the lock file or the interpreter
changes; two commands started at once wait for each other.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK_FILE = ROOT / "requirements.txt"
OLDEST = (3, 11)


def run(arguments, environment=None):
    """Replace this process by the environment's Python with `arguments`."""
    python = ensure()
    environ = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT / "src")}
    os.chdir(os.environ.get("DULY_CHDIR", os.getcwd()))
    os.execve(python, [str(python), *arguments], environ)


def ensure():
    """The path of the environment's Python, installed exactly as the lock file says."""
    interpreter = find_python()
    wanted = hashlib.sha256(LOCK_FILE.read_bytes() + interpreter.encode()).hexdigest()
    python, stamp = VENV / "bin" / "python", VENV / ".duly-lock"
    if current(stamp, wanted):
        return python
    with open(ROOT / ".venv.lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not current(stamp, wanted):
            install(interpreter, python)
            stamp.write_text(wanted)
    return python


def current(stamp, wanted):
    return stamp.exists() and stamp.read_text() == wanted


def find_python():
    if sys.version_info >= OLDEST:
        return os.path.realpath(sys.executable)
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return os.path.realpath(found)
    sys.exit("duly: needs Python 3.11 or newer; install it, then run this command again.")


def install(interpreter, python):
    print("duly: installing the pinned parts into .venv (once, about a minute) …", file=sys.stderr)
    made = subprocess.run([interpreter, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    pip = [str(python), "-m", "pip"]
    if made.returncode:
        subprocess.run([interpreter, "-m", "venv", "--clear", "--without-pip", str(VENV)], check=True)
        pip = [interpreter, "-m", "pip", "--python", str(python)]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK_FILE]
    if subprocess.run(command).returncode:
        sys.exit(
            "duly: the parts could not be installed (see above). Debian and Ubuntu keep venv and pip in "
            "packages of their own: install python3-venv, check the network, then run this command again."
        )
