"""The command line's clock. Nothing below a door reads one: verbs are handed the instant and the date (law 12)."""

from datetime import datetime


def now() -> datetime:
    """The instant at which the command was given, with the machine's own offset."""
    return datetime.now().astimezone()
