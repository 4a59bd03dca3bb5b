"""What every view is given: who acts, on which business date, at which instant. What it answers with."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from duly.billing.accounts import queries as accounts
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden, NotFound
from duly.interfaces.web.sign_in.second_factor import second_factor_missing

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of someone signed in: `actor` acts `at` an instant `on` a business date.

    A page that belongs to another area than its address says may set the path that the navigation marks: `within`.
    """

    actor: Actor
    at: datetime
    on: date
    within: str
    htmx: HtmxDetails


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def page(*, right: str = "read", methods: str = "GET",
         acts: str = "") -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Make a function a page of the staff app, for whoever has `right`; `methods` such as `"GET POST"`.

    `acts` is the right to send something there, where it takes more than to look.

    Who is not signed in is asked to, and who must have a second factor is led to set it up before anything else;
    raises `Forbidden` without the right. The verbs behind it check again.
    """
    allowed = [*methods.split(), "HEAD"]

    def made(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def run(request: StaffRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            _refuse_impossible(kwargs.values())
            request.at = timezone.now()
            request.on = settings.TODAY or accounts.business_date(request.at)
            request.actor = accounts.actor(request.user.get_username())
            if second_factor_missing(request.actor):
                return _led_to(f"{reverse('mfa_activate_totp')}?demanded=1", request)
            needed = acts if acts and request.method == "POST" else right
            if not request.actor.may(needed):
                raise Forbidden(f"This page needs the right “{needed}”.", "Ask an administrator for it.")
            return view(request, *args, **kwargs)

        return run

    return made


def _led_to(url: str, request: StaffRequest) -> HttpResponseBase:
    """The whole page goes there, also where only a part of it was asked for."""
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def _refuse_impossible(named: Iterable[object]) -> None:
    """Raises `NotFound` for what an address names but no row can be called: beyond the database's numbers and texts."""
    for value in named:
        if (isinstance(value, int) and value >= 2**63) or (isinstance(value, str) and "\0" in value):
            raise NotFound("There is no such page.", "Check the address, or search for what you want.")


def ticked(request: HttpRequest) -> list[int]:
    """The rows of a list whose boxes are ticked, by id; what no id can be is left out."""
    return [int(row) for row in request.POST.getlist("rows") if row.isdecimal() and len(row) < 19]


def show(request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, form: Any = None,
         status: int = 200) -> HttpResponse:
    """Render a template; with a `form` that has errors the answer's status is 422, as browsers and htmx expect."""
    values = {**(context or {}), **({"form": form} if form is not None else {})}
    refused = form is not None and form.is_bound and form.errors
    return render(request, template, values, status=422 if refused else status)
