"""What a firm sets up, in order, before anything can be billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.reporting.scope import values

STEPS: Final = ("entity", "series", "tax_rates", "people", "account", "agreement")
NOT_OF_ALL: Final = frozenset({"tax_rates", "people"})
"""Steps that some firms need not take: they charge no tax, or bill nobody's hours."""

THERE: Final = """select exists (select from legal_entity), exists (select from number_series where kind = 'invoice'),
    exists (select from tax_rate), exists (select from person), exists (select from account),
    exists (select from agreement), (select min(id) from legal_entity)"""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One of `STEPS`, and whether it is done. `subject` is the id of the entity that wants numbers, where one does."""

    key: str
    done: bool
    subject: int | None = None


def first_steps(*, actor: Actor, on: date) -> tuple[FirstStep, ...]:
    """All of `STEPS` in order, of the whole firm, whatever the actor's book; one query. Raises `Forbidden` without the
    right to read.
    """
    values(actor, on)
    *there, entity = frames.rows(THERE)[0]
    return tuple(FirstStep(key, done, entity if key == "series" else None)
                 for key, done in zip(STEPS, there, strict=True))


def next_step(steps: Sequence[FirstStep]) -> FirstStep | None:
    """The first step that is not done; once something is agreed, no step that some firms need not take."""
    agreed = any(step.done for step in steps if step.key == "agreement")
    return next((step for step in steps if not step.done and not (agreed and step.key in NOT_OF_ALL)), None)
