"""What went wrong, as words and an exit code. Bad input never shows a traceback; a fault leaves one in a log."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from django.db import OperationalError

from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.formats import FormatError

REFUSED: Final = 1
BAD_INPUT: Final = 2
FAULT: Final = 3
STOPPED: Final = 130
LOG = "duly.log"


class Unavailable(Exception):
    """The database cannot be reached or started; the text says why and what to do."""


class BadInput(Exception):
    """Something that a person gave cannot be used; `problems` lists all of it at once."""

    def __init__(self, text: str, remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(text)
        self.text, self.remedy, self.problems = text, remedy, tuple(problems)


@dataclass(frozen=True, slots=True)
class Failure:
    """What people and machines are told: what happened, what to do about it, and each problem by its path."""

    code: int
    text: str
    remedy: str = ""
    problems: tuple[Problem, ...] = ()


def understood(error: BaseException, data_folder: Path) -> Failure:
    """The failure that an exception means; one that means nothing to a person goes to the log."""
    match error:
        case NotFound() | BadInput():
            return Failure(BAD_INPUT, error.text, error.remedy, error.problems)
        case Refused():
            return Failure(REFUSED, error.text, error.remedy, error.problems)
        case FormatError():
            return Failure(BAD_INPUT, error.message, error.remedy)
        case click.ClickException():
            return Failure(error.exit_code if error.exit_code > 1 else BAD_INPUT, error.format_message())
        case KeyboardInterrupt() | click.Abort():
            return Failure(STOPPED, "Stopped.", "What was under way is undone; what was done before is kept.")
        case Unavailable():
            return Failure(FAULT, str(error))
        case OSError() if error.filename:
            return Failure(BAD_INPUT, f"{error.filename}: {error.strerror}.", "Check the path and who may use it.")
        case OperationalError():
            log = _logged(error, data_folder)
            return Failure(FAULT, f"The database does not answer: {str(error).strip().splitlines()[0]}.", log)
    return Failure(FAULT, f"Duly failed ({type(error).__name__}); this is a fault of the program.",
                   _logged(error, data_folder))


def _logged(error: BaseException, data_folder: Path) -> str:
    """Append the traceback to the log of the data folder; where to find it, in words."""
    text = "".join(traceback.format_exception(error))
    log = data_folder / LOG
    try:
        data_folder.mkdir(parents=True, exist_ok=True)
        with open(log, "a") as file:
            file.write(text + "\n")
    except OSError:
        return f"The log {log} cannot be written; the fault was: {error}"
    return f"The whole story is in {log}."
