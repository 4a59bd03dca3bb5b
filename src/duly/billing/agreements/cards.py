"""Rate cards as people read them: which there are, and each price with the names that it is for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Price:
    """A card's price per hour in [valid_from, valid_to) for whom and what is named; empty names match all.

    `price` None ends the rate of these names. `state` is ended, now or later, seen from a day.
    """

    card: str
    person: str
    person_name: str
    project: str
    role: str
    task: str
    price: Decimal | None
    valid_from: date
    valid_to: date | None
    state: str


@dataclass(frozen=True, slots=True)
class Card:
    """A rate card; `prices` counts those in force, `agreements` those whose latest terms use it."""

    code: str
    name: str
    currency: str
    prices: int
    agreements: int


def cards(*, actor: Actor, on: date) -> list[Card]:
    """Every rate card, by name: they serve any account. Raises `Forbidden` without the right to read."""
    refuse_outside_book(actor, "read", [], on)
    return [Card(*row) for row in frames.rows("""
        select c.code, c.name, c.currency,
               (select count(*) from (
                    select distinct on (r.person_id, r.project_id, r.role, r.task) r.price from rate r
                     where r.card_id = c.id and r.valid_from <= %(on)s
                     order by r.person_id, r.project_id, r.role, r.task, r.valid_from desc) p
                 where p.price is not null),
               (select count(distinct v.agreement_id) from charge_terms t
                  join agreement_version v on v.id = t.version_id
                 where t.rate_card_id = c.id and not exists (
                    select from agreement_version later
                     where later.agreement_id = v.agreement_id and later.valid_from > v.valid_from))
          from rate_card c order by lower(c.name), c.code""", {"on": on})]


def prices(*, actor: Actor, on: date, card: str) -> list[Price]:
    """All dated prices of a card, by their names and then by day. Raises `NotFound`, `Forbidden`."""
    refuse_outside_book(actor, "read", [], on)
    if not frames.rows("select 1 from rate_card where code = %s", [card]):
        raise NotFound(f"There is no rate card “{card}”.", "Choose one of the list.")
    return prices_of([card], on)


def prices_of(codes: list[str], on: date) -> list[Price]:
    """The dated prices of these cards, one card after the other."""
    return [Price(*row) for row in frames.rows("""
        select code, person, person_name, project, role, task, price, valid_from, valid_to,
               case when valid_from > %(on)s then 'later' when valid_to <= %(on)s or price is null then 'ended'
                    else 'now' end
          from (select c.code, coalesce(p.code, '') as person, coalesce(p.name, '') as person_name,
                       coalesce(j.code, '') as project, r.role, r.task, r.price, r.valid_from,
                       lead(r.valid_from) over (partition by r.card_id, r.person_id, r.project_id, r.role, r.task
                                                order by r.valid_from) as valid_to
                  from rate r join rate_card c on c.id = r.card_id left join person p on p.id = r.person_id
                  left join project j on j.id = r.project_id where c.code = any(%(codes)s)) dated
         order by code, person_name, project, lower(role), lower(task), valid_from""",
                                                  {"codes": codes, "on": on})]
