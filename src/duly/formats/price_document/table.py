"""A table of a price document: numbers are exact as they stand, percentages and times have one way to be written."""

import re
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from duly.engine.periods import Period, parse_period
from duly.formats.setup_file.table import NUMBER, Problem, Table, _shown

A_MONTH: Final = Period(date(2026, 1, 1), date(2026, 2, 1))
SCIENTIFIC: Final = re.compile(r"-?[0-9]\.?[0-9]{0,20}[eE][+-]?[0-9]{1,2}")
"""As programs write small and large numbers."""
TIME: Final = re.compile(r"([0-9]{1,5}):([0-5][0-9])(?::([0-5][0-9]))?")


class Node(Table):
    """A table under reading, see `Table`; what stands in YAML or JSON as a number is one."""

    between: ClassVar[str] = ": "
    lists: ClassVar[str] = "{key}: [{{ … }}, …]"

    def place(self, key: str) -> str:
        """The key's path; an item of a list is a place too."""
        return f"{self.path}.{key}".lstrip(".") if key.endswith("]") else super().place(key)

    def number(self, key: str, *, decimals: int = 8, least: Decimal | None = Decimal(0)) -> Decimal | None:
        """An exact number, not below `least`, with at most so many decimals; None where it is absent or refused."""
        if not self.has(key):
            return None
        value = self.values[key]
        text = str(value)
        said = text[:60]
        given = Decimal(text) if NUMBER.fullmatch(text) or SCIENTIFIC.fullmatch(text) else None
        if given is None:
            self.note(key, f"{_shown(value)} is not a number.", f"Write it as {key}: 95 or {key}: 95.50.")
        elif abs(given) < 10**12 and given != round(given, decimals):
            self.note(key, f"{said} has more than {decimals} decimals.", "Round it, or give it in smaller units.")
        elif abs(given) >= 10**12:
            self.note(key, f"{said} is too large.", "Give less than a million millions.")
        elif least is not None and given < least:
            self.note(key, f"{said} is less than {least}.", f"Give {least} or more.")
        else:
            return given if 0 <= -int(given.as_tuple().exponent) <= decimals else round(given, decimals)
        return None

    def needed(self, key: str, *, decimals: int = 8, example: str = "95") -> Decimal:
        """A number that must be there; a harmless zero where it is not."""
        if not self.has(key):
            self.note(key, "This is missing.", f"Give it, for example {key}: {example}.")
        return self.number(key, decimals=decimals) or Decimal(0)

    def percent(self, key: str, *, example: str = "2.9") -> Decimal | None:
        """A percentage as a factor: 19 is 0.19. Example for the remedy where it is needed: see `needed`."""
        value = self.number(key, decimals=6)
        return None if value is None else value.scaleb(-2)

    def share(self, key: str) -> Decimal | None:
        """A percentage of something that cannot be more than all of it, as a factor."""
        found = self.percent(key)
        if found is not None and found > 1:
            self.note(key, f"{self.values[key]} is more than everything.", "Give at most 100.")
            return None
        return found

    def seconds(self, key: str) -> int:
        """A time worked as whole seconds: 1:30, 1:30:05, or hours as a number that makes whole seconds."""
        if not self.has(key):
            self.note(key, "This is missing.", f"Give it, for example {key}: 1:30.")
            return 0
        text = str(self.values[key])
        if match := TIME.fullmatch(text):
            return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        hours = self.number(key, decimals=6)
        if hours is None:
            return 0
        if hours * 3600 != int(hours * 3600):
            self.note(key, f"{text} hours are no whole number of seconds.", f"Write hours and minutes: {key}: 1:30.")
        return int(hours * 3600)

    def numbers(self, key: str) -> list[Decimal]:
        """A list of exact numbers, none below zero."""
        given = self._typed(key, list) or []
        each = [type(self)({f"{key}[{i}]": value}, self.path, self.problems) for i, value in enumerate(given)]
        return [one.number(f"{key}[{i}]", decimals=4) or Decimal(0) for i, one in enumerate(each)]

    def period(self, key: str) -> Period:
        """A period as people write it: see `parse_period`. At most ten years; harmless where it is refused."""
        if isinstance(self.values.get(key), int | date):
            self.values[key] = str(self.values[key])
        before, text = len(self.problems), self.text(key, example="2026-10")
        if len(self.problems) > before:
            return A_MONTH
        try:
            found = parse_period(text)
        except ValueError as error:
            said, _, remedy = str(error).partition("; ")
            self.note(key, f"{said}.", remedy[:1].upper() + remedy[1:])
            return A_MONTH
        if not (found.start.year >= 1900 and found.end <= date(2200, 1, 1)):
            self.note(key, f"“{text}” is not of these times.", "Give days from 1900 to 2199.")
        elif found.days > 3700:
            self.note(key, f"It has {found.days} days.", "Give ten years at most.")
        else:
            return found
        return A_MONTH

    def maybe_day(self, key: str) -> date | None:
        found = super().maybe_day(key)
        if found is not None and not 1900 <= found.year < 2200:
            self.note(key, f"{found} is not of these times.", "Give a day from 1900 to 2199.")
            return None
        return found

    def need(self, key: str, example: str) -> None:
        if not self.has(key):
            self.note(key, "This is missing.", f"Give it, for example {key}: {example.strip(chr(34))}.")


def top(values: dict[str, object], problems: list[Problem]) -> Node:
    """The document's own table."""
    return Node(values, "", problems)
