"""What all unbilled work is worth, priced now by the engine. Its cost grows with the work: a page asks for it apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from duly.billing.kernel.authority import Actor
from duly.billing.reporting.dashboard import Opens
from duly.billing.reporting.figures import rates_of_the_day
from duly.billing.reporting.scope import sellers, values
from duly.billing.work.value import UnbilledAgreement, unbilled
from duly.engine.currencies import exponent
from duly.engine.rounding import round_quotient


@dataclass(frozen=True, slots=True)
class UnbilledValue:
    """An entity's unbilled work in its base currency, at the rates of the day: approved, and what waits for approval.

    `unpriced` items have no price yet and count nowhere else, `problems` say why; `missing` are currencies without a
    rate. `rows` are the agreements, by account name.
    """

    entity: str
    currency: str
    amount: Decimal
    waiting: Decimal
    items: int
    agreements: int
    unpriced: int
    oldest: date | None
    missing: tuple[str, ...]
    opens: Opens
    rows: list[UnbilledAgreement] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def unbilled_value(*, actor: Actor, on: date, entity: str | None = None, mine: bool = False) -> list[UnbilledValue]:
    """The unbilled work of each entity (or the one) until that day, of the accounts that the actor may see.

    With `mine`, of their own book. Raises `Forbidden` without the right to read.
    """
    values(actor, on)
    reader = replace(actor, everywhere=frozenset(), in_book=actor.in_book | actor.everywhere) if mine else actor
    rates = rates_of_the_day(on)
    found = []
    for seller in sellers(entity):
        work = unbilled(actor=reader, entity=seller.code, on=on)
        rows = work.agreements
        known = {code: Fraction(rate) for (at, code), rate in rates.items() if at == seller.id and rate is not None}
        found.append(UnbilledValue(
            seller.code, seller.currency, _sum([(row.currency, row.amount) for row in rows], known, seller.currency),
            _sum([(row.currency, row.waiting_amount) for row in rows], known, seller.currency),
            sum(row.items + row.waiting_items for row in rows), len(rows), sum(row.unpriced for row in rows),
            _oldest(rows), tuple(sorted({row.currency for row in rows} - set(known))),
            Opens("work", {"entity": seller.code, **({"book": "mine"} if mine else {})}), rows, work.problems))
    return found


def _sum(amounts: Sequence[tuple[str, str]], rates: Mapping[str, Fraction], currency: str) -> Decimal:
    """The amounts that have a rate, added up in each currency first and rounded once."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for code, amount in amounts:
        sums[code] += Decimal(amount)
    whole = sum((Fraction(amount) * rates[code] for code, amount in sums.items() if code in rates), Fraction())
    return round_quotient(whole, 1, exponent(currency))


def _oldest(rows: list[UnbilledAgreement]) -> date | None:
    return min((date.fromisoformat(row.oldest) for row in rows), default=None)
