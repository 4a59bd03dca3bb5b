"""YAML or JSON → plain values in which numbers stand as they were written: no float on the way, no guessing.

Of YAML the plain scalars mean what JSON's do, and a day: `1:30` and `yes` stay text, as people mean them. A key that is
there twice is refused in both, and so are YAML's aliases and tags: what a document says stands where one reads it.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import yaml

from duly.formats.setup_file.table import Fraction, Problem

WHOLE: Final = re.compile(r"-?[0-9]+")
DECIMAL: Final = re.compile(r"-?[0-9]+\.[0-9]+")
HALF: Final = re.compile("[\ud800-\udfff]")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST: Final = 40
"""Digits of a number; beyond them it is kept as text, and refused where a number is asked for."""
LARGEST: Final = {"YAML": 4_000_000, "JSON": 40_000_000}
"""Bytes of a file: what is read in less than a minute."""
DEEPEST: Final = 20
"""Tables and lists within each other; a price document needs eight."""


class _Loader(yaml.SafeLoader):
    """YAML of JSON's scalars and days, without aliases, tags and keys that are there twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="an alias is not followed; write out what it stands for",
                                       problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="a tag has no meaning here; leave it out", problem_mark=event.start_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                said = f"“{key.value}” is there twice" if isinstance(key, yaml.ScalarNode) else "a key is one word"
                raise yaml.MarkedYAMLError(problem=said, problem_mark=key.start_mark)
            seen.add(key.value)
        return {str(key.value): self.construct_object(value, deep=True)  # type: ignore[no-untyped-call]
                for key, value in node.value}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_constructor("tag:yaml.org,2002:str", lambda _, node: _scalar(node))
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_mapping)


def _scalar(node: yaml.Node) -> Any:
    return node.value if getattr(node, "style", None) else plain(node.value)


def plain(text: str) -> Any:
    """What a word without quotes is: a whole number, a decimal, a day, or itself."""
    if len(text) <= LONGEST and WHOLE.fullmatch(text):
        return int(text)
    if len(text) <= LONGEST and DECIMAL.fullmatch(text):
        return Fraction(text)
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


def parsed(data: bytes) -> dict[str, Any] | Problem:
    """The document's top table, or why there is none."""
    if len(data) > LARGEST["JSON"]:
        return _too_large()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(f"byte {error.start + 1}", "This is not UTF-8.", "Save the file as UTF-8.")
    try:
        found = _json(text) if text.lstrip().startswith("{") else None
        if found is None and len(data) > LARGEST["YAML"]:
            return _too_large()
        if found is None:
            found = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "YAML"
        return Problem(place, f"{(error.problem or 'It cannot be read').capitalize()}.", "Correct the YAML there.")
    except yaml.reader.ReaderError as error:
        return Problem(f"character {error.position + 1}", "YAML has no such character.", "Leave it out.")
    except (yaml.YAMLError, ValueError) as error:
        return Problem("document", f"{error}.", "Write it as YAML or JSON.")
    except RecursionError:
        return Problem("document", "It is nested too deeply.", "Write flat tables.")
    if not isinstance(found, dict):
        return Problem("document", "It is no table of names and values.", "Begin with `currency: EUR`.")
    return next(_half_characters(found, ""), found)


def _too_large() -> Problem:
    most = " and ".join(f"{size // 1_000_000} MB of {form}" for form, size in LARGEST.items())
    return Problem("document", f"It is larger than {most}.", "Give less of it at once, or write it as JSON.")


def _half_characters(value: Any, path: str) -> Iterator[Problem]:
    """Texts with half of a character, which an escape can write and no file can hold."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _half_characters(key, path or "document")
            yield from _half_characters(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _half_characters(one, f"{path}[{place}]")
    elif isinstance(value, str) and HALF.search(value):
        yield Problem(path, "It has half of a character.", "Write the character itself, not its two escapes.")


def _json(text: str) -> Any:
    """A JSON document, or None where it is YAML in braces."""
    try:
        return _days(json.loads(text, parse_int=_whole, parse_float=Fraction, parse_constant=_refused,
                                object_pairs_hook=_once))
    except json.JSONDecodeError:
        return None


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST else digits


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members, each there once."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"“{key}” is there twice")
        found[key] = value
    return found


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is not a number")


def _days(value: Any) -> Any:
    """JSON has no days of its own: its texts that are written like one are."""
    if isinstance(value, dict):
        return {key: _days(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_days(one) for one in value]
    return plain(value) if type(value) is str and DAY.fullmatch(value) else value
