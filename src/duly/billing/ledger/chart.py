"""Which account of an entity's chart each posting role goes to."""

from datetime import datetime

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import verb
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.ledger.models import POSTING_ROLES, ChartAccount
from duly.billing.reference.put import Put, put


@verb("ledger.map_role", right="settings")
def map_role(*, actor: Actor, at: datetime, entity: str, role: str, code: str, name: str) -> Put:
    """Let postings of a role go to this account of the entity's chart, what was posted included.

    Raises `Refused` for an unknown role, `NotFound` for the entity.
    """
    if role not in POSTING_ROLES:
        raise Refused(f"“{role}” is not a posting role.", f"Use one of {', '.join(POSTING_ROLES)}.")
    key = {"entity_id": entity_of(entity).pk, "role": role}
    return put(ChartAccount, key, {"code": code, "name": name})


def chart(*, entity: int) -> list[tuple[str, str, str]]:
    """Role, code and name of every posting role of an entity, in their order; empty where none is mapped yet."""
    mapped = {role: (code, name) for role, code, name in
              ChartAccount.objects.filter(entity_id=entity).values_list("role", "code", "name")}
    return [(role, *mapped.get(role, ("", ""))) for role in POSTING_ROLES]
