"""What a check is, the facts it may read, and how all of them run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

SEVERITIES: Final = ("blocks", "warns", "notes")
FINDINGS: Final = {
    "document_key": pl.Int64, "check_name": pl.String, "severity": pl.String, "path": pl.String, "text": pl.String,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What checks look at; every frame carries `document_key`. Amounts are decimals in the document's currency.

    drafts      one row per draft: number-less header with account, entity, totals, order, contacts, tax ids
    agreements  one row per draft and agreement on it: cap, dates, what was billed before and here
    lines       the drafts' lines: position, kind, unit_price, tax_category, description
    work        the work on the lines: position, person, worked_on, started_at, seconds, the card's price today
    days        seconds that a person has on one day in all their work, for the days of this draft
    unpriced    work left out because no rate or exchange rate applies: text
    """

    on: date
    drafts: pl.DataFrame
    agreements: pl.DataFrame
    lines: pl.DataFrame
    work: pl.DataFrame
    days: pl.DataFrame
    unpriced: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Check:
    """A named rule: its severity, what it promises, and the function from facts to (key, path, text) rows.

    The function may answer a `severity` column of its own where a policy decides.
    """

    name: str
    severity: str
    promise: str
    find: Callable[[Facts], pl.DataFrame]


CHECKS: dict[str, Check] = {}


def check(name: str, severity: str) -> Callable[[Callable[[Facts], pl.DataFrame]], Callable[[Facts], pl.DataFrame]]:
    """Register a function as the check `name`; its docstring is the promise shown to people."""
    assert severity in SEVERITIES

    def register(find: Callable[[Facts], pl.DataFrame]) -> Callable[[Facts], pl.DataFrame]:
        CHECKS[name] = Check(name, severity, (find.__doc__ or "").strip(), find)
        return find

    return register


def run_checks(facts: Facts) -> pl.DataFrame:
    """Every check's findings over the facts, ordered by draft, severity and path; columns as `FINDINGS`."""
    found = [_named(rule, rows) for rule in CHECKS.values() if not (rows := rule.find(facts)).is_empty()]
    if not found:
        return pl.DataFrame(schema=FINDINGS)
    order = pl.col("severity").replace_strict({name: rank for rank, name in enumerate(SEVERITIES)})
    return pl.concat(found).unique().sort("document_key", order, "check_name", "path", "text")


def _named(rule: Check, found: pl.DataFrame) -> pl.DataFrame:
    severity = pl.col("severity") if "severity" in found.columns else pl.lit(rule.severity)
    columns = [pl.col("document_key"), pl.lit(rule.name).alias("check_name"), severity.alias("severity"),
               pl.col("path"), pl.col("text")]
    return found.select(columns).cast(FINDINGS)  # type: ignore[arg-type]
