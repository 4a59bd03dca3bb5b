"""The verb for who must sign in with a second factor."""

from collections.abc import Collection
from datetime import datetime

from duly.billing.accounts.models import SECOND_FACTOR_HOLDERS, SecondFactorDemand
from duly.billing.audit.actions import verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put


@verb("accounts.demand_second_factor", right="policies")
def demand_second_factor(*, actor: Actor, at: datetime, of: Collection[str]) -> Put:
    """Demand a second factor of everyone with one of these roles and rights, and of nobody else: the whole list.

    Who has none is led to set it up at the next page that they open. Answers what changed. Raises `Refused` for what is
    no role and no right.
    """
    if strange := sorted(set(of) - set(SECOND_FACTOR_HOLDERS)):
        raise Refused("A second factor is demanded of those with a role or a right.", problems=[
            Problem("of", f"“{name}” is neither a role nor a right.", f"Use {', '.join(SECOND_FACTOR_HOLDERS)}.")
            for name in strange])
    frames.rows("select pg_advisory_xact_lock(hashtext('accounts.second_factor'))")
    demanded = set(SecondFactorDemand.objects.filter(demanded=True).values_list("holder", flat=True))
    changed = sorted(demanded ^ set(of))
    for name in changed:
        put(SecondFactorDemand, {"holder": name}, {"demanded": name in of})
    return Put(0, "changed" if changed else "unchanged", changed)
