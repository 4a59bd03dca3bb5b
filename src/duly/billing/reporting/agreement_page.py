"""The page of one agreement: its terms through time, the projects its work is booked on, what it billed."""

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.cards import Price, prices_of
from duly.billing.agreements.lists import STATE
from duly.billing.agreements.models import Agreement
from duly.billing.agreements.runtimes import standing_of
from duly.billing.agreements.terms import VersionInput
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor


@dataclass(frozen=True, slots=True)
class Version:
    """Terms and the days they hold, [valid_from, valid_to); `state` is ended, now or later."""

    terms: VersionInput
    valid_to: date | None
    state: str


@dataclass(frozen=True, slots=True)
class Project:
    """What work is booked on, and how many items are."""

    code: str
    name: str
    items: int


@dataclass(frozen=True, slots=True)
class Paused:
    """Days [since, until) on which what recurs is not billed: one charge by its code and name, or all ("").

    `state` is ended, now or later; `until` None lasts until it is resumed.
    """

    charge: str
    name: str
    since: date
    until: date | None
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class Term:
    """How long it runs, as it was agreed; the term of the day and its last day; until when notice ends it with that
    term, null where no term follows."""

    months: int
    renews_months: int | None
    notice_months: int
    notice_days: int
    since: date
    until: date
    notice_by: date | None


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """`billed` is net on documents and drafts, which a cap counts; `payment_days` the account's; `prices` those in
    force of the rate cards that the terms of the day use; `pauses` the latest first."""

    number: str
    name: str
    account: str
    account_name: str
    entity: str
    entity_name: str
    currency: str
    starts_on: date
    ends_on: date | None
    state: str
    payment_days: int
    billed: Decimal
    last_billed: date | None
    versions: tuple[Version, ...]
    projects: tuple[Project, ...]
    prices: tuple[Price, ...]
    pauses: tuple[Paused, ...]
    term: Term | None

    @property
    def terms(self) -> VersionInput:
        """The terms of the day: those in force, else the first that will be."""
        return next((version.terms for version in self.versions if version.state == "now"), self.versions[0].terms)


NAMES = tuple(field.name for field in fields(AgreementPage))

HEAD = f"""
    select g.id, g.number, g.name, a.number, a.name, e.code, e.name, g.currency, g.starts_on, g.ends_on, {STATE},
           coalesce(b.payment_days, a.payment_days), coalesce(billed.net, 0), billed.until
      from agreement g join account a on a.id = g.account_id join legal_entity e on e.id = g.entity_id
      left join account b on b.id = a.bill_to_id
     cross join lateral (select sum(l.amount) as net, max(l.service_to) as until
                           from invoice_line l join invoice i on i.id = l.invoice_id
                           join charge_terms s on s.id = l.terms_id
                          where l.agreement_id = g.id and not s.untaxed and i.state <> 'discarded') billed
     where g.number = %(number)s and (%(everywhere)s or {IN_BOOK})"""


def agreement_page(*, actor: Actor, on: date, agreement: str) -> AgreementPage:
    """The page of an agreement, by its number, in a constant number of queries.

    Raises `NotFound` for one that is not there or not with an account of the actor's book.
    """
    found = frames.rows(HEAD, {
        "number": agreement, "on": on, "everywhere": actor.may_everywhere("read"),
        "user": actor.user_id if actor.may("read") else None})
    if not found:
        raise unseen(actor, "read", f"agreement “{agreement}”")
    [(row, *head)] = found
    rest = (_versions(Agreement.objects.get(pk=row), on), _projects(row), (), _pauses(row, on), _term(agreement, on))
    page = AgreementPage(**dict(zip(NAMES, (*head, *rest), strict=True)))
    cards = {charge.rate_card for charge in page.terms.charges if charge.rate_card}
    in_force = [price for price in prices_of(sorted(cards), on) if price.state == "now"]
    return replace(page, prices=tuple(in_force))


def _term(agreement: str, on: date) -> Term | None:
    found = standing_of(agreement, on)
    if found is None:
        return None
    runtime, stands = found
    return Term(runtime.months, runtime.renews_months, runtime.notice_months, runtime.notice_days, stands.term.start,
                stands.term.last, stands.notice_by)


def _versions(agreement: Agreement, on: date) -> tuple[Version, ...]:
    agreed = agreed_versions(agreement)
    ends = [terms.valid_from for terms in agreed[1:]] + [None]
    return tuple(Version(terms, until, _state(terms.valid_from, until, on))
                 for terms, until in zip(agreed, ends, strict=True))


def _pauses(agreement_id: int, on: date) -> tuple[Paused, ...]:
    """The latest first, charges by the name they were agreed with last."""
    found = frames.rows("""
        select coalesce(c.code, ''), coalesce(named.name, ''), p.paused_from, p.paused_to, p.reason
          from agreement_pause p left join charge c on c.id = p.charge_id
          left join lateral (select t.name from charge_terms t join agreement_version v on v.id = t.version_id
                              where t.charge_id = c.id order by v.valid_from desc limit 1) named on true
         where p.agreement_id = %s order by p.paused_from desc, p.id desc""", [agreement_id])
    return tuple(Paused(code, name, since, until, reason, _state(since, until, on))
                 for code, name, since, until, reason in found)


def _state(since: date, until: date | None, on: date) -> str:
    return "later" if since > on else "ended" if until is not None and until <= on else "now"


def _projects(agreement_id: int) -> tuple[Project, ...]:
    return tuple(Project(*row) for row in frames.rows("""
        select p.code, p.name, (select count(*) from work_item w where w.project_id = p.id)
          from project p where p.agreement_id = %s order by p.code""", [agreement_id]))
