"""The reference pages that the code itself writes: the commands and the checks. `bin/docs` stores them."""

from collections.abc import Iterator
from typing import Final

import click

from duly.engine.checks import CHECKS
from duly.interfaces.cli.app import EPILOG, app
from duly.interfaces.cli.frame import Command

MADE: Final = "<!-- Made by bin/docs from the code; do not edit. -->\n"
SEVERITIES: Final = {
    "blocks": "keeps the draft from being submitted and issued until it is mended or waived with a reason",
    "warns": "is shown to whoever reviews and issues",
    "notes": "is worth knowing",
}


def commands_page() -> str:
    """docs/reference/commands.md: every command with its arguments, options and example."""
    head = f"# Commands\n{MADE}\n`bin/duly COMMAND [OPTIONS]`.{EPILOG.rstrip()}\n"
    common = "\n## Options of every command\n" + _table(
        [("`--data DIR`", "The data folder of the embedded database (`DULY_DATA`)."),
         ("`--json`", "Print one JSON document, and nothing else. Money is text, dates are ISO 8601."),
         ("`--help`", "Say what the command does, with an example.")])
    return head + common + "".join(_command(name, made) for name, made in _all(app, ""))


def _all(group: click.Group, before: str) -> Iterator[tuple[str, Command]]:
    for name, made in group.commands.items():
        if isinstance(made, click.Group):
            yield from _all(made, f"{before}{name} ")
        elif isinstance(made, Command):
            yield f"{before}{name}", made


def _command(name: str, made: Command) -> str:
    context = click.Context(made, info_name=name)
    usage = " ".join(["bin/duly", name, *made.collect_usage_pieces(context)])
    text = "\n\n".join(_line(part) for part in (made.help or "").split("\n\n"))
    own = [_option(param, context) for param in made.params
           if isinstance(param, click.Option) and param.name not in ("as_json", "data")]
    options = _table(own) if own else ""
    return f"\n## {name}\n{text}\n\n    {usage}\n{options}\nExample:\n\n    bin/{made.example}\n"


def _option(param: click.Option, context: click.Context) -> tuple[str, str]:
    told = param.get_help_record(context)
    assert told is not None
    names, text = told
    return f"`{names}`", _line(text)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = ((name.replace("|", "\\|"), text.replace("|", "\\|")) for name, text in rows)
    return "\n| option | meaning |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in cells)


def checks_page() -> str:
    """docs/reference/checks.md: every check with its severity and promise."""
    said = "".join(f"- **{name}** {text}.\n" for name, text in SEVERITIES.items())
    rows = "".join(f"| `{rule.name}` | {rule.severity} | {', '.join(rule.choices) or 'always so'} "
                   f"| {_line(rule.promise)} |\n" for rule in CHECKS.values())
    return (
        f"# Checks\n{MADE}\nEvery draft is checked when it is made, by `duly check`, and again when it is issued. "
        f"A finding\n\n{said}\nA policy of the legal entity may make a check milder or stricter, or turn it off, where "
        "it leaves a choice; what a law, the tax rules or the agreement decides stays. It holds from the next check of "
        "a draft on.\n\n"
        f"| check | usually | may be | promise |\n|---|---|---|---|\n{rows}"
    )


def _line(text: str) -> str:
    return " ".join(text.split())
