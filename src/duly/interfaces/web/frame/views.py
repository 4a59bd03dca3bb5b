"""The start, and the theme that a browser keeps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from duly.interfaces.web.frame.context import THEME_COOKIE, THEMES
from duly.interfaces.web.frame.navigation import menu
from duly.interfaces.web.page import StaffRequest, page

YEAR = 365 * 24 * 3600


@page()
def home(request: StaffRequest) -> HttpResponse:
    """The first area that is open to the actor."""
    return redirect(menu(request.actor, "", {})[0].links[0].url)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or system in a cookie, so that the next page is drawn right at once."""
    wanted, back = request.POST.get("theme", ""), request.POST.get("next", "")
    answer = redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/")
    if wanted in THEMES:
        answer.set_cookie(THEME_COOKIE, wanted, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return answer
