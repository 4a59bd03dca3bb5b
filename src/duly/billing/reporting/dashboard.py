"""The firm at a glance: what is owed, late, billed and collected, how old it is, and how long money takes.

Every figure is of one legal entity, in its base currency, and never sums currencies as they are. What was billed and
collected counts as it was booked. What is open counts at the exchange rate of the day; only days sales outstanding
takes it as it was booked, so that both sides of the quotient are in one measure. Each figure names the list that shows
its documents, with the filters to put on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.reporting import figures
from duly.billing.reporting.figures import ZERO, Owed, Scope
from duly.billing.reporting.scope import Seller, accounts_if, sellers, values
from duly.engine import metrics
from duly.engine.currencies import exponent
from duly.engine.metrics import AGEING, Sales
from duly.engine.rounding import round_quotient

MONTHS: Final = 13
"""This month, the twelve before it: a year and its comparison."""
SALES_MONTHS: Final = 3
"""DSO is taken over this month and the two before, so that one large invoice does not swing it."""


@dataclass(frozen=True, slots=True)
class Opens:
    """The list that shows a figure's documents, and its filters."""

    list: str
    filters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount, how many documents make it, what it was a month ago (None: not known) and the list behind it."""

    amount: Decimal
    opens: Opens
    count: int | None = None
    before: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        """Growth against the month before, in percent."""
        return None if self.before is None else metrics.change(self.amount, self.before)


@dataclass(frozen=True, slots=True)
class Age:
    """A bucket of the ageing: its share is in percent of all that is open."""

    key: str
    name: str
    amount: Decimal
    share: Decimal | None
    count: int
    opens: Opens


@dataclass(frozen=True, slots=True)
class Month:
    """A month until its last day, or until today. `open` is what was owed then; `dso` over `SALES_MONTHS`.

    `documents` opens what was billed, `receipts` what was collected.
    """

    month: date
    billed: Decimal
    revenue: Decimal
    collected: Decimal
    open: Decimal
    dso: Decimal | None
    countback: Decimal | None
    documents: Opens
    receipts: Opens


@dataclass(frozen=True, slots=True)
class Collecting:
    """How well money comes in now; `metrics.RULES` has each rule in words."""

    dso: Decimal | None
    countback: Decimal | None
    best_possible: Decimal | None
    delinquent: Decimal | None
    effectiveness: Decimal | None
    days_to_pay: Decimal | None


@dataclass(frozen=True, slots=True)
class LateAccount:
    account: str
    name: str
    amount: Decimal
    count: int
    days_late: int
    opens: Opens


@dataclass(frozen=True, slots=True)
class InCurrency:
    """What is owed in one currency, as it is."""

    currency: str
    open: Decimal
    overdue: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The entity's latest bill run: its parts, and where those of its drafts stand that the actor may see."""

    run: int
    period_from: date
    period_to: date
    state: str
    parts: int
    parts_done: int
    parts_failed: int
    drafts: int
    issued: int
    waiting: int
    opens: Opens


@dataclass(frozen=True, slots=True)
class Board:
    """The figures of one legal entity, in `currency`. `missing` are currencies without a rate, which count nowhere."""

    entity: str
    name: str
    currency: str
    open: Figure
    overdue: Figure
    billed: Figure
    collected: Figure
    ageing: tuple[Age, ...]
    collecting: Collecting
    months: tuple[Month, ...]
    late: tuple[LateAccount, ...]
    currencies: tuple[InCurrency, ...]
    missing: tuple[str, ...]
    run: RunProgress | None


