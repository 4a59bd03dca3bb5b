"""Verbs for agreements: what is agreed is added to by later versions, never rewritten."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from duly.billing.accounts.queries import accounts_in_book, refuse_outside_book
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.agreements.agreed import agreed_versions, objections, too_early
from duly.billing.agreements.models import Agreement, AgreementRuntime, Project
from duly.billing.agreements.terms import VersionInput, differences
from duly.billing.agreements.writing import write
from duly.billing.audit.actions import verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put
from duly.engine.currencies import exponent
from duly.engine.wording import day


@verb("agreements.agree", right="agree")
def agree(
    *, actor: Actor, at: datetime, on: date, number: str, name: str, entity: str, account: str, currency: str,
    terms: VersionInput, ends_on: date | None = None, projects: Mapping[str, str] | None = None, new: bool = False,
) -> Put:
    """Add an agreement that begins with these terms; one there already may only change its name and its end.

    `projects` (code → name) are what its work is booked on. Raises `Refused` with a problem per path for terms that
    do not hold together or differ from those agreed, and for a `new` one that is there; `NotFound` for names, and for
    accounts outside the book.
    """
    customer = accounts_in_book(actor, "agree", [account], on)[account]
    fixed = {"entity_id": entity_of(entity).pk, "account_id": customer.pk, "currency": currency,
             "starts_on": terms.valid_from}
    _refuse_unknown(currency)
    if ends_on is not None and ends_on < terms.valid_from:
        problem = Problem("ends_on", f"It ends before it begins on {day(terms.valid_from)}.",
                          "Give the last billed day.")
        raise Refused("The agreement would never hold.", problems=[problem])
    known = Agreement.objects.filter(number=number).first()
    if known is not None and new:
        taken = Problem("number", f"There is an agreement {number}.", "Give the new agreement another number.")
        raise Refused("The number is taken.", problems=[taken])
    if known is not None:
        _refuse_other(known, fixed)
    # The end of one with a term follows from it and from notice, unless a day is named.
    follows = ends_on is None and AgreementRuntime.objects.filter(agreement=known).exists()
    end = {} if follows else {"ends_on": ends_on}
    agreement = put(Agreement, {"number": number}, {**fixed, "name": name, **end})
    row = Agreement.objects.select_for_update().get(number=number)
    changes = [f"projects.{code}" for code, title in (projects or {}).items() if _put_project(row, code, title)]
    if add_version(row, terms):
        changes.append("terms")
    if changes and agreement.outcome == "unchanged":
        return Put(agreement.id, "changed", changes)
    return agreement


@verb("agreements.amend", right="agree")
def amend(*, actor: Actor, at: datetime, on: date, agreement: str, terms: VersionInput) -> Put:
    """Let an agreement hold complete new terms from a day after its last version began; the same again do nothing.

    Raises `Refused` with a problem per path as `agree` does, `NotFound`.
    """
    row = locked(actor, agreement, on)
    return Put(row.pk, "added", ["terms"]) if add_version(row, terms) else Put(row.pk, "unchanged", [])


@verb("agreements.end_agreement", right="agree")
def end_agreement(*, actor: Actor, at: datetime, on: date, agreement: str, ends_on: date | None) -> Put:
    """Let an agreement's last billed day be `ends_on`; None lets it run on. Raises `Refused`, `NotFound`."""
    row = locked(actor, agreement, on)
    if ends_on is not None and ends_on < row.starts_on:
        raise Refused(f"{agreement} began on {day(row.starts_on)}.", "Its last billed day cannot be earlier.")
    return put(Agreement, {"number": agreement}, {"ends_on": ends_on})


@verb("agreements.put_project", right="agree")
def put_project(*, actor: Actor, at: datetime, on: date, agreement: str, code: str, name: str) -> Put:
    """Add a project to an agreement, or change its name. Raises `Refused` where it is another's, `NotFound`."""
    row = locked(actor, agreement, on)
    outcome = _put_project(row, code, name)
    return Put(row.pk, outcome or "unchanged", ["projects"] if outcome else [])


def locked(actor: Actor, number: str, on: date) -> Agreement:
    """The agreement of that number, for as long as the command runs; raises `NotFound`, also outside the book."""
    row = Agreement.objects.select_for_update().filter(number=number).first()
    refuse_outside_book(actor, "agree", [row.account_id if row else None], on, f"agreement “{number}”")
    assert row is not None
    return row


def _refuse_unknown(currency: str) -> None:
    try:
        exponent(currency)
    except ValueError:
        problem = Problem("currency", f"“{currency}” is not a currency.", "Write the ISO 4217 code, for example EUR.")
        raise Refused("The agreement needs a currency.", problems=[problem]) from None


def _refuse_other(known: Agreement, fixed: Mapping[str, Any]) -> None:
    remedy = "Give a new agreement a new number."
    problems = [
        Problem(name.removesuffix("_id"), f"{known.number} was agreed with another one.", remedy)
        for name, value in fixed.items()
        if getattr(known, name) != value
    ]
    if problems:
        raise Refused(f"The agreement {known.number} is there with other parties or dates.", problems=problems)


def _put_project(agreement: Agreement, code: str, name: str) -> str:
    """The outcome, empty where nothing changed."""
    if Project.objects.filter(code=code).exclude(agreement=agreement).exists():
        problem = Problem("projects", f"{code} belongs to another agreement.", "Give each project a code of its own.")
        raise Refused("A project belongs to one agreement.", problems=[problem])
    result = put(Project, {"code": code}, {"name": name, "agreement_id": agreement.pk})
    return "" if result.outcome == "unchanged" else result.outcome


def add_version(agreement: Agreement, terms: VersionInput) -> bool:
    """Write the version with its charges; False where just this was agreed already."""
    problems = objections(terms, currency=agreement.currency, account=agreement.account, agreement=agreement)
    if problems:
        raise Refused(f"The terms of {agreement.number} do not hold together.", problems=problems)
    agreed = agreed_versions(agreement)
    for version in agreed:
        if version.valid_from == terms.valid_from:
            differing = list(differences(version, terms))
            if differing:
                raise Refused(f"{agreement.number} was agreed otherwise.", problems=differing, law=3)
            return False
    if problems := too_early(terms, agreed):
        raise Refused(f"{agreement.number} has later terms already.", problems=problems, law=3)
    write(agreement, terms)
    return True
