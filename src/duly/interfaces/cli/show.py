"""Printing: tables and words for people, one JSON document for machines, bars on a terminal only."""

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from duly.engine.currencies import exponent
from duly.interfaces.cli.failures import Failure

Shown = RenderableType
"""What people are shown: a text, a table."""

STEERING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
"""Control characters other than a tab and a new line, and those that override the direction of a text."""

PIPE_WIDTH: Final = 200
"""How wide tables may be where no terminal says so."""


def console(*, errors: bool = False) -> Console:
    """Where people read. Colours only on a terminal, and none where NO_COLOR is set (rich sees to both)."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=not stream.isatty())


def answer(data: Any, shown: Sequence[RenderableType], *, as_json: bool) -> None:
    """Print a command's answer on the standard output, all of it."""
    if as_json:
        print(json.dumps(data, default=plain, ensure_ascii=False, indent=2))
    else:
        out = console()
        for part in shown:
            out.print(part)
    sys.stdout.flush()


def failure(failed: Failure, *, as_json: bool) -> None:
    """Print what went wrong on the error output, and for machines on the standard output as JSON."""
    if as_json:
        told = {"text": failed.text, "remedy": failed.remedy, "problems": failed.problems}
        print(json.dumps({"error": told}, default=plain, ensure_ascii=False, indent=2), flush=True)
    err = console(errors=True)
    err.print(Text("duly: ", style="bold red") + Text(visible(failed.text)))
    for problem in failed.problems:
        err.print(Text(visible(f"  {problem}")))
    if failed.remedy:
        err.print(Text(visible(failed.remedy), style="dim" if failed.problems else ""))


def plain(value: Any) -> Any:
    """A value as JSON has it: money and other decimals as strings, dates as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> Table:
    """A plain table. A column whose name begins with “>” is right-aligned, as figures are."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", title=title or None,
                 title_justify="left", title_style="bold")
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.lstrip(">"), justify="right" if right else "left", no_wrap=right,
                        overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    return made


def visible(text: str) -> str:
    """The text without what would steer a terminal: each such character is a “�”."""
    return STEERING.sub("�", text)


def amount(value: Decimal | str | None, currency: str = "") -> str:
    """Money for people: grouped by thousands, with the decimals of its currency (two where none is named)."""
    if value is None:
        return ""
    decimals = exponent(currency) if currency else 2
    whole, _, cents = f"{Decimal(value):,f}".partition(".")
    cents = cents.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{cents} {currency}".rstrip() if cents else f"{whole} {currency}".rstrip()


def hours(seconds: int | Decimal | str) -> str:
    """A duration as h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


@contextmanager
def progress(title: str, total: int, *, visible: bool) -> Iterator[Callable[[int], None]]:
    """A bar on the error output while the block runs, where that is a terminal; silence elsewhere."""
    if not visible or not sys.stderr.isatty():
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(errors=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)