def dashboard(*, actor: Actor, on: date, entity: str | None = None, mine: bool = False) -> list[Board]:
    """A board per legal entity (or the one), over the accounts that the actor may see; `mine`: over their book.

    Seven queries, whatever the number of documents and entities. Raises `Forbidden`.
    """
    scope = values(actor, on, mine=mine)
    found = sellers(entity)
    rates = figures.rates_of_the_day(on)
    ages, late = figures.ages(scope, rates), figures.late(scope, rates)
    book = {"book": "mine"} if mine else {}
    history, runs = figures.history(scope, MONTHS + SALES_MONTHS), _runs(scope, book)
    unrated = {pair for pair, rate in rates.items() if rate is None}
    return [_board(seller, {"entity": seller.code, **book}, on, ages.get(seller.id, []), history.get(seller.id, []),
                   late.get(seller.id, []), runs.get(seller.id),
                   {code for at, code in unrated if at == seller.id}) for seller in found]


def _runs(scope: Scope, book: Mapping[str, str]) -> dict[int, RunProgress]:
    """The latest run of each entity with drafts that wait, else the latest. They are found among the unissued: few.

    Of a book its own drafts are counted, by account; of all accounts the run's parts know how many there are.
    """
    drafts = "p.drafts" if scope["everywhere"] else f"""(
        select count(*) from invoice i join bill_run_partition b on b.id = i.run_partition_id
         where b.run_id = l.id and {accounts_if(scope, "i.account_id")})"""
    query = f"""
        with unissued as (
          select p.run_id, count(*) as all_of_them, count(*) filter (where i.state <> 'discarded') as waiting
            from invoice i join bill_run_partition p on p.id = i.run_partition_id
           where i.state <> 'issued' and {accounts_if(scope, "i.account_id")} group by p.run_id),
        latest as (
          select distinct on (r.entity_id) r.* from bill_run r left join unissued u on u.run_id = r.id
           order by r.entity_id, coalesce(u.waiting, 0) = 0, r.id desc),
        part as (
          select run_id, count(*) as parts, count(*) filter (where state = 'done') as done,
                 count(*) filter (where state = 'failed') as failed, sum(drafts) as drafts
            from bill_run_partition where run_id in (select id from latest) group by run_id)
        select l.entity_id, l.id, l.period_from, l.period_to, l.state, p.parts, p.done, p.failed, {drafts},
               {drafts} - coalesce(u.all_of_them, 0), coalesce(u.waiting, 0)
          from latest l join part p on p.run_id = l.id left join unissued u on u.run_id = l.id"""
    return {row[0]: RunProgress(*[*row[1:], Opens("drafts", {"run": str(row[1]), **book})])
            for row in frames.rows(query, scope)}


def _board(seller: Seller, base: dict[str, str], on: date, owed: list[Owed], history: list[tuple[Any, ...]],
           late: list[tuple[Any, ...]], run: RunProgress | None, missing: set[str]) -> Board:
    digits = exponent(seller.currency)
    months = _months(history, base, on)
    this, last = months[-1], months[-2]
    ageing = _ageing(base, on, owed, digits)
    current, overdue = ageing[0], ageing[1:]
    past_due = sum((age.amount for age in overdue), ZERO)
    return Board(
        seller.code, seller.name, seller.currency,
        open=Figure(current.amount + past_due, Opens("invoices", {**base, "settled": "open"}),
                    sum(age.count for age in ageing), last.open),
        overdue=Figure(past_due, Opens("invoices", {**base, "settled": "overdue"}),
                       sum(age.count for age in overdue)),
        billed=Figure(this.billed, this.documents, before=last.billed),
        collected=Figure(this.collected, this.receipts, before=last.collected),
        ageing=ageing, collecting=_collecting(history, months, ageing, on), months=tuple(months),
        late=tuple(_late_account(base, on, digits, *row) for row in late), currencies=_currencies(owed),
        missing=tuple(sorted(missing & {each.currency for each in owed})), run=run,
    )


