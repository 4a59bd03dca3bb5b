"""Verbs for how long an agreement runs: its term, and the notice that ends it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from duly.billing.agreements.actions.agree import locked
from duly.billing.agreements.agreed import too_far
from duly.billing.agreements.models import Agreement, AgreementRuntime
from duly.billing.agreements.runtimes import runtime_of
from duly.billing.audit.actions import record, verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put
from duly.engine.renewals import standing
from duly.engine.wording import day

LONGEST = {"months": 240, "renews_months": 240, "notice_months": 60, "notice_days": 1000}


@dataclass(frozen=True, slots=True)
class Noticed:
    """The agreement and its last day (ISO 8601)."""

    agreement: str
    ends_on: str


@verb("agreements.put_runtime", right="agree")
def put_runtime(*, actor: Actor, at: datetime, on: date, agreement: str, months: int, renews_months: int | None = None,
                notice_months: int = 0, notice_days: int = 0) -> Put:
    """Let an agreement run for a first term of `months` from its first day, and renew for `renews_months` until notice.

    One that does not renew ends with its term; one that does runs on. Raises `Refused` for terms without length, and
    once notice was given; `NotFound` for the agreement and outside the book.
    """
    row = locked(actor, agreement, on)
    given = {"months": months, "renews_months": renews_months, "notice_months": notice_months,
             "notice_days": notice_days}
    _refuse_out_of_range(given)
    known = AgreementRuntime.objects.filter(agreement=row).first()
    if known and known.noticed_on and any(getattr(known, name) != value for name, value in given.items()):
        raise Refused(f"Notice was given on {day(known.noticed_on)}.", "The term that it ends stays as it was.")
    outcome = put(AgreementRuntime, {"agreement_id": row.pk}, given)
    if outcome.outcome != "unchanged" and not (known and known.noticed_on):
        _end(row, standing(runtime_of(row, given), row.starts_on).ends_on)
    return outcome


def _refuse_out_of_range(given: dict[str, Any]) -> None:
    problems = [
        Problem(name, f"{value} is out of range.", f"Give {least} to {LONGEST[name]}.")
        for name, value in given.items() if value is not None
        and not (least := 0 if name.startswith("notice") else 1) <= value <= LONGEST[name]]
    if problems:
        raise Refused("An agreement cannot run so.", problems=problems)


def _end(row: Agreement, ends_on: date | None) -> None:
    if ends_on != row.ends_on:
        Agreement.objects.filter(pk=row.pk).update(ends_on=ends_on)
        record("agreement", row.pk, before={"ends_on": row.ends_on}, after={"ends_on": ends_on})


@verb("agreements.give_notice", right="agree")
def give_notice(*, actor: Actor, at: datetime, on: date, agreement: str, noticed_on: date) -> Noticed:
    """End an agreement that renews by notice received on a day: with the first term for which it is in time.

    Raises `Refused` where nothing renews, or notice was given before; `NotFound` for names and outside the book.
    """
    row = locked(actor, agreement, on)
    known = AgreementRuntime.objects.select_for_update().filter(agreement=row).first()
    if known is None or known.renews_months is None:
        raise Refused(f"{agreement} does not renew.", "Set its last day instead.")
    if known.noticed_on:
        raise Refused(f"Notice was given on {day(known.noticed_on)} already.", "Look at the agreement again.")
    if problems := too_far("noticed_on", noticed_on):
        raise Refused("Nobody can tell which term that is.", problems=problems)
    if noticed_on < row.starts_on:
        raise Refused(f"{agreement} begins on {day(row.starts_on)}.", "Notice is given then or later.")
    ends_on = standing(runtime_of(row, known.__dict__), noticed_on, noticed_on).ends_on
    assert ends_on is not None
    AgreementRuntime.objects.filter(pk=known.pk).update(noticed_on=noticed_on)
    record("agreement", row.pk, noticed_on=noticed_on)
    _end(row, ends_on)
    return Noticed(agreement, ends_on.isoformat())
