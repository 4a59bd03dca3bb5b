"""Overtime, limits of expenses, rounding and vouchers at the demo company: worked by hand here, to the cent, and read
as its clients read them."""

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from duly.billing import models as m
from duly.billing.invoicing.documents import documents
from duly.billing.reporting.audits import verify
from duly.formats.typeset import render
from duly.interfaces.cli.demo import load as demo
from duly.interfaces.cli.demo.plan import Plan, read_plan
from tests.conftest import _clone

BEGINS, UNTIL = date(2026, 8, 1), date(2026, 11, 4)
"""October's invoices are issued on the last day. Neither they nor the voucher depend on the months before August."""

# 29 October, a Thursday: Ilse's 1:30, 3:30 and, from 16:00, 5:00 are 10:00, so that the last 2:00 are overtime. Her
#   other hours of October are 27:15; with the first 8:00 of that day 35:15.
# 31 October, a Saturday: Olu's 4:00. His other hours are 33:00.
HAFENLICHT = """
    Ilse Hagedorn                     35.25  102.00  3595.50
    Olumide Adeyemi-Christophersen    33.00  102.00  3366.00
    Ilse Hagedorn                      2.00  127.50   255.00  102.00 × 1.25
    Olumide Adeyemi-Christophersen     4.00  153.00   612.00  102.00 × 1.5
"""
"""Whose hours, how many, at which price, the amount, and how it is worked by hand."""

WEIDENFELD = """
    Bahnfahrt zum Kunden                44.52  42.40 × 1.05
    Hotel, eine Nacht mit Frühstück    140.00  141.50 × 1.05 = 148.575, at most 140.00
    Bahnfahrt zum Kunden               148.47  141.40 × 1.05
"""

RUETLI = """
    Rosa Almeida                        4508.00  24:30 h × 184.00
    Priya Raghunathan                   5618.00  26:30 h × 212.00
    Bahnfahrt nach Zürich                184.37  179.00 × 1.03
    Bahnfahrt nach Zürich                235.87  229.00 × 1.03
    Hotel in Zürich                      211.56  205.40 × 1.03 = 211.562
    Bahnfahrt nach Zürich                195.19  189.50 × 1.03 = 195.185
    Hotel in Zürich                      201.78  195.90 × 1.03 = 201.777
"""
# 4,508.00 + 5,618.00 + 1,028.77 = 11,154.77, taxed where the buyer is; 223,095 × 0.05 = 11,154.75
RUETLI_TOTALS = ("11154.77", "0", "11154.77", "-0.02")

# The voucher of 24 August is sold beside August's invoice, without tax.
# September: 29.90 for the archive, paid whole; 150.00 − 29.90 = 120.10 are left.
# October: 1:00 h × 102.00 + 29.90 at 19%, the printed book for 89.00 at 7%, all with the tax in them: 220.90.
#   131.90 ÷ 1.19 = 110.8403, tax 21.06; 89.00 ÷ 1.07 = 83.1776, tax 5.82; net 110.84 + 83.18.
#   220.90 − 120.10 = 100.80 are left to pay, and nothing of the voucher.
VOUCHER = [
    # net, tax, total, paid by the voucher, left to pay; then what the deposits hold of it
    (("150.00", "0.00", "150.00", "0.00", "150.00"), "150.00"),
    (("25.13", "4.77", "29.90", "29.90", "0.00"), "120.10"),
    (("194.02", "26.88", "220.90", "120.10", "100.80"), "0.00"),
]

TOLD = {
    "5001": ("2:00 × 102,00 je h × 1,25 (Überstunden) = 255,00", "4:00 × 102,00 je h × 1,5 (Wochenende) = 612,00"),
    "4002": ("Kosten 141,50 EUR × 1,05 (Aufschlag 5 %) = 148,575, höchstens 140,00 für Hotel",),
    "2007": ("Gesamtbetrag 11.154,77", "Rundung −0,02", "Zahlbetrag 11.154,75 CHF"),
    "5009": ("19 % USt auf 110,84 21,06", "7 % USt auf 83,18 5,82", "Gesamtbetrag 220,90", "Mit Gutschein bezahlt",
             "−120,10", "Zahlbetrag 100,80 EUR"),
}
"""What each client reads on October's invoice."""


