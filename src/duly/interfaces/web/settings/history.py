"""What was changed in the settings, by whom and when, in the words of their pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duly.billing.audit.queries import Change


@dataclass(frozen=True, slots=True)
class Told:
    """A change as a page tells it."""

    at: datetime
    who: str
    text: str


def told(changes: Iterable[Change], labels: Mapping[str, str], shown: Callable[[str, Any], str]) -> list[Told]:
    """Each change in one sentence: the columns that have a label, from what to what."""
    found = []
    for change in changes:
        parts = [_part(label, name, change, shown) for name, label in labels.items() if name in change.after]
        if parts:
            beside = " (in the database itself)" if change.raw else ""
            found.append(Told(change.at, change.who, "; ".join(parts) + beside))
    return found


def _part(label: str, name: str, change: Change, shown: Callable[[str, Any], str]) -> str:
    now = shown(name, change.after[name])
    return f"{label}: {shown(name, change.before[name])} → {now}" if name in change.before else f"{label}: {now}"
