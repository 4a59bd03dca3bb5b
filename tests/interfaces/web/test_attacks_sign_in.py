"""Ways around signing in: without the second factor, by guessing, by another's session, away to another site."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client

from duly.billing import models as m
from duly.billing.accounts.actions.people import set_password
from duly.billing.kernel.errors import Refused
from tests.interfaces.web import everything
from tests.world import NOW, World

PASSWORD = "seven green bicycles"
AWAY = ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example",
        "\thttps://evil.example", "https:evil.example"]


@pytest.fixture
def ben(world: World) -> m.User:
    set_password(actor=world.actor("anna"), at=NOW, login="ben", password=PASSWORD)
    cache.clear()
    return m.User.objects.get(login="ben")


@pytest.fixture
def code(ben: m.User, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Ben has a second factor; the code that his app shows at a fixed moment."""
    secret = generate_totp_secret()
    TOTP.activate(ben, secret)
    RecoveryCodes.activate(ben)
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([1_000]))
    yield format_hotp_value(hotp_value(secret, 1_000))
    cache.clear()


def sign_in(client: Client, **more: str) -> Any:
    return client.post("/sign-in/", {"login": "ben", "password": PASSWORD, **more})


def test_the_password_alone_opens_nothing(code: str) -> None:
    client = Client()
    sign_in(client)
    for page in (one for one in (*everything.PAGES, *everything.WITH_SECOND_FACTOR) if "{" not in one):
        if page not in ("/nothing-is-here/", "/sign-out/"):
            answer = client.get(page)
            assert (answer.status_code, answer["Location"].startswith("/sign-in/")) == (302, True), page


def test_a_code_serves_once(code: str) -> None:
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client)
        client.post("/sign-in/code/", {"code": code})
    assert [client.get("/invoices/").status_code for client in (first, second)] == [200, 302]


def test_guessing_codes_ends_soon_even_in_new_sessions(code: str) -> None:
    for guess in range(6):
        client = Client()
        sign_in(client)
        client.post("/sign-in/code/", {"code": f"{guess:06}"})
    client = Client()
    sign_in(client)
    client.post("/sign-in/code/", {"code": code})
    assert client.get("/invoices/").status_code == 302


def test_a_session_that_was_planted_is_not_signed_in(ben: m.User) -> None:
    planted = Client()
    planted.get("/sign-in/?next=/invoices/")
    planted.session["x"] = 1
    session = planted.session
    session["planted"] = True
    session.save()
    before = session.session_key
    planted.cookies["sessionid"] = before
    sign_in(planted)
    assert planted.get("/invoices/").status_code == 200
    assert planted.cookies["sessionid"].value != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert thief.get("/invoices/").status_code == 302


def test_signing_out_ends_the_session_for_whoever_copied_it(ben: m.User) -> None:
    client, thief = Client(), Client()
    sign_in(client)
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert thief.get("/invoices/").status_code == 200
    client.post("/sign-out/")
    assert thief.get("/invoices/").status_code == 302


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(ben: m.User) -> None:
    cookie = sign_in(Client()).cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize("away", AWAY)
def test_nothing_leads_away(ben: m.User, away: str) -> None:
    client = Client()
    for answer in (sign_in(client, next=away), client.post("/theme/", {"theme": "dark", "next": away}),
                   client.post("/work/entries/approve/", {"rows": "1", "back": away}),
                   client.post(f"/sign-out/?next={away}")):
        assert "evil" not in answer.get("Location", "")
        assert "javascript" not in answer.get("Location", "")


@pytest.mark.parametrize("password", ["short", "password123", "1234567890", "ben@halden.example", " " * 12, "abab" * 9])
def test_a_password_that_is_soon_guessed_is_refused(world: World, password: str) -> None:
    with pytest.raises(Refused, match="too easy to guess"):
        set_password(actor=world.actor("anna"), at=NOW, login="ben", password=password)


def test_every_form_is_refused_without_its_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(m.User.objects.get(login="fin"))
    for page in everything.POSTS:
        answer = client.post(re.sub(r"{\w+}", "1", page))
        assert (answer.status_code, "no longer valid" in answer.content.decode()) == (403, True), page


def test_what_is_another_books_is_not_there(database: str, world: World, client_of: Callable[..., Client]) -> None:
    rows = everything.furnish(world, client_of)
    otto = client_of("otto", raises=False)
    ours = [page for page in (*everything.PAGES, *everything.DOWNLOADS, *everything.FRAGMENTS)
            if any(name in page for name in ("ACME", "{draft}", "{reviewed}", "{invoice}", "{receipt}", "{message}",
                                             "{entry}", "{billed}", "{file}", "{milestone}", "{batch}", "{upload}",
                                             "{acts}"))]
    answered = {page: answer.status_code for page in ours
                if (answer := otto.get(page.format_map(rows))).status_code not in (403, 404)}
    assert answered == {}
