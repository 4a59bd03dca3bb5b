"""Running commands in the test's own process and database, as click's runner gives them."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from duly.interfaces.cli.app import app
from duly.interfaces.cli.frame import Wiring
from duly.interfaces.outbox.worker import work


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said: its exit code, its JSON (None where it printed none), and its words."""

    code: int
    data: Any
    text: str


def duly(*arguments: object, user: str = "ben", on: str = "2026-11-02") -> Told:
    """Run a command for machines; `user` and `on` are given where the command takes them."""
    return _told(*_with_actor(arguments, user, on), "--json")


def said(*arguments: object, user: str = "ben", on: str = "2026-11-02") -> Told:
    """Run a command for people."""
    return _told(*_with_actor(arguments, user, on))


def _told(*arguments: str) -> Told:
    wiring = Wiring(nullcontext, Path("/nonexistent"), work)
    result = CliRunner().invoke(app, list(arguments), obj=wiring, prog_name="duly")
    data = json.loads(result.stdout) if result.stdout.startswith(("{", "[")) else None
    return Told(result.exit_code, data, result.stdout + result.stderr)


def _with_actor(arguments: tuple[object, ...], user: str, on: str) -> list[str]:
    words = [str(argument) for argument in arguments]
    return [*words, *(["--as", user] if "--as" not in words else []), *(["--on", on] if "--on" not in words else [])]
