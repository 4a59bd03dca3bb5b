"""What the page shows: a document as texts in its language, ready to be set. The template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from babel import Locale

from duly.engine.document import Document, Line, TaxLine
from duly.engine.pricing.reading import is_one_price
from duly.formats.typeset.annex import annex
from duly.formats.typeset.colour import readable
from duly.formats.typeset.explanation import computed, explained
from duly.formats.typeset.fonts import LONG, breakable, families, printable
from duly.formats.typeset.payment import grouped, payment, receipt
from duly.formats.typeset.words import Words
from duly.formats.units import unit_text

US_LETTER: Final = frozenset(("US", "CA"))
SALES_TAX: Final = frozenset(("US", "CA"))
"""Countries whose tax is not called value added tax."""
SECTIONS: Final = {
    "expense": "expenses", "milestone": "milestones", "percentage": "percentages", "balance": "balances",
    "true_up": "true_ups", "credit": "credits", "progressive": "progressives", "deposit": "deposits",
}
"""Section keys that are spelled otherwise than their text; a section without a text prints as it was given."""

Shown = dict[str, Any]


def shown(document: Document) -> Shown:
    """Plain JSON values for the template; every text in them is printable with the fonts at hand.

    Raises `ValueError` for a colour that is none.
    """
    words = Words(document)
    texts, seller, buyer = words.texts, document.seller, document.buyer
    return _printable(
        {
            "language": document.language,
            "paper": "us-letter" if seller.country in US_LETTER else "a4",
            "fonts": families(),
            "colour": readable(document.colour),
            "kind": texts[document.kind],
            "number": document.number,
            "title": words.title(),
            "date": list(document.issued_on.timetuple()[:3]) if document.issued_on else None,
            "watermark": texts["draft"] if document.draft else "",
            "page_of": texts["page_of"],
            "seller": seller.name,
            "logo": _logo(words),
            "sender": " · ".join((seller.name, *seller.address)),
            "recipient": [line for line in (buyer.name, buyer.contact_name, *buyer.address, _abroad(words)) if line],
            "facts": list(_facts(words)),
            "summary": _summary(words),
            "notice": _notice(words),
            "lines": _lines(words) if document.lines else None,
            "totals": list(_totals(words)) if document.receipt is None else [],
            "reasons": _reasons(words),
            "receipt": receipt(words),
            "payment": payment(words),
            "notes": list(document.notes),
            "computed": computed(words),
            "annex": annex(words),
            "footer": list(_footer(words)),
            "legal": seller.legal_text,
        }
    )


def _logo(words: Words) -> Shown | None:
    logo = words.document.logo
    if logo is None:
        return None
    kind = "svg" if logo.media_type == "image/svg+xml" else "png"
    return {"format": kind, "alt": words.texts["logo_alt"].format(name=words.document.seller.name)}


def _facts(words: Words) -> Iterator[list[str]]:
    document, texts, day = words.document, words.texts, words.print.day
    money = document.receipt
    one_day = document.service_from == document.service_to
    special = document.tax_point not in (None, document.issued_on, document.service_to)
    vat = (one.number for one in document.buyer.registrations if one.scheme == "VAT")
    facts = (
        ("number", document.number),
        ("issued_on", day(document.issued_on)),
        ("due_on", day(document.due_on)),
        ("service_date" if one_day else "service_period", _period(words, document)),
        ("tax_point", day(document.tax_point) if special else ""),
        ("received_on", day(money.received_on) if money else ""),
        ("method", texts.get(money.method, money.method) if money else ""),
        ("payment_reference", money.reference if money else ""),
        ("corrects", words.dated(document.corrects, document.corrects_issued_on)),
        ("account_number", document.buyer.account_number),
        ("purchase_order", document.purchase_order),
        ("buyer_reference", document.buyer_reference),
        ("agreements", ", ".join(document.agreements)),
        ("buyer_vat", ", ".join(vat)),
    )
    return ([texts[label], breakable(value)] for label, value in facts if value)


def _period(words: Words, of: Document | Line) -> str:
    return words.print.period(of.service_from, of.service_to)


def _summary(words: Words) -> Shown:
    """The one figure that the reader looks for, beside the title."""
    document, texts = words.document, words.texts
    if document.receipt:
        return {"label": texts["received"], "amount": words.money(document.receipt.amount), "note": ""}
    if document.kind == "credit_note":
        return {"label": texts["credited"], "amount": words.money(document.payable), "note": ""}
    due = texts["due_by"].format(date=words.print.day(document.due_on)) if document.due_on else ""
    note = due if document.payable > 0 else texts["nothing_due"]
    return {"label": texts["payable"], "amount": words.money(document.payable), "note": note}


def _notice(words: Words) -> str:
    if words.document.draft:
        return words.texts["draft_notice"]
    return {"proforma": words.texts["proforma_notice"], "receipt": words.texts["thanks"]}.get(words.document.kind, "")


def _lines(words: Words) -> Shown:
    texts, document = words.texts, words.document
    labels = {name: texts[name] for name in ("position", "description", "quantity", "unit_price")}
    sections: dict[str, list[Shown]] = {}
    for line in document.lines:
        sections.setdefault(line.section, []).append(_line(words, line))
    sums = {part.section: part.amount for part in document.subtotals} if len(sections) > 1 else {}
    named = ((key, texts.get(SECTIONS.get(key, key), key), rows) for key, rows in sections.items())
    return {
        "labels": labels | {"tax": _tax_word(words), "amount": words.in_currency(
            "amount_gross_in" if document.prices_include_tax else "amount_in")},
        "taxed": _taxed(document),
        "sections": [
            {"name": name, "rows": rows, "label": texts["subtotal"].format(section=name),
             "subtotal": words.amount(sums[key]) if key in sums and len(rows) > 1 else ""}
            for key, name, rows in named
        ],
    }


def _line(words: Words, line: Line) -> Shown:
    document = words.document
    whole = (line.service_from, line.service_to) == (document.service_from, document.service_to)
    period = "" if whole else _period(words, line)
    one = line.seconds is None and line.quantity == 1
    return {
        "position": str(line.position),
        "description": breakable(line.description),
        "detail": breakable(line.detail),
        "computed": "\n".join(_computed(period, explained(line, words))),
        "long": len(line.description) + len(line.detail) > LONG,
        "quantity": words.print.number(line.quantity) if line.seconds is None else words.time(line.seconds),
        "unit": unit_text(line.unit, document.language, one=one),
        "price": words.price(line.unit_price) if is_one_price(words.readings[line.position], line.quantity) else "",
        "tax": _tax_mark(words, line.tax_category, line.tax_rate),
        "amount": words.amount(line.amount if line.gross is None else line.gross),
    }


def _computed(period: str, told: list[str]) -> list[str]:
    """The line's period stands before the first line of its arithmetic, where there is any."""
    return [" · ".join(part for part in (period, *told[:1]) if part), *told[1:]]


