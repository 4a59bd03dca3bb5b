"""What a price document says, as the frames that the engine takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.engine.bill import Deductions, Sale
from duly.engine.periods import Period
from duly.engine.pricing.lines import PRICE, QUANTITY
from duly.engine.pricing.multipliers import AGREED
from duly.engine.pricing.progressive import Bill
from duly.engine.pricing.retainers import Statement, Use, statements
from duly.engine.rounding import AMOUNT, RATIO

Schema = Mapping[str, pl.DataType | type[pl.DataType]]
Row = dict[str, Any]

OF_CHARGE: Final[Schema] = {
    "document_key": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "terms_id": pl.Int64,
    "kind": pl.String, "charge_name": pl.String, "unit": pl.String, "tax_class": pl.String, "currency": pl.String,
    "exponent": pl.Int8,
}
WORK: Final[Schema] = {
    **OF_CHARGE, "work_id": pl.Int64, "project_id": pl.Int64, "project": pl.String, "person_id": pl.Int64,
    "person": pl.String, "role": pl.String, "task": pl.String, "worked_on": pl.Date, "quantity": QUANTITY,
    "amount": AMOUNT, "cost_currency": pl.String, "exchange_rate": RATIO, "description": pl.String,
    "rate_card_id": pl.Int64, "rounding": pl.String, "increment_seconds": pl.Int64, "minimum_seconds": pl.Int64,
    "markup": PRICE, "grouping": pl.String, "at_most": AMOUNT, **AGREED,
}
RATES: Final[Schema] = {
    "rate_card_id": pl.Int64, "rate_id": pl.Int64, "person_id": pl.Int64, "project_id": pl.Int64, "role": pl.String,
    "task": pl.String, "price": PRICE, "valid_from": pl.Date, "valid_to": pl.Date,
}
FIXED: Final[Schema] = {
    **OF_CHARGE, "model": pl.String, "included": QUANTITY, "package_size": QUANTITY, "minimum": AMOUNT,
    "maximum": AMOUNT, "price": PRICE, "quantity": QUANTITY, "interval": pl.String, "interval_count": pl.Int64,
    "alignment": pl.String, "anchor": pl.Date, "timing": pl.String, "proration": pl.String,
    "proration_down": pl.String, "timezone": pl.String, "due_on": pl.Date, "terms_from": pl.Date,
    "terms_to": pl.Date, "agreement_from": pl.Date, "agreement_to": pl.Date,
}
METERED: Final[Schema] = {
    **OF_CHARGE, "part": pl.Int64, "model": pl.String, "quantity": QUANTITY, "included": QUANTITY, "price": PRICE,
    "package_size": QUANTITY, "rate": PRICE, "fixed": PRICE, "minimum_fee": PRICE, "maximum_fee": PRICE,
    "free_count": pl.Int64, "free_amount": QUANTITY, "basis": pl.String, "day_count": pl.String, "minimum": AMOUNT,
    "maximum": AMOUNT, "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64, "period_days": pl.Int64,
}
LATE: Final[Schema] = {**METERED, "late_quantity": QUANTITY}
TRIALS: Final[Schema] = {
    "charge_id": pl.Int64, "trial_days": pl.Int64, "trial_until": pl.Date, "price": PRICE,
}
PAUSES: Final[Schema] = {"charge_id": pl.Int64, "paused_from": pl.Date, "paused_to": pl.Date}
TAX_RATES: Final[Schema] = {
    "country": pl.String, "tax_class": pl.String, "rate": pl.Decimal(38, 6), "valid_from": pl.Date,
    "valid_to": pl.Date,
}

TAXES: Final[Schema] = {
    "tax_class": pl.String, "position": pl.Int64, "name": pl.String, "category": pl.String, "rate": pl.Decimal(38, 6),
    "reason": pl.String, "compound": pl.Boolean, "valid_from": pl.Date, "valid_to": pl.Date,
}


def frame(schema: Schema, rows: list[Row]) -> pl.DataFrame:
    """Rows, whose missing columns are null, in the types of the schema."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema), orient="row")


@dataclass(frozen=True, slots=True)
class Retainer:
    """A retainer of a charge: the periods before this one, and what this one grants; `value` where it is an amount,
    otherwise seconds. `used` is what was used of this one, None where that is what its lines come to."""

    charge_id: int
    value: bool
    uses: tuple[Use, ...]
    rollover: int = 0
    borrow: bool = False
    following: Decimal | None = None
    used: Decimal | None = None

    def statement(self, used: Decimal) -> Statement:
        """The account of this period, in which so much was used."""
        uses = (*self.uses[:-1], replace(self.uses[-1], used=used))
        return statements(uses, rollover=self.rollover, borrow=self.borrow, following=self.following)[-1]


@dataclass(frozen=True, slots=True)
class Covers:
    """What lines are paid by, or held to, before anything else: retainers, commitments that use draws down, a cap."""

    retainers: tuple[Retainer, ...]
    commitments: pl.DataFrame
    caps: pl.DataFrame
    bills: tuple[Bill, ...]


@dataclass(frozen=True, slots=True)
class PriceDocument:
    """A price document, read. `charges` keeps each charge's code by its id, `places` the path of each entry of work by
    its own; frames are those of `engine.pricing`."""

    currency: str
    exponent: int
    period: Period
    issued_on: date
    charges: dict[int, str]
    places: dict[int, str]
    work: pl.DataFrame
    rates: pl.DataFrame
    fixed: pl.DataFrame
    metered: pl.DataFrame
    tiers: pl.DataFrame
    transactions: pl.DataFrame
    balances: pl.DataFrame
    trials: pl.DataFrame
    pauses: pl.DataFrame
    before: pl.DataFrame
    prepaid: pl.DataFrame
    late: pl.DataFrame
    covers: Covers
    findings: list[Row]
    deductions: Deductions
    sale: Sale
