"""What no page of ours sends: impossible names and cursors, wrong filters on many drafts, unreadable requests."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from duly.billing import models as m
from duly.billing.invoicing import draft_lists
from duly.billing.kernel.listing import Query
from tests.billing.test_invoicing_run import bill
from tests.world import World

ClientOf = Callable[..., Client]


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize("address", [
    "/accounts/a%00b/", "/accounts/%00/edit/", "/agreements/%00/", "/agreements/%00/end/", "/payments/statement/%00/",
    f"/runs/{2**63}/", f"/runs/{2**63}/progress/", f"/invoices/{2**63}/file/",
    "/" + f"work/milestones/{2**70}/",
])
def test_what_no_row_can_be_called_is_not_there(world: World, client_of: ClientOf, address: str) -> None:
    assert client_of("ben").get(address).status_code in (403, 404)


@pytest.mark.parametrize("cursor", [
    b'["x",1e999]', b"[" * 9000, b'["\\ud800",1]', b'["2026-W01-1",1]', b'["2026-01-01x10:00:00",1]', b'["20260101",1]',
])
@pytest.mark.parametrize("address", ["/invoices/", "/drafts/", "/runs/", "/reviews/"])
def test_a_made_up_cursor_is_the_first_page(world: World, client_of: ClientOf, address: str, cursor: bytes) -> None:
    token = urlsafe_b64encode(cursor).decode().rstrip("=")
    assert client_of("ben").get(f"{address}?after={token}").status_code == 200


def test_lists_that_are_sorted_by_an_instant_have_a_second_page(world: World) -> None:
    bill(world)
    bill(world)
    actor = world.actor("ben")
    first = draft_lists.runs(actor=actor, on=world.today, query=Query(sort="-launched", limit=1))
    assert first.after is not None
    second = draft_lists.runs(actor=actor, on=world.today, query=Query(sort="-launched", limit=1, cursor=first.after))
    assert [row["id"] for row in second.rows] == [m.BillRun.objects.order_by("pk")[0].pk]


@pytest.mark.parametrize("given", [
    {"query": "run=abc"}, {"query": "text=%00"}, {"query": "state=gone"}, {"query": "", "run": "9" * 30},
])
def test_a_wrong_filter_never_widens_what_is_acted_on(world: World, client_of: ClientOf, given: dict[str, str]) -> None:
    bill(world)
    answer = client_of("ben").post("/drafts/chosen/", {"act": "discard", "all": "1", **given})
    assert answer.status_code == 422
    assert "This would reach further than was asked for" in text(answer)


def test_a_request_that_cannot_be_read_is_a_page(world: World, client_of: ClientOf) -> None:
    for body, kind in ((b"name=x", "application/x-www-form-urlencoded; charset=utf-16"),
                       (b"name=" + b"x" * 3_000_000, "application/x-www-form-urlencoded")):
        answer = client_of("ben", raises=False).post("/accounts/new/", body, content_type=kind)
        assert (answer.status_code, "could not be read" in text(answer)) == (400, True)


def test_a_wrong_host_is_answered_with_every_header(world: World) -> None:
    answer = Client().get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_no_cache_keeps_what_only_staff_may_read(world: World, client_of: ClientOf) -> None:
    for address in ("/invoices/", "/invoices/?format=csv", "/accounts/"):
        assert client_of("ben").get(address)["Cache-Control"] == "private, no-store", address


@pytest.mark.parametrize("address", ["/work/?show=sums&entity=%00", "/dashboard/unbilled/?entity=%00"])
def test_an_entity_of_no_text_is_none(world: World, client_of: ClientOf, address: str) -> None:
    assert client_of("ben").get(address).status_code == 200


def test_an_address_that_is_not_there_is_no_fault_in_the_log(
    world: World, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    assert client_of("ben").get("/invoices/1/no-such-act/").status_code == 404
    assert not [one for one in caplog.records if one.name == "duly.web"]
