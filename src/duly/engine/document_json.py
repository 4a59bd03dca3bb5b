"""Frozen dataclasses ↔ plain JSON values, exactly: decimals and dates as text, bytes as base64.

A decimal is written without exponent and without trailing zeros, so that a figure that went through a
`numeric(20,4)` column still has the same digest.
"""

from __future__ import annotations

import base64
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from types import MappingProxyType
from typing import Any, Final

UNSAID: Final = MappingProxyType({"unsaid": True})
"""Metadata of a field that is left out while it is its default, so that what has none keeps the digest it had."""


def plain(value: Decimal) -> str:
    """`Decimal("1.500")` → "1.5", `Decimal("1E+2")` → "100". Raises `ValueError` for infinity and NaN."""
    if not value.is_finite():
        raise ValueError(f"{value} is no amount")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def encode(value: Any) -> Any:
    """Any value of a frozen dataclass as plain JSON. Raises `TypeError` for a float or an unknown type."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)
                if not ("unsaid" in field.metadata and getattr(value, field.name) == field.default)}
    raise TypeError(f"{value!r} has no exact place in JSON")


def decode(kind: Any, data: Any, path: str) -> Any:
    """The value of type `kind` that `encode` wrote. Raises `ValueError` naming the path and the value."""
    if is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), data, path)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(decode(arguments[0], item, f"{path}[{at}]") for at, item in enumerate(_a(list, data, path)))
    if origin in (types.UnionType, typing.Union):
        if data is None and type(None) in arguments:
            return None
        return decode(next(option for option in arguments if option is not type(None)), data, path)
    if origin is typing.Literal:
        return _a(str, data, path)
    return _decode_scalar(kind, data, path)


def _decode_scalar(kind: Any, data: Any, path: str) -> Any:
    if kind in (str, int, bool):
        return _a(kind, data, path)
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return typing.cast(Any, kind)(_a(dict, data, path))
    text = _a(str, data, path)
    readers: dict[Any, Callable[[str], Any]] = {
        Decimal: Decimal,
        date: date.fromisoformat,
        bytes: base64.b64decode,
    }
    try:
        return readers[kind](text)
    except (ValueError, InvalidOperation) as wrong:
        raise ValueError(f"{path}: {text!r} is no {kind.__name__}") from wrong


def _decode_dataclass(kind: type, data: Any, path: str) -> Any:
    values = _a(dict, data, path)
    known = _fields(kind)
    if unknown := sorted(values.keys() - known.keys()):
        raise ValueError(f"{path}: unknown field {unknown[0]!r}; known are {', '.join(known)}")
    for name, (field, _) in known.items():
        if name not in values and field.default is MISSING:
            raise ValueError(f"{path}: field {name!r} is missing")
    return kind(**{name: decode(known[name][1], value, f"{path}.{name}") for name, value in values.items()})


@cache
def _fields(kind: type) -> dict[str, tuple[Field, Any]]:
    hints = typing.get_type_hints(kind)
    return {field.name: (field, hints[field.name]) for field in fields(kind)}


def _a(kind: type, data: Any, path: str) -> Any:
    """`data` itself when it is of the JSON type `kind`; a bool is no int."""
    if isinstance(data, kind) and not (kind is int and isinstance(data, bool)):
        return data
    raise ValueError(f"{path}: expected {kind.__name__}, found {data!r}")
