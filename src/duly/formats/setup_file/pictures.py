"""What kind of picture a logo is, read from its own bytes."""

from duly.formats import FormatError
from duly.formats.typeset import why_undrawable

LARGEST = 1_000_000  # bytes
PIXELS = 16_000_000
PNG = b"\x89PNG\r\n\x1a\n"


def media_type(name: str, content: bytes) -> str:
    """`image/svg+xml` or `image/png`.

    Raises FormatError for anything else, for more than a megabyte or sixteen million pixels, and for what cannot be
    drawn: on documents it would keep all of them from being made.
    """
    if len(content) > LARGEST:
        raise FormatError(f"The picture “{name}” has {len(content)} bytes.", "Save it with at most 1,000,000.")
    png = content.startswith(PNG)
    if not png and b"<svg" not in content[:2000]:
        raise FormatError(f"“{name}” is neither SVG nor PNG.", "Save the logo as one of them.")
    if png and int.from_bytes(content[16:20]) * int.from_bytes(content[20:24]) > PIXELS:  # where PNG says its size
        raise FormatError(f"“{name}” has more than {PIXELS:,} pixels.", "Save it smaller; 1000 by 1000 is plenty.")
    if wrong := why_undrawable(content):
        raise FormatError(f"“{name}” cannot be drawn: {wrong}.", "Save it again as a plain SVG or PNG.")
    return "image/png" if png else "image/svg+xml"
