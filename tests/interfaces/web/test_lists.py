"""Lists: filters, order, pages by key, exports; the list of invoices as the model of all."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import fastexcel
import pytest
from django.test import Client, RequestFactory
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.invoicing.lists import ISSUED, invoices
from duly.billing.kernel import listing
from duly.billing.kernel.listing import Query
from duly.interfaces.kit.export import as_csv, as_xlsx
from duly.interfaces.kit.listing import cursor_of
from duly.interfaces.web.invoices.views import INVOICES
from tests.billing.cash import issued, receive
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"


@pytest.fixture
def seven(world: World) -> list[m.Invoice]:
    """Seven documents, five of Acme's and two of Zed's, of three issue dates and seven totals."""
    return [issued(world, account, f"{100 + 7 * place % 5}.0{place}", on=TODAY + timedelta(place // 3))
            for place, account in enumerate(["ACME", "ZED", "ACME", "ACME", "ZED", "ACME", "ACME"])]


def listed(client: Client, address: str) -> list[str]:
    """The numbers on the page, from above."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.findall(r'data-title="Number">\s*(?:<a[^>]*>)?(\S+?)\s*<', answer.content.decode())


def link(client: Client, address: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', client.get(address).content.decode())
    return unescape(found[1]) if found else None


@pytest.mark.parametrize("sort", [sign + key for key in ISSUED.sorts for sign in ("", "-")])
def test_pages_by_key_hold_every_row_once_in_both_directions(world: World, seven: list[m.Invoice], sort: str) -> None:
    ben = {"actor": world.actor("ben"), "on": TODAY}
    whole = [row["id"] for row in invoices(**ben, query=Query(sort=sort)).rows]
    forward, backward, query = [], [], Query(sort=sort, limit=2)
    while True:
        page = invoices(**ben, query=query)
        forward.append([row["id"] for row in page.rows])
        if page.after is None:
            break
        query = Query(sort=sort, limit=2, cursor=page.after)
    while page.before is not None:
        page = invoices(**ben, query=Query(sort=sort, limit=2, cursor=page.before))
        backward.append([row["id"] for row in page.rows])
    assert [id_ for part in forward for id_ in part] == whole
    assert backward == forward[-2::-1]
    assert sorted(whole) == sorted(invoice.pk for invoice in seven)


def test_an_export_reads_on_after_each_chunk(world: World, seven: list[m.Invoice], monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "CHUNK", 3)
    rows = listing.every(ISSUED, Query(sort="total"), actor=world.actor("ben"), on=TODAY)
    totals = [row["total"] for row in rows]
    assert totals == sorted(invoice.total for invoice in seven)


def test_the_list_shows_what_is_in_the_book(seven: list[m.Invoice], client_of: ClientOf) -> None:
    assert len(listed(client_of("ben"), "/invoices/")) == 7
    assert len(listed(client_of("mara"), "/invoices/")) == 5
    assert listed(client_of("otto"), "/invoices/?sort=issued") == ["R2026-00002", "R2026-00005"]


@pytest.mark.parametrize(("filters", "found"), [
    ("text=R2026-00003", "3"), ("text=zed", "25"), ("text=%25", ""), ("settled=paid", "1"), ("settled=open", "234567"),
    ("settled=overdue", ""), ("issued_from=2026-11-04", "7"), ("issued_to=2026-11-02", "123"),
    ("entity=HALDEN", "1234567"),
    ("settled=nonsense", "1234567"), ("issued_from=yesterday", "1234567"), ("text=a%00b", "1234567"),
])
def test_filters_narrow_the_list(
    world: World, seven: list[m.Invoice], client_of: ClientOf, filters: str, found: str
) -> None:
    receive(world, str(seven[0].total), allocate=[(seven[0].number, None)])
    client = client_of("ben")
    assert "".join(number[-1] for number in listed(client, f"/invoices/?sort=issued&{filters}")) == found


def test_a_filter_that_cannot_be_read_keeps_what_was_typed_and_says_why(seven: Any, client_of: ClientOf) -> None:
    text = client_of("ben").get("/invoices/?issued_from=yesterday").content.decode()
    assert 'value="yesterday"' in text
    assert "Write the date like 2026-10-31." in text


@pytest.mark.parametrize(("asked", "said"), [
    ("stat=open", "“stat” is no filter of this list."), ("sort=colour", "It is not sorted by “colour”."),
    ("sort=-", "It is not sorted by “-”."), ("settled=nonsense", "State “nonsense”: Choose one of the list."),
    ("format=pdf", "It makes no file of the kind “pdf”."), ("after=x", "so this is the beginning."),
    (f"{'x' * 300}=1", f"“{'x' * 39}…” is no filter of this list."), ("due_to=soon", "Due to “soon”: Write the date"),
])
def test_what_an_address_asks_in_vain_is_said_and_the_rest_listed(
    seven: list[m.Invoice], client_of: ClientOf, asked: str, said: str
) -> None:
    client = client_of("ben")
    htmx = {"HX-Request": "true", "HX-Target": "list-invoices"}
    for headers in ({}, htmx):
        page = unescape(client.get(f"/invoices/?text=zed&{asked}", headers=headers).content.decode())
        assert said in page
        assert page.count('data-title="Number"') == 2
    assert "understood" not in client.get("/invoices/?text=zed&sort=-total&settled=").content.decode()
    if not asked.startswith("format"):
        refused = client.get(f"/invoices/?text=zed&{asked}&format=csv")
        assert refused.status_code == 422
        assert said in unescape(refused.content.decode())


def test_the_address_keeps_the_state(seven: list[m.Invoice], client_of: ClientOf, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(INVOICES), "limit", 2, raising=False)
    client = client_of("ben")
    second = link(client, "/invoices/?text=acme&sort=total", "next")
    if second is None:
        pytest.fail("no next page")
    assert "text=acme" in second
    assert "sort=total" in second
    first = link(client, second, "prev")
    assert first is not None
    assert listed(client, first) == listed(client, "/invoices/?text=acme&sort=total")


@pytest.mark.parametrize("token", ["x", "W10", "WzEsImEiXQ", "%00", "é", "e30"])
def test_a_cursor_that_was_tampered_with_is_the_first_page(token: str) -> None:
    assert cursor_of(RequestFactory().get("/", {"after": token}).GET) is None


def test_a_cursor_of_another_sort_is_no_fault(seven: Any, client_of: ClientOf) -> None:
    token = "WyJhY21lIiwgMV0"  # ["acme", 1], which is no date
    assert client_of("ben").get(f"/invoices/?after={token}").status_code == 200


def test_a_page_costs_the_same_queries_whatever_it_holds(
    world: World, seven: Any, client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    client = client_of("ben")
    with count_queries() as full:
        client.get("/invoices/")
    with count_queries() as less:
        client.get("/invoices/?text=zed")
    assert len(full) == len(less) <= 11


def test_htmx_gets_the_table_alone(seven: Any, client_of: ClientOf) -> None:
    headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "list-invoices"}
    text = client_of("ben").get("/invoices/?text=zed", **headers).content.decode()
    assert text.strip().startswith('<div id="list-invoices"')
    assert "<html" not in text


def test_csv_holds_every_row_and_no_formula(world: World, seven: list[m.Invoice], client_of: ClientOf) -> None:
    m.Account.objects.filter(number="ZED").update(name="=HYPERLINK(1)", sort_name="=hyperlink(1)")
    answer = client_of("ben").get("/invoices/?format=csv&sort=issued")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Number"] for row in rows] == [invoice.number for invoice in seven]
    assert {row["Account"] for row in rows} == {"Acme GmbH", "'=HYPERLINK(1)"}
    assert [(row["Total"], row["Total in"]) for row in rows] == [(f"{invoice.total:.2f}", "EUR") for invoice in seven]
    assert re.search(r'filename="invoices-\d{4}-\d\d-\d\d\.csv"', answer["Content-Disposition"])


AWKWARD = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "Acme, \"GmbH\"", "1+1"]
PRICES = [("1190.0000", "EUR", "1190.00"), ("-19.0000", "EUR", "-19.00"), ("1190.0000", "JPY", "1190"),
          ("7.5000", "KWD", "7.500"), ("0.1234", "EUR", "0.1234"), ("987654321012.07", "CHF", "987654321012.07")]
