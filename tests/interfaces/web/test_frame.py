"""What stands around every page: navigation by rights, headers, theme, keys, and the pages for what went wrong."""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from playwright.sync_api import Page, expect

from duly.billing.kernel.errors import Busy, Forbidden, NotFound, Problem, Refused
from duly.config import urls
from duly.interfaces.web.frame.navigation import GROUPS, menu
from duly.interfaces.web.page import page as staff_page
from tests.billing.cash import issued
from tests.world import World

ClientOf = Callable[..., Client]
PROBLEMS = [Problem("amount", "Too much.", "Pay less.")]
RAISED: dict[str, tuple[Exception, int]] = {
    "forbidden": (Forbidden("Not yours.", "Ask someone."), 403), "missing": (NotFound("Not there."), 404),
    "busy": (Busy("Someone else does it."), 409), "refused": (Refused("No.", "Do this.", problems=PROBLEMS), 422),
    "fault": (RuntimeError("secret inner text"), 500),
}


@staff_page(methods="GET POST")
def raising(request: HttpRequest, kind: str) -> HttpResponse:
    raise RAISED[kind][0]


class Addresses:
    """The application's addresses, and one that raises what it is asked to."""

    urlpatterns = [*urls.urlpatterns, path("raise/<str:kind>/", raising)]
    handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500


