"""What an invoice by some terms would look like: typical quantities, priced and taxed by the engine, stored nowhere."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import Account, LegalEntity, Person
from duly.billing.accounts.queries import accounts_in_book
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.agreements.agreed import agreed_versions, objections, too_early
from duly.billing.agreements.models import Agreement, Project, RateCard
from duly.billing.agreements.queries import SEPARATOR, TERMS, rates_frame
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.invoicing import history, queries, taxing, typical
from duly.billing.invoicing.falling_due import ONCE, PAUSED, Due, Fees, due, with_covered
from duly.billing.invoicing.sample_sum import IN_ADVANCE, Sheet, summed
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem
from duly.billing.kernel.frames import PRICE, QUANTITY
from duly.billing.work.models import WORK_KINDS
from duly.billing.work.pricing import with_terms
from duly.billing.work.queries import UNBILLED
from duly.engine.currencies import exponent
from duly.engine.periods import in_force
from duly.engine.pricing.items import LIMIT
from duly.engine.pricing.phases import STEP
from duly.engine.pricing.tiers import TIER, bounded
from duly.engine.totals import totals

HOURS: Final = 10
"""Of each rate."""
RATES: Final = 6
"""Of a card: a long one would make a long sample."""
ZERO: Final = Decimal(0)
COST: Final = Decimal(100)
"""Of an expense, in the agreement's currency."""
DAYS: Final = {"day": 1, "week": 7, "month": 31, "quarter": 92, "half_year": 184, "year": 366}
LONGEST: Final = 3_700
"""Days that the sample looks ahead for a whole period of a charge."""
FAR: Final = date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as a document prints it: time in hours; `tax_rate` a fraction; `before` what it was priced at, where
    retainers, caps or discounts took something off."""

    kind: str
    description: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal
    tax_rate: Decimal
    service_from: date
    service_to: date
    before: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A deposit, prepaid credit, or a voucher (credit sold without tax), which is billed on its day, before what it
    pays."""

    kind: str
    name: str
    net: Decimal
    due_on: date


@dataclass(frozen=True, slots=True)
class Sample:
    """The lines and totals, and everything that a verb would refuse in the terms, by path.

    Charges with a problem are left out, and discounts while one of them has one. `unpriced` says what no rate prices,
    `assumed` what was taken as used, `ahead` what is billed before and taken off here.
    """

    problems: tuple[Problem, ...]
    lines: tuple[Line, ...] = ()
    unpriced: tuple[str, ...] = ()
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    assumed: tuple[str, ...] = ()
    ahead: tuple[Ahead, ...] = ()


def sample(*, actor: Actor, on: date, entity: str, account: str, currency: str, terms: VersionInput,
           agreement: str | None = None, ends_on: date | None = None) -> Sample:
    """An invoice by these terms: ten hours at each of a card's first rates, an hour at a weekend and one of overtime
    where they count more, an expense of 100 and one beyond each limit, each milestone, each one-off fee, one period of
    each recurring one and of typical use, from `on` or from when they hold. What is missing of commitments is what it
    would be, were nothing else used.

    `agreement` names the one that they would amend. Raises `NotFound` for names and outside the book, `ValueError`
    for a currency that is none.
    """
    exponent(currency)
    customer = accounts_in_book(actor, "agree", [account], on)[account]
    seller = entity_of(entity)
    known = Agreement.objects.filter(number=agreement, account=customer).first() if agreement else None
    problems = objections(terms, currency=currency, account=customer, agreement=known)
    problems += too_early(terms, agreed_versions(known)) if known else []
    wrong = {int(found[1]) for problem in problems if (found := re.match(r"charges\[(\d+)\]", problem.path))}
    sound = _sound(terms, wrong, any(problem.path.startswith("discounts") for problem in problems))
    if not sound.charges:
        return Sample(tuple(problems))
    framed = _terms(sound, customer, seller, currency, ends_on, known)
    try:
        return _priced(sound, framed, customer, max(on, terms.valid_from), tuple(problems))
    except OverflowError:
        return Sample(tuple(problems), unpriced=("these amounts have more figures than an invoice has room for.",))


def _sound(terms: VersionInput, wrong: set[int], discounts_wrong: bool) -> VersionInput:
    """The terms without the charges that have a problem, which nothing else names any more."""
    left = tuple(charge for i, charge in enumerate(terms.charges) if i not in wrong)
    codes = {charge.code for charge in left}
    discounts = [replace(one, charges=tuple(code for code in one.charges if code in codes)) for one in terms.discounts]
    meant = tuple(one for one in discounts if one.charges or one.scope != "charge")
    return replace(terms, charges=left, discounts=() if discounts_wrong else meant)