@pytest.fixture(scope="module", autouse=True)
def lived(schema: str) -> Iterator[None]:
    """The whole firm, so that everybody works as in the whole demo, through its last months."""
    plan = read_plan()
    with _clone(schema, f"{schema}_last_terms"):
        demo.load(Plan(plan.set_up, plan.story, BEGINS), lambda _: None, UNTIL)
        yield


def october(account: str) -> m.Invoice:
    return m.Invoice.objects.get(account__number=account, issued_on=UNTIL)


def rows(text: str) -> list[list[str]]:
    return [[part.strip() for part in row.split("  ") if part.strip()] for row in text.strip().splitlines()]


def test_hours_at_night_and_at_a_weekend_count_more() -> None:
    lines = october("5001").lines.filter(kind="time").order_by("position")
    assert [(line.quantity / 3600, line.unit_price, line.amount) for line in lines] == [
        tuple(map(Decimal, row[1:4])) for row in rows(HAFENLICHT)]
    assert all(row[0] in line.description for line, row in zip(lines, rows(HAFENLICHT), strict=True))
    assert [[row["why"] for row in line.explanation if row["step"] == "multiplier"] for line in lines] == [
        [], [], ["overtime"], ["weekend"]]


def test_a_hotel_above_the_limit_is_billed_at_the_limit() -> None:
    lines = october("4002").lines.filter(kind="expense").order_by("position")
    assert [line.amount for line in lines] == [Decimal(row[1]) for row in rows(WEIDENFELD)]
    assert all(row[0] in line.description for line, row in zip(lines, rows(WEIDENFELD), strict=True))


def test_francs_are_asked_for_to_five_hundredths() -> None:
    invoice = october("2007")
    lines = invoice.lines.order_by("position")
    assert [line.amount for line in lines] == [Decimal(row[1]) for row in rows(RUETLI)]
    assert all(row[0] in line.description for line, row in zip(lines, rows(RUETLI), strict=True))
    assert [invoice.net, invoice.tax, invoice.total, invoice.rounding] == [*map(Decimal, RUETLI_TOTALS)]
    assert invoice.open_item is not None
    assert invoice.open_item.amount == Decimal("11154.75")


def test_a_voucher_pays_the_invoices_after_it_with_their_tax() -> None:
    sale = m.Invoice.objects.get(lines__charge__code="gutschein")
    assert (sale.lines.count(), sale.tax_lines.get().reason) == (1, "voucher")
    later = m.Invoice.objects.filter(account=sale.account, issued_on__gt=sale.issued_on).order_by("issued_on")
    held = Decimal(0)
    for invoice, (figures, left) in zip([sale, *later], VOUCHER, strict=True):
        assert invoice.open_item is not None
        assert (invoice.net, invoice.tax, invoice.total, invoice.prepaid, invoice.open_item.amount) == tuple(
            map(Decimal, figures))
        posted = m.Transfer.objects.filter(entry__source=invoice.number)
        held += sum(one.amount for one in posted.filter(credit__role="deposits"))
        held -= sum(one.amount for one in posted.filter(debit__role="deposits"))
        assert held == Decimal(left)


@pytest.mark.parametrize("account", TOLD)
def test_the_client_reads_how_it_came_about(account: str) -> None:
    pages = PdfReader(io.BytesIO(render(documents([october(account).pk])[0]))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert [told for told in TOLD[account] if told not in text] == [], text


def test_the_books_are_sound() -> None:
    assert [one for one in verify(actor=demo.actor("quentin")) if not one.note] == []
