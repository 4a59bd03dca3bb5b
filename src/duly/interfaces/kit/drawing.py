"""Documents as files and pictures, for every door: how they are named, and their pages kept by what they show."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from duly.engine.document import Document
from duly.formats.typeset import pictures, render

KEPT: Final = 48
"""Documents whose pages this process remembers; a page of an invoice is about 200 KB."""

_kept: OrderedDict[str, list[bytes]] = OrderedDict()
_lock = Lock()


def file_name(number: str) -> str:
    """A document's number as a file's name: R2026/00001 → R2026-00001."""
    return re.sub(r"[^\w.-]+", "-", number).strip(".-") or "document"


def pdf(document: Document) -> bytes:
    """The document as PDF/A."""
    return render(document)


def digest(*parts: object) -> str:
    """A short name for what a document shows, for addresses that browsers may keep for good."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:20]


def pages(name: str, document: Callable[[], Document]) -> list[bytes]:
    """The pages as SVG; `document` is read, and drawn, only where no page of that name (a `digest`) is kept."""
    with _lock:
        if name in _kept:
            _kept.move_to_end(name)
            return _kept[name]
    drawn = pictures(document())
    with _lock:
        _kept[name] = drawn
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return drawn
