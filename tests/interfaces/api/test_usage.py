"""The API: usage events in batches, by whoever shows a token; each event and each key acts once."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from duly.billing import models as m
from duly.billing.accounts.actions.tokens import add_token, revoke_token
from duly.billing.kernel import frames
from duly.interfaces.api import tokens
from tests.billing.usage import metric
from tests.world import NOW, World

URL = "/api/v1/usage-events"
GOOD = {"agreement": "ZED-SUB", "metric": "calls", "source": "meter", "event_id": "e1",
        "at": "2026-10-05T12:00:00+02:00", "quantity": "1.5"}
Answer = tuple[int, Any]


@pytest.fixture(autouse=True)
def _calls(world: World) -> None:
    metric("calls")
    cache.clear()


def token(world: World, user: str = "ben", **more: Any) -> str:
    return add_token(actor=world.actor("anna"), at=NOW, name="Meters", user=user, **more).secret


def send(secret: str | None, body: object, key: str | None = None, text: bytes | None = None) -> Answer:
    headers = {**({"Authorization": f"Bearer {secret}"} if secret else {}), **({"Idempotency-Key": key} if key else {})}
    client = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    answer = client.post(URL, text or json.dumps(body), content_type="application/json", headers=headers)
    kind = "application/json; charset=utf-8" if answer.status_code == 200 else "application/problem+json"
    assert answer["Content-Type"] == kind
    return answer.status_code, json.loads(answer.content)


def batch(*events: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"events": [{**GOOD, **event} for event in events], **more}


def paths(answer: Answer) -> list[str]:
    return [one["path"] for one in answer[1]["problems"]]


def test_a_batch_counts_once(world: World) -> None:
    secret = token(world)
    assert send(secret, batch({}, {"event_id": "e2", "properties": {"b": 1, "a": "x"}})) == (200, {
        "rows": 2, "new": 2, "again": 0, "findings": 0, "rejected": 0, "bad": []})
    again = send(secret, batch({}, {"event_id": "e2", "quantity": "2"}))[1]
    assert (again["new"], again["again"], again["findings"]) == (0, 1, 1)
    assert frames.rows("select quantity, properties::text from usage_event order by event_id") == [
        (Decimal("1.5"), None), (Decimal("1.5"), '{"a": "x", "b": 1}')]


def test_numbers_are_exact(world: World) -> None:
    text = json.dumps(batch({"properties": {"n": "N"}})).replace('"N"', "0.10000000000000000001")
    assert send(token(world), None, text=text.encode())[0] == 200
    assert frames.rows("select properties ->> 'n' from usage_event") == [("0.10000000000000000001",)]
    assert paths(send(token(world), batch({"quantity": 1.5}))) == ["events[0].quantity"]


def test_a_key_acts_once(world: World) -> None:
    secret = token(world)
    first = send(secret, batch({}), "k1")
    assert send(secret, batch({}), "k1") == first
    status, refused = send(secret, batch({"quantity": "7"}), "k1")
    assert (status, "another command" in refused["detail"]) == (422, True)
    assert send(token(world, "fin"), batch({"event_id": "e9"}), "k1")[0] == 200


@pytest.mark.parametrize(("change", "status", "path"), [
    ({"at": "2026-10-05"}, 422, "row 0, at"), ({"quantity": "1e3"}, 422, "row 0, quantity"),
    ({"agreement": "NONE"}, 422, "row 0, agreement"), ({"metric": "unknown"}, 422, "row 0, metric"),
    ({"event_id": ""}, 422, "row 0, event_id"), ({"properties": {"a": "\0"}}, 422, "row 0, properties"),
    ({"strange": 1}, 422, "events[0].strange"), ({"source": None}, 422, "events[0].source"),
    ({"properties": [1]}, 422, "events[0].properties")])
def test_what_is_wrong_is_told_by_its_place(world: World, change: dict[str, Any], status: int, path: str) -> None:
    answer = send(token(world), batch(change))
    assert (answer[0], paths(answer)) == (status, [path])
    assert (answer[1]["type"], answer[1]["status"], answer[1]["title"]) == (
        "about:blank", 422, "Unprocessable Entity")
    assert frames.rows("select count(*) from usage_event") == [(0,)]


def test_the_good_ones_are_kept_where_that_is_asked(world: World) -> None:
    status, answer = send(token(world), batch({}, {"event_id": "e2", "at": "now"}, keep_good=True))
    assert (status, answer["new"], answer["rejected"]) == (200, 1, 1)
    assert [(one["row"], one["field"], one["value"]) for one in answer["bad"]] == [(1, "at", "now")]


@pytest.mark.parametrize("text", [b"", b"{", b"[NaN]", b"\xff", b'{"events": [{"at": NaN}]}', b"[" * 100_000])
def test_a_body_that_is_none(world: World, text: bytes) -> None:
    assert send(token(world), None, text=text or b" ")[0] == 400


def test_a_batch_has_its_limits(world: World) -> None:
    secret = token(world)
    assert [send(secret, {"events": events})[0] for events in ([], [GOOD] * 10_001)] == [422, 422]
    assert send(secret, batch(*({"event_id": str(number)} for number in range(10_000))))[1]["new"] == 10_000


def test_a_token_opens_what_its_user_may_and_its_scope_leaves(world: World) -> None:
    assert send(token(world, "mara"), batch({"agreement": "ACME-TM"}))[0] == 200
    assert paths(send(token(world, "mara"), batch({}))) == ["row 0, agreement"]
    assert send(token(world, "rita"), batch({}))[0] == 403


def test_who_may_not_pass(world: World) -> None:
    revoked, gone = token(world), token(world, "fin")
    revoke_token(actor=world.actor("anna"), at=NOW, token=m.ApiToken.objects.get(hint=revoked[-4:]).pk)
    m.User.objects.filter(login="fin").update(is_active=False)
    assert [send(secret, batch({}))[0] for secret in (None, "duly_guess", revoked, gone)] == [401] * 4
    assert frames.rows("select count(*) from usage_event") == [(0,)]


def test_a_token_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token(world, expires_at=NOW + timedelta(days=1))
    for at, status in ((NOW + timedelta(hours=23), 200), (NOW + timedelta(days=1), 401)):
        monkeypatch.setattr(tokens.timezone, "now", lambda at=at: at)
        assert send(secret, batch({}))[0] == status
    assert m.ApiToken.objects.get().last_used_at == NOW + timedelta(hours=23)


def test_who_guesses_is_slowed_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens.timezone, "now", lambda: datetime(2026, 11, 2, 9, tzinfo=UTC))
    secret = token(world)
    answers = [send("duly_guess", batch({}))[0] for _ in range(tokens.FAILURES + 1)]
    assert (set(answers[:-1]), answers[-1], send(secret, batch({}))[0]) == ({401}, 429, 429)
    monkeypatch.setattr(tokens.timezone, "now", lambda: datetime(2026, 11, 2, 9, 1, tzinfo=UTC))
    assert send(secret, batch({}))[0] == 200


def test_only_a_digest_is_kept(world: World) -> None:
    secret = token(world)
    kept = frames.rows("""select t::text from api_token t union all select e::text from event e
                          union all select c::text from command c""")
    assert secret not in str(kept)


def test_the_description(world: World) -> None:
    found = Client(HTTP_HOST="localhost").get("/api/v1/openapi.json").json()
    [operation] = [one for path in found["paths"].values() for one in path.values()]
    assert (list(found["paths"]), operation["operationId"]) == ([URL], "sendUsageEvents")
    assert found["components"]["schemas"]["Event"]["properties"]["quantity"]["type"] == "string"