@pytest.fixture
def raises(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pages that fail, beside the real ones."""
    from django.urls import clear_url_caches

    monkeypatch.setattr(urls, "urlpatterns", Addresses.urlpatterns)
    clear_url_caches()
    yield
    monkeypatch.undo()
    clear_url_caches()


def test_the_navigation_holds_what_the_actor_may_open(world: World) -> None:
    def titles(login: str) -> set[str]:
        return {link.area.title for group in menu(world.actor(login), "/", {}) for link in group.links}

    assert "Invoices" in titles("audra")
    assert "Bill runs" not in titles("audra")
    assert titles("audra") <= {area.title for _, areas in GROUPS for area in areas}


def test_what_waits_is_counted_for_whoever_it_waits_for(world: World) -> None:
    def reviews(login: str) -> int:
        links = [link for group in menu(world.actor(login), "/", {"in_review": 3}) for link in group.links]
        return next(link.count for link in links if link.area.name == "reviews")

    assert (reviews("rita"), reviews("ben")) == (3, 0)


def test_the_page_of_an_area_is_marked(world: World) -> None:
    links = [link for group in menu(world.actor("ben"), "/invoices/7/", {}) for link in group.links]
    assert [link.area.name for link in links if link.current] == ["invoices"]


def test_every_shortcut_leads_to_one_area() -> None:
    keys = [area.keys for _, areas in GROUPS for area in areas]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("kind", list(RAISED))
def test_what_a_view_raises_is_a_page_that_says_what_to_do(
    world: World, client_of: ClientOf, raises: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    error, status = RAISED[kind]
    with caplog.at_level(logging.ERROR, "duly.web"):
        answer = client_of("ben", raises=False).get(f"/raise/{kind}/")
    text = answer.content.decode()
    assert answer.status_code == status
    assert "<h1>" in text
    assert "Traceback" not in text
    if isinstance(error, Refused):
        assert error.text in text
        assert error.remedy in text
        assert all(str(problem) in text for problem in error.problems)
    else:
        assert str(error) not in text
        [record] = [one for one in caplog.records if one.name == "duly.web"]
        assert record.args is not None
        assert str(record.args[0]) in text  # type: ignore[index]


def test_htmx_is_told_in_a_message(world: World, client_of: ClientOf, raises: Any) -> None:
    answer = client_of("ben").post("/raise/refused/", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (422, "#messages", "beforeend")
    assert "amount: Too much. Pay less." in answer.content.decode()


@pytest.mark.parametrize("address", ["/nothing/", "/invoices/nothing/"])
def test_an_address_that_is_not_there(world: World, client_of: ClientOf, address: str) -> None:
    for client in (client_of("ben"), Client()):
        answer = client.get(address)
        assert (answer.status_code, "There is no such page." in answer.content.decode()) == (404, True)


def test_only_the_methods_of_a_page_are_answered(world: World, client_of: ClientOf) -> None:
    assert client_of("ben").post("/invoices/").status_code == 405


def test_a_forged_form_is_refused_in_words(world: World) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "ben", "password": "x"})
    assert (answer.status_code, "no longer valid" in answer.content.decode()) == (403, True)


def test_the_headers_forbid_what_no_page_needs(world: World, client_of: ClientOf) -> None:
    answer = client_of("ben").get("/invoices/")
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    text = answer.content.decode()
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(("sent", "kept"), [("dark", "dark"), ("light", "light"), ("purple", "system")])
def test_the_theme_is_kept_by_the_browser(world: World, sent: str, kept: str) -> None:
    client = Client()
    answer = client.post("/theme/", {"theme": sent, "next": "//evil.example/"})
    assert answer["Location"] == "/"
    assert f'data-theme="{kept}"' in client.get("/sign-in/").content.decode()


def test_search_finds_what_the_actor_may_see(world: World, client_of: ClientOf) -> None:
    assert "Zed AG" in client_of("ben").get("/search/?text=zed").content.decode()
    assert "Zed AG" not in client_of("mara").get("/search/?text=zed").content.decode()
    part = client_of("ben").get("/search/?text=zed", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part
    assert "Nothing holds" in client_of("ben").get("/search/?text=%00qqq").content.decode()


def test_the_start_is_the_first_area(world: World, client_of: ClientOf) -> None:
    answer = client_of("ben").get("/", follow=True)
    assert answer.status_code == 200


def test_the_frame_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                  axe: Callable[[Page], None]) -> None:
    page = signed_in("ben")
    for address in ("/nothing/", "/search/?text=zed", "/search/?text=nothing-like-it"):
        page.goto(address)
        axe(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to, begin, or search").fill("invo")
    axe(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()


@pytest.mark.parametrize(("login", "begins"), [
    ("ben", ["Record a payment", "Start a bill run", "Import time or expenses", "Import usage", "Add time",
             "New account"]),
    ("audra", []), ("anna", ["New account", "New agreement"]),
])
def test_the_palette_begins_what_the_actor_may(
    world: World, client_of: ClientOf, login: str, begins: list[str]
) -> None:
    page = client_of(login).get("/invoices/").content.decode()
    acts = re.search(r'<nav id="acts".*?</nav>', page, re.DOTALL)
    assert acts
    assert re.findall(r">([^<]+)</a>", acts[0]) == begins
    for address in re.findall(r'href="([^"]+)"', acts[0]):
        assert client_of(login).get(address).status_code == 200


def test_an_act_is_begun_by_the_palette_and_by_its_keys(
    database: str, world: World, signed_in: Callable[[str], Page]
) -> None:
    page = signed_in("ben")
    page.goto("/invoices/")
    page.wait_for_function("() => customElements.get('duly-keys')")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to, begin, or search").fill("pay rec")
    best = page.get_by_role("listbox", name="Places, acts and hits").get_by_role("option").first
    expect(best).to_contain_text("Record a payment")
    expect(best).to_contain_text("n p")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who paid?")
    page.goto("/invoices/")
    page.wait_for_function("() => customElements.get('duly-keys')")
    page.keyboard.press("n")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/accounts/new/$"))


def test_keys_walk_and_the_search_field_finds(database: str, world: World, signed_in: Callable[[str], Page]) -> None:
    for total in ("10.00", "20.00"):
        issued(world, "ACME", total)
    page = signed_in("ben")
    page.goto("/search/?text=acme")
    page.locator("body").press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
    page.wait_for_function("() => customElements.get('duly-rows')")
    for key, place in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(page.locator(".rows tbody tr").nth(place)).to_have_class("here")
    page.keyboard.press("/")
    page.keyboard.type("zed")
    expect(page.locator("#hits").get_by_role("link", name="Zed AG ZED").first).to_be_visible()


def test_the_theme_changes_at_once_and_stays(database: str, world: World, signed_in: Callable[[str], Page]) -> None:
    page = signed_in("ben")
    page.goto("/invoices/")
    page.get_by_role("button", name="your account, theme, sign out").first.click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark theme").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_person_that_is_found_leads_to_their_work(world: World, client_of: ClientOf) -> None:
    world.time(3600)
    client = client_of("ben")
    found = re.search(r'href="([^"]*text=Ada[^"]*)"', client.get("/search/?text=lovelace").content.decode())
    assert found
    page = client.get(found[1]).content.decode()
    assert 'data-title="' in page
    assert "is no filter" not in page
