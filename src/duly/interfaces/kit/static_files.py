"""Static files straight from the packages that hold them, each address with a digest of its content."""

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class Versioned(StaticFilesStorage):
    """Adds `?v=<digest>`, so that browsers may keep a file for a year and still never use an old one."""

    def url(self, name: str | None) -> str:
        return f"{super().url(name)}?v={version(name)}" if name else super().url(name)


@cache
def version(name: str) -> str:
    """The first digits of the file's SHA-256; a file that is not there is a programming error."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise ValueError(f"There is no static file “{name}”.")
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:12]
