"""How a document is to be paid, and what a receipt says was paid."""

from __future__ import annotations

from typing import Any, Final

from duly.engine.document import Document
from duly.formats.payment_qr import PaymentCode, epc_code
from duly.formats.typeset.fonts import breakable
from duly.formats.typeset.words import Words

PAID_FROM: Final = ("invoice", "deposit", "proforma")
NONE: Final = "–"


def payment_code(document: Document) -> PaymentCode | None:
    """The payment QR code, where the document asks for a transfer at all."""
    if not _asks_for_money(document) or not document.bank_accounts:
        return None
    account = document.bank_accounts[0]
    return epc_code(holder=account.holder or document.seller.name, iban=account.iban, bic=account.bic,
                    amount=document.payable, currency=document.currency, remittance=_reference(document))


def payment(words: Words) -> dict[str, Any] | None:
    """Terms, accounts, reference and code; None where nothing is to be paid."""
    document, texts = words.document, words.texts
    if not _asks_for_money(document):
        return None
    code = payment_code(document)
    scan = bool(code and code.text)
    accounts = [
        [[texts["holder"], account.holder], ["IBAN", grouped(account.iban)], ["BIC", account.bic],
         [texts["bank"], account.bank]] for account in document.bank_accounts
    ]
    return {
        "heading": texts["payment"],
        "terms": _terms(words),
        "accounts": [[row for row in rows if row[1]] for rows in accounts],
        "reference": [texts["reference"], breakable(_reference(document))],
        "scan": texts["scan"] if scan else "",
        "scan_alt": _scan_alt(words) if scan else "",
    }


def receipt(words: Words) -> dict[str, Any] | None:
    """What the money received settled, and what stays on account."""
    document, texts = words.document, words.texts
    if document.receipt is None:
        return None
    rows = [
        [part.number, words.print.day(part.issued_on) or NONE, NONE if part.total is None else words.amount(part.total),
         words.amount(part.amount), NONE if part.open_after is None else words.amount(part.open_after)]
        for part in document.receipt.settlements
    ]
    totals: list[dict[str, Any]] = []
    if document.receipt.on_account:
        totals.append({"label": texts["on_account"], "amount": words.amount(document.receipt.on_account)})
    totals.append({"label": texts["received"], "amount": words.money(document.receipt.amount), "final": True})
    columns = (words.in_currency(name) for name in ("document_total", "settled", "open_after"))
    return {"labels": [texts["document"], texts["issued_on"], *columns], "rows": rows, "totals": totals}


def grouped(iban: str) -> str:
    """An IBAN in groups of four, as people read it."""
    text = iban.replace(" ", "")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _asks_for_money(document: Document) -> bool:
    return document.kind in PAID_FROM and not document.draft and document.payable > 0


def _reference(document: Document) -> str:
    return document.payment_reference or document.number


def _scan_alt(words: Words) -> str:
    account = words.document.bank_accounts[0]
    return words.texts["scan_alt"].format(amount=words.money(words.document.payable), holder=account.holder,
                                          iban=grouped(account.iban), reference=_reference(words.document))


def _terms(words: Words) -> str:
    document, texts = words.document, words.texts
    if document.due_on is None:
        return ""
    if document.payment_days == 0:
        return texts["terms_at_once"]
    name = "terms_by" if document.payment_days is None else "terms"
    return texts[name].format(days=document.payment_days, date=words.print.day(document.due_on))
