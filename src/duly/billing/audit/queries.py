"""Reads of what was done."""

from duly.billing.kernel import frames


def done(key: str) -> bool:
    """Whether a command with this idempotency key was done."""
    return bool(frames.rows("select 1 from command where key = %s", [key]))
