"""What is not there for a while, or no longer what it was: the database, a draft; and what caches keep of it."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from tests.billing.test_invoicing_run import bill
from tests.conftest import _server
from tests.interfaces.web.acting import act, text
from tests.world import World

ClientOf = Callable[..., Client]


@contextmanager
def gone(database: str) -> Iterator[None]:
    """The database lets nobody in."""
    connections.close_all()
    _server(f'alter database "{database}" with allow_connections false')
    _server(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
    try:
        yield
    finally:
        _server(f'alter database "{database}" with allow_connections true')


@pytest.mark.parametrize("address", ["/invoices/", "/sign-in/", "/settings/users/new/", "/theme/"])
def test_without_its_database_every_page_is_the_one_for_faults(
    database: str, world: World, client_of: ClientOf, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    client = client_of("anna", raises=False)
    with gone(database):
        answer = client.post(address, {"login": "ben", "password": "wrong"})
    if address == "/theme/":  # needs none
        assert answer.status_code == 302
        return
    text = answer.content.decode()
    assert (answer.status_code, answer["Cache-Control"]) == (500, "private, no-store")
    [record] = [one for one in caplog.records if one.name == "duly.web" and one.levelno == logging.ERROR]
    assert isinstance(record.args, tuple)
    assert str(record.args[0]) in text
    assert record.exc_info
    assert "not currently accepting connections" not in text
    assert client.get("/accounts/").status_code == 200


def test_a_fault_of_the_middleware_has_a_reference_too(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(self: object, request: object) -> None:
        raise OSError("secret inner text")

    monkeypatch.setattr("django.contrib.messages.middleware.MessageMiddleware.process_request", failing)
    text = Client(raise_request_exception=False).get("/sign-in/").content.decode()
    [record] = [one for one in caplog.records if one.name == "duly.web"]
    assert isinstance(record.args, tuple)
    assert f"reference <b>{record.args[0]}</b>" in text
    assert "secret inner text" not in text


def test_no_cache_keeps_an_answer_that_refuses(world: World, client_of: ClientOf) -> None:
    cache.clear()
    signed_out = Client(enforce_csrf_checks=True)
    answers = {
        400: client_of("ben").get("/accounts/", headers={"host": "evil.example"}),
        403: client_of("audra").get("/payments/new/"), 404: client_of("ben").get("/nothing/"),
        405: client_of("ben").post("/invoices/"), 302: Client().get("/invoices/"), 200: signed_out.get("/sign-in/"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (status, True), status
    forged = signed_out.post("/sign-in/")
    assert (forged.status_code, forged["Cache-Control"]) == (403, "private, no-store")
    many = [Client().post("/sign-in/", {"login": f"u{place}", "password": "x"}) for place in range(31)][-1]
    assert (many.status_code, many["Cache-Control"]) == (429, "private, no-store")


def test_a_picture_is_of_what_its_address_says(world: World, client_of: ClientOf) -> None:
    """One that is asked for late, when the draft says something else, is not kept under the old address."""
    draft = {one.account.number: one.pk for one in bill(world)}["ZED"]
    client = client_of("ben")

    def shown() -> str:
        found = re.search(r'img src="([^"]+)"', text(client.get(f"/invoices/{draft}/")))
        assert found
        return found[1]

    before = shown()
    first = client.get(before).content
    assert act(client, draft, "reword", line=1, description="Quite another thing").status_code == 302
    late = client.get(before)
    assert (late.status_code, late["Location"], late["Cache-Control"]) == (302, shown(), "private, no-store")
    assert client.get(shown()).content != first
    made_up = client.get(before.rpartition("/")[0] + "/made-up.svg")
    assert (made_up.status_code, made_up["Location"]) == (302, shown())
    assert act(client, draft, "restore", line=1, key="r").status_code == 302
    assert client.get(before).content == first
