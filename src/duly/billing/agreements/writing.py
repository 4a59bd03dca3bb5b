"""Terms → rows: a version with its charges, their tiers, phases and limits, and its discounts, in one transaction."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from duly.billing.accounts.models import PurchaseOrder
from duly.billing.agreements.agreed import LISTS, OF_CHARGE, OF_VERSION, payers
from duly.billing.agreements.charges import ChargePhase, ChargeTerms, ChargeTier, Discount, ExpenseLimit
from duly.billing.agreements.models import Agreement, AgreementVersion, Charge, Metric, Project, RateCard
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.audit.actions import record
from duly.engine.pricing.tiers import bounded


def write(agreement: Agreement, terms: VersionInput) -> None:
    """Write terms that nothing stands against, as a new version; a charge that is not there yet is made."""
    billed_on = PurchaseOrder.objects.filter(account_id__in=payers(agreement.account))
    order = billed_on.filter(number=terms.purchase_order or "").first()
    version = AgreementVersion.objects.create(agreement=agreement, purchase_order=order, **_own(terms, OF_VERSION))
    Charge.objects.bulk_create(
        [Charge(agreement=agreement, code=charge.code, kind=charge.kind) for charge in terms.charges],
        ignore_conflicts=True,
    )
    made = ChargeTerms.objects.bulk_create(_terms(agreement, version, terms))
    pairs = list(zip(made, terms.charges, strict=True))
    ChargeTier.objects.bulk_create(tier for row, charge in pairs for tier in _tiers(row, charge))
    ChargePhase.objects.bulk_create(
        ChargePhase(terms=row, **asdict(phase)) for row, charge in pairs for phase in charge.phases)
    ExpenseLimit.objects.bulk_create(
        ExpenseLimit(terms=row, **asdict(limit)) for row, charge in pairs for limit in charge.limits)
    Discount.objects.bulk_create(
        Discount(version=version, position=place, **_own(one, {field.name for field in fields(one)}))
        for place, one in enumerate(terms.discounts))
    record("agreement", agreement.pk, version=version.pk, terms=asdict(terms))


def _terms(agreement: Agreement, version: AgreementVersion, terms: VersionInput) -> Iterator[ChargeTerms]:
    charges = dict(Charge.objects.filter(agreement=agreement).values_list("code", "id"))
    projects = dict(Project.objects.filter(agreement=agreement).values_list("code", "id"))
    cards = dict(RateCard.objects.values_list("code", "id"))
    metrics = dict(Metric.objects.values_list("code", "id"))
    for charge in terms.charges:
        yield ChargeTerms(
            version=version, charge_id=charges[charge.code], project_id=projects.get(charge.project or ""),
            rate_card_id=cards.get(charge.rate_card or ""), metric_id=metrics.get(charge.metric or ""),
            **_own(charge, OF_CHARGE))


def _own(given: Any, names: set[str]) -> dict[str, Any]:
    """The values that are columns of the row itself."""
    values = {name: getattr(given, name) for name in names}
    return {name: list(value) if name in LISTS else value for name, value in values.items()}


def _tiers(row: ChargeTerms, charge: ChargeInput) -> Iterator[ChargeTier]:
    for above, tier in bounded(charge.tiers):
        yield ChargeTier(terms=row, above=above, **asdict(tier))
