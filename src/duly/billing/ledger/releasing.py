"""Deferred revenue becomes revenue, month by month, as its days are served."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import LegalEntity
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.ledger import actions as ledger
from duly.engine import journal
from duly.engine.currencies import exponent

CHUNK: Final = 5_000
"""How many deferrals are released together: others wait for their locks until the last is written."""

DUE: Final = """
    select d.id from deferral d join open_item o on o.id = d.open_item_id
     where d.entity_id = %(entity)s and d.released <> d.amount and d.period_from <= %(through)s
       and o.booked_on <= %(through)s
       and abs(earned(d.amount, d.period_from, d.period_to, %(through)s, currency_exponent(d.currency)))
         > abs(d.released)"""

DEFERRED: Final[frames.Schema] = {
    "deferral_id": pl.Int64, "booked_on": pl.Date, "period_from": pl.Date, "period_to": pl.Date, "currency": pl.String,
    "exponent": pl.Int8, "base_exponent": pl.Int8, "amount": frames.MONEY, "base_amount": frames.MONEY,
    "released": frames.MONEY, "released_base": frames.MONEY,
}


@dataclass(frozen=True, slots=True)
class Released:
    """What became revenue: lines of documents, entries (one a month), the sum in the base currency, and whether there
    is more to release."""

    lines: int
    entries: int
    currency: str
    amount: str
    more: bool


def release_in_chunks(*, actor: Actor, at: datetime, on: date, entity: str, through: date,
                      key: str | None = None) -> Iterator[Released]:
    """Release all that is due by `release_revenue`, a chunk at a time, each one command; run it again after a stop."""
    more, place = True, 0
    while more:
        part: dict[str, Any] = {"key": f"{key}:{place}"} if key else {}
        released = release_revenue(actor=actor, at=at, on=on, entity=entity, through=through, **part)
        yield released
        more, place = released.more, place + 1


def release_all(*, actor: Actor, at: datetime, on: date, entity: str, through: date,
                key: str | None = None) -> Released:
    """Release all that is due as `release_in_chunks` does, and say what it came to together."""
    parts = list(release_in_chunks(actor=actor, at=at, on=on, entity=entity, through=through, key=key))
    amount = sum((Decimal(part.amount) for part in parts), Decimal(0))
    return Released(sum(part.lines for part in parts), sum(part.entries for part in parts), parts[-1].currency,
                    str(amount), more=False)


@verb("ledger.release_revenue", right="close")
def release_revenue(*, actor: Actor, at: datetime, on: date, entity: str, through: date) -> Released:
    """Make revenue of what was deferred and is earned through the month of the day `through`.

    Each month's part is booked on its last day, by one entry a month; what belongs to months before the document was
    booked, or to months that are closed, on the last day of the first month that takes it. Released until a day is
    amount × days served ÷ days, rounded once, so that nothing drifts and the last day brings the rest. At most `CHUNK`
    lines at once; what is released is passed over, so that the same again changes nothing. Raises `Refused` for a
    month that has not begun or is closed (law 14), or without the chart's accounts; `NotFound` for the entity.
    """
    seller, end = entity_of(entity), _month_end(through)
    if end.replace(day=1) > on:
        raise Refused(f"{end:%B %Y} has not begun.", "Release through a month that is over, or under way.")
    ledger.refuse_closed(seller, end, "Release through a later month.")
    due = _locked(seller, end)
    steps = _steps(due, seller.lock_date, end)
    entries = _post(seller, steps)
    total = f"{steps['base_amount'].sum() or 0:.{exponent(seller.base_currency)}f}"
    lines = steps["deferral_id"].n_unique()
    if lines:
        record("legal_entity", seller.pk, through=end, lines=lines, released=total, currency=seller.base_currency)
    return Released(lines, entries, seller.base_currency, total, due.height == CHUNK)


def _month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def _locked(seller: LegalEntity, through: date) -> pl.DataFrame:
    """What is due, locked, as it stands then: columns as `DEFERRED`."""
    values = {"entity": seller.pk, "through": through}
    chosen = [row[0] for row in frames.rows(f"{DUE} order by d.id limit {CHUNK}", values)]
    frames.rows("select lock_deferrals(%s)", [chosen])
    query = f"""
        select d.id, o.booked_on, d.period_from, d.period_to, d.currency, currency_exponent(d.currency),
               currency_exponent(e.base_currency), d.amount, d.base_amount, d.released, d.released_base
          from deferral d join open_item o on o.id = d.open_item_id join legal_entity e on e.id = d.entity_id
         where d.id = any(%(chosen)s) and d.id in ({DUE}) order by d.id"""
    return frames.read(query, {**values, "chosen": chosen}, DEFERRED)


def _steps(due: pl.DataFrame, lock_date: date | None, through: date) -> pl.DataFrame:
    """What is released of each line on each month's last day: deferral_id, booked_on, currency, amount, base_amount."""
    first = pl.max_horizontal(
        "booked_on", "period_from", pl.lit(lock_date, dtype=pl.Date) + pl.duration(days=1)).dt.month_start()
    days = due.filter(first <= through).with_columns(
        pl.date_ranges(first, pl.lit(through), "1mo").alias("until")).explode("until")
    known = journal.earned(days.with_columns(pl.col("until").dt.month_end()))
    sign = pl.col("amount").sign()
    reached = [pl.max_horizontal(pl.col(to) * sign, pl.col(done) * sign).alias(to)
               for to, done in (("earned", "released"), ("earned_base", "released_base"))]
    steps = known.with_columns(reached).with_columns(
        (pl.col(to) - pl.col(to).shift(1).over("deferral_id").fill_null(pl.col(done) * sign)).alias(name)
        for name, to, done in (("step", "earned", "released"), ("step_base", "earned_base", "released_base")))
    return steps.filter(pl.col("step") != 0).select(
        "deferral_id", pl.col("until").alias("booked_on"), "currency", (pl.col("step") * sign).alias("amount"),
        (pl.col("step_base") * sign).alias("base_amount"))


def _post(seller: LegalEntity, steps: pl.DataFrame) -> int:
    """One entry for each month, and the release of each line by it; how many entries."""
    months = steps.select("booked_on").unique().sort("booked_on").with_row_index("key")
    if months.is_empty():
        return 0
    parts = steps.join(months, on="booked_on", maintain_order="left")
    written = ledger.post(
        months.select("key", pl.lit(seller.pk).alias("entity_id"), pl.lit("revenue_release").alias("kind"), "booked_on",
                      pl.col("booked_on").dt.strftime("%Y-%m").alias("source")),
        journal.postings("revenue_release", parts))
    frames.write("revenue_release", parts.join(written.select("key", "entry_id"), on="key").select(
        "deferral_id", "entry_id", "amount", "base_amount", "booked_on"))
    return months.height
