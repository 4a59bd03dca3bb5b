"""What holds on every page there is: it is listed, accessible in each look, silent in the console, keeps rights."""

from collections.abc import Callable, Iterable
from time import time
from typing import Any, Final

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from axe_core_python.base import AXE_SCRIPT
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.urls import resolve
from playwright.sync_api import BrowserContext, Page

from duly.billing import models as m
from duly.billing.accounts.actions.people import set_password
from tests.interfaces.web import everything
from tests.interfaces.web.conftest import LOOKS
from tests.world import NOW, TODAY, USERS, World

ClientOf = Callable[..., Client]
PASSWORD: Final = "seven green bicycles"
NOT_THERE: Final = "/nothing-is-here/"
SEEN: Final = """async options => {
    const found = (await axe.run(options)).violations;
    return found.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 160)).join(' | ')}`);
}"""
FITS: Final = "document.documentElement.scrollWidth <= innerWidth ? [] : [`${document.documentElement.scrollWidth} px`]"
HEADED: Final = """[...document.querySelectorAll('h1')].length === 1 && document.title.trim().length > 3
    ? [] : [`title “${document.title}”, ${document.querySelectorAll('h1').length} h1`]"""
QUICK: Final = {"resultTypes": ["violations"]}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def name_of(address: str, rows: dict[str, object]) -> str:
    return str(resolve(address.format_map(rows).partition("?")[0]).url_name)


def test_every_route_is_listed(database: str, world: World, client_of: ClientOf) -> None:
    rows = everything.furnish(world, client_of)
    kinds: tuple[Iterable[str], ...] = (
        everything.PAGES, everything.WITH_SECOND_FACTOR, everything.SIGNED_OUT, everything.DOWNLOADS,
        everything.FRAGMENTS, everything.ELSEWHERE, everything.POSTS)
    listed = {name_of(address, rows) for kind in kinds for address in kind if address != NOT_THERE}
    # The same address has two names: allauth's own, and ours.
    assert everything.routes() - listed - {"mfa_index", "theme"} == set()


def test_what_is_no_page_is_what_it_is_listed_as(database: str, world: World, client_of: ClientOf) -> None:
    rows = everything.furnish(world, client_of)
    client = _reassured(client_of("fin"))
    for address, kind in everything.DOWNLOADS.items():
        if "recovery" not in address:
            answer = client.get(address.format_map(rows))
            assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, kind), address
    for address in everything.FRAGMENTS:
        answer = client.get(address.format_map(rows), headers={"HX-Request": "true"})
        assert (answer.status_code, "<html" in answer.content.decode()) == (200, False), address
    assert [client.get(address).status_code for address in everything.ELSEWHERE] == [302, 302]


def test_nobody_sends_what_they_may_not(database: str, world: World, client_of: ClientOf) -> None:
    rows = everything.furnish(world, client_of)
    rights = {login: world.actor(login) for login in USERS}
    clients = {login: client_of(login, raises=False) for login in USERS}
    answered = [(login, address, answer.status_code)
                for address, right in everything.POSTS.items() for login in USERS
                if not any(rights[login].may(one) for one in right.split(" or "))
                if (answer := clients[login].post(address.format_map(rows))).status_code != 403]
    assert not answered, "\n".join(map(str, answered))


def test_every_route_that_takes_something_is_walked(database: str, world: World, client_of: ClientOf) -> None:
    """Whatever takes a POST is in the table of what is sent, so that its right is looked at."""
    rows = everything.furnish(world, client_of)
    walked = {name_of(address, rows) for address in everything.POSTS} | everything.OWN
    auditor = client_of("audra", raises=False)
    addresses = {name_of(address, rows): address.format_map(rows)
                 for address in (*everything.PAGES, *everything.DOWNLOADS, *everything.FRAGMENTS, *everything.ELSEWHERE)
                 if address not in (NOT_THERE, "/sign-out/")}
    assert [name for name, address in addresses.items()
            if name not in walked and auditor.post(address).status_code != 405] == []


def test_every_page_in_every_look(database: str, world: World, client_of: ClientOf, context: BrowserContext,
                                  server: str) -> None:
    """In light and dark, on a wide window and on a phone."""
    rows = everything.furnish(world, client_of)
    for login in ("anna", "fin"):
        set_password(actor=world.actor("anna"), at=NOW, login=login, password=PASSWORD)
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    for address in everything.SIGNED_OUT[:2]:
        found |= looked_at(page, address)
    _sign_in(context, server, _reassured(client_of("fin")))
    for address in everything.PAGES:
        found |= looked_at(page, address.format_map(rows))
    anna = m.User.objects.get(login="anna")
    _second_factor(anna)
    _sign_in(context, server, _reassured(client_of("anna"), "mfa"))
    for address in everything.WITH_SECOND_FACTOR:
        found |= looked_at(page, address)
    context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code/")
    found |= looked_at(page, everything.SIGNED_OUT[2])
    assert not found, "\n".join(f"{address} {wrong}" for address, wrong in found.items())


def looked_at(page: Page, address: str) -> dict[str, list[str]]:
    """What is wrong with the page at an address, in each look."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    answer = page.goto(address)
    assert answer is not None
    wrong: list[str] = [] if answer.status == (404 if address == NOT_THERE else 200) else [f"status {answer.status}"]
    if page.url.partition("?")[0] != answer.url.partition("?")[0] or address.partition("?")[0] not in page.url:
        wrong.append(f"is at {page.url}")
    page.evaluate(AXE_SCRIPT)
    wrong += page.evaluate(HEADED)
    for look in LOOKS:
        page.emulate_media(color_scheme=look.theme)
        page.set_viewport_size({"width": look.width, "height": 900})
        wrong += [f"{look.theme} {look.width}: {one}" for one in page.evaluate(FITS) + page.evaluate(SEEN, QUICK)]
    return {address: wrong} if wrong else {}


def _sign_in(context: BrowserContext, server: str, client: Client) -> None:
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])


def _reassured(client: Client, method: str = "password") -> Client:
    """As one who has just said the password once more."""
    session: Any = client.session
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session["account_authentication_methods"] = [{"method": method, "at": time(), "reauthenticated": True}]
    session.save()
    return client


def _second_factor(user: AbstractBaseUser) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
