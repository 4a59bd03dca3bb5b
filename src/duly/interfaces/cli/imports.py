"""How a file of work came out, as the command line prints it."""

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table

from duly.billing.work.rows import Imported
from duly.interfaces.cli.show import amount, hours, table
from duly.interfaces.kit.imports import TITLES, WorkFile, expenses_file, take_in, timesheet_file

__all__ = ["TITLES", "WorkFile", "expenses_file", "listed", "shown", "take_in", "timesheet_file"]

LISTED: Final = 20
"""How many rejected rows and notes are printed; the JSON answer holds them all."""


def shown(file: WorkFile, imported: Imported) -> list[RenderableType]:
    """How the file came out, for people: the table of outcomes, what was kept out, and what to do about it."""
    parts: list[RenderableType] = [_outcomes(file, imported)]
    if imported.already:
        parts.append(f"{file.name} is imported already (as {imported.batch}); nothing was changed.")
    elif imported.batch:
        parts.append(f"Import {imported.batch}: {imported.created} new work items, which wait for approval.")
    else:
        parts.append(f"A preview: {imported.created} work items would be new; nothing was stored.")
    parts += [*listed("Kept out:", imported.rejected), *listed("To be noted:", imported.notes)]
    if imported.mapping:
        parts.append(f"Add to the set-up file, with what each name stands for:\n\n{imported.mapping}")
    return parts


def _outcomes(file: WorkFile, imported: Imported) -> Table:
    columns = ("Outcome", ">Rows", ">Known before", ">Hours", "Amounts")
    lines = [
        (title, imported.outcomes[name], imported.known[name] or "", hours(imported.seconds[name]),
         ", ".join(amount(cost, code) for code, cost in imported.amounts[name].items()))
        for name, title in TITLES.items()
    ]
    whole = ("= the file", imported.rows, sum(imported.known.values()) or "", hours(sum(imported.seconds.values())), "")
    return table(columns, [*lines, whole], title=f"{file.name} ({file.layout})")


def listed(title: str, texts: Sequence[str]) -> list[RenderableType]:
    """The first of the texts below a title, and how many there are beyond; nothing where there are none."""
    if not texts:
        return []
    more = [f"  … and {len(texts) - LISTED} more"] if len(texts) > LISTED else []
    return ["\n".join([title, *(f"  {text}" for text in texts[:LISTED]), *more])]
