"""The reference pages say what the code does; every command has help, an example and the common options."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from duly.interfaces.cli import reference
from duly.interfaces.cli.app import app

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
COMMANDS = dict(reference._all(app, ""))


@pytest.mark.parametrize("page", ["commands", "checks"])
def test_the_page_is_the_one_that_the_code_writes(page: str) -> None:
    made = {"commands": reference.commands_page, "checks": reference.checks_page}[page]()
    assert (DOCS / f"{page}.md").read_text() == made, "run bin/docs and commit what it wrote"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example_that_parses(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert f"duly {name}" in " ".join(shown.stdout.split("Example:")[1].split())
    assert "--json" in shown.stdout
    assert COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_uses_options_that_exist(name: str) -> None:
    known = {text for param in COMMANDS[name].params if isinstance(param, click.Option) for text in param.opts}
    used = {word.partition("=")[0] for word in COMMANDS[name].example.split() if word.startswith("--")}
    assert used <= known
