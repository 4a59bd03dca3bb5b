"""Verbs for dated reference data, and the store of files."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from duly.billing.audit.actions import record, record_many, subjects, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.models import TAX_CLASSES
from duly.engine.wording import day

KEYS = {
    "tax_rate": ("country", "tax_class", "valid_from"), "exchange_rate": ("base", "quote", "valid_from"),
    "tax_component": ("country", "region", "tax_class", "name", "valid_from"),
}
SAYS = {"tax_rate": ("rate",), "tax_component": ("rate", "position", "compound"), "exchange_rate": ("rate",)}
"""What a row says of its key, besides its source."""
RATE_DIGITS = {"tax_rate": 6, "tax_component": 6, "exchange_rate": 10}
LARGEST_RATE = 10**14


@dataclass(frozen=True, slots=True)
class TaxRateInput:
    """The rate of a tax class as a fraction of the net (0.19), from a day on; None ends it."""

    country: str
    tax_class: str
    rate: Decimal | None
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class ExchangeRateInput:
    """One unit of `base` is `rate` units of `quote`, from a day on."""

    base: str
    quote: str
    rate: Decimal
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Added:
    """How many dated rows are new, and how many were there already."""

    added: int
    unchanged: int


@verb("reference.add_tax_rates", right="reference")
def add_tax_rates(*, actor: Actor, at: datetime, rates: Sequence[TaxRateInput]) -> Added:
    """Add dated tax rates; those there already are left alone.

    Raises `Refused`, with a problem per row, for a rate that is no fraction from 0 to below 1, an unknown tax
    class, and a day that already has another rate: what was in force is never rewritten.
    """
    problems = [
        *(Problem(f"[{i}].rate", f"{rate.rate} is not a fraction of the net.", "19% is 0.19.")
          for i, rate in enumerate(rates) if not is_fraction(rate.rate)),
        *(Problem(f"[{i}].tax_class", f"“{rate.tax_class}” is not a tax class.", f"Use {', '.join(TAX_CLASSES)}.")
          for i, rate in enumerate(rates) if rate.tax_class not in TAX_CLASSES),
    ]
    return add_dated("tax_rate", [asdict(rate) for rate in rates], problems)


@verb("reference.add_exchange_rates", right="reference")
def add_exchange_rates(*, actor: Actor, at: datetime, rates: Sequence[ExchangeRateInput],
                       places: Sequence[str] = ()) -> Added:
    """Add dated exchange rates; those there already are left alone. Raises `Refused` as `add_tax_rates` does.

    `places` name each rate in problems, such as a row of a file, instead of by its number in the list.
    """
    rows = [asdict(rate) for rate in rates]
    return _add("exchange_rate", rows, _of_exchange_rates(rates, rows, places))


@dataclass(frozen=True, slots=True)
class Preview:
    """What adding rates would come to: how many are new, how many are there already, and what stands against it."""

    added: int
    unchanged: int
    problems: tuple[Problem, ...]


def preview_exchange_rates(*, rates: Sequence[ExchangeRateInput], places: Sequence[str] = ()) -> Preview:
    """What `add_exchange_rates` would do; nothing is written."""
    fresh, problems = _of_exchange_rates(rates, [asdict(rate) for rate in rates], places)
    return Preview(len(fresh), len(rates) - len(fresh) - len(_places(problems)), tuple(problems))


def _of_exchange_rates(rates: Sequence[ExchangeRateInput], rows: list[dict[str, Any]],
                       places: Sequence[str]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The rates that are new, and the problems."""
    problems = [
        *(Problem(f"[{i}].rate", f"{rate.rate} is no rate above zero.", "Give units of quote for one of base.")
          for i, rate in enumerate(rates) if not (rate.rate.is_finite() and 0 < rate.rate < LARGEST_RATE)),
        *(Problem(f"[{i}].quote", f"The rate of {rate.base} to itself is 1.", "Leave it out.")
          for i, rate in enumerate(rates) if rate.base == rate.quote),
    ]
    fresh, found = _new("exchange_rate", rows, problems)
    named = {f"[{i}]": place for i, place in enumerate(places)}
    return fresh, [replace(one, path=named.get(one.path.partition(".")[0], one.path)) for one in found]


def is_fraction(rate: Decimal | None) -> bool:
    """Whether it is a share from 0 to below 1, or the end of one."""
    return rate is None or (rate.is_finite() and 0 <= rate < 1)


def add_dated(table: str, rows: list[dict[str, Any]], problems: list[Problem]) -> Added:
    """COPY the rows whose key is new. Equal ones are there already; a differing one is a problem."""
    return _add(table, rows, _new(table, rows, problems))


def _new(table: str, rows: list[dict[str, Any]], problems: list[Problem]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The rows of new keys, without problems. Equal ones are there already; a differing one is a problem."""
    wrong = _places(problems)
    key, says = KEYS[table], SAYS[table]
    query = f"select {', '.join(key + says)} from {table} where {key[0]} = any(%s)"
    known = {found[:len(key)]: found[len(key):] for found in frames.rows(query, [[row[key[0]] for row in rows]])}
    fresh: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        this, rate, digits = tuple(row[name] for name in key), row["rate"], RATE_DIGITS[table]
        if rate is not None and (not rate.is_finite() or abs(rate) >= LARGEST_RATE):
            continue  # a problem already
        if rate is not None and rate != round(rate, digits):
            problems.append(Problem(f"[{i}].rate", f"{rate} is too fine.", f"Use at most {digits} decimals."))
        elif f"[{i}]" in wrong:
            continue
        elif this not in known:
            known[this] = tuple(row[name] for name in says)
            fresh.append(row)
        else:
            problems += [Problem(f"[{i}].{name}", f"From {day(row['valid_from'])} {_was(name, said)} already.",
                                 "A rate that was in force stays. Give the new one a later day.")
                         for name, said in zip(says, known[this], strict=True) if said != row[name]]
    return fresh, problems


def _was(name: str, said: Any) -> str:
    if name != "rate":
        return {"position": "it has another place", "compound": "it is on another base"}[name]
    return "it ends" if said is None else f"the rate is {said.normalize():f}"


def _places(problems: Sequence[Problem]) -> set[str]:
    """The rows that have problems, some more than one."""
    return {problem.path.partition(".")[0] for problem in problems}


def _add(table: str, rows: list[dict[str, Any]], sorted_: tuple[list[dict[str, Any]], list[Problem]]) -> Added:
    """COPY the new ones, unless there is a problem."""
    fresh, problems = sorted_
    if problems:
        raise Refused("These rates cannot be added.", problems=problems)
    if fresh:
        ids = frames.next_ids(table, len(fresh))
        frames.write(table, _as_text(fresh).with_columns(ids.alias("id")))
        record_many(table, subjects(ids, source=sorted({row["source"] for row in fresh})))
    return Added(len(fresh), len(rows) - len(fresh))


def _as_text(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{name: None if value is None else str(value) for name, value in row.items()} for row in rows],
                        schema=dict.fromkeys(rows[0], pl.String))


def store_file(*, name: str, media_type: str, content: bytes) -> int:
    """Keep a file as evidence, inside the transaction of a verb; its id. The same content is kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    added = frames.rows("""insert into stored_file (sha256, name, media_type, content) values (%s, %s, %s, %s)
                           on conflict (sha256) do nothing returning id""",
                        [sha256, name, media_type, content])
    if not added:
        return int(frames.rows("select id from stored_file where sha256 = %s", [sha256])[0][0])
    record("stored_file", added[0][0], sha256=sha256, media_type=media_type, bytes=len(content))
    return int(added[0][0])
