"""What the frame shows on every page, read once for each page."""

from typing import Any, Final

from django.http import HttpRequest

from duly.billing.accounts.models import User
from duly.billing.invoicing.lists import waiting
from duly.interfaces.web.frame.acts import acts
from duly.interfaces.web.frame.navigation import menu

THEMES: Final = ("light", "dark", "system")
THEME_COOKIE: Final = "duly_theme"


def frame(request: HttpRequest) -> dict[str, Any]:
    """The theme for everyone; navigation, name and business date for whoever is signed in, on a whole page."""
    chosen = request.COOKIES.get(THEME_COOKIE, "system")
    given: dict[str, Any] = {"theme": chosen if chosen in THEMES else "system", "themes": THEMES}
    actor = getattr(request, "actor", None)
    partial = getattr(request, "htmx", None) and not request.htmx.boosted  # type: ignore[attr-defined]
    if actor is None or partial:
        return given
    assert isinstance(request.user, User)
    groups = menu(actor, getattr(request, "within", request.path), waiting(actor=actor, on=request.on))  # type: ignore[attr-defined]
    near = [link for group in groups for link in group.links if link.area.near]
    return {**given, "groups": groups, "near": near, "acts": acts(actor), "actor": actor, "person": request.user,
            "on": request.on}  # type: ignore[attr-defined]
