"""What a bill run would draft, beside last time, for whoever decides whether to start it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK
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
class Unapproved:
    """Work of an account that no run bills before someone approves it: its entries, their time, the oldest day."""

    account: str
    name: str
    entries: int
    seconds: int
    oldest: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that is not issued and bills days of the period: what stands on it is not drafted again."""

    id: int
    account: str
    name: str
    state: str
    service_from: date
    service_to: date
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Preview:
    """The drafts, largest difference first; net sums by currency now and last time; what is left out, because it has
    no price or nobody approved it; the drafts that are there already; and the runs that were launched for the same
    entity and period before."""

    drafts: tuple[Previewed, ...]
    sums: tuple[tuple[str, Decimal, Decimal], ...]
    unpriced: tuple[Unpriced, ...]
    unapproved: tuple[Unapproved, ...]
    waiting: tuple[Waiting, ...]
    earlier: tuple[int, ...]

    @property
    def again(self) -> dict[str, Waiting]:
        """Of the accounts that would get another draft, by number, one that waits already."""
        drafted = {one.account for one in self.drafts}
        return {one.account: one for one in self.waiting if one.account in drafted}


SELLER: Final = "(select id from legal_entity where code = %(entity)s)"
PAYERS: Final = f"(%(everywhere)s or {IN_BOOK}) and (%(accounts)s::bigint[] is null or a.id = any(%(accounts)s))"

UNAPPROVED: Final = f"""
    select c.number, c.name, count(*), sum(case w.kind when 'time' then w.quantity else 0 end)::bigint, min(w.worked_on)
      from work_item w join agreement g on g.id = w.agreement_id join account c on c.id = g.account_id
      join account a on a.id = coalesce(c.bill_to_id, c.id)
     where g.entity_id = {SELLER} and {PAYERS} and w.approved_by_id is null and w.billable
       and w.worked_on < %(until)s
     group by c.id order by 5, c.sort_name"""

WAITING: Final = f"""
    select i.id, a.number, a.name, i.state, i.service_from, i.service_to, i.currency, i.total
      from invoice i join account a on a.id = i.account_id
     where i.entity_id = {SELLER} and {PAYERS} and i.state <> 'issued' and i.state <> 'discarded'
       and i.service_from < %(until)s and i.service_to >= %(since)s
     order by a.sort_name, i.id"""


def previewed(*, actor: Actor, on: date, entity: str, period_from: date, period_to: date,
              accounts: Sequence[int] | None = None) -> Preview:
    """What a run over [period_from, period_to) would draft now; nothing is stored. Raises as `preview` does."""
    drafts = preview(actor=actor, on=on, entity=entity, period_from=period_from, period_to=period_to, accounts=accounts)
    scope = {"entity": entity, "everywhere": actor.may_everywhere("bill"), "user": actor.user_id, "on": on,
             "accounts": accounts, "since": period_from, "until": period_to}
    rows = preview_compared(drafts, days=(period_to - period_from).days)
    counts = drafts.lines.group_by("document_key").agg(pl.len().alias("lines"))
    rows = rows.join(drafts.headers.select("document_key", "review"), on="document_key").join(counts, on="document_key")
    names = _names(drafts.parties)
    found = [Previewed(*names[row["account_id"]], row["currency"], row["review"], row["lines"], row["net"],
                       row["before"] if row["previous_id"] else None, row["difference"], row["percent"],
                       row["new"], row["gone"], row["changed"]) for row in rows.iter_rows(named=True)]
    sums = rows.group_by("currency").agg(pl.col("net").sum(), pl.col("before").sum()).sort("currency")
    return Preview(
        drafts=tuple(sorted(found, key=lambda one: (-abs(one.difference), one.name))), sums=tuple(sums.iter_rows()),
        unpriced=_unpriced(drafts.unpriced, drafts.parties, names),
        unapproved=tuple(Unapproved(*row) for row in frames.rows(UNAPPROVED, scope)),
        waiting=tuple(Waiting(*row) for row in frames.rows(WAITING, scope)),
        earlier=tuple(runs_of(entity, period_from, period_to)))


def _names(parties: pl.DataFrame) -> dict[int, tuple[str, str]]:
    rows = frames.rows("select id, number, name from account where id = any(%s)",
                       [parties["account_id"].unique().to_list()])
    return {id_: (number, name) for id_, number, name in rows}


def _unpriced(found: pl.DataFrame, parties: pl.DataFrame, names: dict[int, tuple[str, str]]) -> tuple[Unpriced, ...]:
    grouped = found.join(parties.select("document_key", "account_id"), on="document_key").group_by(
        "account_id", "text").agg(pl.len().alias("entries")).sort("account_id", "text").head(REASONS)
    return tuple(Unpriced(*names[account], text, entries) for account, text, entries in grouped.iter_rows())
