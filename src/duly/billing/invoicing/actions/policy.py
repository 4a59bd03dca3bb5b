"""The verb for how strict the checks are."""

from collections.abc import Mapping
from datetime import datetime

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import verb
from duly.billing.invoicing.check_policy import CHOICES, CheckPolicy
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.put import Put, put
from duly.engine.checks import CHECKS


@verb("invoicing.choose_severities", right="policies")
def choose_severities(*, actor: Actor, at: datetime, entity: str, severities: Mapping[str, str | None]) -> Put:
    """Let checks be as strict for the entity as chosen: blocks, warns, notes, off, or None for as usual.

    It holds from the next check of a draft on; what was found before stays until then. Checks that are not named stay
    as they are. Answers the entity, and the checks that changed. Raises `Refused` with a problem per check for one that
    does not exist or does not leave that choice, `NotFound` for the entity.
    """
    found = entity_of(entity)
    if problems := [Problem(f"severities.{name}", *_objection(name, severity))
                    for name, severity in severities.items() if severity not in (None, *CHOICES.get(name, ()))
                    or name not in CHECKS]:
        raise Refused("These checks cannot be as strict as that.", problems=problems)
    chosen = {row.check_name: row.severity for row in CheckPolicy.objects.filter(entity=found).select_for_update()}
    changed = sorted(name for name, severity in severities.items() if chosen.get(name) != severity)
    for name in changed:
        put(CheckPolicy, {"entity_id": found.pk, "check_name": name}, {"severity": severities[name]})
    return Put(found.pk, "changed" if changed else "unchanged", changed)


def _objection(name: str, severity: str | None) -> tuple[str, str]:
    if name not in CHECKS:
        return f"There is no check “{name}”.", f"Known: {', '.join(CHECKS)}."
    if name not in CHOICES:
        return (f"The check “{name}” stays as it is: what it guards is law, tax or agreed.", "Leave it out.")
    return f"The check “{name}” cannot be “{severity}”.", f"Choose {', '.join(CHOICES[name])}."