def _ageing(base: dict[str, str], on: date, owed: list[Owed], digits: int) -> tuple[Age, ...]:
    """Each bucket rounded once; the whole that shares are taken of is the sum of the rounded ones."""
    sums = {each.key: round_quotient(sum((o.base for o in owed if o.bucket == each.key), Fraction()), 1, digits)
            for each in AGEING}
    whole = sum(sums.values(), ZERO)
    found = []
    for each in AGEING:
        filters = {**base, "settled": "open"}
        if each.last is not None:
            filters["due_from"] = (on - timedelta(days=each.last)).isoformat()
        if each.first is not None:
            filters["due_to"] = (on - timedelta(days=each.first)).isoformat()
        count = sum(o.count for o in owed if o.bucket == each.key)
        found.append(Age(each.key, each.name, sums[each.key], metrics.share(sums[each.key], whole), count,
                         Opens("invoices", filters)))
    return tuple(found)


def _months(history: list[tuple[Any, ...]], base: dict[str, str], on: date) -> list[Month]:
    """The last `MONTHS` months, quiet ones too, with what was owed at the end of each."""
    sums = {row[0]: row[1:] for row in history}
    calendar = _back(on, MONTHS + SALES_MONTHS)
    opened = sum((row[1] - row[4] for row in history if row[0] < calendar[0]), ZERO)
    sales: list[Sales] = []
    found = []
    for month in calendar:
        billed, revenue, collected, settled, _ = sums.get(month, (ZERO,) * 5)
        opened += billed - settled
        sales.insert(0, Sales(billed, (min(_next(month), on + timedelta(days=1)) - month).days))
        recent = sales[:SALES_MONTHS]
        ends = (_next(month) - timedelta(days=1)).isoformat()
        found.append(Month(month, billed, revenue, collected, opened,
                           metrics.dso(opened, sum((s.billed for s in recent), ZERO), sum(s.days for s in recent)),
                           metrics.dso_countback(opened, sales),
                           Opens("invoices", {**base, "issued_from": month.isoformat(), "issued_to": ends}),
                           Opens("receipts", {**base, "booked_from": month.isoformat(), "booked_to": ends})))
    return found[SALES_MONTHS:]


def _collecting(history: list[tuple[Any, ...]], months: list[Month], ageing: tuple[Age, ...], on: date) -> Collecting:
    """Over `SALES_MONTHS`, days to pay over the last twelve months. What is not due is open in the ageing's share."""
    recent = months[-SALES_MONTHS:]
    billed = sum((month.billed for month in recent), ZERO)
    days = (on - recent[0].month).days + 1
    closing, opening = months[-1].open, months[-SALES_MONTHS - 1].open
    whole = sum((age.amount for age in ageing), ZERO)
    not_due = round_quotient(Fraction(closing) * Fraction(ageing[0].amount), whole, 4) if whole > 0 else ZERO
    year = [row for row in history if row[0] > months[0].month]
    return Collecting(
        months[-1].dso, months[-1].countback, metrics.best_possible_dso(not_due, billed, days),
        metrics.average_days_delinquent(closing, not_due, billed, days),
        metrics.collection_effectiveness(opening, billed, closing, not_due),
        metrics.days_to_pay(sum((row[4] for row in year), ZERO), sum((row[5] for row in year), ZERO)),
    )


def _late_account(base: dict[str, str], on: date, digits: int, number: str, name: str, owed: Decimal, count: int,
                  oldest: date) -> LateAccount:
    filters = {**base, "account": number, "settled": "overdue"}
    return LateAccount(number, name, round_quotient(owed, 1, digits), count, (on - oldest).days,
                       Opens("invoices", filters))


def _currencies(owed: list[Owed]) -> tuple[InCurrency, ...]:
    late = AGEING[0].key
    return tuple(
        InCurrency(code, sum((o.amount for o in part), ZERO), sum((o.amount for o in part if o.bucket != late), ZERO),
                   sum(o.count for o in part))
        for code in sorted({o.currency for o in owed}) if (part := [o for o in owed if o.currency == code]))


def _back(on: date, count: int) -> list[date]:
    """The first days of `count` months, the last one that of `on`."""
    last = on.year * 12 + on.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count + 1, last + 1)]


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
