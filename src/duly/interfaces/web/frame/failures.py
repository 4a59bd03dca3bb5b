"""What went wrong, as a page that says what to do next. A verb's refusal becomes words in one place: here."""

import logging
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from duly.billing.kernel.errors import Busy, Forbidden, NotFound, Refused

log = logging.getLogger("duly.web")

STATUSES: dict[type[Refused], int] = {Forbidden: 403, NotFound: 404, Busy: 409, Refused: 422}


class Failures:
    """Answers a refusal that a view raised, with its text and remedy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Refused):
            return refused(request, error)
        return None


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """A refusal: a message where htmx asked, a page otherwise."""
    status = STATUSES[type(error)]
    if getattr(request, "htmx", False):
        answer = render(request, "web/frame/refusal.html", {"refused": error}, status=status)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#messages", "beforeend"
        return answer
    return render(request, "web/frame/refused.html", {"refused": error, "status": status}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refused(request, Forbidden("You may not open this page.", "Ask an administrator for the right to it."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = NotFound("There is no such page.", "Check the address, or search for what you want.")
    return refused(request, said)


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's check against forged forms failed; most often someone signed in or out in another tab."""
    said = Forbidden("This form is no longer valid; nothing was changed.",
                     "Go back, reload the page and send it again. Cookies must be allowed.")
    return refused(request, said)


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What came is no request of a page's. As the last page it reads nothing of it: that is what fails."""
    return render(None, "web/frame/unreadable.html", {"theme": "system"}, status=400)  # type: ignore[arg-type]


def fault(request: HttpRequest) -> HttpResponse:
    """The last page, whoever raised what it answers, with a reference that the log has too.

    It asks for nothing that may have failed.
    """
    reference = secrets.token_hex(4).upper()
    log.error("Fault %s at %s %s", reference, request.method, request.path, exc_info=True)
    return render(None, "web/frame/fault.html", {"reference": reference, "theme": "system"}, status=500)  # type: ignore[arg-type]
