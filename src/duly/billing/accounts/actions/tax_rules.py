"""Verbs for what an account's taxes follow besides its address: its own treatment, what it withholds; both dated."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from duly.billing.accounts.models import Account
from duly.billing.accounts.queries import accounts_in_book
from duly.billing.accounts.tax_rules import AccountTreatment, AccountWithholding
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put
from duly.engine.tax import CATEGORIES
from duly.engine.wording import day


@verb("accounts.add_treatment", right="accounts")
def add_treatment(*, actor: Actor, at: datetime, on: date, account: str, category: str | None, reason: str,
                  valid_from: date, certificate: str = "") -> Put:
    """Let the account be taxed by this category from a day on, whatever its address and tax numbers say; None ends it.

    The reason and the number of the certificate are printed where no tax is charged. Drafts made or settled from then
    on follow it. Raises `Refused` for an unknown category, no reason, and a day that has another one; `NotFound`.
    """
    found = _account(actor, account, on)
    if category is not None and category not in CATEGORIES:
        problem = Problem("category", f"“{category}” is not a category.", f"Use {', '.join(CATEGORIES)}.")
        raise Refused("The treatment is not known.", problems=[problem])
    return _add(AccountTreatment, {"account_id": found.pk, "valid_from": valid_from},
                {"category": category, "reason": _why(reason), "certificate": certificate.strip()})


@verb("accounts.add_withholding", right="accounts")
def add_withholding(*, actor: Actor, at: datetime, on: date, account: str, name: str, rate: Decimal | None,
                    valid_from: date, reason: str) -> Put:
    """Expect the account to withhold this tax from a day on: `rate` is a fraction of the net, None ends it.

    Raises `Refused` for a rate that is no fraction above 0 and below 1, no name or reason, and a day that has another
    one; `NotFound`.
    """
    found = _account(actor, account, on)
    if rate is not None and not (rate.is_finite() and 0 < rate < 1 and rate == round(rate, 6)):
        problem = Problem("rate", f"{rate} is not a fraction of the net.", "7.5% is 0.075.")
        raise Refused("Nothing can be withheld at this rate.", problems=[problem])
    if not name.strip():
        raise Refused("The tax has no name.", problems=[Problem("name", "It is empty.", "Name the tax.")])
    return _add(AccountWithholding, {"account_id": found.pk, "name": name.strip(), "valid_from": valid_from},
                {"rate": rate, "reason": _why(reason)})


def _account(actor: Actor, number: str, on: date) -> Account:
    return accounts_in_book(actor, "accounts", [number], on)[number]


def _why(reason: str) -> str:
    if not reason.strip():
        raise Refused("A tax rule of an account needs a reason.", problems=[
            Problem("reason", "It is empty.", "Name the law, the agreement or the paper it rests on.")])
    return reason.strip()


def _add(model: type[models.Model], key: dict[str, Any], values: dict[str, Any]) -> Put:
    """Add the dated row; the same again does nothing, another one for the day is refused."""
    rows: models.Manager[Any] = model._default_manager
    known = rows.filter(**key).first()
    if known is None:
        made = rows.create(**key, **values)
        record(model._meta.db_table, made.pk, added={**key, **values})
        return Put(made.pk, "added", sorted(values))
    if any(getattr(known, name) != value for name, value in values.items()):
        problem = Problem("valid_from", f"Another one holds from {day(key['valid_from'])}.", "Give a later day.")
        raise Refused("What held is never rewritten.", problems=[problem])
    return Put(known.pk, "unchanged", [])
