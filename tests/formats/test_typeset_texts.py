"""Whatever people type, the invoice prints: markup, broken characters, every script, words without end."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from decimal import Decimal as D

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.engine.document import AnnexEntry, Row
from duly.formats.typeset import render
from duly.formats.typeset.colour import READABLE, contrast_with_white, readable
from duly.formats.typeset.explanation import explained
from duly.formats.typeset.fonts import REPLACEMENT, breakable, printable, uncovered
from duly.formats.typeset.words import Words
from tests.formats.documents import BUYER, LINES, SELLER, annex, invoice, simple

HOSTILE = {
    "typst markup": "#panic() $x^2$ \\ @ref <label> *b* _i_ `raw` = T / #import \"/etc/passwd\" // end /* c */",
    "controls": "a\x00b\x01c\x1b[31md\x7fe\u0085f",
    "line ends": "one\r\ntwo\rthree\u2028four\u2029five\tsix",
    "emoji": "done 👍🏽 👨‍👩‍👧 ✅ 🇩🇪 ☃️",
    "arabic": "فاتورة رقم ١٢٣",
    "hebrew": "חשבונית מס 42",
    "chinese, japanese, korean": "請求書 发票 한국어 ｶﾅ",
    "thai": "ใบแจ้งหนี้",
    "greek, cyrillic, vietnamese": "Τιμολόγιο Счёт-фактура Hóa đơn ộ",
    "rare scripts": "𐎀𐎁 ꓀ ᏣᎳᎩ ሰላም ગુજરાતી தமிழ்",
    "stacked marks": "Z̸̢̧̛͓̝̪͔͎͎̪͇̄̽͂̈́͗̀a̶̡̛͓l̵g̷o̴",
    "overrides": "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e",
    "private and unassigned": "\ue000 \U000fffff \ufdd0 \uffff \u0378",
    "joiners": "क्‍ष a\u200cb\u200dc\u00ad\u2060\ufeff",
    "long word": "https://example.org/" + "x" * 200,
    "long text": "Ein sehr langer Satz ohne Sinn. " * 300,
    "blank": " \u00a0\u2003\u3000 ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_anywhere_still_prints(name: str) -> None:
    text = HOSTILE[name]
    seller = replace(SELLER, name=text[:300], legal_text=text[:300], address=(text[:200],))
    buyer = replace(BUYER, name=text[:300], contact_name=text[:200], account_number=text[:80])
    entry = AnnexEntry(annex(1)[0].date, text, text, text, 61, 61, D(1), text[:300])
    line = {"description": text, "detail": text, "section": text[:300], "unit": text[:10]}
    document = simple(seller=seller, buyer=buyer, line=line, annex=(entry,), notes=(text,), logo=None,
                      buyer_reference=text[:200], purchase_order=text[:200])
    pdf = render(document)
    assert "RE-2026-000042" in "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_stops_an_invoice(text: str) -> None:
    assert render(simple(line={"description": text}, notes=(text,))).startswith(b"%PDF")


def test_a_lone_surrogate_prints_as_a_replacement() -> None:
    assert render(simple(line={"description": "half \ud83d"})).startswith(b"%PDF")


def test_markup_prints_as_it_was_typed() -> None:
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render(
        simple(line={"description": "#let x = $1 \\ @a <b> *c*"})))).pages)
    assert "#let x = $1 \\ @a <b> *c*" in text


PRINTABLE = [
    ("Müller & Söhne", "Müller & Söhne"),
    ("a\x00b\x07c", "abc"),
    ("e\u0301", "é"),
    ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
    ("ok 👍", f"ok {REPLACEMENT}"),
    ("\u202egpj.exe", "gpj.exe"),
    ("\ud83d", REPLACEMENT),
    ("請求書", "請求書"),
]


@pytest.mark.parametrize(("text", "expected"), PRINTABLE)
def test_what_is_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_the_fonts_cover_the_languages_of_europe_and_the_signs_of_an_invoice() -> None:
    letters = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3A2), *range(0x400, 0x460))))
    assert uncovered(letters + "€£¥₹₺₴₩ƒ−×÷–—’“”„«»…·•№§¶†™\u00a0\u202f" + REPLACEMENT) == set()


def test_only_long_words_get_places_to_break() -> None:
    assert breakable("Softwareentwickl. für Kunden") == "Softwareentwickl. für Kunden"
    broken = breakable("x" * 45)
    assert broken.replace("\u200b", "") == "x" * 45
    assert max(map(len, broken.split("\u200b"))) <= 10


@pytest.mark.parametrize("colour", ["#0f766e", "#ffffff", "#f5b301", "#00ff00", "#000000", "#767676"])
def test_the_accent_is_always_readable_on_white(colour: str) -> None:
    made = readable(colour)
    assert contrast_with_white([int(made[at : at + 2], 16) for at in (1, 3, 5)]) >= READABLE
    assert (made == colour) == (colour in ("#0f766e", "#000000", "#767676"))


EXPLAINED = [
    # the computation's rows, and what the client reads
    (({"step": "seconds", "times": "5400", "entries": 1, "worked": 5000}, {"step": "rate", "times": "95"},
      {"step": "hour", "over": "3600"}, {"step": "round", "exponent": 2, "amount": "142.5"}),
     "1 entry, worked 1:23:20, 1:30:00 × 95.00 per h = 142.50"),
    (({"step": "cost", "times": "33.33", "currency": "USD"}, {"step": "markup", "times": "1.1"},
      {"step": "exchange", "times": "0.921", "to": "EUR"}, {"step": "round", "exponent": 2, "amount": "33.77"}),
     "Cost 33.33 USD × 1.1 (mark-up 10%) × 0.921 (exchange rate) = 33.77 (rounded)"),
    (({"step": "agreed", "times": "5000"}, {"step": "accepted", "times": "0.25"},
      {"step": "round", "exponent": 2, "amount": "1250"}), "5,000.00 × 25% = 1,250.00"),
    (({"step": "price", "times": "12.5"}, {"step": "quantity", "times": "3", "unit": "month"},
      {"step": "round", "exponent": 2, "amount": "37.5"}), "12.50 × 3 months = 37.50"),
    (({"step": "price", "times": "12.5"}, {"step": "novelty", "times": "2"}, {"step": "split", "over": "5"},
      {"step": "round", "exponent": 2, "amount": "5"}), "12.50 × 2 × 1/5 = 5.00"),
    (({"step": "agreed", "times": "5000"}, {"step": "round", "exponent": 2, "amount": "5000"}), ""),
    (({"step": "agreed", "times": "5000"}, {"step": "reword", "from": "Go-live", "by": "mara"},
      {"step": "round", "exponent": 2, "amount": "5000"}), ""),
    (({"step": "agreed", "times": "5000"}, {"step": "write_down", "times": "4500", "over": "5000", "by": "mara",
                                            "reason": "Late"},
      {"step": "round", "exponent": 2, "amount": "4500"}), "5,000.00 × 4,500.00/5,000.00 (reduced) = 4,500.00"),
    ((), ""),
]


@pytest.mark.parametrize(("rows", "expected"), EXPLAINED)
def test_how_a_line_was_computed(rows: tuple[dict[str, object], ...], expected: str) -> None:
    line = replace(LINES[0], seconds=1, explanation=tuple(map(Row, rows)))
    text = "\n".join(explained(line, Words(invoice(language="en", lines=(line, *LINES[1:])))))
    assert text.replace("\u00a0", " ") == expected


def test_random_scripts_print() -> None:
    chance = random.Random(20261101)
    text = "".join(
        chr(chance.choice((chance.randrange(0x20, 0xD800), chance.randrange(0xE000, 0x30000)))) for _ in range(2000)
    )
    assert render(simple(line={"description": text})).startswith(b"%PDF")
