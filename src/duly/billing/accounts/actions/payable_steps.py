"""Verbs for the steps to which an entity rounds what it asks for."""

from datetime import datetime
from decimal import Decimal

from duly.billing.accounts.payable_steps import PayableStep
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put
from duly.engine.currencies import CODES, exponent
from duly.engine.rounding import round_quotient

LARGEST = 10**6


@verb("accounts.put_payable_step", right="settings")
def put_payable_step(*, actor: Actor, at: datetime, entity: str, currency: str, step: Decimal) -> Put:
    """Round what the entity's documents in this currency ask for to the nearest multiple of `step`, from now on.

    Drafts follow when they are next settled; one that does not is not issued. Issued documents stay. Raises `Refused`
    for a step that is not above zero or no whole number of minor units, and for an unknown currency; `NotFound`.
    """
    found = entity_of(entity)
    if currency not in CODES:
        problem = Problem("currency", f"“{currency}” is not a currency.", "Use a code of ISO 4217, such as CHF.")
        raise Refused("What is to pay cannot be rounded in this currency.", problems=[problem])
    if (problem_of_step := _wrong(currency, step)) is not None:
        raise Refused("What is to pay cannot be rounded to this step.", problems=[problem_of_step])
    return put(PayableStep, {"entity_id": found.pk, "currency": currency}, {"step": step})


@verb("accounts.remove_payable_step", right="settings")
def remove_payable_step(*, actor: Actor, at: datetime, entity: str, currency: str) -> Put:
    """Ask for the exact amount again in this currency, from now on; `unchanged` where there is no step. Raises
    `NotFound`."""
    key = {"entity_id": entity_of(entity).pk, "currency": currency}
    row = PayableStep.objects.select_for_update().filter(**key).first()
    if row is None:
        return Put(0, "unchanged", [])
    removed, step = row.pk, row.step
    row.delete()
    record("payable_step", removed, removed={**key, "step": step})
    return Put(removed, "changed", ["step"])


def _wrong(currency: str, step: Decimal) -> Problem | None:
    """What is the matter with the step."""
    if not step.is_finite() or not 0 < step < LARGEST:
        return Problem("step", f"{step} is no step.", f"Give an amount above zero and below {LARGEST:,}, such as 0.05.")
    places = exponent(currency)
    if step != round_quotient(step, 1, places):
        unit = f"{Decimal(1).scaleb(-places):f}"
        return Problem("step", f"{step:f} is finer than {currency} is paid.", f"Give a multiple of {unit} {currency}.")
    return None
