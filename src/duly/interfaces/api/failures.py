"""What went wrong, as RFC 9457 has it: application/problem+json with title, status, detail, and each problem."""

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from duly.billing.kernel.errors import Busy, Forbidden, NotFound, Problem, Refused

log = logging.getLogger("duly.api")
STATUSES: Final[dict[type[Refused], int]] = {Forbidden: 403, NotFound: 404, Busy: 409}
"""Of the refusals that have one of their own; of all others it is 422."""
LISTED: Final = 1_000


def problem(status: int, detail: str, problems: Sequence[Problem] = (), **headers: str) -> HttpResponse:
    """An answer of that status. `problems` has the path, text and remedy of each; at most a thousand are told."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status,
                            "detail": detail}
    if problems:
        body["problems"] = [{"path": one.path, "text": one.text, "remedy": one.remedy} for one in problems[:LISTED]]
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type="application/problem+json",
                        headers={name.replace("_", "-"): value for name, value in headers.items()})


def answer_failures(api: NinjaAPI) -> None:
    """Let the API answer every failure as a problem."""
    handlers: dict[type[Exception], Callable[..., HttpResponse]] = {
        Refused: _refused, ValidationError: _invalid, AuthenticationError: _unknown, HttpError: _plain,
        Exception: _fault}
    for kind, answer in handlers.items():
        api.add_exception_handler(kind, answer)


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    said = " ".join(part for part in (error.text, error.remedy) if part)
    return problem(STATUSES.get(type(error), 422), said, error.problems)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [Problem(_path(one["loc"]), f"{one['msg']}.", "See /api/v1/openapi.json.") for one in error.errors]
    return problem(422, "The request is not as the API takes it. Nothing was changed.", found)


def _path(location: Sequence[str | int]) -> str:
    """events[3].at, from the place that the validation names."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in ("body", "batch")]
    return "".join(parts).lstrip(".")


def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(401, "The token is missing, unknown, expired or revoked. Send “Authorization: Bearer duly_…”.",
                   WWW_Authenticate="Bearer")


def _plain(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error))


def _fault(request: HttpRequest, error: Exception) -> HttpResponse:
    reference = secrets.token_hex(4).upper()
    log.error("Fault %s at %s %s", reference, request.method, request.path, exc_info=error)
    return problem(500, f"Something went wrong here. Nothing was changed. Tell us the reference {reference}.")
