"""What kind of picture a logo is, read from its own bytes."""

from duly.formats import FormatError

LARGEST = 1_000_000  # bytes
PNG = b"\x89PNG\r\n\x1a\n"


def media_type(name: str, content: bytes) -> str:
    """`image/svg+xml` or `image/png`. Raises FormatError for anything else, and for more than a megabyte."""
    if len(content) > LARGEST:
        raise FormatError(f"The picture “{name}” has {len(content)} bytes.", "Save it with at most 1,000,000.")
    if content.startswith(PNG):
        return "image/png"
    if b"<svg" in content[:2000]:
        return "image/svg+xml"
    raise FormatError(f"“{name}” is neither SVG nor PNG.", "Save the logo as one of them.")
