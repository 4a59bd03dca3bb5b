"""The set-up file: what it means, its defaults, and every mistake at once with its place and remedy."""

import re
import struct
import tomllib
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.formats import FormatError
from duly.formats.setup_file import SetUp, SetUpError, read_set_up
from duly.formats.setup_file.pictures import media_type

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "set-up-file.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SMALL = BLOCKS[0]


def small(old: str = "", new: str = "") -> SetUp:
    """The page's smallest file, with one change."""
    assert not old or SMALL.count(old) == 1, old
    return read_set_up(SMALL.replace(old, new).encode())


def mistakes(text: str) -> dict[str, str]:
    with pytest.raises(SetUpError) as refusal:
        read_set_up(text.encode())
    assert all(problem.text and problem.remedy for problem in refusal.value.problems)
    return {problem.path: f"{problem.text} {problem.remedy}" for problem in refusal.value.problems}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0] for block in BLOCKS])
def test_every_example_of_the_page_can_be_read(block: str) -> None:
    read_set_up(block.encode())


def test_the_page_names_every_key() -> None:
    """Each key that a table answers to stands in the page's examples, and nothing else does."""
    shown: dict[str, set[str]] = {}
    for block in BLOCKS:
        _gather(tomllib.loads(block), "", shown)
    for place, keys in shown.items():
        text, path = _with_strange_key(place)
        known = re.search(r"Known here: (.*)\.$", mistakes(text)[path])
        assert known is not None
        terms = shown[place.replace(".versions", "")]  # a version takes the terms that its agreement takes
        assert keys <= set(known[1].split(", ")) <= keys | terms, place


def _gather(value: Any, place: str, shown: dict[str, set[str]]) -> None:
    if isinstance(value, list):
        for one in value:
            _gather(one, place, shown)
    elif isinstance(value, dict) and not place.startswith("mapping."):
        if place.split(".")[-1] not in ("series", "chart", "roles", "revenue", "checks"):
            shown.setdefault(place, set()).update(value)
        for key, one in value.items():
            _gather(one, f"{place}.{key}" if place else key, shown)


def _with_strange_key(place: str) -> tuple[str, str]:
    """A file with the key `zzz` in a table at that place and nothing else, and the path of the key."""
    text, path = "zzz = 1", "zzz"
    parts = place.split(".") if place else []
    for depth in range(len(parts), 0, -1):
        one = ".".join(parts[:depth]) in ("mapping", "accounts.cover", "entities.new_agreements")
        text = f"{parts[depth - 1]} = {{ {text} }}" if one else f"{parts[depth - 1]} = [{{ {text} }}]"
        path = f"{parts[depth - 1]}.{path}" if one else f"{parts[depth - 1]}[0].{path}"
    return text, path


def test_the_small_file_means_what_a_small_firm_means() -> None:
    set_up = small()
    [entity], [account], [agreement] = set_up.entities, set_up.accounts, set_up.agreements
    assert entity.tax_numbers[0].number == "DE298765435"
    [bank] = entity.banks
    assert (bank.iban, bank.bic, bank.holder, bank.currency) == (
        "DE46100500001234567890", "BELADEBEXXX", "Lovelace GmbH", "EUR")
    assert (dict(entity.series)["invoice"], len(entity.chart)) == ("INV-{year}-{number:05}", 13)
    assert (account.currency, account.language, account.payment_days) == ("EUR", "en", 30)
    assert account.contacts[0].roles == ("billing",)
    assert (agreement.entity, agreement.currency) == ("LAB", "EUR")
    [version] = agreement.versions
    assert (version.review, version.valid_from, version.charges[0].rate_card, version.charges[0].unit) == (
        "none", date(2026, 1, 1), "STANDARD", "h")


def test_review_is_by_a_peer_unless_the_file_says_otherwise() -> None:
    version = small('review = "none"\n').agreements[0].versions[0]
    assert (version.review, version.grouping, version.time_annex, version.payment_days) == (None,) * 4


