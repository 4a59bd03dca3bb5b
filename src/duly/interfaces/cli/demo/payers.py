"""How the demo's customers pay: each issued invoice becomes transfers on days of its own, by its account's habit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from random import Random
from typing import Any, Final

from duly.interfaces.cli.demo.plan import Plan
from duly.interfaces.cli.demo.sheets import SEED

DEFAULT: Final = "prompt"
CENT: Final = Decimal("0.01")
HUNDRED: Final = Decimal(100)
FIFTEENTH: Final = 15
CERTIFIED: Final = 12
"""Days after the due day on which the certificate of withheld tax comes."""


@dataclass(frozen=True, slots=True)
class Owed:
    """An issued invoice as its payer sees it: `total` is owed, with its rounding; `withheld` of it goes to the tax
    office."""

    entity: str
    account: str
    number: str
    currency: str
    total: Decimal
    issued_on: date
    due_on: date
    withheld: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that arrives. `pays` names invoices and amounts; `allocated_on` is a later day where it came nameless."""

    entity: str
    account: str
    currency: str
    on: date
    amount: Decimal
    pays: tuple[tuple[str, Decimal], ...]
    allocated_on: date | None
    method: str = "bank_transfer"

    @property
    def reference(self) -> str:
        return "" if self.allocated_on else ", ".join(number for number, _ in self.pays)


def transfers(plan: Plan, invoices: Sequence[Owed]) -> list[Transfer]:
    """All that ever arrives for these invoices, by day; parts of one account on one day come as one transfer."""
    habits = {account: name for name, habit in plan.story["habits"].items() for account in habit.get("accounts", ())}
    found: dict[tuple[date, str, str, str], list[tuple[str, Decimal, Decimal]]] = defaultdict(list)
    for invoice in invoices:
        if invoice.total <= 0:  # prepaid
            continue
        habit = plan.story["habits"][habits.get(invoice.account, DEFAULT)]
        for on, amount, paid in _parts(habit, invoice):
            found[on, invoice.entity, invoice.account, invoice.currency].append((invoice.number, amount, paid))
    came = [_transfer(plan.story["habits"][habits.get(key[2], DEFAULT)], key, parts)
            for key, parts in found.items()]
    return sorted([*came, *_certificates(invoices)], key=lambda one: (one.on, one.entity, one.account, one.currency))


def _certificates(invoices: Iterable[Owed]) -> Iterator[Transfer]:
    """The certificates of tax that customers kept back: no money, but they pay the rest of each invoice."""
    for one in invoices:
        if one.withheld:
            on = _banking_day(one.due_on + timedelta(days=CERTIFIED))
            yield Transfer(one.entity, one.account, one.currency, on, one.withheld, ((one.number, one.withheld),), None,
                           "withholding")


def _parts(habit: Mapping[str, Any], invoice: Owed) -> Iterator[tuple[date, Decimal, Decimal]]:
    """The days on which money comes for an invoice, with how much comes and how much of it the invoice takes."""
    payable = invoice.total - invoice.withheld
    earliest, latest = habit["days"]
    day = invoice.due_on + timedelta(days=Random(f"{SEED}:{invoice.number}").randint(earliest, latest))
    day = max(day, invoice.issued_on + timedelta(days=2))
    if habit.get("every_other_month"):
        day = _fifteenth(day)
    if "until" in habit and day > habit["until"]:
        return
    if "rest_after" in habit:
        half = (payable / 2).quantize(CENT)
        yield _banking_day(day), half, half
        rest = payable - half
        yield _banking_day(day + timedelta(days=habit["rest_after"])), rest, rest
        return
    over = (payable / HUNDRED).to_integral_value(ROUND_UP) * HUNDRED if habit.get("over") else payable
    yield _banking_day(day), over, payable


def _transfer(habit: Mapping[str, Any], key: tuple[date, str, str, str],
              parts: Iterable[tuple[str, Decimal, Decimal]]) -> Transfer:
    on, entity, account, currency = key
    ordered = sorted(parts)
    later = on + timedelta(days=habit["allocated_after"]) if "allocated_after" in habit else None
    return Transfer(entity, account, currency, on, sum((came for _, came, _ in ordered), Decimal(0)),
                    tuple((number, paid) for number, _, paid in ordered), later and _banking_day(later))


def _banking_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _fifteenth(day: date) -> date:
    """The next fifteenth of an even month."""
    while day.day != FIFTEENTH or day.month % 2:
        day += timedelta(days=1)
    return day
