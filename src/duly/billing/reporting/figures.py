"""What the dashboard adds up, in one query each: rates of the day, what is open, months, late accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from duly.billing.kernel import frames
from duly.billing.reporting.scope import accounts_if
from duly.engine.metrics import AGEING

LATE_ACCOUNTS: Final = 5
ZERO: Final = Decimal(0)

Scope = Mapping[str, Any]

Rates = Mapping[tuple[int, str], Decimal | None]


def rates_of_the_day(on: date) -> Rates:
    """For each entity and currency that is agreed on: units of the entity's base currency for one of it, on a day."""
    query = """
        select e.id, c.currency, case when c.currency = e.base_currency then 1 else (
                 select x.rate from exchange_rate x where x.base = c.currency and x.quote = e.base_currency
                    and x.valid_from <= %s order by x.valid_from desc limit 1) end
          from legal_entity e
         cross join (select currency from agreement union select base_currency from legal_entity) c"""
    return {(at, code): rate for at, code, rate in frames.rows(query, [on])}


@dataclass(frozen=True, slots=True)
class Owed:
    """What is open in a bucket and currency: `base` at the rate of the day."""

    currency: str
    bucket: str
    amount: Decimal
    base: Fraction
    count: int


def _case() -> str:
    whens = " ".join(f"when %(on)s::date - due_on <= {each.last} then '{each.key}'"
                     for each in AGEING if each.last is not None)
    return f"case {whens} else '{AGEING[-1].key}' end"


def ages(scope: Scope, rates: Rates) -> dict[int, list[Owed]]:
    """What is open, by entity; from the index of open items alone."""
    query = f"""select entity_id, currency, {_case()}, sum(balance), count(*) from open_item
                 where balance <> 0 and control = 'receivable' and {accounts_if(scope, "account_id")}
                 group by 1, 2, 3"""
    found: dict[int, list[Owed]] = {}
    for at, currency, bucket, amount, count in frames.rows(query, scope):
        rate = rates.get((at, currency))
        found.setdefault(at, []).append(Owed(currency, bucket, amount, Fraction(amount) * Fraction(rate or 0), count))
    return found


def history(scope: Scope, months: int) -> dict[int, list[tuple[Any, ...]]]:
    """month, billed, revenue, collected, settled, settled_days by entity, oldest first.

    The last `months` before this one and this one; what was before them is summed in a row of the month before.
    """
    table = "entity_month" if scope["everywhere"] else "account_month"
    query = f"""
        select entity_id, greatest(month, date_trunc('month', %(on)s::date - interval '{months:d} months')::date),
               sum(billed), sum(revenue), sum(collected), sum(settled), sum(settled_days)
          from {table} where month <= %(on)s and {accounts_if(scope, "account_id")} group by 1, 2 order by 1, 2"""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for at, *row in frames.rows(query, scope):
        found.setdefault(at, []).append(tuple(row))
    return found


def late(scope: Scope, rates: Rates) -> dict[int, list[tuple[Any, ...]]]:
    """The accounts that owe most past due, by entity: number, name, base amount, count, oldest due date."""
    known = [(at, code, rate) for (at, code), rate in rates.items() if rate is not None]
    query = f"""
        select o.entity_id, a.number, a.name, o.base, o.count, o.oldest from (
          select o.*, row_number() over (partition by o.entity_id order by o.base desc, o.account_id) as place from (
            select o.entity_id, o.account_id, sum(o.balance * r.rate) as base, count(*)::integer as count,
                   min(o.due_on) as oldest
              from open_item o join unnest(%(at)s::bigint[], %(codes)s::text[], %(rates)s::numeric[])
                as r (entity_id, currency, rate) on (r.entity_id, r.currency) = (o.entity_id, o.currency)
             where o.balance <> 0 and o.control = 'receivable' and o.due_on < %(on)s
               and {accounts_if(scope, "o.account_id")}
             group by o.account_id, o.entity_id having sum(o.balance * r.rate) > 0) o) o
          join account a on a.id = o.account_id
         where o.place <= {LATE_ACCOUNTS} order by o.entity_id, o.place"""
    at, codes, rated = zip(*known, strict=True) if known else ((), (), ())
    found: dict[int, list[tuple[Any, ...]]] = {}
    for entity_id, *row in frames.rows(query, {**scope, "at": list(at), "codes": list(codes), "rates": list(rated)}):
        found.setdefault(entity_id, []).append(tuple(row))
    return found
