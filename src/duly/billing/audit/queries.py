"""Reads of what was done."""

import json
from collections.abc import Sequence
from typing import Any

from duly.billing.kernel import frames


def done(key: str) -> bool:
    """Whether a command with this idempotency key was done."""
    return bool(frames.rows("select 1 from command where key = %s", [key]))


def answers(login: str, keys: Sequence[str]) -> dict[str, Any]:
    """What this user's commands with these idempotency keys answered, by key; none for those that were not done."""
    found = frames.rows("select key, result::text from command where key = any(%s) and actor = %s",
                        [list(keys), login])
    return {key: json.loads(result) if result is not None else None for key, result in found}
