"""What was agreed so far, as plain values; and what stands against terms that someone would agree next."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from django.db.models import QuerySet

from duly.billing.accounts.models import Account, PurchaseOrder
from duly.billing.agreements.charges import ChargePhase, ChargeTerms, ChargeTier, Discount, ExpenseLimit
from duly.billing.agreements.models import Agreement, AgreementVersion, Charge, Metric, Project, RateCard
from duly.billing.agreements.sound import problems_of
from duly.billing.agreements.terms import ChargeInput, DiscountInput, LimitInput, PhaseInput, TierInput, VersionInput
from duly.billing.kernel.errors import Problem
from duly.engine.wording import day

NAMED = {"code": "charge__code", "kind": "charge__kind", "project": "project__code", "rate_card": "rate_card__code",
         "metric": "metric__code"}
"""Terms of a charge that are columns of what they point at."""
OF_CHARGE = {field.name for field in fields(ChargeInput)} - set(NAMED) - {"tiers", "phases", "limits"}
"""Terms of a charge that are columns of its own row."""
OF_VERSION = {field.name for field in fields(VersionInput)} - {"charges", "purchase_order", "discounts"}
LATEST = date(2199, 12, 31)
LISTS = ("covers", "charges", "progressive_thresholds")
"""Columns that hold arrays."""


def agreed_versions(agreement: Agreement) -> list[VersionInput]:
    """The agreement's versions as they were agreed, in the order of their days; a query for each table."""
    own = {"terms__version__agreement": agreement}
    tiers = _by_parent(ChargeTier.objects.filter(**own).order_by("above"), "terms_id", TierInput)
    phases = _by_parent(ChargePhase.objects.filter(**own).order_by("begins_on"), "terms_id", PhaseInput)
    limits = _by_parent(ExpenseLimit.objects.filter(**own).order_by("id"), "terms_id", LimitInput)
    discounts = _by_parent(Discount.objects.filter(version__agreement=agreement).order_by("position"), "version_id",
                           DiscountInput)
    names = {**{name: name for name in OF_CHARGE}, **NAMED}
    charges: dict[int, list[ChargeInput]] = defaultdict(list)
    rows = ChargeTerms.objects.filter(version__agreement=agreement).order_by("id")
    for row in rows.values("id", "version_id", *names.values()):
        values = {name: _value(column, row[column]) for name, column in names.items()}
        charges[row["version_id"]].append(ChargeInput(
            **values, tiers=tuple(tiers[row["id"]]), phases=tuple(phases[row["id"]]),
            limits=tuple(limits[row["id"]])))
    versions = AgreementVersion.objects.filter(agreement=agreement).select_related("purchase_order")
    return [
        VersionInput(charges=tuple(charges[version.pk]), discounts=tuple(discounts[version.pk]),
                     purchase_order=version.purchase_order.number if version.purchase_order else None,
                     **{name: _value(name, getattr(version, name)) for name in OF_VERSION})
        for version in versions.order_by("valid_from")
    ]


def _by_parent(rows: QuerySet[Any], parent: str, kind: type[Any]) -> dict[int, list[Any]]:
    """Rows as plain values of the kind, by the id of what they belong to."""
    found: dict[int, list[Any]] = defaultdict(list)
    names = [field.name for field in fields(kind)]
    for row in rows.values(parent, *names):
        found[row[parent]].append(kind(**{name: _value(name, row[name]) for name in names}))
    return found


def _value(column: str, value: Any) -> Any:
    return tuple(value) if column in LISTS else value


def objections(terms: VersionInput, *, currency: str, account: Account, agreement: Agreement | None) -> list[Problem]:
    """All that is wrong with the terms in themselves, and what they name that is not there.

    `agreement` is None for one that is still to be made: it has no projects yet.
    """
    cards = dict(RateCard.objects.values_list("code", "currency"))
    metrics = dict(Metric.objects.values_list("code", "name"))
    return problems_of(terms, currency, cards, metrics) + _names(terms, account, agreement)


def _names(terms: VersionInput, account: Account, agreement: Agreement | None) -> list[Problem]:
    """What the terms name that is not there: projects of the agreement, the account's order, charges' kinds."""
    found = []
    order = terms.purchase_order
    if order and not PurchaseOrder.objects.filter(account_id__in=payers(account), number=order).exists():
        found.append(Problem("purchase_order", f"The account has no purchase order “{order}”.", "Add it first."))
    known = agreement.pk if agreement else 0
    whose = agreement.number if agreement else "this agreement"
    projects = set(Project.objects.filter(agreement_id=known).values_list("code", flat=True))
    kinds = dict(Charge.objects.filter(agreement_id=known).values_list("code", "kind"))
    for i, charge in enumerate(terms.charges):
        if charge.project and charge.project not in projects:
            found.append(Problem(f"charges[{i}].project", f"“{charge.project}” is no project of {whose}.",
                                 f"Known: {', '.join(sorted(projects)) or 'none yet'}."))
        if kinds.get(charge.code, charge.kind) != charge.kind:
            found.append(Problem(f"charges[{i}].kind", f"“{charge.code}” is a {kinds[charge.code]} charge.",
                                 "Give another kind of charge a code of its own."))
    return found


def too_early(terms: VersionInput, agreed: Sequence[VersionInput]) -> list[Problem]:
    """The objection against terms from a day before the latest agreed ones."""
    if not agreed or terms.valid_from >= agreed[-1].valid_from:
        return []
    return [Problem("valid_from", "A later version is agreed.", f"Begin after {day(agreed[-1].valid_from)}.")]


def too_far(name: str, wanted: date) -> list[Problem]:
    """The objection against a day beyond all terms and periods that anybody counts."""
    if wanted <= LATEST:
        return []
    return [Problem(name, f"{day(wanted)} is too far ahead.", f"Give a day until {day(LATEST)}.")]


def payers(account: Account) -> set[int]:
    """The accounts whose purchase orders an account's agreements may be billed on: its own and the one that pays."""
    return {account.pk, account.bill_to_id or account.pk}
