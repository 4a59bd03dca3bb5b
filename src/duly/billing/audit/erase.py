"""Erasing personal values from beside the log: the events keep their salted digests, and the chain still holds."""

from dataclasses import dataclass
from datetime import datetime

from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden, Refused


@dataclass(frozen=True, slots=True)
class Erased:
    """How many personal values were erased."""

    values: int


@verb("audit.erase_personal", right="people")
def erase_personal(*, actor: Actor, at: datetime, subject_type: str, subject_id: int, reason: str) -> Erased:
    """Erase the personal values that the log keeps of one subject, for good (GDPR article 17).

    What happened, when and by whom stays in the log; without salt and value the digests tell nothing. Values in
    issued documents stay, since the law demands that they be kept (GDPR article 17(3)(b)). Raises `Refused` without
    a reason or when nothing is kept of that subject.
    """
    if not actor.may_everywhere("people"):
        raise Forbidden(f"{actor.login} may not erase personal values.", "Ask an administrator for it.")
    if not reason.strip():
        raise Refused("Erasing needs a reason.", "Say who asked for it, and when.")
    erased = frames.execute("""delete from personal_value p using event e
        where e.id = p.event_id and e.subject_type = %s and e.subject_id = %s""", [subject_type, subject_id])
    if not erased:
        raise Refused(f"The log keeps no personal value of {subject_type} {subject_id}.", "Check the kind and the id.")
    record(subject_type, subject_id, erased=erased, reason=reason.strip())
    return Erased(erased)
