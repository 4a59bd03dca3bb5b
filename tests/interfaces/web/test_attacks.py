"""What somebody sends who means no good, into every form and every address: each field gets one of many kinds."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import cycle
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tests.interfaces.web import everything
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
FORM: Final = "application/x-www-form-urlencoded"
SCRIPT: Final = "<script>alert('x1')</script><img src=x onerror=alert('x1')>\"'{{ 7|add:7 }}"
SHOWN: Final = "<script>alert("
HOSTILE: Final = {
    "a NUL": quote("a\0b"), "a lone surrogate": "%ED%A0%80", "no UTF-8": "%FF%FE", "a script": quote(SCRIPT),
    "a header": quote("x\r\nBcc: all@evil.example"), "not a number": "NaN", "infinite": "Infinity", "huge": "1e400",
    "many digits": "9" * 400, "negative": "-1", "tiny": "0." + "0" * 60 + "1", "year 1": "0001-01-01",
    "year 9999": "9999-12-31", "beyond a bigint": str(2**63), "other digits": quote("١٢٣"), "long": "x" * 20_000,
    "right to left": quote("\u202eabc\u2066"),
}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


class Forms(HTMLParser):
    """The forms of a page: where each is sent, and what stands in its fields; None in a box that is not ticked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str | None]]] = []
        self.select = self.area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((own.get("method", "get").lower(), own.get("action", ""), {}))
        fields = self.found[-1][2] if self.found else {}
        if tag == "select":
            self.select = own.get("name", "")
        if tag == "option" and ("selected" in own or self.select not in fields):
            fields[self.select] = own.get("value", "")
        self.area = own.get("name", "") if tag == "textarea" else ""
        if tag in ("input", "textarea") and own.get("name") and own.get("type") not in ("file", "submit"):
            if own.get("type") not in ("checkbox", "radio") or "checked" in own:
                fields[own["name"]] = own.get("value", "on" if own.get("type") == "checkbox" else "")
            else:
                fields.setdefault(own["name"], None)

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[-1][2][self.area] = data.lstrip("\r\n")

    def handle_endtag(self, tag: str) -> None:
        self.area = ""


def forms(client: Client, rows: dict[str, object]) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Every form of every page that is sent by POST, once."""
    seen = set()
    for page in everything.PAGES:
        if page.startswith(("/your-account/", "/sign-out/")):
            continue
        address = page.format_map(rows)
        for method, action, fields in Forms(client.get(address).content.decode()).found:
            where = urlsplit(action or address)
            if method == "post" and not where.path.startswith(("/theme/", "/sign-out/")) and where.path not in seen:
                seen.add(where.path)
                yield f"{where.path}?{where.query}", fields


def body(fields: dict[str, str | None], name: str, value: str) -> str:
    """The form as it is sent, with one field spoilt; `value` is quoted already."""
    others = {key: given for key, given in fields.items() if key != name and given is not None}
    return f"{urlencode(others)}&{quote(name)}={value}"


def test_no_field_of_any_form_makes_a_page_fail(database: str, world: World, client_of: ClientOf) -> None:
    rows = everything.furnish(world, client_of)
    client = client_of("fin", raises=False)
    failed, kinds = [], cycle(HOSTILE.items())
    for address, fields in list(forms(client, rows)):
        for name in fields:
            kind, value = next(kinds)
            answer = client.post(address, body(fields, name, value), content_type=FORM)
            if answer.status_code >= 500 or SHOWN in answer.content.decode():
                failed.append((address, name, kind, answer.status_code))
    assert not failed, "\n".join(map(str, failed))


def test_no_value_in_an_address_makes_a_page_fail(database: str, world: World, client_of: ClientOf) -> None:
    rows = everything.furnish(world, client_of)
    client = client_of("fin", raises=False)
    failed, kinds = [], cycle(HOSTILE.items())
    for page in dict.fromkeys(page.partition("?")[0] for page in everything.PAGES):
        address = page.format_map(rows)
        fields = {name: "" for method, _, found in Forms(client.get(address).content.decode()).found
                  for name in found if method == "get"}
        for name in (*fields, "account", "sort", "after", "format"):
            kind, value = next(kinds)
            answer = client.get(f"{address}?{quote(name)}={value[:6000]}")
            if answer.status_code >= 500 or (not answer.streaming and SHOWN in answer.content.decode()):
                failed.append((address, name, kind, answer.status_code))
    assert not failed, "\n".join(map(str, failed))
