"""What all commands have in common: their options, the database, errors in words, `--json`, exit codes.

A command is a function from a `Door` and its own options to an `Answer`; it prints nothing itself. Exit codes:
0 done · 1 findings to look at, or refused by a rule · 2 bad usage or input · 3 a fault · 130 stopped by Ctrl-C.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import click
from rich.console import RenderableType

from duly.billing.accounts.queries import actor
from duly.billing.kernel.authority import Actor
from duly.interfaces.cli import failures, show
from duly.interfaces.cli.clock import now
from duly.interfaces.cli.failures import Unavailable

__all__ = ["Answer", "App", "Command", "Door", "Unavailable", "Wiring", "command"]

Said = TypeVar("Said")
DONE: Final = 0
FINDINGS: Final = 1


class Left(Protocol):
    """The jobs that a worker leaves: ready to run, waiting for their time, failed for good."""

    @property
    def ready(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def failed(self) -> int: ...


class Work(Protocol):
    """Run jobs until stopped, or with `wait=False` until none is ready."""

    def __call__(self, *, concurrency: int, wait: bool) -> Left: ...


class Serve(Protocol):
    """Serve the pages until stopped; `ready` is called once the address answers. The exit code of what ended."""

    def __call__(self, *, host: str, port: int, ready: Callable[[], None]) -> int: ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the configuration hands to the command line: doors know nothing of one another."""

    open_database: Callable[[], AbstractContextManager[None]]
    data_folder: Path
    work: Work
    serve: Serve


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say: `data` for machines, `shown` for people, and the exit code."""

    data: Any
    shown: Sequence[RenderableType] = ()
    code: int = DONE


@dataclass(frozen=True, slots=True)
class Door:
    """What a command acts with: the instant, the business date, who acts, the idempotency key, the wiring."""

    at: datetime
    on: date
    user: str | None
    key: str | None
    json: bool
    wiring: Wiring

    def actor(self, otherwise: str | None = None) -> Actor:
        """The user of `--as` with their rights, or `otherwise`; raises `click.UsageError` when nobody is named."""
        login = self.user or otherwise
        if not login:
            raise click.UsageError("Name who acts: --as USER, or DULY_USER in the environment.")
        return actor(login)

    def act(self, verb: Callable[..., Said], actor: Actor, **arguments: Any) -> Said:
        """Call a verb with this door's instant and idempotency key."""
        return verb(actor=actor, at=self.at, key=self.key, **arguments)

    def progress(self, title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A bar on the terminal while the block runs; it yields a function that moves the bar on by n."""
        return show.progress(title, total, visible=not self.json)


class Date(click.ParamType):
    """A calendar day as ISO 8601 writes it."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}” is no date; write it like 2026-10-31.", param, ctx)


COMMON: Final = {
    "as": click.Option(["--as", "user"], metavar="USER", envvar="DULY_USER",
                       help="Who acts. The environment's DULY_USER otherwise."),
    "on": click.Option(["--on"], type=Date(), help="The business date. Today otherwise."),
    "key": click.Option(["--key"], help="An idempotency key: given again, the command acts once and answers the same."),
    "data": click.Option(["--data"], metavar="DIR", help="The data folder of the embedded database (DULY_DATA)."),
    "json": click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document, and nothing else."),
}
ALWAYS: Final = ("data", "json")


class Command(click.Command):
    """A command of ours: `takes` names the common options it has, `example` is shown by `--help`."""

    def __init__(self, *args: Any, takes: Sequence[str] = (), example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example, self.takes = example, (*takes, *ALWAYS)
        self.params.extend(COMMON[name] for name in self.takes)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Example"):
            formatter.write_text(self.example)

    def invoke(self, ctx: click.Context) -> None:
        door = _door(ctx)
        ctx.params["door"] = door
        try:
            answer: Answer = super().invoke(ctx)
        except (click.exceptions.Exit, SystemExit):
            raise
        except BaseException as error:
            failure = failures.understood(error, door.wiring.data_folder)
            code, printed = failure.code, partial(show.failure, failure, as_json=door.json)
        else:
            code, printed = answer.code, partial(show.answer, answer.data, answer.shown, as_json=door.json)
        _while_read(printed)
        ctx.exit(code)


def _while_read(printed: Callable[[], None]) -> None:
    """Print, or be silent when whoever reads us has had enough, as `head` has."""
    try:
        printed()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _door(ctx: click.Context) -> Door:
    at = now()
    given = {name: ctx.params.pop(name, None) for name in ("user", "on", "key", "as_json", "data")}
    return Door(at, given["on"] or at.date(), given["user"], given["key"], bool(given["as_json"]), ctx.obj)


class App(click.Group):
    """A group whose commands keep the order in which a month goes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def command(
    name: str, *, example: str, takes: Sequence[str] = (), database: bool = True
) -> Callable[[Callable[..., Answer]], Command]:
    """Make a function the command `name`, with the common options it `takes`; the database is open while it runs."""

    def made(function: Callable[..., Answer]) -> Command:
        @wraps(function)
        def act(door: Door, **options: Any) -> Answer:
            if not database:
                return function(door, **options)
            with door.wiring.open_database():
                return function(door, **options)

        return click.command(name, cls=Command, takes=takes, example=example)(act)

    return made