COLUMNS = [("name", "Name", "text"), ("price", "Price", "money")]


def exported(make: Callable[..., Any], rows: list[dict[str, Any]]) -> bytes:
    return b"".join(make("rows", COLUMNS, rows).streaming_content)


def test_an_amount_is_exported_with_the_decimals_of_its_currency() -> None:
    rows = [{"name": "x", "price": Decimal(price), "currency": code} for price, code, _ in PRICES]
    lines = exported(as_csv, rows).decode().splitlines()[1:]
    assert lines == [f"x,{said},{code}" for _, code, said in PRICES]
    with zipfile.ZipFile(io.BytesIO(exported(as_xlsx, rows))) as book:
        styles, sheet = book.read("xl/styles.xml").decode(), book.read("xl/worksheets/sheet1.xml").decode()
    numbers = re.findall(r'<c r="B[2-7]" s="\d+"><v>([-\d.]+)</v>', sheet)  # each with a format of its own
    assert [Decimal(number) for number in numbers] == [Decimal(said) for _, _, said in PRICES]
    for pattern in ("#,##0.000", "#,##0.0000"):
        assert f'formatCode="{pattern}"' in styles


def test_no_text_of_an_export_is_a_formula() -> None:
    rows = [{"name": text, "price": None, "currency": "EUR"} for text in AWKWARD]
    cells = [row["Name"] for row in csv.DictReader(io.StringIO(exported(as_csv, rows).decode("utf-8-sig"), newline=""))]
    assert cells == [*(f"'{text}" for text in AWKWARD[:-2]), *AWKWARD[-2:]]
    book = exported(as_xlsx, rows)
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
    assert fastexcel.read_excel(book).load_sheet(0).to_polars()["Name"].to_list()[0] == "=1+1"