@pytest.mark.parametrize(("key", "field", "value"), [
    ("price = 95", "price", Decimal(95)), ('price = "95.50"', "price", Decimal("95.50")),
    ('price = "0.00000001"', "price", Decimal("0.00000001")), ("price = 0", "price", Decimal(0)),
])
def test_prices_are_exact(key: str, field: str, value: Decimal) -> None:
    assert getattr(small("price = 95", key).rate_cards[0].rates[0], field) == value


@pytest.mark.parametrize(("charge", "field", "value"), [
    ('kind = "time", rounding = "up", increment_minutes = 15', "increment_seconds", 900),
    ('kind = "time", minimum_minutes = 30', "minimum_seconds", 1800),
    ('kind = "time", weekend_factor = "1.5"', "weekend_factor", Decimal("1.5")),
    ('kind = "time", weekend_factor = 2', "weekend_factor", Decimal(2)),
    ('kind = "time", overtime_factor = 2, overtime_after_hours = 8', "overtime_factor", Decimal(2)),
    ('kind = "time", overtime_factor = 2, overtime_after_hours = "7.75"', "overtime_after_seconds", 27_900),
    ('kind = "expense", markup_percent = "2.5"', "markup", Decimal("0.025")),
    ('kind = "expense"', "limits", ()),
    ('kind = "recurring", price = 1, interval = "quarter", every = 2', "interval_count", 2),
    ('kind = "recurring", price = 1, interval = "month"', "alignment", "calendar"),
    ('kind = "recurring", price = 1, interval = "month", anchor = 2026-01-31', "alignment", "anchored"),
    ('kind = "recurring", price = 1, interval = "month"', "unit", "month"),
    ('kind = "one_off", price = 1, due_on = 2026-10-01', "unit", "item"),
])
def test_a_charge_is_read_in_the_units_of_the_books(charge: str, field: str, value: object) -> None:
    assert getattr(small('kind = "time"', charge).agreements[0].versions[0].charges[0], field) == value


def test_a_version_takes_over_what_it_leaves_out() -> None:
    text = "\n[[agreements.versions]]\nfrom = 2026-07-01\npayment_days = 14\n"
    text += '\n[[agreements.versions]]\nfrom = 2027-01-01\nreview = "peer"\n'
    text += 'charges = [{ code = "fee", kind = "recurring", name = "Fee", price = 9, interval = "month" }]\n'
    first, second, third = read_set_up((SMALL + text).encode()).agreements[0].versions
    assert second.charges == first.charges
    assert [(v.payment_days, v.review) for v in (first, second, third)] == [(None, "none"), (14, "none"), (14, "peer")]
    assert [charge.code for charge in third.charges] == ["fee"]


