"""What every command does alike: JSON, exit codes, errors in words, the clock, the log of a fault."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from django.db import OperationalError

from duly.billing.kernel.errors import Forbidden, NotFound, Problem, Refused
from duly.config.serving import serve
from duly.formats import FormatError
from duly.interfaces.cli.failures import BadInput, Unavailable
from duly.interfaces.cli.frame import FINDINGS, Answer, App, Door, Wiring, command
from duly.interfaces.cli.show import amount, hours
from duly.interfaces.outbox.worker import work

Run = Callable[..., Result]


class Opened:
    """A database that only counts how often it is open."""

    def __init__(self) -> None:
        self.times, self.now = 0, False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.times, self.now = self.times + 1, True
        yield
        self.now = False


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def run(opened: Opened, tmp_path: Path) -> Run:
    """Run a command made of a function; the result as click's runner gives it."""

    def run(act: Callable[[Door], Answer], *arguments: str, database: bool = True) -> Result:
        group = App("duly")
        group.add_command(command("act", takes=("as", "on", "key"), example="duly act", database=database)(act))
        wiring = Wiring(opened, tmp_path / "data", work, serve)
        return CliRunner().invoke(group, ["act", *arguments], obj=wiring, env={"DULY_USER": None})

    return run


def answers(data: Any = None, *shown: str, code: int = 0) -> Callable[[Door], Answer]:
    return lambda door: Answer(data, shown, code)


def raises(error: BaseException) -> Callable[[Door], Answer]:
    def act(door: Door) -> Answer:
        raise error

    return act


def test_people_read_what_is_shown_and_machines_the_data(run: Run) -> None:
    said = answers({"net": Decimal("10.5000"), "on": date(2026, 10, 31)}, "Net 10.50")
    assert run(said).stdout == "Net 10.50\n"
    assert json.loads(run(said, "--json").stdout) == {"net": "10.5000", "on": "2026-10-31"}


def test_text_in_brackets_is_text_and_no_markup(run: Run) -> None:
    assert run(answers(None, "[bold]lines[0][/bold]")).stdout == "[bold]lines[0][/bold]\n"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Refused("It is closed.", "Use a later date."), 1, "It is closed."),
        (Forbidden("You may not.", "Ask."), 1, "You may not."),
        (NotFound("There is no account.", "Check."), 2, "There is no account."),
        (BadInput("Three names are unknown."), 2, "Three names are unknown."),
        (FormatError("The file is empty.", "Export it again."), 2, "The file is empty."),
        (click.UsageError("Say which drafts."), 2, "Say which drafts."),
        (FileNotFoundError(2, "No such file", "/no/such.csv"), 2, "/no/such.csv: No such file."),
        (Unavailable("The server does not start."), 3, "The server does not start."),
        (OperationalError("connection refused\nmore"), 3, "The database does not answer: connection refused."),
        (ZeroDivisionError("division by zero"), 3, "Duly failed (ZeroDivisionError)"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_failure_has_its_words_and_its_exit_code(run: Run, error: BaseException, code: int, text: str) -> None:
    result = run(raises(error))
    assert (result.exit_code, result.stdout) == (code, "")
    assert text in result.stderr
    assert "Traceback" not in result.output
    told = run(raises(error), "--json")
    assert told.exit_code == code
    assert text in json.loads(told.stdout)["error"]["text"]


def test_a_refusal_lists_every_problem_by_its_path_and_ends_with_the_remedy(run: Run) -> None:
    problems = [Problem("row 3", "Not known: person “Bo”."), Problem("row 9", "No date.", "Write one.")]
    lines = run(raises(Refused("Not imported.", "Mend them.", problems=problems))).stderr.splitlines()
    assert lines == [
        "duly: Not imported.",
        "  row 3: Not known: person “Bo”.",
        "  row 9: No date. Write one.",
        "Mend them.",
    ]


def test_a_fault_leaves_its_traceback_in_the_log_of_the_data_folder(run: Run, tmp_path: Path) -> None:
    result = run(raises(ZeroDivisionError("division by zero")))
    log = tmp_path / "data" / "duly.log"
    assert str(log) in result.stderr
    assert "ZeroDivisionError: division by zero" in log.read_text()


def test_findings_have_an_exit_code_of_their_own(run: Run) -> None:
    assert run(answers({}, code=FINDINGS)).exit_code == 1


def test_the_date_and_the_key_come_from_the_options(run: Run) -> None:
    def act(door: Door) -> Answer:
        return Answer({"on": door.on, "key": door.key, "aware": door.at.tzinfo is not None})

    said = json.loads(run(act, "--on", "2026-10-31", "--key", "k1", "--json").stdout)
    assert said == {"on": "2026-10-31", "key": "k1", "aware": True}


def test_a_date_that_is_none_is_refused_with_an_example(run: Run) -> None:
    result = run(answers(), "--on", "31.10.26")
    assert result.exit_code == 2
    assert "write it like 2026-10-31" in result.stderr


def test_who_acts_must_be_named(run: Run) -> None:
    result = run(lambda door: Answer(door.actor().login))
    assert result.exit_code == 2
    assert "--as USER" in result.stderr


def test_the_database_is_open_while_a_command_runs_and_not_for_help(run: Run, opened: Opened) -> None:
    assert run(lambda door: Answer(opened.now), "--json").stdout == "true\n"
    assert (opened.times, opened.now) == (1, False)
    text = run(answers(), "--help").stdout
    assert "Example" in text
    assert "duly act" in text
    assert opened.times == 1


def test_a_command_without_the_database_does_not_open_it(run: Run, opened: Opened) -> None:
    assert run(answers(1), database=False).exit_code == 0
    assert opened.times == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [("1190.0000", "1,190.00 EUR"), ("1190.5", "1,190.50 EUR"), ("-0.125", "-0.125 EUR"), ("7", "7.00 EUR")],
)
def test_money_for_people(value: str, text: str) -> None:
    assert amount(value, "EUR") == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (3661, "1:01:01"), (265042, "73:37:22")])
def test_hours_for_people(seconds: int, text: str) -> None:
    assert hours(seconds) == text
