"""The parts of the area, as tabs on each of its pages."""

from typing import Any, Final

from django.urls import reverse

SECTIONS: Final = (
    ("Unbilled", "work", ""), ("To approve", "work_entries", "?state=waiting"), ("All work", "work_entries", ""),
    ("Milestones", "milestones", "?state=open"), ("Usage", "usage", ""), ("Imports", "work_imports", ""),
)


def sections(current: str) -> list[dict[str, Any]]:
    """The tabs, of which the one with the title `current` is where we are."""
    return [{"title": title, "url": reverse(name) + state, "current": title == current}
            for title, name, state in SECTIONS]
