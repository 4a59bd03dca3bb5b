"""The time record behind the time lines, project by project."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from duly.engine.document import AnnexEntry
from duly.formats.typeset.fonts import LONG, breakable
from duly.formats.typeset.words import Words


def annex(words: Words) -> dict[str, Any] | None:
    """The annex's tables, or None where the document has none. Billed time shows where it differs from worked time,
    amounts where there are any."""
    entries, texts = words.document.annex, words.texts
    if not entries:
        return None
    projects: dict[str, list[AnnexEntry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.project, entry.date, entry.person)):
        projects.setdefault(entry.project, []).append(entry)
    labels = {name: texts[name] for name in ("date", "person", "description", "billed")}
    named = ((project or texts["no_project"], rows) for project, rows in projects.items())
    return {
        "heading": texts["annex"],
        "subject": texts["annex_to"].format(title=words.title()),
        "labels": labels | {"time": texts["duration"], "amount": words.in_currency("amount_in")},
        "shows": {
            "billed": any(entry.seconds != entry.billed_seconds for entry in entries),
            "amount": any(entry.amount for entry in entries),
        },
        "projects": [
            {"name": name, "rows": [_row(words, entry) for entry in rows],
             "sums": _sums(words, texts["total_of"].format(name=name), rows)} for name, rows in named
        ],
        "sums": _sums(words, texts["all_projects"], entries) if len(projects) > 1 else None,
    }


def _row(words: Words, entry: AnnexEntry) -> dict[str, str | bool]:
    return {
        "date": words.print.day(entry.date),
        "person": breakable(entry.person),
        "task": breakable(entry.task),
        "description": breakable(entry.description),
        "long": len(entry.description) > LONG,
        "time": words.time(entry.seconds),
        "billed": words.time(entry.billed_seconds),
        "amount": words.amount(entry.amount),
    }


def _sums(words: Words, label: str, entries: Iterable[AnnexEntry]) -> dict[str, str]:
    entries = tuple(entries)
    return {
        "label": label,
        "time": words.time(sum(entry.seconds for entry in entries)),
        "billed": words.time(sum(entry.billed_seconds for entry in entries)),
        "amount": words.amount(sum((entry.amount for entry in entries), Decimal(0))),
    }