def _taxed(document: Document) -> bool:
    """Whether tax has a place on the page: not where all of it is outside the scope of tax (category O)."""
    return any(line.category != "O" for line in document.tax_lines)


def _mixed(document: Document) -> bool:
    """Whether lines without tax differ in why, so that their category must stand beside the rate."""
    return len({line.category for line in document.tax_lines if not line.rate}) > 1


def _tax_mark(words: Words, category: str, rate: Decimal) -> str:
    percent = words.print.percent(rate)
    return f"{percent} {category}" if not rate and _mixed(words.document) else percent


def _tax_word(words: Words) -> str:
    return words.texts["sales_tax" if words.document.seller.country in SALES_TAX else "vat"]


def _totals(words: Words) -> Iterator[Shown]:
    document, texts = words.document, words.texts
    if _taxed(document):
        yield {"label": texts["net"], "amount": words.amount(document.net)}
        yield from ({"label": _tax_label(words, line), "amount": words.amount(line.tax)}
                    for line in document.tax_lines if line.category != "O")
    less = document.prepaid or document.withholdings or document.rounding
    if less:
        yield {"label": texts["total"], "amount": words.amount(document.total), "rule": True}
    if document.prepaid and not document.prepayments:
        yield {"label": texts["prepaid"], "amount": words.amount(-document.prepaid)}
    for paid in document.prepayments:
        label = texts["voucher"].format(number=words.dated(paid.number, paid.issued_on))
        yield {"label": label, "amount": words.amount(-paid.amount)}
    for one in document.withholdings:
        label = texts["withheld"].format(name=one.name, rate=words.print.percent(one.rate), base=words.amount(one.base))
        yield {"label": label, "amount": words.amount(-one.amount)}
    if document.rounding:
        yield {"label": texts["rounding"], "amount": words.amount(document.rounding)}
    label = "credited" if document.kind == "credit_note" else "payable" if less else "total"
    yield {"label": texts[label], "amount": words.money(document.payable), "final": True}


def _tax_label(words: Words, line: TaxLine) -> str:
    mark = _tax_mark(words, line.category, line.rate)
    return words.texts["tax_at"].format(tax=line.name or _tax_word(words), rate=mark, base=words.amount(line.base))


def _reasons(words: Words) -> list[str]:
    """Why no tax is charged: the document's own text, or that of the category (EN 16931, BT-120)."""
    reasons = []
    for line in words.document.tax_lines:
        reason = line.reason or ("" if line.rate else words.texts.get(f"reason_{line.category}", ""))
        reasons += [f"{line.category}: {one}" if _mixed(words.document) else one for one in reason.splitlines()]
    return list(dict.fromkeys(reasons))


def _footer(words: Words) -> Iterator[list[str]]:
    seller = words.document.seller
    schemes = {"VAT": words.texts["scheme_VAT"], "TAX": words.texts["scheme_TAX"]}
    numbers = [f"{schemes.get(one.scheme, one.scheme)} {one.number}" for one in seller.registrations]
    banks = [text for account in words.document.bank_accounts[:1]
             for text in (account.bank, grouped(account.iban), account.bic)]
    columns = [seller.name, *seller.address], [seller.email, seller.phone, seller.website], numbers, banks
    return (texts for column in columns if (texts := [text for text in column if text]))


def _abroad(words: Words) -> str:
    """The country's name in capitals as the address's last line, where it is not the seller's (UPU S42)."""
    seller, buyer = words.document.seller, words.document.buyer
    if buyer.country == seller.country:
        return ""
    return (Locale.parse(words.document.language).territories.get(buyer.country) or buyer.country).upper()


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
