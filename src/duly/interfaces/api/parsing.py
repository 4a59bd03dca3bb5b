"""Requests' bodies, read exactly: no number becomes a float on its way."""

from typing import Any, Final

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

from duly.formats.usage_events.canonical import exact

LARGEST: Final = 16 * 2**20
"""Bytes of a body."""


class Exact(Parser):
    """JSON whose numbers keep all of their digits."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises 413 for a body beyond the limit, 400 for one that is not JSON."""
        body = request.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise HttpError(413, "The body is larger than 16 MB. Send it in parts.")
        try:
            return exact(body)
        except (ValueError, RecursionError):
            raise HttpError(400, "The body is not JSON. Correct it; nothing was changed.") from None
