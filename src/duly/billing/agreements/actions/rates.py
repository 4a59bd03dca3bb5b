"""Verbs for rate cards: dated prices per hour, added and never rewritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from duly.billing.accounts.models import Person
from duly.billing.accounts.queries import refuse_unless_everywhere
from duly.billing.agreements.models import Project, Rate, RateCard
from duly.billing.agreements.sound.numbers import LARGEST, PRICE_DECIMALS
from duly.billing.audit.actions import record_many, subjects, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.reference.actions import Added
from duly.billing.reference.put import Put, put
from duly.engine.pricing.rates import folded
from duly.engine.wording import day


@dataclass(frozen=True, slots=True)
class RateInput:
    """A price per hour from a day on, for whoever and whatever is named; no price ends the rate of these names."""

    price: Decimal | None
    valid_from: date
    person: str | None = None
    project: str | None = None
    role: str = ""
    task: str = ""


@verb("agreements.put_rate_card", right="agree")
def put_rate_card(*, actor: Actor, at: datetime, code: str, name: str, currency: str, new: bool = False) -> Put:
    """Add a rate card, or change its name. It may serve any account, so the right must hold for all of them.

    Raises `Refused` for another currency than it has and for a `new` one that is there, `Forbidden`.
    """
    refuse_unless_everywhere(actor, "agree")
    known = RateCard.objects.filter(code=code).first()
    if new and known is not None:
        taken = Problem("code", f"{code} is “{known.name}”.", "Give the new card another code.")
        raise Refused("The code is taken.", problems=[taken])
    if known is not None and known.currency != currency:
        raise Refused(f"The rate card {code} is in {known.currency}.", "Make another card for another currency.")
    return put(RateCard, {"code": code}, {"name": name, "currency": currency})


@verb("agreements.add_rates", right="agree")
def add_rates(*, actor: Actor, at: datetime, card: str, rates: Sequence[RateInput]) -> Added:
    """Add dated rates to a card; those there already are left alone. Roles and tasks keep their first spelling.

    Raises `Refused` with a problem per row for unknown people and projects, prices that are none, and another
    price from a day that has one; `NotFound` for the card; `Forbidden` as `put_rate_card`.
    """
    refuse_unless_everywhere(actor, "agree")
    found = RateCard.objects.select_for_update().filter(code=card).first()
    if found is None:
        raise NotFound(f"There is no rate card “{card}”.", "Add it first.")
    people, projects = _ids(Person, rates, "person"), _ids(Project, rates, "project")
    problems = [problem for i, rate in enumerate(rates) for problem in _problems(i, rate, people, projects)]
    known = {(r.person_id, r.project_id, folded(r.role), folded(r.task), r.valid_from): r.price
             for r in Rate.objects.filter(card=found)}
    spelling = {folded(text): text for pair in Rate.objects.filter(card=found).values_list("role", "task")
                for text in pair}
    fresh = []
    for i, rate in enumerate(rates):
        role, task = (spelling.setdefault(folded(text), text) for text in (rate.role, rate.task))
        person, project = people.get(rate.person or ""), projects.get(rate.project or "")
        key = (person, project, folded(role), folded(task), rate.valid_from)
        if key not in known:
            known[key] = rate.price
            fresh.append((found.pk, person, project, role, task, rate.price, rate.valid_from))
        elif known[key] != rate.price:
            problems.append(Problem(f"[{i}].price", f"From {day(rate.valid_from)} the price is {known[key]} already.",
                                    "A price that was agreed stays. Give the new one a later day."))
    if problems:
        raise Refused(f"These rates cannot be added to {card}.", problems=problems)
    _write(fresh)
    return Added(len(fresh), len(rates) - len(fresh))


def _ids(model: type[Person] | type[Project], rates: Sequence[RateInput], field: str) -> dict[str, int]:
    codes = {getattr(rate, field) for rate in rates} - {None}
    return dict(model.objects.filter(code__in=codes).values_list("code", "id"))


def _problems(i: int, rate: RateInput, people: dict[str, int], projects: dict[str, int]) -> list[Problem]:
    found = []
    for field, code, known in (("person", rate.person, people), ("project", rate.project, projects)):
        if code and code not in known:
            found.append(Problem(f"[{i}].{field}", f"There is no {field} “{code}”.", "Check it, or add it first."))
    price = rate.price
    if price is not None and not (price.is_finite() and 0 <= price < LARGEST
                                  and price == round(price, PRICE_DECIMALS)):
        found.append(Problem(f"[{i}].price", f"{price} is no price per hour.", "Zero or more, at most 8 decimals."))
    return found


def _write(fresh: Sequence[tuple[object, ...]]) -> None:
    if not fresh:
        return
    columns = ["card_id", "person_id", "project_id", "role", "task", "price", "valid_from"]
    texts = [[None if value is None else str(value) for value in row] for row in fresh]
    rows = pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
    ids = frames.next_ids("rate", rows.height)
    frames.write("rate", rows.with_columns(ids.alias("id")))
    record_many("rate", subjects(ids))
