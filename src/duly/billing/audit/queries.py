"""Reads of what was done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from duly.billing.kernel import frames


def done(key: str) -> bool:
    """Whether a command with this idempotency key was done."""
    return bool(frames.rows("select 1 from command where key = %s", [key]))


def answers(login: str, keys: Sequence[str]) -> dict[str, Any]:
    """What this user's commands with these idempotency keys answered, by key; none for those that were not done."""
    found = frames.rows("select key, result::text from command where key = any(%s) and actor = %s",
                        [list(keys), login])
    return {key: json.loads(result) if result is not None else None for key, result in found}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a setting: of which row, when, by whom (their name), and its values before and after.

    A row that was added has nothing before. `raw`: it was changed beside the product, in the database itself.
    """

    subject: int
    at: datetime
    who: str
    before: dict[str, Any]
    after: dict[str, Any]
    raw: bool


NO_COMMAND: Final = "00000000-0000-0000-0000-000000000000"
CHANGES_SHOWN: Final = 200


def changes(subject_type: str, subjects: Sequence[int], column: str | None = None) -> list[Change]:
    """The changes of these settings, newest first, at most 200; those of one `column` only where it is named."""
    found = frames.rows("""
        select e.subject_id, e.at, coalesce(u.name, e.actor), e.data ->> 'before',
               coalesce(e.data ->> 'after', e.data ->> 'added'), e.command_id = %(none)s
          from event e left join app_user u on u.login = e.actor
         where e.subject_type = %(type)s and e.subject_id = any(%(subjects)s)
           and (e.verb not like 'setting.%%' or e.command_id = %(none)s)
           and (e.data ? 'after' or e.data ? 'added')
           and (%(column)s::text is null or e.data -> 'after' ? %(column)s)
         order by e.id desc limit %(most)s""", {
        "type": subject_type, "subjects": list(subjects), "column": column, "none": NO_COMMAND, "most": CHANGES_SHOWN})
    return [Change(subject, at, who, json.loads(before or "{}"), json.loads(after or "{}"), raw)
            for subject, at, who, before, after, raw in found]
