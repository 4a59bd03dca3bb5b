"""Pages under test: a quick client, and a real browser on a real server over the test's own database."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.db.backends.postgresql.base import CursorDebugWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from duly.billing import models as m
from duly.config.database import data_folder
from duly.interfaces.kit import font

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs a loop in this thread; nothing of Django's is async
settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]  # the name that Django's client asks for
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one is not what is tested
PATIENCE: Final = 10_000  # milliseconds that a page may take on a machine that is busy with other things
LOST: Final = ("net::ERR_", "htmx:sendError", "with a status of 50", "Error Code 50")
NO_BROWSER: Final = "no Chromium here: bin/test installs it through apt where it may, else install “chromium”"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: its theme and width."""

    theme: str = "light"
    width: int = 1280


LOOKS: Final = [Look(theme, width) for theme in ("light", "dark") for width in (1280, 390)]


def user(login: str) -> AbstractBaseUser:
    return m.User.objects.get(login=login)


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """A Django client that is signed in as the user of a login; `raises=False` answers 500 for a fault."""

    def signed_in(login: str, *, raises: bool = True, **headers: Any) -> Client:
        client = Client(raise_request_exception=raises, **headers)
        client.force_login(user(login))
        return client

    return signed_in


@pytest.fixture
def count_queries(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Any]]:
    """`with count_queries() as asked: …`, then `len(asked)`; reads by COPY count as the others."""

    def copy(self: CursorDebugWrapper, statement: str, parameters: Any = None) -> Any:
        with self.debug_sql(statement, parameters):
            return self.cursor.copy(statement, parameters)

    monkeypatch.setattr(CursorDebugWrapper, "copy", copy)  # Django's own takes no parameters
    return lambda: CaptureQueriesContext(connection)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(database: str) -> Iterator[str]:
    """The address of the application over the test's own database, each request in a thread of its own."""
    font.make(data_folder() / "static")
    served = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet, connections_override=None)
    served.daemon_threads = False  # so that closing waits for the last answer, and the database can be dropped
    served.set_app(get_wsgi_application())
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{served.server_address[1]}"
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture(scope="package")  # its event loop must end before other tests run theirs
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def look() -> Look:
    return Look()


@pytest.fixture(params=[LOOKS[0], LOOKS[3]], ids=lambda one: f"{one.theme}-{one.width}")
def each_look(request: pytest.FixtureRequest) -> Look:
    """Runs the test in light and wide, then in the dark on a phone. All four are looked at in `test_every_page`."""
    found: Look = request.param
    return found


@pytest.fixture
def no_javascript() -> None:
    """Runs the test in a browser that runs no scripts."""


@pytest.fixture
def outage() -> None:
    """Runs the test where the browser may find no server, which it writes to its console."""


@pytest.fixture
def context(chromium: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser of the test's own, in the test's look. What its console says against a page fails the test: errors,
    faults of scripts, what the content security policy forbids; but not that an answer was a refusal, as tests want.
    """
    seen: Look = request.getfixturevalue("each_look" if "each_look" in request.fixturenames else "look")
    scripts = "no_javascript" not in request.fixturenames
    made = chromium.new_context(base_url=server, viewport={"width": seen.width, "height": 900}, locale="en-GB",
                                color_scheme="dark" if seen.theme == "dark" else "light", java_script_enabled=scripts)
    made.set_default_timeout(PATIENCE)
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    made.on("weberror", lambda error: said.append(str(error.error)))
    yield made
    made.close()
    known = ["the server responded with a status of 4", *(LOST if "outage" in request.fixturenames else ())]
    assert [text for text in said if not any(one in text for one in known)] == []


@pytest.fixture
def signed_in(context: BrowserContext, server: str) -> Callable[[str], Page]:
    """A page of the test's browser, signed in as the user of a login."""

    def page_of(login: str) -> Page:
        client = Client()
        client.force_login(user(login))
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])
        return context.new_page()

    return page_of


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Asserts that axe finds nothing against WCAG 2.2 AA and good practice on the page, and that it fits its width.
    It waits for a page that was begun and has no root yet; that it is the page meant, the test asserts before.
    """

    def assert_clean(page: Page) -> None:
        page.wait_for_load_state("load")
        found = Axe().run(page)["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than its window"

    return assert_clean
