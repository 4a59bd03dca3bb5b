"""How strict each check is for an entity, as its page shows it."""

from dataclasses import dataclass
from datetime import date

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.queries import Change, changes
from duly.billing.invoicing.check_policy import CheckPolicy
from duly.billing.kernel.authority import Actor
from duly.engine.checks import CHECKS


@dataclass(frozen=True, slots=True)
class Strictness:
    """A check for an entity: what it promises, its usual severity, which ones may be chosen (none: it stays as it is),
    the chosen one, empty where it is as usual, and the last change, if any."""

    name: str
    promise: str
    usual: str
    choices: tuple[str, ...]
    chosen: str
    last: Change | None


def strictness(*, actor: Actor, on: date, entity: int) -> list[Strictness]:
    """Every check in the registry's order, as the entity uses it. Two queries. Raises `Forbidden`."""
    refuse_outside_book(actor, "read", [], on)
    rows = {row.check_name: row for row in CheckPolicy.objects.filter(entity_id=entity)}
    last: dict[int, Change] = {}
    for change in changes("check_policy", [row.pk for row in rows.values()]):
        last.setdefault(change.subject, change)
    return [Strictness(name, rule.promise, rule.severity, rule.choices,
                       (rows[name].severity or "") if name in rows else "",
                       last.get(rows[name].pk) if name in rows else None) for name, rule in CHECKS.items()]
