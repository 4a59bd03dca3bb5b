"""One TOML table, read key by key: every mistake is noted by its path, and the keys nobody asked for are mistakes."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, ClassVar, Final, Self

from duly.formats import FormatError

BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
LARGEST: Final = 10**12
MANY: Final = 60
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]{1,10})?")
KINDS: Final = {
    str: "text", int: "a whole number", bool: "true or false", date: "a date", list: "a list", dict: "a table",
}


class Fraction(str):
    """A number with a decimal point, as it stands in the file: no float ever touches money."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where in the file, what, and what to do about it."""

    path: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text} {self.remedy}"


@dataclass(slots=True)
class Table:
    """A table under reading. What cannot be read is noted in `problems` and answered by a harmless value."""

    values: dict[str, Any]
    path: str
    problems: list[Problem]
    asked: set[str] = field(default_factory=set)

    between: ClassVar[str] = " = "
    """What stands between a key and its value, for remedies."""
    lists: ClassVar[str] = "[[{key}]] or {{ … }}"
    """How a list of tables is written."""

    def place(self, key: str) -> str:
        """The key's path in the file, as TOML writes it."""
        name = key if BARE_KEY.fullmatch(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{self.path}.{name}" if self.path else name

    def note(self, key: str, text: str, remedy: str) -> None:
        self.problems.append(Problem(self.place(key), text, remedy))

    def has(self, key: str) -> bool:
        self.asked.add(key)
        return key in self.values

    def need(self, key: str, example: str) -> None:
        """Note the key as missing, unless it is there."""
        if not self.has(key):
            self.note(key, "This is missing.", f"Give it, for example {key}{self.between}{example}.")

    def text(self, key: str, default: str | None = None, *, check: Callable[[str], str] | None = None,
             longest: int = 200, example: str = '"…"') -> str:
        """A text; needed where there is no default. `check` returns the one way to write it or raises FormatError."""
        if default is None:
            self.need(key, example)
        value = self._typed(key, str)
        if value is None:
            return default or ""
        return self._checked(key, value.strip(), check, longest)

    def maybe(self, key: str, *, check: Callable[[str], str] | None = None, longest: int = 200) -> str | None:
        """A text that may be absent."""
        value = self._typed(key, str)
        return None if value is None else self._checked(key, value.strip(), check, longest)

    def _checked(self, key: str, value: str, check: Callable[[str], str] | None, longest: int) -> str:
        if not value or len(value) > longest or "\x00" in value:
            self.note(key, f"It has {len(value)} characters.", f"Give 1 to {longest}, or leave the key out.")
        elif check is not None:
            try:
                return check(value)
            except FormatError as error:
                self.note(key, error.message, error.remedy)
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of some words; needed where there is no default."""
        value = self.text(key, default, example=f'"{choices[0]}"')
        if key in self.values and isinstance(self.values[key], str):
            self.known(key, value, choices)
        return value

    def known(self, key: str, word: str, choices: Sequence[str]) -> bool:
        """Whether the word is one of the choices; noted with the nearest one where it is not."""
        if word in choices:
            return True
        self.note(key, f"“{word[:MANY]}” is not known here.", f"{_meant(word, choices)}Use {_listed(choices)}.")
        return False

    def whole(self, key: str, default: int, *, low: int = 0, high: int = 32_767) -> int:
        value = self._typed(key, int)
        if value is None:
            return default
        if not low <= value <= high:
            self.note(key, f"{value} is out of range.", f"Give a whole number from {low} to {high}.")
            return default
        return int(value)

    def number(self, key: str) -> Decimal | None:
        """An exact number: a whole one, or a decimal in quotes. A float is refused: it is not what one wrote."""
        return self._exact(key, self.values[key]) if self.has(key) else None

    def amounts(self, key: str) -> tuple[Decimal, ...]:
        """A list of exact numbers; each that is none is noted."""
        found = (self._exact(key, value) for value in self._typed(key, list) or ())
        return tuple(number for number in found if number is not None)

    def _exact(self, key: str, value: Any) -> Decimal | None:
        if isinstance(value, Fraction):
            self.note(key, f"{value} is not exact in TOML.", f'Write it in quotes: {key} = "{value}".')
        elif isinstance(value, bool) or not isinstance(value, int | str) or not NUMBER.fullmatch(str(value)):
            self.note(key, f"{_shown(value)} is not a number with at most 10 decimals.",
                      f'Write it as {key} = 95 or {key} = "95.50".')
        elif abs(Decimal(value)) >= LARGEST:
            self.note(key, f"{value} is too large.", "Give less than a million millions.")
        else:
            return Decimal(value)
        return None

    def day(self, key: str, default: date | None = None) -> date:
        """A date; needed where there is no default."""
        if default is None:
            self.need(key, "2026-01-01")
        return self.maybe_day(key) or default or date(2000, 1, 1)

    def maybe_day(self, key: str) -> date | None:
        value = self._typed(key, date)
        return value if isinstance(value, date) else None

    def flag(self, key: str, default: bool) -> bool:
        value = self._typed(key, bool)
        return default if value is None else bool(value)

    def words(self, key: str, choices: Sequence[str], default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of some of the choices."""
        value = self._typed(key, list)
        if value is None:
            return tuple(default)
        return tuple(word for word in value if self._is_text(key, word) and self.known(key, word, choices))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none where the key is absent."""
        return tuple(word for word in self._typed(key, list) or [] if self._is_text(key, word))

    def tables(self, key: str) -> list[Self]:
        """The tables of a list, `[[key]]` or inline; none where the key is absent."""
        found = []
        for i, value in enumerate(self._typed(key, list) or []):
            path = f"{self.place(key)}[{i}]"
            if isinstance(value, dict):
                found.append(type(self)(value, path, self.problems))
            else:
                remedy = f"Write {self.lists.format(key=key)}."
                self.problems.append(Problem(path, f"{_shown(value)} is not a table.", remedy))
        return found

    def table(self, key: str) -> Self | None:
        value = self._typed(key, dict)
        return None if value is None else type(self)(value, self.place(key), self.problems)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All of this table as names with texts."""
        self.asked.update(self.values)
        return tuple((name, self.text(name)) for name in self.values)

    def close(self) -> None:
        """Note the keys that nobody asked for, with the nearest known one."""
        for key in self.values:
            if key not in self.asked:
                choices = sorted(self.asked)
                self.note(key, "There is no such key.", f"{_meant(key, choices)}Known here: {_listed(choices)}.")

    def _typed(self, key: str, kind: type) -> Any:
        if not self.has(key):
            return None
        value = self.values[key]
        if type(value) is kind:
            return value
        self.note(key, f"{_shown(value)} is not {KINDS[kind]}.", _rewritten(key + self.between, value, kind))
        return None

    def _is_text(self, key: str, value: object) -> bool:
        if type(value) is str:
            return True
        self.note(key, f"{_shown(value)} is not text.", "Write it in quotes.")
        return False


def _shown(value: object) -> str:
    if isinstance(value, bool | None):
        return "null" if value is None else str(value).lower()
    return str(value) if isinstance(value, Fraction | int | date) else f"{str(value)[:60]!r}"


def _rewritten(start: str, value: object, kind: type) -> str:
    if kind is str and isinstance(value, dict | list):
        return "Write one text."
    if kind is str:
        return f'Write it in quotes: {start}"{_shown(value)}".'
    written = {int: "30", bool: "true", date: "2026-01-31", list: "[ … ]", dict: "{ … }"}
    examples = {of: start + example for of, example in written.items()}
    return f"Write it without quotes: {examples[kind]}." if isinstance(value, str) else f"Write {examples[kind]}."


def _meant(word: str, choices: Iterable[str]) -> str:
    near = get_close_matches(word, list(choices), n=1)
    return f"Did you mean “{near[0]}”? " if near else ""


def _listed(choices: Sequence[str]) -> str:
    return ", ".join(choices) if len(choices) <= MANY else ", ".join(choices[:MANY]) + " …"
