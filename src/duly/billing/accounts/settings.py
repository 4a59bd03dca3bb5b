"""The firm's settings as pages show them: entities with what hangs on them, users, people whose work is billed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duly.billing.accounts.models import (
    SERIES_KINDS,
    BankAccount,
    LegalEntity,
    NumberSeries,
    Person,
    RightGrant,
    RoleGrant,
    SecondFactorDemand,
    TaxRegistration,
    User,
)
from duly.billing.accounts.payable_steps import PayableStep
from duly.billing.accounts.queries import granted, refuse_outside_book
from duly.billing.audit.queries import Change, changes
from duly.billing.kernel import frames, listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.listing import Page, Query, Sort, Source
from duly.engine.fiscal import document_number


@dataclass(frozen=True, slots=True)
class Series:
    """How documents of a kind are numbered; empty pattern: not yet. `last` is the number given last, if any."""

    kind: str
    pattern: str
    last: str


@dataclass(frozen=True, slots=True)
class EntityPage:
    """A legal entity whole. `numbered` says that it has given a number, which settles currency and fiscal year."""

    entity: LegalEntity
    tax_registrations: list[TaxRegistration]
    bank_accounts: list[BankAccount]
    series: list[Series]
    numbered: bool
    payable_steps: list[PayableStep]


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The roles and rights of whom a second factor is demanded, the changes of it, and `holders` by their subject."""

    of: list[str]
    changes: list[Change]
    holders: dict[int, str]


@dataclass(frozen=True, slots=True)
class Demanded:
    """A user of whom a second factor is demanded, by the roles and rights in `by`."""

    id: int
    login: str
    name: str
    by: list[str]


@dataclass(frozen=True, slots=True)
class UserPage:
    """A user with roles (role → scope) and sensitive rights."""

    user: User
    roles: dict[str, str]
    rights: list[str]


def entities(*, actor: Actor, on: date) -> list[LegalEntity]:
    """Every legal entity by name. Raises `Forbidden` without the right to read."""
    refuse_outside_book(actor, "read", [], on)
    return list(LegalEntity.objects.order_by("name"))


def entity_page(*, actor: Actor, on: date, entity: int) -> EntityPage:
    """A legal entity with its tax numbers, bank accounts, series and payable steps. Raises `NotFound`, `Forbidden`."""
    refuse_outside_book(actor, "read", [], on)
    found = LegalEntity.objects.filter(pk=entity).first()
    if found is None:
        raise NotFound("There is no such legal entity.", "Choose one in the settings.")
    given = {kind: (pattern, year, last) for kind, pattern, year, last in frames.rows("""
        select s.kind, s.pattern, c.fiscal_year, c.last_number from number_series s
          left join lateral (select fiscal_year, last_number from number_counter
                              where series_id = s.id and last_number > 0 order by fiscal_year desc limit 1) c on true
         where s.entity_id = %s""", [entity])}
    series = [_series(kind, *given.get(kind, ("", None, None))) for kind in SERIES_KINDS]
    return EntityPage(
        found, list(TaxRegistration.objects.filter(entity=found).order_by("country", "scheme")),
        list(BankAccount.objects.filter(entity=found).order_by("position", "id")), series,
        any(one.last for one in series), list(PayableStep.objects.filter(entity=found).order_by("currency")))


def closings(entity: int) -> list[Change]:
    """How the entity's books were closed, the last time first."""
    return changes("legal_entity", [entity], "lock_date")


def series_changes(entity: int) -> list[Change]:
    """How the entity's number series came to their patterns, newest first."""
    return changes("number_series", list(NumberSeries.objects.filter(entity_id=entity).values_list("id", flat=True)))


def second_factor(*, actor: Actor, on: date) -> SecondFactor:
    """Of whom a second factor is demanded, and how that came about. Two queries. Raises `Forbidden`."""
    refuse_outside_book(actor, "read", [], on)
    rows = list(SecondFactorDemand.objects.order_by("id"))
    holders = {row.pk: row.holder for row in rows}
    return SecondFactor([row.holder for row in rows if row.demanded], changes("second_factor_demand", list(holders)),
                        holders)


