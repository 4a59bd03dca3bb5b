"""Documents that bill fees in advance, for the tests of deferred revenue."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.ledger.releasing import Released, release_revenue
from duly.engine.periods import add_months
from tests.world import NOW, TODAY, World


@transaction.atomic
def fee(world: World, price: str, *, number: str = "ZED-FEE", starts: date = date(2026, 10, 1), currency: str = "EUR",
        less: str = "", **terms: Any) -> None:
    """An agreement with Zed over a fee that is billed a year in advance, unless told otherwise, and one taken off."""
    agreement = m.Agreement.objects.create(number=number, name="Licence", entity=world.entity(),
                                           account=world.account("ZED"), currency=currency, starts_on=starts)
    version = m.AgreementVersion.objects.create(agreement=agreement, valid_from=starts, review="none")
    for code, amount in (("fee", price), ("less", less)):
        if amount:
            charge = m.Charge.objects.create(agreement=agreement, code=code, kind="recurring")
            m.ChargeTerms.objects.create(version=version, charge=charge, name="Licence", price=Decimal(amount), **{
                "interval": "year", "timing": "advance", "alignment": "anchored", "anchor": starts, **terms})


def billed(world: World, *, month: date = date(2026, 10, 1), on: date = TODAY, currency: str = "EUR") -> m.Invoice:
    """Zed's drafts of that month, issued; the one in that currency."""
    actor, until = world.actor("ben"), add_months(month, 1)
    run = actions.launch(actor=actor, at=NOW, on=on, entity="HALDEN", period_from=month, period_to=until,
                         accounts=[world.account("ZED").pk])
    for partition in run.partitions:
        actions.draft_partition(actor=actor, at=NOW, partition=partition)
    drafts = m.Invoice.objects.filter(run_partition__run_id=run.run)
    issued = actions.issue(actor=actor, at=NOW, on=on, drafts=[draft.pk for draft in drafts])
    assert issued.skipped == []
    return next(iter(drafts.filter(currency=currency, lines__terms__timing="advance")))


def release(world: World, through: date, *, on: date = date(2027, 12, 31), **more: Any) -> Released:
    return release_revenue(actor=world.actor("fin"), at=NOW, on=on, entity="HALDEN", through=through, **more)


def releases() -> list[tuple[date, str]]:
    """What was released on which day, in the document's currency."""
    return [(on, f"{amount:.2f}") for on, amount in frames.rows(
        "select booked_on, sum(amount) from revenue_release group by 1 order by 1")]


def balance(role: str) -> tuple[Decimal, Decimal]:
    """The debit balance of a role's account: of all currencies as they are, and in the base currency."""
    return frames.rows("""select coalesce(sum(debit - credit), 0), coalesce(sum(base_debit - base_credit), 0)
                            from journal_line where role = %s""", [role])[0]  # type: ignore[return-value]
