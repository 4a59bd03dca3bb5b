"""Accepting milestones: what the client agreed is done becomes work that can be billed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.agreements.charges import ChargeTerms
from duly.billing.agreements.models import Agreement
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.kernel.fields import CurrentTransaction
from duly.billing.work.models import WorkItem
from duly.engine.currencies import exponent
from duly.engine.rounding import round_quotient


@dataclass(frozen=True, slots=True)
class Accepted:
    """The work item of the acceptance, its amount, and the share of the milestone accepted so far."""

    work_item: int
    amount: str
    currency: str
    accepted: str


@verb("work.accept_milestone", right="approve_work")
def accept_milestone(
    *,
    actor: Actor,
    at: datetime,
    agreement: str,
    charge: str,
    on: date,
    share: Decimal = Decimal(1),
    evidence: str,
) -> Accepted:
    """Record that the client accepted a milestone on a day: all of it, or a share (0.25 is a quarter).

    The acceptance is work, approved at once. It is billed at the price of the terms of that day; shares of one
    milestone add up to its price exactly, whatever their roundings. `evidence` says how it was accepted.
    Raises `NotFound` for an agreement that is not known or outside the book or a charge that is no milestone
    of it on that day, `Refused` without evidence and for shares beyond what is left.
    """
    if not evidence.strip():
        raise Refused("Nothing says how the client accepted.", "Name the mail, the protocol or the meeting.")
    frames.rows("select 1 from agreement where number = %s for no key update", [agreement])
    agreed = Agreement.objects.filter(number=agreement).first()
    refuse_outside_book(actor, "approve_work", [agreed.account_id if agreed else None], on, f"agreement “{agreement}”")
    assert agreed is not None
    terms = _terms(agreed, charge, on)
    before, times = _accepted(terms.charge_id)
    if not share.is_finite() or not 0 < share <= 1 - before or share != round(share, 6):
        raise Refused(f"A share of {share} cannot be accepted: {(1 - before).normalize():f} of the milestone is left.",
                      "Give a share above 0 and up to what is left, with at most 6 decimals.")
    amount = _due(terms, before + share, agreed.currency) - _due(terms, before, agreed.currency)
    item = WorkItem.objects.create(
        kind="milestone", agreement=agreed, charge_id=terms.charge_id, project=terms.project,
        project_name=terms.project.name if terms.project else "", description=evidence.strip(), worked_on=on,
        quantity=Decimal(1), cost=amount, cost_currency=agreed.currency, share=share,
        source_key=f"milestone:{terms.charge_id}:{times + 1}", approved_by_id=actor.user_id, approved_at=at,
        approved_in=CurrentTransaction(),
    )
    accepted = f"{(before + share).normalize():f}"
    record("work_item", item.pk, kind="milestone", agreement=agreement, charge=charge, on=str(on), share=f"{share:f}",
           amount=f"{amount:f}", currency=agreed.currency, evidence=item.description)
    return Accepted(item.pk, f"{amount:f}", agreed.currency, accepted)


def _terms(agreement: Agreement, charge: str, on: date) -> ChargeTerms:
    """The milestone's terms in the version that holds on the day."""
    version = agreement.versions.filter(valid_from__lte=on).order_by("-valid_from").first()
    terms = ChargeTerms.objects.select_related("project").filter(
        version=version, charge__code=charge, charge__kind="milestone").first()
    if terms is None:
        codes = agreement.charges.filter(kind="milestone").order_by("code").values_list("code", flat=True)
        raise NotFound(f"Agreement “{agreement.number}” has no milestone “{charge}” on {on}.",
                       f"Its milestones: {', '.join(codes) or 'none'}.")
    return terms


def _accepted(charge: int) -> tuple[Decimal, int]:
    """The share of the milestone accepted so far, and in how many acceptances."""
    query = """select coalesce(sum(coalesce(share, 1)), 0), count(*) from work_item
                where charge_id = %s and kind = 'milestone'"""
    share, times = frames.rows(query, [charge])[0]
    return Decimal(share), int(times)


def _due(terms: ChargeTerms, share: Decimal, currency: str) -> Decimal:
    """What that much of the milestone costs, rounded once."""
    assert terms.price is not None, "a milestone's terms have a price"
    return round_quotient(terms.price * share, 1, exponent(currency))
