"""The ledger as of two dates: effective on a day, as it was known at an instant (law 13).

Entries and movements are only ever added, and carry the day they are booked on and the moment they were recorded. So
figures of one pair of dates never change, provided that the second one is settled: no transaction that began before it
is still under way. `settled_at` gives the latest such instant, and nothing later is answered.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused

MONEY = frames.MONEY
MOVED: Final = "m.booked_on <= %(on)s and m.recorded_at <= %(known_at)s"
BOOKED: Final = "e.booked_on <= %(on)s and e.recorded_at <= %(known_at)s"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The two dates of a report. Prints both, as every report must."""

    on: date
    known_at: datetime

    def __post_init__(self) -> None:
        if self.known_at > settled_at():
            raise Refused(f"What is known at {self.known_at:%Y-%m-%d %H:%M:%S %Z} is not settled yet.",
                          f"The latest instant whose figures stand is {settled_at().isoformat()}.", law=13)

    def __str__(self) -> str:
        return f"as of {self.on:%Y-%m-%d}, known at {self.known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"

    @property
    def values(self) -> dict[str, object]:
        return {"on": self.on, "known_at": self.known_at}


def as_of(on: date, known_at: datetime | None = None) -> AsOf:
    """The pair of dates; known at the latest settled instant unless told. Raises `Refused` for a later one."""
    return AsOf(on, known_at or settled_at())


def settled_at() -> datetime:
    """The latest instant for which everything recorded until then is committed and seen."""
    return frames.rows("select settled_at()")[0][0]


def open_items_as_of(when: AsOf, *, entity_id: int | None = None, accounts: list[int] | None = None) -> pl.DataFrame:
    """The open items that were not settled then, with their balance then.

    open_item_id, entity_id, account_id, control, label, currency, amount, balance (signed), booked_on, due_on
    """
    query = f"""
        select o.id, o.entity_id, o.account_id, o.control, o.label, o.currency, o.amount, sum(m.amount), o.booked_on,
               o.due_on
          from open_item o join open_item_movement m on m.open_item_id = o.id
         where {MOVED} and (%(entity)s::bigint is null or o.entity_id = %(entity)s)
           and (%(accounts)s::bigint[] is null or o.account_id = any(%(accounts)s))
         group by o.id having sum(m.amount) <> 0 order by o.account_id, o.due_on, o.id"""
    schema: frames.Schema = {
        "open_item_id": pl.Int64, "entity_id": pl.Int64, "account_id": pl.Int64, "control": pl.String,
        "label": pl.String, "currency": pl.String, "amount": MONEY, "balance": MONEY, "booked_on": pl.Date,
        "due_on": pl.Date,
    }
    return frames.read(query, {**when.values, "entity": entity_id, "accounts": accounts}, schema)


def trial_balance(when: AsOf, entity_id: int) -> pl.DataFrame:
    """Debit and credit turnover and balance per account of the chart and currency, until then.

    code, name, role, currency, debit, credit, balance (debit − credit), base_balance (in the base currency)
    """
    query = f"""
        select a.code, a.name, a.role, t.currency, sum(side.debit), sum(side.credit), sum(side.debit - side.credit),
               sum(sign(side.debit - side.credit) * t.base_amount)
          from entry e join transfer t on t.entry_id = e.id
         cross join lateral (values (t.debit_id, t.amount, 0::numeric), (t.credit_id, 0::numeric, t.amount))
            as side (chart_account_id, debit, credit)
          join chart_account a on a.id = side.chart_account_id
         where e.entity_id = %(entity)s and {BOOKED}
         group by a.code, a.name, a.role, t.currency order by a.code, t.currency"""
    schema: frames.Schema = {
        "code": pl.String, "name": pl.String, "role": pl.String, "currency": pl.String, "debit": MONEY,
        "credit": MONEY, "balance": MONEY, "base_balance": MONEY,
    }
    return frames.read(query, {**when.values, "entity": entity_id}, schema)


def control_ties(when: AsOf | None = None) -> pl.DataFrame:
    """Per entity, control account and currency: the ledger's balance, the sum of what stands behind it, and their
    difference, which law 10 holds at zero; in the currency and in the base currency. Behind the receivables and the
    money on account stand open items, behind deferred revenue what is not released. Then, or over everything recorded.

    entity_id, control, currency, ledger, items, difference, base_ledger, base_items, base_difference
    """
    booked, moved = (BOOKED, MOVED) if when else ("true", "true")
    query = f"""
        select entity_id, control, currency, sum(ledger), sum(items), sum(ledger) - sum(items), sum(base_ledger),
               sum(base_items), sum(base_ledger) - sum(base_items) from (
          select e.entity_id, d.role as control, t.currency, t.amount as ledger, 0 as items,
                 t.base_amount as base_ledger, 0 as base_items
            from transfer t join entry e on e.id = t.entry_id join chart_account d on d.id = t.debit_id where {booked}
          union all
          select e.entity_id, c.role, t.currency, -t.amount, 0, -t.base_amount, 0
            from transfer t join entry e on e.id = t.entry_id join chart_account c on c.id = t.credit_id where {booked}
          union all
          select o.entity_id, o.control, o.currency, 0, m.amount, 0, m.base_amount
            from open_item_movement m join open_item o on o.id = m.open_item_id where {moved}
          union all
          select d.entity_id, 'deferred_revenue', d.currency, 0, -d.amount, 0, -d.base_amount
            from deferral d join entry e on e.id = d.entry_id where {booked}
          union all
          select d.entity_id, 'deferred_revenue', d.currency, 0, m.amount, 0, m.base_amount
            from revenue_release m join deferral d on d.id = m.deferral_id where {moved}) sides
         where control in ('receivable', 'on_account', 'deferred_revenue') group by 1, 2, 3 order by 1, 2, 3"""
    schema: frames.Schema = {
        "entity_id": pl.Int64, "control": pl.String, "currency": pl.String, "ledger": MONEY, "items": MONEY,
        "difference": MONEY, "base_ledger": MONEY, "base_items": MONEY, "base_difference": MONEY,
    }
    return frames.read(query, when.values if when else {}, schema)


def earned_by_month(those: str) -> str:
    """SQL: the months of the deferrals `d` that the condition chooses, each with what it earns.

    deferral_id, open_item_id, month (its first day), reached (earned until its end), whole (what the month earns), part
    (what of that is not released yet), base (the same in the base currency)
    """
    return f"""
        select deferral_id, open_item_id, month, sign * reached as reached,
               sign * (reached - lag(reached, 1, 0) over w) as whole,
               sign * (open - lag(open, 1, released) over w) as part,
               sign * (open_base - lag(open_base, 1, released_base) over w) as base
          from (select e.*, greatest(reached, released) as open,
                       greatest(round(base_amount * reached / amount, base_exponent), released_base) as open_base
                  from (select d.id as deferral_id, d.open_item_id, m.month::date as month, sign(d.amount) as sign,
                               abs(d.amount) as amount, abs(d.base_amount) as base_amount, abs(d.released) as released,
                               abs(d.released_base) as released_base,
                               currency_exponent(f.base_currency) as base_exponent,
                               abs(earned(d.amount, d.period_from, d.period_to,
                                          (m.month + interval '1 month - 1 day')::date,
                                          currency_exponent(d.currency))) as reached
                          from deferral d join legal_entity f on f.id = d.entity_id
                         cross join generate_series(date_trunc('month', d.period_from::timestamp),
                                                    d.period_to - interval '1 day', interval '1 month') as m (month)
                         where {those}) e) e
        window w as (partition by deferral_id order by month)"""
