"""Receipts as documents to be drawn: what was received, and what it paid as it was received."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound
from duly.engine.document import Document, Language, Logo, LogoType, Party, Receipt, Settlement, TaxRegistration

RECEIPTS: Final = """
    select r.id, r.number, r.booked_on, r.currency, currency_exponent(r.currency), r.language, r.received_on, r.method,
           r.amount, r.reference, s.data::text, b.data::text, f.content, f.media_type
      from receipt r join party_copy s on s.id = r.seller_id join party_copy b on b.id = r.buyer_id
      left join stored_file f on f.sha256 = s.data ->> 'logo'
     where r.id = any(%s)"""

PAID: Final = """
    select r.id, i.number, c.amount, i.issued_on, i.total - i.prepaid + i.rounding,
           (select sum(m.amount) from open_item_movement m
             where m.open_item_id = c.target_id and m.entry_id <= c.entry_id)
      from receipt r join open_item_movement opened on opened.open_item_id = r.open_item_id
      join entry received on received.id = opened.entry_id and received.kind = 'receipt'
      join cash_allocation c on c.source_id = r.open_item_id and c.answers_id is null
      join entry e on e.id = c.entry_id and e.command_id = received.command_id
      join invoice i on i.open_item_id = c.target_id
     where r.id = any(%s) order by c.id"""


def receipts(ids: Sequence[int]) -> list[Document]:
    """The receipts of these ids as documents, in the order asked for; raises `NotFound`.

    A receipt says what it paid when it was booked. Allocations made or undone later do not change it, so it is
    drawn the same each time; where the money is today is told by the statement.
    """
    paid: dict[int, list[Settlement]] = {}
    for receipt_id, number, amount, issued_on, total, open_after in frames.rows(PAID, [list(ids)]):
        paid.setdefault(receipt_id, []).append(Settlement(number, amount, issued_on, total, open_after))
    drawn = {row[0]: _document(tuple(paid.get(row[0], ())), *row[1:]) for row in frames.rows(RECEIPTS, [list(ids)])}
    missing = [receipt for receipt in ids if receipt not in drawn]
    if missing:
        raise NotFound(f"There is no receipt {missing[0]}.")
    return [drawn[receipt] for receipt in ids]


def _document(
    paid: tuple[Settlement, ...], number: str, booked_on: date, currency: str, exponent: int, language: Language,
    received_on: date, method: str, amount: Decimal, reference: str, seller: str, buyer: str, logo: bytes | None,
    media_type: LogoType,
) -> Document:
    firm = json.loads(seller)
    return Document(
        kind="receipt", language=language, currency=currency, exponent=exponent, seller=_party(firm),
        buyer=_party(json.loads(buyer)), number=number, issued_on=booked_on,
        receipt=Receipt(received_on, method, amount, reference, paid), colour=firm["colour"],
        logo=Logo(bytes(logo), media_type) if logo is not None else None,
    )


def _party(copy: dict[str, Any]) -> Party:
    known = {name: copy[name] for name in ("name", "country", "email", "phone", "website", "legal_text",
                                           "account_number", "contact_name") if name in copy}
    return Party(**known, address=tuple(copy["address"]),
                 registrations=tuple(TaxRegistration(**each) for each in copy["registrations"]))
