"""The verb for what new agreements begin with."""

from datetime import datetime

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.agreements.models import GROUPINGS, LONGEST_PAYMENT, REVIEWS, AgreementPolicy
from duly.billing.audit.actions import verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put


@verb("agreements.put_policy", right="policies")
def put_policy(*, actor: Actor, at: datetime, entity: str, review: str, payment_days: int | None, grouping: str,
               time_annex: bool) -> Put:
    """Let new agreements of the entity begin with these terms where nothing is said; agreed ones keep their own.

    No `payment_days` are those of the account. Raises `Refused` with a problem per path, `NotFound` for the entity.
    """
    problems = [Problem(name, f"“{value}” is not known.", f"Use {', '.join(known)}.")
                for name, value, known in (("review", review, REVIEWS), ("grouping", grouping, GROUPINGS))
                if value not in known]
    if payment_days is not None and not 0 <= payment_days <= LONGEST_PAYMENT:
        problems.append(Problem("payment_days", f"{payment_days} days are out of range.",
                                f"Give 0 to {LONGEST_PAYMENT}, or none for the account’s."))
    if problems:
        raise Refused("New agreements cannot begin with this.", problems=problems)
    return put(AgreementPolicy, {"entity_id": entity_of(entity).pk}, {
        "review": review, "payment_days": payment_days, "grouping": grouping, "time_annex": time_annex})
