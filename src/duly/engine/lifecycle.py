"""The life of an invoice, as one table: state × act → next state. The database holds the same table.

Settlement is no state: open, part-paid and paid are read from the open item, overdue from a date.
"""

from typing import Final

STATES: Final = ("draft", "in_review", "client_check", "ready", "issued", "discarded")

TRANSITIONS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("draft", "submit"): ("in_review", "ready"),
    ("draft", "discard"): ("discarded",),
    ("draft", "edit"): ("draft",),
    ("draft", "issue"): ("issued",),  # where the agreement openly demands no review
    ("in_review", "approve"): ("client_check", "ready"),
    ("in_review", "return"): ("draft",),
    ("in_review", "edit"): ("draft",),
    ("client_check", "confirm"): ("ready",),
    ("client_check", "question"): ("draft",),
    ("client_check", "edit"): ("draft",),
    ("ready", "edit"): ("draft",),
    ("ready", "issue"): ("issued",),
}
FINAL: Final = ("issued", "discarded")


def next_states(state: str, act: str) -> tuple[str, ...]:
    """Where `act` may lead from `state`; empty when it is not allowed. More than one where policy decides."""
    return TRANSITIONS.get((state, act), ())


def moves() -> tuple[tuple[str, str], ...]:
    """Every allowed (from, to) pair of different states, for the database's own copy of the table."""
    pairs = {(old, new) for (old, _), news in TRANSITIONS.items() for new in news if old != new}
    return tuple(sorted(pairs))
