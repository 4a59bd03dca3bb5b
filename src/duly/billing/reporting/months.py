"""An account's months as the database keeps them, in the base currency of each entity that bills it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duly.billing.kernel import frames


@dataclass(frozen=True, slots=True)
class Month:
    """What an account was billed and paid in a month; see `ledger.models.AccountMonth`."""

    month: date
    billed: Decimal
    revenue: Decimal
    collected: Decimal
    settled: Decimal
    settled_days: Decimal
    late_days: Decimal


def months_of(account_id: int, on: date, count: int = 12) -> list[tuple[str, str, tuple[Month, ...]]]:
    """entity, base currency, and the last `count` months until that of `on`, quiet ones too; oldest first."""
    query = """
        select e.code, e.base_currency, c.month::date, coalesce(k.billed, 0), coalesce(k.revenue, 0),
               coalesce(k.collected, 0), coalesce(k.settled, 0), coalesce(k.settled_days, 0), coalesce(k.late_days, 0)
          from legal_entity e
         cross join generate_series(date_trunc('month', %(on)s::date) - (%(count)s - 1) * interval '1 month',
                                    %(on)s::date, interval '1 month') as c (month)
          left join account_month k on (k.account_id, k.entity_id, k.month) = (%(account)s, e.id, c.month::date)
         where exists (select from account_month x where x.account_id = %(account)s and x.entity_id = e.id)
         order by e.code, c.month"""
    found: dict[tuple[str, str], list[Month]] = {}
    for code, currency, *month in frames.rows(query, {"account": account_id, "on": on, "count": count}):
        found.setdefault((code, currency), []).append(Month(*month))
    return [(code, currency, tuple(months)) for (code, currency), months in found.items()]