def test_csv_is_streamed(world: World) -> None:
    made = []

    def rows() -> Any:
        for place in range(20_000):
            made.append(place)
            yield {"name": f"Row {place}"}

    answer = as_csv("rows", [("name", "Name", "text")], rows())
    first = next(iter(answer.streaming_content))  # type: ignore[attr-defined]
    assert 0 < len(made) < 20_000
    assert first.startswith("\N{BYTE ORDER MARK}Name".encode())


def test_xlsx_holds_numbers_dates_and_texts(seven: list[m.Invoice], client_of: ClientOf) -> None:
    answer = client_of("ben").get("/invoices/?format=xlsx&sort=issued")
    frame = fastexcel.read_excel(b"".join(answer.streaming_content)).load_sheet(0).to_polars()  # type: ignore[attr-defined]
    assert frame["Number"].to_list() == [invoice.number for invoice in seven]
    assert [f"{total:.2f}" for total in frame["Total"]] == [f"{invoice.total:.2f}" for invoice in seven]
    assert frame["Issued"][0].date() == TODAY


def test_an_empty_list_says_what_to_do(world: World, client_of: ClientOf) -> None:
    client = client_of("ben")
    assert "A bill run makes drafts" in client.get("/invoices/").content.decode()
    assert "Nothing matches" in client.get("/invoices/?text=zzz").content.decode()


def test_the_list_in_the_browser(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                 axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG[:80], sort_name=LONG[:80].casefold())
    for place in range(3):
        issued(world, "ACME", f"{987654321012 + place}.07")
    issued(world, "ZED", "5.00")
    page = signed_in("ben")
    page.goto("/invoices/")
    axe(page)
    rows = page.locator(".rows tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_placeholder("Number or account").fill("zed")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("text=zed"))
    page.go_back()
    expect(rows).to_have_count(4)
    page.get_by_placeholder("Number or account").fill("nothing like it")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    axe(page)


def test_a_list_works_without_javascript(
    database: str, world: World, no_javascript: None, signed_in: Callable[[str], Page]
) -> None:
    for account in ("ACME", "ZED"):
        issued(world, account, "100.00")
    page = signed_in("ben")
    page.goto("/invoices/")
    page.get_by_placeholder("Number or account").fill("zed")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Total").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Total")


def test_what_acts_on_many_stays_when_htmx_filters(world: World, client_of: Callable[..., Client]) -> None:
    world.time(60, approved=False)
    mara = client_of("mara")
    answer = mara.get("/work/entries/?text=work", headers={"HX-Request": "true", "HX-Target": "list-entries"})
    assert "<html" not in answer.content.decode()
    assert 'formaction="/work/entries/approve/"' in answer.content.decode()