@pytest.mark.parametrize(("old", "new", "path", "words"), [
    # what TOML itself would lose
    ("price = 95", "price = 95.50", "rate_cards[0].rates[0].price", 'price = "95.50"'),
    ("price = 95", 'price = "95,50"', "rate_cards[0].rates[0].price", "not a number"),
    ("price = 95", 'price = "0.12345678901"', "rate_cards[0].rates[0].price", "at most 10 decimals"),
    ("price = 95", "price = true", "rate_cards[0].rates[0].price", "not a number"),
    ("price = 95", "price = -95", "rate_cards[0].rates[0].price", "less than zero"),
    ("price = 95", "price = 1000000000000", "rate_cards[0].rates[0].price", "too large"),
    # types
    ('login = "ada"', "login = 7", "users[0].login", 'login = "7"'),
    ("from = 2026-01-01", 'from = "2026-01-01"', "rate_cards[0].from", "without quotes"),
    ("from = 2026-01-01", "from = 2026-01-01T00:00:00", "rate_cards[0].from", "not a date"),
    ('review = "none"', 'review = "none"\nconsolidate = "yes"', "agreements[0].consolidate", "consolidate = true"),
    ('review = "none"', 'review = "none"\npayment_days = 14.5', "agreements[0].payment_days", "whole number"),
    ('review = "none"', 'review = "none"\npayment_days = -1', "agreements[0].payment_days", "out of range"),
    ("rates = [{ price = 95 }]", "rates = [95]", "rate_cards[0].rates[0]", "not a table"),
    ("rates = [{ price = 95 }]", "rates = 95", "rate_cards[0].rates", "not a list"),
    # words and keys
    ('name = "Website"', 'nam = "Website"', "agreements[0].nam", "“name”"),
    ('review = "none"', 'review = "pier"', "agreements[0].review", "“peer”"),
    ('"finance_lead"', '"finance_leed"', "users[0].roles", "“finance_lead”"),
    ('roles = ["administrator", "finance_lead"]', 'roles = { biller = "some" }', "users[0].roles.biller", "all, book"),
    ('kind = "time"', 'kind = "hours"', "agreements[0].charges[0].kind", "time, expense"),
    ('kind = "time"', 'kind = "time", overtime_after_hours = "7.7777"', "agreements[0].charges[0].overtime_after_hours",
     "8.25"),
    ('kind = "time"', 'kind = "time", weekend_factor = -1', "agreements[0].charges[0].weekend_factor", "zero or more"),
    ('code = "LAB"', 'code = ""', "entities[0].code", "0 characters"),
    # identifiers
    ("DE298765435", "DE298765434", "entities[0].vat_id", "VAT id"),
    ("DE46 1005", "DE47 1005", "entities[0].bank_accounts[0].iban", "IBAN"),
    ('currency = "EUR"', 'currency = "EURO"', "entities[0].currency", "ISO 4217"),
    ("Europe/Berlin", "Berlin", "entities[0].time_zone", "IANA"),
    ("ap@acme.example", "ap@acme", "accounts[0].contacts[0].email", "e-mail"),
    ('city = "Hamburg"\ncountry = "DE"', 'city = "Hamburg"\ncountry = "Germany"', "accounts[0].country", "Write DE"),
    ('vat_id = "DE298765435"', 'colour = "red"', "entities[0].colour", "#0f766e"),
    # what is missing or makes no sense
    ("starts_on = 2026-01-01\n", "", "agreements[0].starts_on", "missing"),
    ("{ price = 95 }", "{ person = \"ada\" }", "rate_cards[0].rates[0].price", "ends = true"),
    ("{ price = 95 }", "{ price = 95, ends = true }", "rate_cards[0].rates[0].price", "or it ends"),
    ('charges = [{ code = "hours", kind = "time", name = "Consulting" }]', "", "agreements[0].charges", "nothing"),
    ("\ncontacts", '\ncover = { user = "ada", from = 2026-02-02, until = 2026-02-01 }\ncontacts',
     "accounts[0].cover.until", "before the first day"),
    ('[[people]]', '[[users]]\nlogin = "ada"\nname = "A"\nemail = "a@example.com"\n\n[[people]]', "users[1].login",
     "users[0]"),
])
def test_a_mistake_is_told_by_its_place(old: str, new: str, path: str, words: str) -> None:
    assert SMALL.count(old) == 1, old
    found = mistakes(SMALL.replace(old, new))
    assert words in found[path]


def test_all_mistakes_are_told_at_once() -> None:
    text = SMALL.replace("price = 95", "price = 95.5").replace('review = "none"', 'revue = "none"').replace(
        'login = "ada"\n', "")
    assert set(mistakes(text)) == {"users[0].login", "rate_cards[0].rates[0].price", "agreements[0].revue"}


@pytest.mark.parametrize(("version", "path"), [
    ("from = 2025-12-31", "agreements[0].versions[0].from"),
    ("from = 2026-01-01", "agreements[0].versions[0].from"),
    ("from = 2026-02-01\ncharges = []", "agreements[0].versions[0].charges"),
    ("payment_days = 3", "agreements[0].versions[0].from"),
])
def test_versions_that_make_no_sense(version: str, path: str) -> None:
    assert set(mistakes(f"{SMALL}\n[[agreements.versions]]\n{version}\n")) == {path}


