"""What every answer carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Private:
    """Lets no cache keep an answer that does not say otherwise: a shared computer shows nothing after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer
