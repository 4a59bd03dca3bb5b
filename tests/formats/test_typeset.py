"""Typeset documents: standards, languages, figures, length, and the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from pathlib import Path

import pikepdf
import pypdf
import pytest

from duly.engine.document import Document, Logo, Party, Row, TaxLine
from duly.engine.prepayment import Prepayment
from duly.engine.pricing.lines import KINDS
from duly.formats.typeset import TypesetError, pictures, preview, render
from duly.formats.typeset.texts import _TEXTS, TEXTS
from duly.formats.typeset.view import SECTIONS
from tests.formats.documents import LINES, SELLER, annex, invoice, receipt, simple

REPOSITORY = Path(__file__).parents[2]


def text_of(document: Document) -> str:
    """The text of all pages, blanks of every kind as one space."""
    pages = pypdf.PdfReader(io.BytesIO(render(document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def pages_of(document: Document) -> int:
    return len(pypdf.PdfReader(io.BytesIO(render(document))).pages)


def reverse_charged(**changes: object) -> Document:
    lines = tuple(replace(line, tax_category="AE", tax_rate=D(0)) for line in LINES)
    nothing = TaxLine("AE", D(0), D("7673.18"), D(0))
    return invoice(lines=lines, tax_lines=(nothing,), tax=D(0), total=D("7673.18"), payable=D("7673.18"), **changes)


@pytest.mark.parametrize("document", [invoice(annex=annex(3)), receipt(), invoice(draft=True, number="")])
def test_a_document_is_pdf_a_3b_and_pdf_ua_1(document: Document) -> None:
    pdf = render(document)
    assert pdf.startswith(b"%PDF-")
    with pikepdf.open(io.BytesIO(pdf)) as opened, opened.open_metadata() as claims:
        assert (claims["pdfaid:part"], claims["pdfaid:conformance"], claims["pdfuaid:part"]) == ("3", "B", "1")
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang).startswith("de")
        assert opened.Root.ViewerPreferences.DisplayDocTitle


def test_tables_have_tagged_headers_and_pictures_have_words() -> None:
    with pikepdf.open(io.BytesIO(render(invoice()))) as opened:
        elements = [one for one in opened.objects if isinstance(one, pikepdf.Dictionary) and "/S" in one]
        kinds = [str(one.S) for one in elements]
        alternatives = [str(one.Alt) for one in elements if "/Alt" in one]
    assert kinds.count("/TH") >= 6
    assert "/H1" in kinds
    assert "Logo von Nordlicht Digital GmbH" in alternatives
    assert any("IBAN DE89 3704 0044 0532 0130 00" in text for text in alternatives)


PRINTED = {
    "de": ("Rechnung", "Leistungszeitraum 01.–31.10.2026", "Fällig am 02.12.2026", "Nettobetrag 7.673,18",
           "19 % USt auf 7.673,18 1.457,90", "9.131,08 EUR", "42:30:00 × 118,00 je h = 5.015,00",
           "1.250,00 × 16 von 31 Tagen = 645,16 (gerundet)",
           "Zahlbar ohne Abzug innerhalb von 30 Tagen, bis 02.12.2026.",
           "Seite 1 von 1"),
    "en": ("Invoice", "Service period 1–31 Oct 2026", "Due date 2 Dec 2026", "Net amount 7,673.18",
           "VAT 19% on 7,673.18 1,457.90", "EUR 9,131.08", "42:30:00 × 118.00 per h = 5,015.00",
           "1,250.00 × 16 of 31 days = 645.16 (rounded)", "Payable without deduction within 30 days, by 2 Dec 2026.",
           "Page 1 of 1"),
    "fr": ("Facture", "Période de prestation 1–31 oct. 2026", "Échéance 2 déc. 2026", "Total HT 7 673,18",
           "TVA 19 % sur 7 673,18 1 457,90", "9 131,08 EUR", "42:30:00 × 118,00 par h = 5 015,00",
           "1 250,00 × 16 jours sur 31 = 645,16 (arrondi)",
           "Payable sans escompte sous 30 jours, au plus tard le 2 déc. 2026.",
           "Page 1 sur 1"),
}


@pytest.mark.parametrize("language", PRINTED)
def test_an_invoice_speaks_its_language(language: str) -> None:
    text = text_of(invoice(language=language))
    missing = [part for part in ("RE-2026-000042", *PRINTED[language]) if part not in text]
    assert not missing, text


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("de", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("en", "Reverse charge: the recipient is liable for the VAT"),
        ("fr", "Autoliquidation : la TVA est due par le preneur"),
    ],
)
def test_reverse_charge_is_named_in_the_clients_language(language: str, reason: str) -> None:
    assert reason in text_of(reverse_charged(language=language))


def test_a_seller_outside_the_scope_of_tax_shows_no_tax_column() -> None:
    outside = {"tax_category": "O"}
    text = text_of(simple(rate="0", tax="0", line=outside, tax_line={"category": "O", "reason": "Kleinunternehmer"}))
    assert "USt " not in text.replace("USt-IdNr.", "")
    assert "Kleinunternehmer" in text
    assert "Gesamtbetrag 100,00 EUR" in text


TITLES = [
    ({"kind": "credit_note", "corrects": "RE-2026-000042"},
     ("Rechnungskorrektur", "Korrigiert RE-2026-000042", "Erstattungsbetrag"), ("Gutschrift", "Zahlbar")),
    ({"kind": "proforma"}, ("Proforma-Rechnung", "keine Rechnung im Sinne des UStG"), ()),
    ({"kind": "deposit"}, ("Anzahlungsrechnung",), ("Proforma",)),
    ({"draft": True, "number": "", "issued_on": None},
     ("ENTWURF", "bitte zahlen Sie noch nicht"), ("Nummer", "Verwendungszweck")),
]


@pytest.mark.parametrize(("changes", "has", "has_not"), TITLES)
def test_each_kind_says_what_it_is(changes: dict[str, object], has: tuple[str, ...], has_not: tuple[str, ...]) -> None:
    text = text_of(simple(**changes))
    assert [part for part in has if part not in text] == []
    assert [part for part in has_not if part in text] == []


def test_a_receipt_says_what_was_settled_and_what_is_left() -> None:
    text = text_of(receipt())
    parts = ("Zahlungsbestätigung", "Eingegangen am 20.11.2026", "Zahlungsart Überweisung", "10.000,00 EUR",
             "RE-2026-000043 03.11.2026 1.800,00 800,00 1.000,00", "Als Guthaben verbucht 68,92")
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize(("language", "said"), [
    ("en", "Rounding 0.02"), ("de", "Rundung 0,02"), ("fr", "Arrondi 0,02")])
def test_the_rounding_stands_between_the_total_and_what_is_due(language: str, said: str) -> None:
    text = text_of(simple(rounding=D("0.02"), language=language))
    assert f"{said} {TEXTS[language]['payable']}" in text
    assert text.index(TEXTS[language]["total"]) < text.index(said)


def test_prepaid_is_taken_off_the_total() -> None:
    text = text_of(simple(prepaid=D("50.00")))
    assert "Gesamtbetrag 119,00 Bereits gezahlt −50,00 Zahlbetrag 69,00 EUR" in text


@pytest.mark.parametrize(("language", "said"), [
    ("en", "Total 119.00 Paid by voucher, RE-7 of 2 Oct 2026 −119.00 Amount due"),
    ("de", "Gesamtbetrag 119,00 Mit Gutschein bezahlt, RE-7 vom 02.10.2026 −119,00 Zahlbetrag"),
    ("fr", "Total TTC 119,00 Réglé par bon, RE-7 du 2 oct. 2026 −119,00 Net à payer")])
def test_vouchers_that_paid_are_named(language: str, said: str) -> None:
    paid = (Prepayment("RE-7", date(2026, 10, 2), D("119.00")),)
    text = text_of(simple(prepaid=D("119.00"), prepayments=paid, language=language))
    assert said in text
    assert TEXTS[language]["nothing_due"] in text


@pytest.mark.parametrize(
    ("currency", "exponent", "amount", "printed"),
    [
        ("JPY", 0, "1234567", "JPY 1,234,567"),
        ("KWD", 3, "1234.567", "KWD 1,234.567"),
        ("EUR", 2, "-1234.5", "EUR −1,234.50"),
        ("USD", 2, "98765432109876.54", "USD 98,765,432,109,876.54"),
    ],
)
def test_amounts_print_with_the_currencys_own_decimals(currency: str, exponent: int, amount: str, printed: str) -> None:
    document = simple(amount, rate="0", tax="0", currency=currency, exponent=exponent, language="en")
    assert printed in text_of(document)


def test_three_hundred_entries_run_over_pages_and_every_page_repeats_the_head() -> None:
    document = invoice(annex=annex(300))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render(document))).pages]
    assert 8 <= len(pages) <= 14
    assert all("Betrag EUR" in page and f"Seite {at} von {len(pages)}" in page for at, page in enumerate(pages, 1))
    text = " ".join(" ".join(pages).split())
    seconds = sum(entry.seconds for entry in document.annex)
    assert f"Gesamtzeit {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" in text
    assert text.count("Fehler im Abgleich") == 300


def test_many_lines_repeat_their_header_and_section() -> None:
    lines = tuple(replace(LINES[0], position=at) for at in range(1, 61))
    net = D("5015.00") * 60
    document = invoice(lines=lines, subtotals=(), tax_lines=(TaxLine("S", D("0.19"), net, D("57171.00")),), net=net,
                       tax=D("57171.00"), total=net + D("57171.00"), payable=net + D("57171.00"))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render(document))).pages]
    assert len(pages) >= 3
    assert all("Einzelpreis" in page and "Zeitaufwand" in page for page in pages[:2])


@pytest.mark.parametrize(("country", "width"), [("DE", 595), ("US", 612), ("CA", 612)])
def test_paper_follows_the_sellers_country(country: str, width: int) -> None:
    seller = replace(SELLER, country=country)
    page = pypdf.PdfReader(io.BytesIO(render(simple(seller=seller)))).pages[0]
    assert int(page.mediabox.width) == width


def test_two_processes_in_other_places_give_the_same_bytes(tmp_path: Path) -> None:
    code = ("import sys, hashlib; from tests.formats.documents import invoice, annex; "
            "from duly.formats.typeset import render; "
            "print(hashlib.sha256(render(invoice(annex=annex(5)))).hexdigest())")
    elsewhere = {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    digest = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | elsewhere | {"PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert digest == hashlib.sha256(render(invoice(annex=annex(5)))).hexdigest()


def test_a_document_that_went_through_json_gives_the_same_bytes() -> None:
    assert render(Document.from_json(invoice().to_json())) == render(invoice())


def test_another_document_gives_other_bytes() -> None:
    assert render(simple()) != render(simple(number="RE-2026-000043"))


def test_the_pictures_show_every_page_the_same_each_time() -> None:
    document = invoice(annex=annex(5))
    pages = pictures(document)
    assert len(pages) == pages_of(document)
    assert all(page.lstrip().startswith(b"<svg") for page in pages)
    assert pages == pictures(document)


def test_the_preview_shows_every_page() -> None:
    pages = preview(invoice(annex=annex(5)), ppi=40)
    assert len(pages) == 2
    assert all(page.startswith(b"\x89PNG") for page in pages)


@pytest.mark.parametrize("logo", [Logo(b"<svg", "image/svg+xml"), Logo(b"no picture", "image/png")])
def test_a_broken_logo_is_refused_in_words(logo: Logo) -> None:
    with pytest.raises(TypesetError, match="logo cannot be drawn"):
        render(simple(logo=logo))


def test_a_colour_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(TypesetError, match="write it as #rrggbb"):
        render(simple(colour="teal"))


def test_every_kind_of_line_has_a_section_in_every_language() -> None:
    titles = {name: [texts.get(SECTIONS.get(name, name)) for texts in TEXTS.values()] for name in KINDS}
    assert [name for name, named in titles.items() if None in named] == []
    assert len({named[0] for named in titles.values()}) == len(KINDS)


def test_a_long_explanation_stands_behind_the_document() -> None:
    """Its line refers to a table of it; what is short stays beneath its line."""
    tiers = [{"step": "tier", "add": "10", "times": f"0.{9 - at}", "above": str(at * 10), "up_to": str(at * 10 + 10)}
             for at in range(5)]
    rows = (*tiers, {"step": "sum"}, {"step": "round", "exponent": 2, "amount": "35"})
    lines = {"section": "usage", "quantity": D("50.000000"), "unit": "GB", "explanation": tuple(map(Row, rows))}
    text = text_of(simple("35.00", tax="6.65", line=lines, language="en"))
    assert "See “How it was computed”, no. 1" in text
    assert "No. 1 · Beratung What Quantity Factor Amount EUR Up to 10 10 GB 0.90 9.00 Over 10 to 20 10 GB 0.80" in text
    assert "50 GB 19%" in text, "a price of all tiers together is none"
    short = text_of(simple("35.00", tax="6.65", language="en", line=lines | {"explanation": tuple(map(Row, (
        {"step": "tier", "add": "50", "times": "0.7", "above": "0", "up_to": None}, *rows[-2:])))}))
    assert "50 × 0.70 = 35.00" in short
    assert "How it was computed" not in short


def test_every_text_has_every_language_and_the_same_blanks_to_fill() -> None:
    fields = {name: {frozenset(part.split("}")[0] for part in text.split("{")[1:]) for text in texts}
              for name, texts in _TEXTS.items()}
    assert [name for name, kinds in fields.items() if len(kinds) > 1] == []
    assert [name for name, texts in _TEXTS.items() if not all(texts)] == []
    assert set(TEXTS) == {"en", "de", "fr"}


def test_the_footer_carries_the_sellers_legal_details() -> None:
    seller = Party("Kestrel Robotics Inc.", ("500 Howard Street",), "US", legal_text="A Delaware corporation")
    text = text_of(simple(seller=seller, language="en"))
    assert "Kestrel Robotics Inc." in text
    assert "A Delaware corporation" in text


def test_threads_do_not_mix_their_documents() -> None:
    documents = [simple(number=f"RE-{at}") for at in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(render, documents))
    assert together == [render(document) for document in documents]
