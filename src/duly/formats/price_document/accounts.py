"""The accounts beside a priced document: what retainers and commitments still hold, caps reached, bills on the way."""

from decimal import Decimal
from typing import Any

from duly.engine.rounding import round_quotient
from duly.formats.price_document.covering import Covered
from duly.formats.price_document.model import PriceDocument, Retainer

HOUR = 3600
ACCOUNT = ("carried_in", "granted", "repaid", "used", "borrowed", "covered", "overage", "expired", "carried_out")


def accounts(document: PriceDocument, held: Covered) -> dict[str, Any]:
    """Retainers in hours or by value, commitments drawn, caps reached and progressive bills, as plain values."""
    places = document.exponent
    return {
        "retainers": [{"charge": document.charges[one.charge_id]} | {
            name: _share(one, getattr(account, name), places) for name in ACCOUNT} for one, account in held.retainers],
        "commitments": [{"name": one["charge_name"]} | {
            name: money(one[name], places) for name in ("committed", "used_before", "used", "left")}
            for one in held.commitments],
        "caps": [{"action": one["action"]} | {
            name: money(one[name], places) for name in ("cap", "billed_before", "billed", "stopped", "held", "beyond")}
            for one in held.caps],
        "bills": [{"at": one.at, "amount": money(one.amount, places), "threshold": money(one.threshold, places)}
                  for one in document.covers.bills],
    }


def _share(retainer: Retainer, quantity: Decimal, places: int) -> Decimal:
    """An amount, or hours with four decimals."""
    return money(quantity, places) if retainer.value else plain(round_quotient(quantity, HOUR, 4))


def money(amount: Decimal, places: int) -> Decimal:
    """In the decimals of the currency."""
    return amount.quantize(Decimal(1).scaleb(-places))


def plain(number: Decimal) -> Decimal:
    """Without the zeros that its scale adds."""
    return Decimal(f"{number:f}".rstrip("0").rstrip(".")) if "." in f"{number:f}" else number