def demanded_of(*, actor: Actor, on: date) -> list[Demanded]:
    """The active users of whom a second factor is demanded, by name; at most five queries. Raises `Forbidden`."""
    refuse_outside_book(actor, "policies", [], on)
    demanded = set(SecondFactorDemand.objects.filter(demanded=True).values_list("holder", flat=True))
    roles: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for user, role, scope in RoleGrant.objects.values_list("user_id", "role", "scope"):
        roles[user].append((role, scope))
    by_name: dict[int, list[str]] = defaultdict(list)
    for user, right in RightGrant.objects.values_list("user_id", "right"):
        by_name[user].append(right)
    found = []
    for one in User.objects.filter(is_active=True).order_by("name", "login"):
        held = Actor(one.login, one.pk, *granted(roles[one.pk], by_name[one.pk]))
        rights = {right for right in held.everywhere | held.in_book if held.may(right)}
        if by := sorted(demanded & (rights | {role for role, _ in roles[one.pk]})):
            found.append(Demanded(one.pk, one.login, one.name, by))
    return found


def _series(kind: str, pattern: str, year: int | None, last: int | None) -> Series:
    return Series(kind, pattern, document_number(pattern, year, last) if year is not None and last else "")


USERS: Final = Source(
    columns={
        "id": "u.id", "login": "u.login", "name": "u.name", "email": "u.email",
        "state": "case when u.is_active then 'active' else 'inactive' end",
        "roles": """(select coalesce(string_agg(replace(r.role, '_', ' ') || case r.scope when 'book' then ' (own book)'
                     else '' end, ', ' order by r.role), '') from role_grant r where r.user_id = u.id)""",
        "rights": """(select coalesce(string_agg(replace(g."right", '_', ' '), ', ' order by g."right"), '')
                        from right_grant g where g.user_id = u.id)""",
    },
    tables="app_user u", id="u.id", book="true",
    sorts={"name": Sort("lower(u.name)", "text"), "login": Sort("u.login", "text")},
    filters={
        "text": """position(lower(%(value)s) in lower(u.name)) > 0 or position(lower(%(value)s) in u.login) > 0
                   or position(lower(%(value)s) in lower(u.email)) > 0""",
        "role": "exists (select from role_grant r where r.user_id = u.id and r.role = %(value)s)",
        "right": "exists (select from right_grant g where g.user_id = u.id and g.\"right\" = %(value)s)",
        "state": "u.is_active = (%(value)s = 'active')",
    },
)

PEOPLE: Final = Source(
    columns={"id": "p.id", "code": "p.code", "name": "p.name", "email": "coalesce(p.email, '')", "role": "p.role",
             "login": "coalesce(u.login, '')"},
    tables="person p left join app_user u on u.id = p.user_id", id="p.id", book="true",
    sorts={"name": Sort("lower(p.name)", "text"), "code": Sort("p.code", "text")},
    filters={"text": """position(lower(%(value)s) in lower(p.name)) > 0
                        or position(lower(%(value)s) in lower(p.code)) > 0
                        or position(lower(%(value)s) in lower(p.role)) > 0"""},
)


def users(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of everyone who signs in, with what they may do: who works here may know. Columns as `USERS`."""
    return listing.page(USERS, query, actor=actor, on=on)


def every_user(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(USERS, query, actor=actor, on=on)


def user(*, actor: Actor, user: int) -> UserPage:
    """One user with roles and rights. Raises `NotFound`."""
    found = User.objects.filter(pk=user).first()
    if found is None or not actor.may("people"):
        raise NotFound("There is no such user.", "Choose one of the list.")
    roles = dict(RoleGrant.objects.filter(user=found).values_list("role", "scope"))
    return UserPage(found, roles, list(RightGrant.objects.filter(user=found).values_list("right", flat=True)))


def people(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of everyone whose work is billed; columns as `PEOPLE`."""
    return listing.page(PEOPLE, query, actor=actor, on=on)


def every_person(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(PEOPLE, query, actor=actor, on=on)


def person(*, actor: Actor, person: int) -> Person:
    """Someone whose work is billed, with their user. Raises `NotFound`."""
    found = Person.objects.select_related("user").filter(pk=person).first()
    if found is None or not actor.may("people"):
        raise NotFound("There is no such person.", "Choose one of the list.")
    return found
