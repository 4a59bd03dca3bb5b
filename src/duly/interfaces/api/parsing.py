"""Requests' bodies, read exactly: no number becomes a float on its way."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

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
            return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise HttpError(400, "The body is not JSON. Correct it; nothing was changed.") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)
