"""Small frames for tests, from rows that name only what matters; the rest is filled in."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

MONEY, PRICE = pl.Decimal(38, 4), pl.Decimal(38, 8)
QUANTITY, RATIO = pl.Decimal(38, 6), pl.Decimal(38, 14)

Row = Mapping[str, Any]
Defaults = Mapping[str, tuple[pl.DataType | type[pl.DataType], Any]]

COUNTED: Final = object()
"""The number of the row."""

WORK: Final[Defaults] = {
    "work_id": (pl.Int64, COUNTED), "kind": (pl.String, "time"), "document_key": (pl.Int64, 1),
    "agreement_id": (pl.Int64, 1), "charge_id": (pl.Int64, 1), "terms_id": (pl.Int64, 1),
    "project_id": (pl.Int64, None), "project": (pl.String, None), "person_id": (pl.Int64, None),
    "person": (pl.String, None), "role": (pl.String, None), "task": (pl.String, None),
    "worked_on": (pl.Date, date(2026, 10, 5)), "quantity": (QUANTITY, 1), "amount": (MONEY, None),
    "cost_currency": (pl.String, None), "exchange_rate": (RATIO, None), "description": (pl.String, ""),
    "currency": (pl.String, "EUR"), "exponent": (pl.Int8, 2), "rate_card_id": (pl.Int64, 1),
    "rounding": (pl.String, "exact"), "increment_seconds": (pl.Int64, 1), "minimum_seconds": (pl.Int64, 0),
    "markup": (PRICE, 0), "grouping": (pl.String, "rate"), "charge_name": (pl.String, "Consulting"),
    "tax_class": (pl.String, "standard"), "unit": (pl.String, ""), "at_most": (MONEY, None),
    "weekend_factor": (PRICE, None),
    "overtime_factor": (PRICE, None), "overtime_after_seconds": (pl.Int64, None), "day_until": (pl.Int64, None),
}

RATES: Final[Defaults] = {
    "rate_card_id": (pl.Int64, 1), "rate_id": (pl.Int64, COUNTED), "person_id": (pl.Int64, None),
    "project_id": (pl.Int64, None), "role": (pl.String, None), "task": (pl.String, None), "price": (PRICE, None),
    "valid_from": (pl.Date, date(2020, 1, 1)), "valid_to": (pl.Date, None),
}

CHARGES: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "agreement_id": (pl.Int64, 1), "charge_id": (pl.Int64, 1), "terms_id": (pl.Int64, 1),
    "kind": (pl.String, "recurring"), "price": (PRICE, 100), "quantity": (QUANTITY, 1),
    "interval": (pl.String, "month"),
    "interval_count": (pl.Int64, 1), "alignment": (pl.String, "calendar"), "anchor": (pl.Date, None),
    "timing": (pl.String, "advance"), "proration": (pl.String, "by_day"), "due_on": (pl.Date, None),
    "terms_from": (pl.Date, date(2026, 1, 1)), "terms_to": (pl.Date, None),
    "agreement_from": (pl.Date, date(2026, 1, 1)), "agreement_to": (pl.Date, None),
    "charge_name": (pl.String, "Licence"), "tax_class": (pl.String, "standard"), "unit": (pl.String, ""),
    "currency": (pl.String, "EUR"), "exponent": (pl.Int8, 2),
}

BILLED: Final[Defaults] = {"charge_id": (pl.Int64, 1), "span_from": (pl.Date, None), "span_to": (pl.Date, None)}

NOTHING_DUE: Final = {name: kind for name, (kind, _) in CHARGES.items()} | {
    "span_from": pl.Date, "span_to": pl.Date, "days": pl.Int64, "period_days": pl.Int64,
}


def frame(defaults: Defaults, *rows: Row) -> pl.DataFrame:
    """Rows over defaults, in the types of a real frame; decimals may be text or integers, dates text; ids count up."""
    unknown = {name for row in rows for name in row} - set(defaults)
    if unknown:
        raise KeyError(f"no such column: {', '.join(sorted(unknown))}")
    filled = [
        {name: _typed(kind, row.get(name, number if default is COUNTED else default))
         for name, (kind, default) in defaults.items()}
        for number, row in enumerate(rows, start=1)
    ]
    return pl.DataFrame(filled, schema={name: kind for name, (kind, _) in defaults.items()})


def _typed(kind: pl.DataType | type[pl.DataType], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, pl.Decimal):
        return Decimal(value)
    return date.fromisoformat(value) if kind == pl.Date and isinstance(value, str) else value


def work(*rows: Row) -> pl.DataFrame:
    return frame(WORK, *rows)


def rates(*rows: Row) -> pl.DataFrame:
    return frame(RATES, *rows)


def charges(*rows: Row) -> pl.DataFrame:
    return frame(CHARGES, *rows)


def billed(*spans: tuple[str, str]) -> pl.DataFrame:
    return frame(BILLED, *({"span_from": start, "span_to": end} for start, end in spans))


def nothing_due() -> pl.DataFrame:
    return pl.DataFrame(schema=NOTHING_DUE)


METERED: Final[Defaults] = {
    "part": (pl.Int64, COUNTED), "document_key": (pl.Int64, 1), "agreement_id": (pl.Int64, 1),
    "charge_id": (pl.Int64, COUNTED), "terms_id": (pl.Int64, COUNTED), "kind": (pl.String, "usage"),
    "model": (pl.String, "per_unit"), "charge_name": (pl.String, "Calls"), "unit": (pl.String, "call"),
    "tax_class": (pl.String, "standard"), "exponent": (pl.Int8, 2), "quantity": (QUANTITY, 0),
    "included": (QUANTITY, 0), "price": (PRICE, None), "package_size": (QUANTITY, None), "rate": (PRICE, None),
    "fixed": (PRICE, 0), "minimum_fee": (PRICE, None), "maximum_fee": (PRICE, None), "free_count": (pl.Int64, 0),
    "free_amount": (QUANTITY, 0), "basis": (pl.String, "average"), "day_count": (pl.String, "act_365"),
    "minimum": (MONEY, None), "maximum": (MONEY, None), "span_from": (pl.Date, date(2026, 10, 1)),
    "span_to": (pl.Date, date(2026, 11, 1)), "days": (pl.Int64, 31), "period_days": (pl.Int64, 31),
}

TIERS: Final[Defaults] = {
    "terms_id": (pl.Int64, 1), "above": (QUANTITY, 0), "up_to": (QUANTITY, None), "price": (PRICE, 0),
    "flat": (PRICE, 0),
}

TRANSACTIONS: Final[Defaults] = {"part": (pl.Int64, 1), "place": (pl.Int64, COUNTED), "amount": (QUANTITY, 0)}

BALANCES: Final[Defaults] = {
    "part": (pl.Int64, 1), "from_day": (pl.Date, date(2026, 10, 1)), "to_day": (pl.Date, date(2026, 11, 1)),
    "balance": (QUANTITY, 0),
}


def metered(*rows: Row) -> pl.DataFrame:
    return frame(METERED, *rows)


def tiers(*rows: Row) -> pl.DataFrame:
    return frame(TIERS, *rows)


def transactions(*rows: Row) -> pl.DataFrame:
    return frame(TRANSACTIONS, *rows)


def balances(*rows: Row) -> pl.DataFrame:
    return frame(BALANCES, *rows)
