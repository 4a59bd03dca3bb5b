"""Verbs that change one thing of an agreement: a charge's price or quantity from a day on, and pauses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from duly.billing.agreements.actions.agree import add_version, locked
from duly.billing.agreements.agreed import agreed_versions, too_far
from duly.billing.agreements.charges import AgreementPause
from duly.billing.agreements.models import Agreement, Charge
from duly.billing.agreements.queries import terms_frame
from duly.billing.agreements.sound.numbers import refusal
from duly.billing.agreements.terms import ChargeInput, TierInput, VersionInput
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.engine.pricing.changes import Change, NoOnePrice, changed
from duly.engine.wording import day


@dataclass(frozen=True, slots=True)
class Changed:
    """The agreement, and the first day of the new terms (ISO 8601)."""

    agreement: str
    valid_from: str


@verb("agreements.change_charge", right="agree")
def change_charge(
    *, actor: Actor, at: datetime, on: date, agreement: str, charge: str, wanted_on: date, price: Decimal | None = None,
    quantity: Decimal | None = None, tiers: Sequence[TierInput] | None = None, at_once: bool | None = None,
) -> Changed:
    """Let a recurring charge cost another price, or be of another quantity, from `wanted_on`; all else stays agreed.

    `at_once` says whether that day counts or the next period's first; None is what the agreement says, else an upgrade
    counts at once and a downgrade when the period is over. Days that are billed already are credited by the next
    invoice, then billed by the new terms. Raises `Refused` where nothing changes, terms were agreed from a later day,
    or nobody can tell an upgrade from a downgrade; `NotFound` for names and outside the book.
    """
    row = locked(actor, agreement, on)
    if problems := too_far("wanted_on", wanted_on):
        raise Refused("Nobody can tell which period that is.", problems=problems)
    latest = agreed_versions(row)[-1]
    before = next((one for one in latest.charges if one.code == charge), None)
    if before is None:
        raise NotFound(f"{agreement} has no charge “{charge}”.", f"It has {', '.join(c.code for c in latest.charges)}.")
    after = _after(before, price, quantity, tiers)
    says = latest.change_at_once if at_once is None else at_once
    first = _first_day(row, charge, wanted_on, after, says)
    _add(row, latest, first, before, after)
    return Changed(agreement, first.isoformat())


def _after(before: ChargeInput, price: Decimal | None, quantity: Decimal | None,
           tiers: Sequence[TierInput] | None) -> ChargeInput:
    if before.kind != "recurring":
        raise Refused(f"“{before.name}” is no recurring charge.", "Agree new terms from a day on.")
    wanted = {"price": price, "quantity": quantity, "tiers": None if tiers is None else tuple(tiers)}
    values: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    numbers = [(name, value) for name, value in values.items() if isinstance(value, Decimal)]
    if problems := [Problem(name, *why) for name, value in numbers if (why := refusal(name, value))]:
        raise Refused(f"“{before.name}” cannot cost that.", problems=problems)
    after = replace(before, **values)
    if after == before:
        raise Refused(f"“{before.name}” is agreed so already.", "Give another price or quantity.")
    return after


def _first_day(row: Agreement, charge: str, wanted: date, after: ChargeInput, at_once: bool | None) -> date:
    """The first day of the new terms, by the engine's rule (`engine.pricing.changes`)."""
    payer = row.account.bill_to_id or row.account_id
    terms = terms_frame(row.entity_id, [payer], kinds=("recurring",)).filter(
        (pl.col("agreement") == row.number) & (pl.col("charge") == charge))
    values = {"price": after.price, "quantity": after.quantity}
    try:
        _, first = changed(terms, Change(terms["charge_id"][0], wanted, 0, values, at_once))
    except NoOnePrice:
        raise Refused("Nobody can tell whether this is an upgrade: the charge has no one price.",
                      "Say whether it counts at once.") from None
    except ValueError:
        raise Refused(f"{charge} has no terms on {day(wanted)}.", "Give a day on which it is agreed.") from None
    return first


def _add(row: Agreement, latest: VersionInput, first: date, before: ChargeInput, after: ChargeInput) -> None:
    if first <= latest.valid_from:
        text = f"{row.number} has terms from {day(latest.valid_from)}; the change would begin on {day(first)}."
        raise Refused(text, "Change it from a later day.", problems=[Problem("wanted_on", text)], law=3)
    charges = tuple(after if one.code == before.code else one for one in latest.charges)
    add_version(row, replace(latest, valid_from=first, charges=charges))


@verb("agreements.pause", right="agree")
def pause(*, actor: Actor, at: datetime, on: date, agreement: str, paused_from: date, paused_to: date | None = None,
          charge: str | None = None, reason: str = "") -> int:
    """Do not bill the agreement's recurring charges, or one of them, from a day until before another; the pause's id.

    Without `paused_to` it lasts until `resume`. Days that are billed already are credited by the next invoice. Raises
    `Refused` for days before the agreement or of another pause; `NotFound` for names and outside the book.
    """
    row = locked(actor, agreement, on)
    if paused_to is not None and paused_to <= paused_from:
        raise Refused("The pause ends before it begins.", "Give the first day that is billed again.")
    if paused_from < row.starts_on:
        raise Refused(f"{agreement} begins on {day(row.starts_on)}.", "A pause begins then or later.")
    paused = _recurring(row, charge) if charge else None
    overlapping = AgreementPause.objects.filter(agreement=row, charge=paused).filter(
        paused_from__lt=paused_to or date.max).exclude(paused_to__lte=paused_from)
    if overlapping.exists():
        raise Refused("It is paused for some of these days already.", "Give other days, or resume it first.")
    made = AgreementPause.objects.create(agreement=row, charge=paused, paused_from=paused_from, paused_to=paused_to,
                                         reason=reason)
    record("agreement", row.pk, pause=made.pk, charge=charge, paused_from=paused_from, paused_to=paused_to,
           reason=reason)
    return made.pk


def _recurring(row: Agreement, code: str) -> Charge:
    found = Charge.objects.filter(agreement=row, code=code, kind="recurring").first()
    if found is None:
        raise NotFound(f"{row.number} has no recurring charge “{code}”.", "Only what recurs is paused.")
    return found


@verb("agreements.resume", right="agree")
def resume(*, actor: Actor, at: datetime, on: date, agreement: str, resumed_on: date, charge: str | None = None) -> int:
    """Let an open pause end: `resumed_on` is the first day that is billed again. Answers the pause.

    Raises `Refused` where nothing is paused, or the pause begins later; `NotFound` for names and outside the book.
    """
    row = locked(actor, agreement, on)
    paused = _recurring(row, charge) if charge else None
    found = AgreementPause.objects.filter(agreement=row, charge=paused, paused_to=None).first()
    if found is None:
        of = f" of {charge}" if charge else ""
        raise Refused(f"{agreement} has no open pause{of}.", "There is nothing to resume.")
    if resumed_on <= found.paused_from:
        raise Refused(f"The pause begins on {day(found.paused_from)}.", "Resume it on a later day.")
    AgreementPause.objects.filter(pk=found.pk).update(paused_to=resumed_on)
    record("agreement", row.pk, pause=found.pk, charge=charge, paused_to=resumed_on)
    return found.pk
