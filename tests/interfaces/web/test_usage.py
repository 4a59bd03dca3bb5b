"""Usage in the browser: who used what, what is behind a number, files taken in, findings decided, metrics defined."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from duly.billing import models as m
from duly.billing.kernel import frames
from tests.billing.usage import days_after, ingest, metric
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
HEADER = "agreement,metric,source,event_id,at,quantity\n"
FILE = HEADER + "ACME-TM,calls,meter,n1,2026-10-05T12:00:00Z,2\n"
BAD = FILE + "NONE,calls,meter,n2,2026-10-05T12:00:00Z,2\n"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def used(world: World) -> None:
    metric("calls", unit="call")
    for agreement in ("ACME-TM", "ZED-SUB"):
        ingest(world, {"agreement": agreement, "event_id": f"{agreement}1", "quantity": 1500},
               {"agreement": agreement, "event_id": f"{agreement}2", "quantity": 7, "at": days_after(-30)})


def rows_of(page: str) -> list[tuple[str, ...]]:
    """The table in numbers: period, quantity, events."""
    table = page[page.index("In numbers"):]
    cell = r'<td class="right">(.*?)</td>'
    found = re.findall(rf'<tr><th scope="row">(.*?)</th> {cell}{cell}', table)
    return [tuple(re.sub("<[^>]+>", "", cell) for cell in row) for row in found]


def test_a_number_leads_to_its_events(world: World, client_of: ClientOf) -> None:
    used(world)
    ben = client_of("ben")
    assert "Acme GmbH" in body(ben.get("/work/usage/"))
    page = body(ben.get("/work/usage/of/calls/ACME-TM/"))
    assert [row for row in rows_of(page) if row[2] != "0"] == [("Oct 2026", "1,500", "1"), ("Sep 2026", "7", "1")]
    assert len(rows_of(page)) == 12
    days = body(ben.get("/work/usage/of/calls/ACME-TM/?month=2026-10"))
    assert [row[1:] for row in rows_of(days) if row[2] != "0"] == [("1,500", "1")]
    assert len(rows_of(days)) == 31
    address = re.search(r'href="([^"]*/events/[^"]*)">1</a>', page)
    assert address is not None
    events = body(ben.get(address[1].replace("&amp;", "&")))
    assert ("ACME-TM1" in events, "ACME-TM2" in events, "ZED-SUB1" in events) == (True, False, False)


def test_only_what_is_in_the_book(world: World, client_of: ClientOf) -> None:
    used(world)
    mara = client_of("mara", raises=False)
    for address in ("/work/usage/", "/work/usage/events/"):
        page = body(mara.get(address))
        assert ("Acme GmbH" in page, "Zed AG" in page) == (True, False), address
    answers = [mara.get(f"/work/usage/of/calls/{agreement}/") for agreement in ("ZED-SUB", "NONE")]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_events_page_by_page_and_as_a_file(world: World, client_of: ClientOf) -> None:
    metric("calls")
    ingest(world, *({"agreement": "ACME-TM"} for _ in range(120)))  # all of one instant
    ben = client_of("ben")
    seen, address = [], "/work/usage/events/?agreement=ACME-TM"
    for _ in range(3):
        page = ben.get(address).content.decode()
        seen += re.findall(r'data-title="Event">\s*(e\d+)', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert (sorted(seen), address) == (sorted(f"e{number}" for number in range(1, 121)), "")
    file = b"".join(ben.get("/work/usage/events/?agreement=ACME-TM&format=csv"))  # type: ignore[arg-type]
    assert file.count(b"\n") == 121


def handed_in(client: Client, text: str) -> str:
    answer = client.post("/work/usage/import/", {"file": SimpleUploadedFile("usage.csv", text.encode())})
    assert answer.status_code == 302, body(answer)
    return str(answer["Location"])


def test_a_file_is_looked_at_and_taken_in(world: World, client_of: ClientOf) -> None:
    metric("calls")
    ben = client_of("ben")
    preview = handed_in(ben, BAD)
    page = body(ben.get(preview))
    assert "Row 3, agreement: There is no agreement “NONE” in your book." in page
    assert frames.rows("select count(*) from usage_event") == [(0,)]
    assert ben.post(preview, {"keep": "all"}).status_code == 422
    assert frames.rows("select count(*) from usage_event") == [(0,)]
    assert ben.post(preview, {"keep": "good"})["Location"] == "/work/usage/events/"
    assert frames.rows("select event_id from usage_event") == [("n1",)]
    assert "Nothing in it is new" in body(ben.get(handed_in(ben, FILE)))
    assert "lacks the column" in body(ben.get(handed_in(ben, "a,b\n1,2\n")))
    assert client_of("mara", raises=False).get(preview).status_code == 404


def test_findings_are_decided_with_a_reason(world: World, client_of: ClientOf) -> None:
    used(world)
    ingest(world, {"agreement": "ACME-TM", "event_id": "ACME-TM1", "quantity": 3})
    finding = m.UsageFinding.objects.get()
    ben = client_of("ben")
    waiting = body(ben.get("/work/usage/findings/?state=waiting"))
    assert "Other content" in waiting
    assert "quantity 1500 → 3" in waiting
    asked = ben.post("/work/usage/findings/count/", {"rows": [finding.pk]})
    assert (asked.status_code, "Kept in the log" in body(asked)) == (200, True)
    assert ben.post("/work/usage/findings/count/", {"rows": [finding.pk], "reason": "A restart"}).status_code == 302
    assert m.UsageDecision.objects.get().decision == "count"
    assert frames.rows("select quantity from usage_event where event_id like '%%#%%'") == [(3,)]


def test_a_metric_is_defined_renamed_and_dropped(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    given = {"code": "users", "name": "Users", "unit": "user", "aggregation": "unique_count", "event": "calls"}
    refused = fin.post("/settings/metrics/new/", given)
    assert (refused.status_code, "Name one." in body(refused)) == (422, True)
    refused = fin.post("/settings/metrics/new/", {**given, "property": "user", "filter_values": "free"})
    assert (refused.status_code, "Name the property that has these values." in body(refused)) == (422, True)
    fin.post("/settings/metrics/new/", {**given, "property": "user", "group_by": "region, tier",
                                        "filter_property": "plan", "filter_values": "free", "excluded": "on"})
    made = m.Metric.objects.get()
    assert (made.group_by, made.filters) == (["region", "tier"], [
        {"property": "plan", "values": ["free"], "excluded": True}])
    assert fin.post("/settings/metrics/users/", {"name": "Active users", "unit": "seat"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.unit, made.aggregation) == ("Active users", "seat", "unique_count")
    assert fin.post("/settings/metrics/users/drop/").status_code == 302
    assert not m.Metric.objects.exists()
