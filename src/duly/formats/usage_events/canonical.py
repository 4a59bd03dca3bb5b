"""A JSON object in one way to write it: keys in order, no blanks, numbers with all of their digits."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

import polars as pl

LONGEST: Final = 10_000
DIGITS: Final = 100


def canonical(text: str) -> str:
    """The same object, written in one way. Raises `ValueError` with what is wrong; no float touches its numbers."""
    if len(text) > LONGEST:
        raise ValueError(f"It has more than {LONGEST:,} characters.")
    try:
        value = exact(text)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("It is not JSON.") from None
    if not isinstance(value, dict):
        raise ValueError("It is not an object.")
    return canonical_of(value)


def exact(text: str | bytes) -> Any:
    """What JSON says, its fractions as `Decimal`. Raises `ValueError`, or `RecursionError` for what is too deep."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def canonical_of(value: dict[str, Any]) -> str:
    """The same of an object that was read already, its fractions as `Decimal`."""
    try:
        written = _written(value)
        written.encode()
    except (UnicodeEncodeError, RecursionError):
        raise ValueError("It holds half a character, or is nested too deeply.") from None
    if len(written) > LONGEST:
        raise ValueError(f"It has more than {LONGEST:,} characters.")
    return written


def canonical_or_null(texts: pl.Series) -> pl.Series:
    """Each text's canonical form, null where it has none; each distinct text is read once."""
    distinct = texts.drop_nulls().unique()
    forms = {text: _or_none(text) for text in distinct}
    return texts.replace_strict(forms, default=None, return_dtype=pl.String)


def _or_none(text: str) -> str | None:
    try:
        return canonical(text)
    except ValueError:
        return None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number.")


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(key)}:{_written(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(one) for one in value) + "]"
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > DIGITS:
            raise ValueError(f"{value} has too many digits.")
        return f"{value:f}"
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("It holds a NUL character.")
    return json.dumps(value, ensure_ascii=False)