@pytest.mark.parametrize(("table", "paths"), [
    ('[[tax_rates]]\ncountry = "DE"\n', {"tax_rates[0].percent", "tax_rates[0].from"}),
    ('[[tax_rates]]\ncountry = "DE"\nfrom = 2026-01-01\npercent = 100\n', {"tax_rates[0].percent"}),
    ('[[exchange_rates]]\nbase = "USD"\nquote = "EUR"\nfrom = 2026-01-01\nrate = 0\n', {"exchange_rates[0].rate"}),
    ('[mapping.people]\n"Ada L." = 3\n', {'mapping.people."Ada L."'}),
    ('[mapping.persons]\n"Ada L." = "ada"\n', {"mapping.persons"}),
])
def test_mistakes_in_rates_and_mapping(table: str, paths: set[str]) -> None:
    assert set(mistakes(f"{SMALL}\n{table}")) == paths


@pytest.mark.parametrize(("data", "words"), [
    (b"a = \xff", "UTF-8"), (b"a = \nb = 1", "line 1"), (b"a = 1\na = 2\nb = 3", "line 2"), (b"a = 2026-02-30", "TOML"),
    (b"a = " + b"9" * 5000, "TOML"), (b"a = " + b"[" * 100_000, "nested"),
])
def test_what_is_no_toml(data: bytes, words: str) -> None:
    with pytest.raises(SetUpError) as refusal:
        read_set_up(data)
    assert words in str(refusal.value.problems[0])


def test_an_empty_file_sets_up_nothing() -> None:
    assert read_set_up(b"").users == ()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    _refused_or_read(data)


def _refused_or_read(data: bytes) -> None:
    """Anything but `SetUpError` fails the test that calls this."""
    problems: tuple[object, ...] | None = None
    try:
        read_set_up(data)
    except SetUpError as error:
        problems = error.problems
    assert problems is None or len(problems) > 0


VALUES = ['""', '"x"', '"2026-01-01"', "2026-01-01", "1", "-1", "1.5", "nan", "true", "[]", "{}", "[1]", "[{}]",
          "[[]]", "{ x = 1 }", "12:00:00"]
LINES = [i for i, line in enumerate(SMALL.splitlines()) if " = " in line]


@given(st.sampled_from(LINES), st.sampled_from(VALUES))
def test_no_value_breaks_the_reader(line: int, value: str) -> None:
    lines = SMALL.splitlines()
    lines[line] = lines[line].split(" = ")[0] + " = " + value
    _refused_or_read("\n".join(lines).encode())


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


def png(width: int, height: int) -> bytes:
    """A PNG that says to have this size and holds one grey dot."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80"))
            + chunk(b"IEND", b""))


@pytest.mark.parametrize(("content", "kind"), [
    (b'<?xml version="1.0"?>' + SVG.format("").encode(), "image/svg+xml"), (png(1, 1), "image/png"),
])
def test_a_logo_is_known_by_its_content(content: bytes, kind: str) -> None:
    assert media_type("logo", content) == kind


@pytest.mark.parametrize(("content", "wrong"), [
    (b"", "neither"), (b"GIF89a", "neither"), (b"\xff\xd8\xff", "neither"), (b"<svg" + b" " * 1_000_000, "bytes"),
    (b"\x89PNG\r\n\x1a\nxx", "cannot be drawn"), (png(50_000, 50_000), "pixels"), (b"<html><svg></html>", "drawn"),
    (SVG.format('<image width="9" height="9" href="/etc/passwd"/>').encode(), "cannot be drawn"),
    (b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + SVG.format("<text>&x;</text>").encode(), "drawn"),
    (SVG.format("<g>" * 90_000 + "</g>" * 90_000).encode(), "cannot be drawn"),
])
def test_what_is_no_logo(content: bytes, wrong: str) -> None:
    """Such a picture would keep all documents from being made, or show what is not its own."""
    with pytest.raises(FormatError, match=wrong):
        media_type("logo", content)