def _terms(terms: VersionInput, customer: Account, seller: LegalEntity, currency: str, ends_on: date | None,
           known: Agreement | None) -> pl.DataFrame:
    """The terms in the shape of `agreements.queries.terms_frame`; ids of what is not stored are its order here."""
    cards = dict(RateCard.objects.values_list("code", "id"))
    projects = dict(Project.objects.filter(agreement=known).values_list("code", "id")) if known else {}
    shared = {
        **asdict(terms), "agreement_id": 1, "version_id": 1, "entity_id": seller.pk, "account_id": customer.pk,
        "bill_to_id": customer.bill_to_id or customer.pk, "currency": currency, "exponent": exponent(currency),
        "agreement_from": known.starts_on if known else terms.valid_from, "agreement_to": ends_on,
        "terms_from": terms.valid_from, "requires_purchase_order": False, "timezone": seller.time_zone,
    }
    rows = [
        {**shared, **asdict(charge), "charge_id": place, "terms_id": place, "charge": charge.code,
         "charge_name": charge.name, "charge_project_id": projects.get(charge.project or ""),
         "rate_card_id": cards.get(charge.rate_card or ""), "covers": SEPARATOR.join(charge.covers)}
        for place, charge in enumerate(terms.charges, 1)
    ]
    return pl.DataFrame([{name: row.get(name) for name in TERMS} for row in rows], schema=TERMS)


def _priced(version: VersionInput, terms: pl.DataFrame, customer: Account, day: date,
            problems: tuple[Problem, ...]) -> Sample:
    rates = rates_frame(terms["rate_card_id"].drop_nulls().unique().to_list())
    typed = [*_work(terms, rates, day), *_spent(version, terms["currency"][0], day)]
    work = pl.DataFrame(typed, schema=UNBILLED, orient="row").with_columns(
        pl.int_range(1, pl.len() + 1).alias("work_id"), pl.lit(1, pl.Int64).alias("document_key"))
    tiers = pl.DataFrame([row for place, charge in enumerate(version.charges, 1) for row in _tiers(place, charge)],
                         schema=TIER, orient="row")
    covering = with_covered(terms, "terms_id", terms)
    ready = _multiplied(with_terms(work, terms, _limits(version)))
    found = summed(version, covering, _one_period(version, covering, tiers, day), ready, rates, tiers)
    texts = tuple(found.problems["text"].unique(maintain_order=True))
    assumed = tuple(said for charge in version.charges for said in typical.assumed(charge))
    ahead = tuple(Ahead("voucher" if charge.untaxed else charge.kind, charge.name, charge.price, charge.due_on)
                  for charge in version.charges
                  if charge.kind in IN_ADVANCE and charge.price is not None and charge.due_on is not None)
    if found.lines.is_empty() and not found.covered:
        return Sample(problems, unpriced=texts, ahead=ahead)
    return _taxed(found, terms, customer, Sample(problems, unpriced=texts, assumed=assumed, ahead=ahead), day)


def _tiers(place: int, charge: ChargeInput) -> Iterator[tuple[Any, ...]]:
    """The charge's tiers as rows of `TIER`; a balance at one rate is all in one tier."""
    if charge.kind == "balance" and not charge.tiers:
        yield place, ZERO, None, charge.rate, ZERO
    for above, tier in bounded(charge.tiers):
        yield place, above, tier.up_to, tier.price, tier.flat


def _taxed(sheet: Sheet, terms: pl.DataFrame, customer: Account, so_far: Sample, day: date) -> Sample:
    document = pl.DataFrame({"document_key": [1], "account_id": [customer.bill_to_id or customer.pk],
                             "entity_id": [terms["entity_id"][0]],
                             "prices_include_tax": [terms["prices_include_tax"][0]]})
    covered = tuple(
        Line("time", f"{one['charge']} – paid by {one['by']}", one["seconds"] / 3_600, "h", ZERO, ZERO, ZERO, day, day)
        for one in sheet.covered)
    if sheet.lines.is_empty():
        return replace(so_far, lines=covered)
    lines, tax_lines = taxing.taxed(taxing.supplied(sheet.lines, terms), queries.with_parties(document))
    whole = totals(lines, tax_lines).row(0, named=True)
    priced = tuple(_line(row) for row in lines.sort("position").iter_rows(named=True))
    return replace(so_far, lines=(*covered, *priced), net=whole["net"], tax=whole["tax"], total=whole["total"])


def _work(terms: pl.DataFrame, rates: pl.DataFrame, day: date) -> Iterator[dict[str, Any]]:
    """Typical work of each charge, as rows of `work.queries.UNBILLED` that stick to their charge."""
    dated = rates.filter(in_force(pl.lit(day)))
    people = dict(Person.objects.filter(id__in=dated["person_id"].drop_nulls()).values_list("id", "name"))
    projects = dict(Project.objects.filter(id__in=dated["project_id"].drop_nulls()).values_list("id", "name"))
    for charge in terms.filter(pl.col("kind").is_in(WORK_KINDS)).iter_rows(named=True):
        item = {"kind": charge["kind"], "agreement_id": 1, "charge_id": charge["charge_id"], "worked_on": day,
                "description": "", "quantity": Decimal(1)}
        if charge["kind"] == "expense":
            yield {**item, "amount": COST, "cost_currency": charge["currency"]}
        elif charge["kind"] == "milestone":
            yield {**item, "amount": charge["price"]}
        else:
            yield from ({**item, **hours} for hours in _hours(charge, dated, people, projects))


