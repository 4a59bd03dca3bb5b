"""Stored invoices and drafts as the engine's `Document`: what is typeset, sent and exported.

An issued document is built from its frozen copies only (parties, lines, taxes, the evidence as recorded), so it is
the same every time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound
from duly.engine.document import (
    AnnexEntry,
    BankAccount,
    Document,
    Line,
    Logo,
    Party,
    Row,
    Subtotal,
    TaxLine,
    TaxRegistration,
    Withholding,
)
from duly.engine.prepayment import Prepayment
from duly.engine.pricing.lines import TIMED
from duly.engine.tax import reason_text

Record = dict[str, Any]

HEADERS: Final = """select i.id, i.kind, i.state, i.number, i.language, i.currency,
        currency_exponent(i.currency) as exponent, i.issued_on, i.tax_point, i.due_on, i.service_from, i.service_to,
        i.purchase_order, i.payment_days, i.net, i.tax, i.total, i.withheld, i.prepaid, i.rounding,
        i.prices_include_tax, i.time_annex, s.data as seller, b.data as buyer
    from invoice i join party_copy s on s.id = i.seller_id join party_copy b on b.id = i.buyer_id
    where i.id = any(%s) order by i.id"""

LINES: Final = """select l.invoice_id, l.position, l.kind, l.description, l.quantity, l.unit, l.unit_price, l.amount,
        l.gross, l.tax_category, l.tax_rate, l.service_from, l.service_to, l.explanation, g.number as agreement
    from invoice_line l join agreement g on g.id = l.agreement_id
    where l.invoice_id = any(%s) order by l.invoice_id, l.position"""

TAXES: Final = """select invoice_id, name, category, rate, base, tax, reason from tax_line
    where invoice_id = any(%s) order by invoice_id, position, rate desc, category"""

WITHHELD: Final = """select invoice_id, name, rate, base, amount from withheld_tax
    where invoice_id = any(%s) order by invoice_id, name"""

PREPAID: Final = """select n.invoice_id, i.number, i.issued_on, n.amount from netting n
    join invoice_line l on l.id = n.advance_id join invoice i on i.id = l.invoice_id
    where n.invoice_id = any(%s) order by n.invoice_id, n.id"""

ANNEX: Final = """select l.invoice_id, w.worked_on, w.person_name, w.project_name, w.task, w.description, a.quantity,
        a.billed_quantity, a.amount
    from work_allocation a join invoice_line l on l.id = a.line_id join invoice i on i.id = l.invoice_id
    join work_item w on w.id = a.work_item_id
    where l.invoice_id = any(%s) and l.kind in ('time', 'covered') and i.time_annex
    order by l.invoice_id, w.project_name, w.worked_on, w.started_at, w.id"""


def documents(ids: Sequence[int]) -> list[Document]:
    """The documents of these invoices and drafts, in the order of `ids`; eight queries whatever their number.

    Ask for a few hundred at a time: their evidence is in memory. Raises `NotFound` for an id that is not there.
    """
    wanted = list(ids)
    found = {record["id"]: record for record in _records(HEADERS, wanted)}
    if missing := [one for one in wanted if one not in found]:
        raise NotFound(f"There is no document {missing[0]}.")
    lines, taxes, kept, paid, annex = (
        _by_invoice(query, wanted) for query in (LINES, TAXES, WITHHELD, PREPAID, ANNEX))
    logos = _logos([record["seller"].get("logo") for record in found.values()])
    return [_document(found[one], lines.get(one, []), taxes.get(one, []), kept.get(one, []), paid.get(one, []),
                      annex.get(one, []), logos)
            for one in wanted]


def _records(query: str, ids: list[int]) -> Iterator[Record]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        names = [column.name for column in cursor.description or ()]
        for values in cursor.fetchall():
            record = dict(zip(names, values, strict=True))
            yield {name: json.loads(value) if name in ("seller", "buyer", "explanation") and isinstance(value, str)
                   else value for name, value in record.items()}


def _by_invoice(query: str, ids: list[int]) -> dict[int, list[Record]]:
    grouped = groupby(_records(query, ids), key=lambda record: record["invoice_id"])
    return {invoice: list(records) for invoice, records in grouped}


def _logos(digests: Sequence[str | None]) -> dict[str, Logo]:
    rows = frames.rows("select sha256, content, media_type from stored_file where sha256 = any(%s)",
                       [[digest for digest in set(digests) if digest]])
    return {digest: Logo(bytes(content), media_type) for digest, content, media_type in rows}


def _document(head: Record, lines: list[Record], taxes: list[Record], kept: list[Record], paid: list[Record],
              annex: list[Record], logos: Mapping[str, Logo]) -> Document:
    seller = head["seller"]
    draft = head["state"] != "issued"
    return Document(
        kind=head["kind"], language=head["language"], currency=head["currency"], exponent=head["exponent"],
        seller=_party(seller), buyer=_party(head["buyer"]), number=head["number"] or "", issued_on=head["issued_on"],
        tax_point=head["tax_point"], due_on=head["due_on"], service_from=head["service_from"],
        service_to=head["service_to"], purchase_order=head["purchase_order"],
        agreements=tuple(dict.fromkeys(line["agreement"] for line in lines)), payment_days=head["payment_days"],
        payment_reference=head["number"] or "", bank_accounts=_banks(seller, head["currency"]),
        lines=tuple(_line(line) for line in lines), subtotals=_subtotals(lines),
        tax_lines=tuple(_tax(tax, head["language"]) for tax in taxes),
        net=head["net"], tax=head["tax"], total=head["total"],
        withholdings=tuple(Withholding(one["name"], one["rate"], one["base"], one["amount"]) for one in kept),
        prepaid=head["prepaid"],
        prepayments=tuple(Prepayment(one["number"], one["issued_on"], one["amount"]) for one in paid),
        rounding=head["rounding"], payable=head["total"] - head["prepaid"] - head["withheld"] + head["rounding"],
        prices_include_tax=head["prices_include_tax"],
        annex=tuple(_entry(entry) for entry in annex), colour=seller["colour"],
        logo=logos.get(seller.get("logo") or ""), draft=draft,
    )


def _party(copy: Record) -> Party:
    return Party(
        name=copy["name"], address=tuple(copy["address"]), country=copy["country"],
        registrations=tuple(TaxRegistration(one["scheme"], one["number"]) for one in copy["registrations"]),
        **{name: copy.get(name, "") for name in ("email", "phone", "website", "legal_text", "account_number",
                                                 "contact_name")},
    )


def _banks(seller: Record, currency: str) -> tuple[BankAccount, ...]:
    """The seller's accounts in the document's currency, or all of them where there is none."""
    accounts = seller["bank_accounts"]
    fitting = [one for one in accounts if one["currency"] == currency] or accounts
    return tuple(BankAccount(one["holder"], one["iban"], one["bic"], one["bank"]) for one in fitting)


def _line(line: Record) -> Line:
    return Line(
        position=line["position"], description=line["description"], quantity=line["quantity"], unit=line["unit"],
        unit_price=line["unit_price"], amount=line["amount"], tax_category=line["tax_category"],
        tax_rate=line["tax_rate"], section=line["kind"],
        seconds=int(line["quantity"]) if line["kind"] in TIMED else None, service_from=line["service_from"],
        service_to=line["service_to"], explanation=tuple(Row(row) for row in line["explanation"]),
        gross=line["gross"],
    )


def _subtotals(lines: list[Record]) -> tuple[Subtotal, ...]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        printed = line["amount"] if line["gross"] is None else line["gross"]
        sums[line["kind"]] = sums.get(line["kind"], Decimal(0)) + printed
    return tuple(Subtotal(section, amount) for section, amount in sums.items())


def _tax(tax: Record, language: str) -> TaxLine:
    reasons = (reason_text(reason, language) for reason in tax["reason"].splitlines())
    return TaxLine(tax["category"], tax["rate"], tax["base"], tax["tax"], "\n".join(reasons), tax["name"])


def _entry(entry: Record) -> AnnexEntry:
    return AnnexEntry(
        date=entry["worked_on"], person=entry["person_name"], project=entry["project_name"], task=entry["task"],
        description=entry["description"], seconds=int(entry["quantity"]),
        billed_seconds=int(entry["billed_quantity"]), amount=entry["amount"],
    )
