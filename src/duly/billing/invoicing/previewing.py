"""What a bill run would draft, beside last time, for whoever decides whether to start it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.invoicing.actions.run import preview
from duly.billing.invoicing.compare import preview_compared
from duly.billing.invoicing.queries import runs_of
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

REASONS: Final = 100
"""So many reasons for unpriced work are listed; they are grouped, and nobody reads more."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A draft that the run would make: net of taxes, beside the last invoice (null without one) with the percentage of
    the difference, and how many charges are new, gone, changed."""

    account: str
    name: str
    currency: str
    review: str
    lines: int
    net: Decimal
    before: Decimal | None
    difference: Decimal
    percent: Decimal | None
    new: int
    gone: int
    changed: int

    @property
    def changes(self) -> str:
        """The counts in words; "" where nothing differs."""
        return ", ".join(f"{count} {name}" for name, count in (
            ("new", self.new), ("gone", self.gone), ("changed", self.changed)) if count)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Work of an account that no rate prices, and what to do about it."""

    account: str
    name: str
    text: str
    entries: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The drafts, largest difference first; net sums by currency now and last time; what has no price; and the runs
    that were launched for the same entity and period before."""

    drafts: tuple[Previewed, ...]
    sums: tuple[tuple[str, Decimal, Decimal], ...]
    unpriced: tuple[Unpriced, ...]
    earlier: tuple[int, ...]


def previewed(*, actor: Actor, on: date, entity: str, period_from: date, period_to: date,
              accounts: Sequence[int] | None = None) -> Preview:
    """What a run over [period_from, period_to) would draft now; nothing is stored. Raises as `preview` does."""
    drafts = preview(actor=actor, on=on, entity=entity, period_from=period_from, period_to=period_to, accounts=accounts)
    rows = preview_compared(drafts, days=(period_to - period_from).days)
    counts = drafts.lines.group_by("document_key").agg(pl.len().alias("lines"))
    rows = rows.join(drafts.headers.select("document_key", "review"), on="document_key").join(counts, on="document_key")
    names = _names(drafts.parties)
    found = [Previewed(*names[row["account_id"]], row["currency"], row["review"], row["lines"], row["net"],
                       row["before"] if row["previous_id"] else None, row["difference"], row["percent"],
                       row["new"], row["gone"], row["changed"]) for row in rows.iter_rows(named=True)]
    sums = rows.group_by("currency").agg(pl.col("net").sum(), pl.col("before").sum()).sort("currency")
    ordered = sorted(found, key=lambda one: (-abs(one.difference), one.name))
    return Preview(tuple(ordered), tuple(sums.iter_rows()), _unpriced(drafts.unpriced, drafts.parties, names),
                   tuple(runs_of(entity, period_from, period_to)))


def _names(parties: pl.DataFrame) -> dict[int, tuple[str, str]]:
    rows = frames.rows("select id, number, name from account where id = any(%s)",
                       [parties["account_id"].unique().to_list()])
    return {id_: (number, name) for id_, number, name in rows}


def _unpriced(found: pl.DataFrame, parties: pl.DataFrame, names: dict[int, tuple[str, str]]) -> tuple[Unpriced, ...]:
    grouped = found.join(parties.select("document_key", "account_id"), on="document_key").group_by(
        "account_id", "text").agg(pl.len().alias("entries")).sort("account_id", "text").head(REASONS)
    return tuple(Unpriced(*names[account], text, entries) for account, text, entries in grouped.iter_rows())