def _spent(version: VersionInput, currency: str, day: date) -> Iterator[dict[str, Any]]:
    """An expense of each limited category, as rows of `work.queries.UNBILLED`."""
    for place, charge in enumerate(version.charges, 1):
        for category, cost in typical.spent(charge):
            yield {"kind": "expense", "agreement_id": 1, "charge_id": place, "worked_on": day, "description": category,
                   "task": category, "quantity": Decimal(1), "amount": cost, "cost_currency": currency}


def _limits(version: VersionInput) -> pl.DataFrame:
    """The limits of expenses; ids of terms are their order here."""
    return pl.DataFrame([(place, limit.category, limit.at_most) for place, charge in enumerate(version.charges, 1)
                         for limit in charge.limits], schema=LIMIT, orient="row")


def _hours(charge: dict[str, Any], rates: pl.DataFrame, people: dict[int, str], projects: dict[int, str],
           ) -> Iterator[dict[str, Any]]:
    """Ten hours at each of the first rates that the charge's card has for its project; at none where there is none."""
    own = pl.col("project_id").eq_missing(charge["charge_project_id"]) | pl.col("project_id").is_null()
    fits = own if charge["charge_project_id"] else pl.lit(True)
    card = rates.filter((pl.col("rate_card_id") == charge["rate_card_id"]) & fits).head(RATES)
    for rate in list(card.iter_rows(named=True)) or [dict.fromkeys(rates.columns)]:
        project = rate["project_id"] or charge["charge_project_id"]
        yield {"quantity": Decimal(HOURS * 3_600), "person_id": rate["person_id"],
               "person": people.get(rate["person_id"], rate["role"]), "role": rate["role"], "task": rate["task"],
               "project_id": project, "project": projects.get(project)}


def _multiplied(work: pl.DataFrame) -> pl.DataFrame:
    """The work at its plain rates, and an hour of each charge that counts more at weekends or in overtime."""
    plain = work.with_columns(pl.lit(Decimal(1), PRICE).alias("factor"), pl.lit(None, pl.String).alias("why"))
    first = plain.filter(pl.col("kind") == "time").unique("charge_id", keep="first", maintain_order=True)
    more = [first.filter(pl.col(f"{why}_factor") != 1).with_columns(
        pl.lit(Decimal(3_600), QUANTITY).alias("quantity"), pl.col(f"{why}_factor").alias("factor"),
        pl.lit(why).alias("why")) for why in ("weekend", "overtime")]
    return pl.concat([plain, *more]).with_columns(pl.int_range(1, pl.len() + 1).alias("work_id"))


def _one_period(version: VersionInput, terms: pl.DataFrame, tiers: pl.DataFrame, day: date) -> Due:
    """One span of each charge that is not for work: the first whole period that ends after the day, else the first."""
    fees = terms.filter(~pl.col("kind").is_in(WORK_KINDS))
    steps = pl.DataFrame([(place, phase.begins_on, phase.price, phase.quantity)
                          for place, charge in enumerate(version.charges, 1) for phase in charge.phases],
                         schema=STEP, orient="row")
    once = pl.col("kind").is_in(ONCE)
    periods = fees.filter(~once)
    ahead = max((DAYS[row["interval"]] * row["interval_count"] for row in periods.iter_rows(named=True)), default=0)
    tried = [row["trial_until"] or row["agreement_from"] + timedelta(days=min(row["trial_days"] or 0, LONGEST))
             for row in periods.iter_rows(named=True)]
    through = min(max(day, *tried, date.min), FAR) + timedelta(days=min(2 * ahead + 1, LONGEST))
    found, sold = (_due(some, tiers, steps, until) for some, until in
                   ((periods, through), (fees.filter(once), date.max)))
    best = (pl.col("span_to") > day) & (pl.col("days") == pl.col("period_days"))
    fixed, measured, committed = (
        spans.sort("charge_id", ~best, "span_from").unique("charge_id", keep="first", maintain_order=True)
        for spans in (pl.concat([found.fixed, sold.fixed]), found.measured, found.committed))
    return replace(found, fixed=fixed, measured=measured, committed=committed)


def _due(fees: pl.DataFrame, tiers: pl.DataFrame, steps: pl.DataFrame, through: date) -> Due:
    """What is due of these terms where nothing is billed yet."""
    found = Fees(fees, tiers, steps, pl.DataFrame(schema=PAUSED), pl.DataFrame(schema=history.PREPAID))
    return due(found, pl.DataFrame({"agreement_id": [1], "document_key": [1]}),
               pl.DataFrame(schema=queries.BILLED_SPANS), through)


def _line(row: dict[str, Any]) -> Line:
    hours = row["quantity"] / 3_600 if row["kind"] == "time" else row["quantity"]
    return Line(row["kind"], row["description"], hours, row["unit"], row["unit_price"], row["amount"], row["tax_rate"],
                row["service_from"], row["service_to"], row["before"] if row["before"] != row["amount"] else None)
