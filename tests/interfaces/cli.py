"""Running commands in the test's own process and database, as click's runner gives them."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from duly.config.serving import serve
from duly.interfaces.cli.app import app
from duly.interfaces.cli.frame import Command, Wiring
from duly.interfaces.outbox.worker import work


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said: its exit code, its JSON (None where it printed none), and its words."""

    code: int
    data: Any
    text: str


def duly(*arguments: object, user: str | None = "ben", on: str | None = "2026-11-02") -> Told:
    """Run a command for machines, by `user` on the day `on` where the command takes them."""
    return _told(*_with_actor(arguments, user, on), "--json")


def said(*arguments: object, user: str | None = "ben", on: str | None = "2026-11-02") -> Told:
    """Run a command for people."""
    return _told(*_with_actor(arguments, user, on))


def _told(*arguments: str) -> Told:
    wiring = Wiring(nullcontext, Path("/nonexistent"), work, serve)
    result = CliRunner().invoke(app, list(arguments), obj=wiring, prog_name="duly")
    data = json.loads(result.stdout) if result.stdout.startswith(("{", "[")) else None
    return Told(result.exit_code, data, result.stdout + result.stderr)


def _with_actor(arguments: tuple[object, ...], user: str | None, on: str | None) -> list[str]:
    words = [str(argument) for argument in arguments]
    taken = _taken(words)
    given = {"as": ("--as", user), "on": ("--on", on)}
    return words + [word for name, (option, value) in given.items()
                    if name in taken and value is not None and option not in words
                    for word in (option, value)]


def _taken(words: list[str]) -> tuple[str, ...]:
    """The common options that the command takes."""
    found: click.Command = app
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.commands[word]
    return found.takes if isinstance(found, Command) else ()
