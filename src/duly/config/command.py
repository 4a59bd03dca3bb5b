"""The entry point of `bin/duly`: names the data folder, wires Django, hands the command line what it may use."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from duly.config.embedded import EmbeddedError, default_data_folder


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    name_data_folder(sys.argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")
    signal.signal(signal.SIGTERM, _leave)
    _set_up()
    from duly.config.database import data_folder
    from duly.config.serving import serve
    from duly.interfaces.cli.app import app
    from duly.interfaces.cli.frame import Wiring
    from duly.interfaces.outbox.worker import work

    app.main(prog_name="duly", obj=Wiring(_database, data_folder(), work, serve))
    sys.exit(0)


def _set_up() -> None:
    """Read the settings and wire Django; a setting that cannot be read ends the process with what is wrong with it."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from environs.exceptions import EnvError

    try:
        django.setup()
    except (EnvError, ImproperlyConfigured) as error:
        print(f"duly: {error}", file=sys.stderr)
        sys.exit(2)


def name_data_folder(arguments: Sequence[str]) -> None:
    """Set `DULY_DATA` from `--data DIR` wherever it stands: the settings read it before options are parsed.

    The demo has an embedded database of its own for each of its firms, beside the firm's unless it is told where.
    """
    named = _option("--data", arguments)
    if list(arguments[:1]) == ["demo"]:
        os.environ.pop("DATABASE_URL", None)
        firm = default_data_folder().absolute()
        example = "kastanie" if _option("--firm", arguments) == "kastanie" else "demo"
        named = named or str(firm.with_name(f"{firm.name}-{example}"))
    if named:
        os.environ["DULY_DATA"] = named


def _option(wanted: str, arguments: Sequence[str]) -> str | None:
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == wanted:
            return value if equals else next(iter(arguments[position + 1 :]), None)
    return None


@contextmanager
def _database() -> Iterator[None]:
    from duly.config.database import running
    from duly.interfaces.cli.frame import Unavailable

    try:
        with running():
            yield
    except EmbeddedError as error:
        raise Unavailable(str(error)) from error


def _leave(number: int, frame: object) -> NoReturn:
    """End on SIGTERM as on any other end, so that the last command still stops the embedded server."""
    sys.exit(128 + number)
