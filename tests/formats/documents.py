"""Documents for the tests and the bench: small, exact, and as real ones are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from duly.engine.document import (
    AnnexEntry,
    BankAccount,
    Document,
    Line,
    Logo,
    Party,
    Receipt,
    Row,
    Settlement,
    Subtotal,
    TaxLine,
    TaxRegistration,
)

D = Decimal
LOGO = Logo(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 60"><circle cx="30" cy="30" r="26" fill="#0f766e"/>'
    b'<path d="M18 34l9 9 18-24" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round"/></svg>',
    "image/svg+xml",
)
SELLER = Party(
    name="Nordlicht Digital GmbH",
    address=("Am Sandtorkai 48", "20457 Hamburg"),
    country="DE",
    registrations=(TaxRegistration("VAT", "DE811907980", "DE"), TaxRegistration("TAX", "48/123/45678", "DE")),
    email="rechnung@nordlicht.example",
    phone="+49 40 5550 120",
    website="nordlicht.example",
    legal_text="Amtsgericht Hamburg HRB 98765 · Geschäftsführung: Mara König, Tobias Lindqvist",
)
BUYER = Party(
    name="Ostwind Logistik AG",
    address=("Speicherstraße 7", "60327 Frankfurt am Main"),
    country="DE",
    registrations=(TaxRegistration("VAT", "DE136695976", "DE"),),
    account_number="K-10042",
    contact_name="Frau Dr. Anneliese Weißenburger",
)
BANK = BankAccount("Nordlicht Digital GmbH", "DE89370400440532013000", "COBADEFFXXX", "Commerzbank Köln")


def _time_line(position: int, what: str, seconds: int, price: str, amount: str, entries: int) -> Line:
    rows = ({"step": "seconds", "times": str(seconds), "entries": entries, "worked": seconds},
            {"step": "rate", "times": price, "rate_id": 7}, {"step": "hour", "over": "3600"},
            {"step": "round", "exponent": 2, "amount": amount})
    return Line(position, what, D(seconds), "h", D(price), D(amount), "S", D("0.19"), section="time",
                seconds=seconds, service_from=date(2026, 10, 1), service_to=date(2026, 10, 30),
                explanation=tuple(map(Row, rows)))


LINES = (
    _time_line(1, "Softwareentwicklung – Ada Lindner", 153_000, "118", "5015.00", 14),
    _time_line(2, "Architektur und Beratung – Jean-Baptiste Grünewald-Øster", 45_296, "145", "1824.42", 6),
    Line(3, "Reisekosten – Bahn Hamburg–Frankfurt, 1. Klasse", D(1), "item", D("188.6"), D("188.60"), "S", D("0.19"),
         section="expenses", service_from=date(2026, 10, 13), service_to=date(2026, 10, 13),
         explanation=tuple(map(Row, ({"step": "cost", "times": "164", "currency": "EUR"},
                                     {"step": "markup", "times": "1.15"},
                                     {"step": "round", "exponent": 2, "amount": "188.6"})))),
    Line(4, "Wartung Kundenportal", D(1), "month", D("1250"), D("645.16"), "S", D("0.19"), section="recurring",
         detail="Reaktionszeit vier Stunden, werktags 8–18 Uhr", service_from=date(2026, 10, 16),
         service_to=date(2026, 10, 31),
         explanation=tuple(map(Row, ({"step": "price", "times": "1250"}, {"step": "days", "times": "16"},
                                     {"step": "period_days", "over": "31"},
                                     {"step": "round", "exponent": 2, "amount": "645.16"})))),
)


def annex(entries: int) -> tuple[AnnexEntry, ...]:
    """So many entries of two people in two projects."""
    people = ("Ada Lindner", "Jean-Baptiste Grünewald-Øster")
    projects = ("Kundenportal", "Datenmigration 2026")
    what = "Anbindung der Lagerverwaltung, Fehler im Abgleich der Sendungsnummern behoben"
    return tuple(
        AnnexEntry(date(2026, 10, 1) + timedelta(days=at % 30), people[at % 2], projects[at % 3 == 0], what,
                   seconds := 3_600 + at * 61 % 5_000, seconds, D("118.00") + at, "Entwicklung" if at % 4 else "")
        for at in range(entries)
    )


def invoice(**changes: Any) -> Document:
    """A German invoice of four lines; `changes` replace fields."""
    plain = Document(
        kind="invoice", language="de", currency="EUR", exponent=2, seller=SELLER, buyer=BUYER, number="RE-2026-000042",
        issued_on=date(2026, 11, 2), tax_point=date(2026, 10, 31), due_on=date(2026, 12, 2),
        service_from=date(2026, 10, 1), service_to=date(2026, 10, 31), purchase_order="4500017788",
        buyer_reference="KST 8120 / Lager Nord", agreements=("V-2025-031",), payment_days=30, bank_accounts=(BANK,),
        lines=LINES, subtotals=(Subtotal("time", D("6839.42")), Subtotal("expenses", D("188.60")),
                                Subtotal("recurring", D("645.16"))),
        tax_lines=(TaxLine("S", D("0.19"), D("7673.18"), D("1457.90")),), net=D("7673.18"), tax=D("1457.90"),
        total=D("9131.08"), payable=D("9131.08"), logo=LOGO,
    )
    return replace(plain, **changes)


def simple(amount: str = "100.00", rate: str = "0.19", tax: str = "19.00", **changes: Any) -> Document:
    """A one-line invoice of the given net amount and tax; `line` and `tax_line` replace fields of those."""
    net, charged = D(amount), D(tax)
    line = replace(Line(1, "Beratung", D(1), "item", net, net, "S", D(rate)), **changes.pop("line", {}))
    tax_line = replace(TaxLine("S", D(rate), net, charged), **changes.pop("tax_line", {}))
    return invoice(lines=(line,), subtotals=(), tax_lines=(tax_line,), net=net, tax=charged, total=net + charged,
                   payable=net + charged - changes.get("prepaid", D(0)) + changes.get("rounding", D(0)), **changes)


def receipt(**changes: Any) -> Document:
    """A receipt over two invoices, the second paid in part, with something left on account."""
    money = Receipt(
        date(2026, 11, 20), "bank_transfer", D("10000.00"), "RE 42 + RE 43",
        (Settlement("RE-2026-000042", D("9131.08"), date(2026, 11, 2), D("9131.08"), D("0.00")),
         Settlement("RE-2026-000043", D("800.00"), date(2026, 11, 3), D("1800.00"), D("1000.00"))),
    )
    plain = Document(kind="receipt", language="de", currency="EUR", exponent=2, seller=SELLER, buyer=BUYER,
                     number="ZB-2026-000007", issued_on=date(2026, 11, 20), bank_accounts=(BANK,),
                     receipt=money, logo=LOGO)
    return replace(plain, **changes)
