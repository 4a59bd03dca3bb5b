"""Which triggers, constraints and functions the laws make, read from the laws themselves."""

import re
from functools import cache
from pathlib import Path
from typing import Final

BILLING: Final = Path(__file__).resolve().parent.parent
TRIGGER: Final = re.compile(r"^create (?:constraint )?trigger (\w+)\s(?:before|after)\s[^;]*?\son (\w+)", re.M)
CONSTRAINT: Final = re.compile(r"^alter table \w+ add constraint (\w+)", re.M)
FUNCTION: Final = re.compile(r"^create function (\w+)\(.*?\$\$(.*?)\$\$", re.M | re.S)
LOOP: Final = re.compile(r"^do \$\$(.*?)\$\$", re.M | re.S)
LOOPED_TABLES: Final = re.compile(r"array\[(.*?)\]|\(values (.*?)\)\s+as ", re.S)


@cache
def laws() -> str:
    return "\n".join(file.read_text() for file in sorted(BILLING.glob("*/laws*.sql")))


@cache
def triggers() -> frozenset[tuple[str, str]]:
    """(table, trigger) of every trigger, those made in a loop over tables included."""
    written = {(table, trigger) for trigger, table in TRIGGER.findall(laws())}
    for loop in LOOP.findall(laws()):
        if "create trigger" in loop and (named := LOOPED_TABLES.search(loop)):
            tables = re.findall(r"(?<=\()'(\w+)'", named[2]) if named[2] else re.findall(r"'(\w+)'", named[1])
            written |= {(table, table + suffix) for suffix in re.findall(r"\|\| '(_\w+)'", loop) for table in tables}
    return frozenset(written)


@cache
def constraints() -> frozenset[str]:
    """The constraints that the laws add to those of the tables."""
    return frozenset(CONSTRAINT.findall(laws()))


@cache
def functions() -> dict[str, str]:
    """The source of every function, as the database keeps it."""
    return dict(FUNCTION.findall(laws()))
