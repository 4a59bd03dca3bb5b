"""What an earlier document sold and a later one is paid by: credit that was sold without tax."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Prepayment:
    """What a voucher, which the document `number` of that day sold, pays of another document, tax included."""

    number: str
    issued_on: date
    amount: Decimal
