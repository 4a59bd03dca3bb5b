"""Signing in and out, the second factor, one's own password."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from duly.billing import models as m
from duly.billing.accounts.actions.people import set_password
from duly.billing.accounts.actions.policies import demand_second_factor
from duly.billing.kernel.errors import NotFound, Refused
from tests.world import NOW, World

PASSWORD = "seven green bicycles"


@pytest.fixture
def with_password(world: World) -> World:
    set_password(actor=world.actor("anna"), at=NOW, login="ben", password=PASSWORD)
    cache.clear()
    return world


def sign_in(client: Client, login: str = "ben", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in/", {"login": login, "password": password, **more})


def confirm(client: Client, password: str = PASSWORD) -> Any:
    """Say the password once more, as what changes the way of signing in asks."""
    return client.post("/your-account/confirm/", {"password": password})


def code_now(secret: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The code of an authenticator app at a fixed moment of the server's."""
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([1_000]))
    return format_hotp_value(hotp_value(secret, 1_000))


def test_a_page_asks_to_sign_in_and_leads_back(with_password: World) -> None:
    client = Client()
    asked = client.get("/invoices/?settled=open")
    assert asked["Location"] == "/sign-in/?next=/invoices/%3Fsettled%3Dopen"
    answer = sign_in(client, next="/invoices/?settled=open")
    assert (answer.status_code, answer["Location"]) == (302, "/invoices/?settled=open")
    assert client.get("/invoices/").status_code == 200


@pytest.mark.parametrize(("login", "password"), [("ben", "wrong"), ("nobody", PASSWORD), ("rita", "!")])
def test_a_wrong_login_and_a_wrong_password_read_alike(with_password: World, login: str, password: str) -> None:
    answer = sign_in(Client(), login, password)
    assert "This login and password do not belong together" in answer.content.decode()
    assert f'value="{login}"' in answer.content.decode()
    assert password not in answer.content.decode().replace("<!doctype", "")


def test_who_is_not_active_stays_out(with_password: World) -> None:
    m.User.objects.filter(login="ben").update(is_active=False)
    client = Client()
    sign_in(client)
    assert client.get("/invoices/").status_code == 302


def test_attempts_are_limited(with_password: World) -> None:
    answers = [sign_in(Client(), password=f"wrong {place}").content.decode() for place in range(6)]
    assert "Wait five minutes" in answers[-1]
    assert "Wait five minutes" in sign_in(Client()).content.decode()


def test_signing_out_is_a_post(with_password: World) -> None:
    client = Client()
    sign_in(client)
    client.get("/sign-out/")
    assert client.get("/invoices/").status_code == 200
    client.post("/sign-out/")
    assert client.get("/invoices/").status_code == 302


def test_the_second_factor_is_set_up_asked_for_and_replaced_by_a_recovery_code(
    with_password: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/your-account/app/activate/")["Location"].startswith("/your-account/confirm/")
    confirm(client)
    page = client.get("/your-account/app/activate/").content.decode()
    secret = re.search(r"<code>([A-Z2-7]+)</code>", page)
    assert secret, page
    wrong = client.post("/your-account/app/activate/", {"code": "000000"}).content.decode()
    assert "This code is wrong" in wrong
    client.post("/your-account/app/activate/", {"code": code_now(secret[1], monkeypatch)})
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret[1] not in str(kept.data)
    codes = re.findall(r"<code>(\w+)</code>", client.get("/your-account/recovery-codes/").content.decode())
    assert len(codes) == 10

    other = Client()
    assert sign_in(other)["Location"].startswith("/sign-in/code/")
    assert other.get("/invoices/").status_code == 302
    assert "This code is wrong" in other.post("/sign-in/code/", {"code": "123456"}).content.decode()
    assert other.post("/sign-in/code/", {"code": codes[0]}).status_code == 302
    assert other.get("/invoices/").status_code == 200
    again = Client()
    sign_in(again)
    assert "This code is wrong" in again.post("/sign-in/code/", {"code": codes[0]}).content.decode()


def test_ones_own_password_asks_for_the_old_one_first(with_password: World) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/your-account/password/")["Location"].startswith("/your-account/confirm/")
    assert "This is not your password" in confirm(client, "wrong").content.decode()
    confirm(client)
    other = Client()
    sign_in(other)
    weak = client.post("/your-account/password/", {"password": "ben", "again": "ben"})
    assert (weak.status_code, "too short" in weak.content.decode()) == (422, True)
    differs = client.post("/your-account/password/", {"password": "four tall towers", "again": "four tall tower"})
    assert "The two differ" in differs.content.decode()
    done = client.post("/your-account/password/", {"password": "four tall towers", "again": "four tall towers"})
    assert done["Location"] == "/your-account/"
    assert client.get("/invoices/").status_code == 200
    assert other.get("/invoices/").status_code == 302
    assert sign_in(Client(), password="four tall towers").status_code == 302


def test_a_password_is_set_by_who_may_and_never_written_down(with_password: World) -> None:
    event = m.Event.objects.filter(verb="accounts.set_password").get()
    assert (event.data, event.subject_id) == ({"password": "set"}, with_password.actor("ben").user_id)
    anna = {"actor": with_password.actor("anna"), "at": NOW}
    with pytest.raises(NotFound, match="no user"):
        set_password(**anna, login="nobody", password=PASSWORD)
    with pytest.raises(Refused, match="too easy") as refusal:
        set_password(**anna, login="ben", password="12345")
    assert {problem.path for problem in refusal.value.problems} == {"password"}


def test_signing_in_in_the_browser(database: str, with_password: World, context: BrowserContext, each_look: Any,
                                   axe: Callable[[Page], None]) -> None:
    page = context.new_page()
    page.goto("/invoices/")
    axe(page)
    page.get_by_label("Login").fill("ben")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    axe(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
    page.goto("/your-account/password/")
    axe(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    for path in ("/your-account/", "/your-account/app/activate/", "/your-account/password/", "/sign-out/"):
        page.goto(path)
        axe(page)


def test_who_must_have_a_second_factor_sets_it_up_before_anything_else(
    with_password: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand_second_factor(actor=with_password.actor("fin"), at=NOW, of=["issue"])
    client = Client()
    sign_in(client)
    setting_up = "/your-account/app/activate/?demanded=1"
    for asked in (client.get("/invoices/"), client.post("/payments/new/", {"amount": "1"}),
                  client.get("/your-account/")):
        assert (asked.status_code, asked["Location"]) == (302, setting_up)
    assert client.get("/invoices/", headers={"HX-Request": "true"})["HX-Redirect"] == setting_up
    confirm(client)
    shown = client.get(setting_up).content.decode()
    assert "your firm asks for it" in shown
    secret = re.search(r"<code>(\w+)</code>", shown)
    assert secret is not None
    client.post(setting_up, {"code": code_now(secret[1], monkeypatch)})
    assert client.get("/invoices/").status_code == 200


def test_of_whom_none_is_demanded_goes_on_by_password(with_password: World, client_of: Callable[..., Client]) -> None:
    demand_second_factor(actor=with_password.actor("fin"), at=NOW, of=["issue", "cash"])
    assert client_of("rita").get("/invoices/").status_code == 200
    assert client_of("fin").get("/invoices/").status_code == 302
