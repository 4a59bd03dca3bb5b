"""What a check is, the facts it may read, and how all of them run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

SEVERITIES: Final = ("blocks", "warns", "notes")
OFF: Final = "off"
AT_WILL: Final = (*SEVERITIES, OFF)
"""What a firm may choose for a check that only gives advice."""
NEVER_SILENT: Final = ("blocks", "warns")
"""What it may choose for a check of what was promised to the client: it is always said."""
FINDINGS: Final = {
    "document_key": pl.Int64, "check_name": pl.String, "severity": pl.String, "path": pl.String, "text": pl.String,
}
CHOSEN: Final = {"entity_id": pl.Int64, "check_name": pl.String, "severity": pl.String}


@dataclass(frozen=True, slots=True)
class Facts:
    """What checks look at; every frame carries `document_key`. Amounts are decimals in the document's currency.

    drafts      one row per draft: number-less header with account, entity, totals, order, contacts, tax ids
    agreements  one row per draft and agreement on it: cap, dates, what was billed before and here
    lines       the drafts' lines: position, kind, unit_price, tax_category, description
    work        the work on the lines: position, person, worked_on, started_at, seconds, the card's price today, and the
                factor that the line multiplies it by
    days        seconds that a person has on one day in all their work, for the days of this draft
    unpriced    work left out because no rate or exchange rate applies: text
    chosen      the severities that entities have chosen for checks, columns as `CHOSEN`; all others are as usual
    """

    on: date
    drafts: pl.DataFrame
    agreements: pl.DataFrame
    lines: pl.DataFrame
    work: pl.DataFrame
    days: pl.DataFrame
    unpriced: pl.DataFrame
    chosen: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHOSEN))


Finder = Callable[[Facts], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Check:
    """A named rule: its usual severity, what it promises, and the function from facts to (key, path, text) rows.

    `choices` are the severities that a firm may choose for it; none where a law, the tax rules or the agreement itself
    decides. The function may answer a `severity` column of its own where the agreement does.
    """

    name: str
    severity: str
    promise: str
    find: Finder
    choices: tuple[str, ...]


CHECKS: dict[str, Check] = {}


def check(name: str, severity: str, *, may_be: tuple[str, ...] = ()) -> Callable[[Finder], Finder]:
    """Register a function as the check `name`; its docstring is the promise shown to people."""
    assert severity in SEVERITIES
    assert not may_be or severity in may_be

    def register(find: Finder) -> Finder:
        CHECKS[name] = Check(name, severity, (find.__doc__ or "").strip(), find, may_be)
        return find

    return register


def run_checks(facts: Facts) -> pl.DataFrame:
    """Every check's findings over the facts, ordered by draft, severity and path; columns as `FINDINGS`."""
    found = [_named(rule, rows) for rule in CHECKS.values() if not (rows := rule.find(facts)).is_empty()]
    if not found:
        return pl.DataFrame(schema=FINDINGS)
    order = pl.col("severity").replace_strict({name: rank for rank, name in enumerate(SEVERITIES)})
    said = _as_chosen(pl.concat(found).unique(), facts)
    return said.sort("document_key", order, "check_name", "path", "text")


def _as_chosen(found: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """The findings by the severities that their entities have chosen, without those of checks that are off."""
    if facts.chosen.is_empty():
        return found
    chosen = facts.chosen.rename({"severity": "_chosen"})
    own = found.join(facts.drafts.select("document_key", "entity_id"), on="document_key").join(
        chosen, on=["entity_id", "check_name"], how="left")
    by_choice = own.with_columns(pl.coalesce("_chosen", "severity").alias("severity"))
    return by_choice.filter(pl.col("severity") != OFF).select(FINDINGS.keys())


def _named(rule: Check, found: pl.DataFrame) -> pl.DataFrame:
    severity = pl.col("severity") if "severity" in found.columns else pl.lit(rule.severity)
    columns = [pl.col("document_key"), pl.lit(rule.name).alias("check_name"), severity.alias("severity"),
               pl.col("path"), pl.col("text")]
    return found.select(columns).cast(FINDINGS)  # type: ignore[arg-type]
